"""Path validation in a process of its own: bounded, replaced, and gone when nobody asks any more."""

from __future__ import annotations

import os
import random
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs import paths, worker
from certs.authority import Authority
from certs.errors import BrokenPath, PathTooCostly
from certs.identity import Algorithm
from certs.question import Question
from certs.trust import TrustStore
from certs.worker import Worker

AT = datetime(2026, 6, 1, tzinfo=UTC)
MANY = 12  # authorities of one name, each signed by each: more orders of them than anybody can try
SHORT = 0.5


def named(common: str) -> x509.Name:
    """A name of one part."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def certificate(
    subject: str,
    key: ec.EllipticCurvePublicKey,
    issuer: str,
    by: ec.EllipticCurvePrivateKey,
    *extensions: x509.ExtensionType,
) -> bytes:
    """A certificate that may stand anywhere, DER."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(AT - timedelta(days=1))
        .not_valid_after(AT + timedelta(days=1))
    )
    for each in extensions:
        builder = builder.add_extension(each, critical=isinstance(each, x509.BasicConstraints | x509.NameConstraints))
    return builder.sign(by, hashes.SHA256()).public_bytes(Encoding.DER)


def asked(leaf: bytes, intermediates: tuple[bytes, ...], anchor: bytes) -> Question:
    """A question about nothing but the path."""
    return Question(leaf=leaf, intermediates=intermediates, anchors=(anchor,), crls=(), at=AT, revocation=False)


KEY = ec.generate_private_key(ec.SECP256R1())
AUTHORITY = (
    x509.BasicConstraints(ca=True, path_length=None),
    x509.SubjectKeyIdentifier.from_public_key(KEY.public_key()),
)
UNDER = x509.AuthorityKeyIdentifier.from_issuer_public_key(KEY.public_key())
ROOT = certificate("root", KEY.public_key(), "root", KEY, *AUTHORITY)
HONEST = asked(certificate("leaf", KEY.public_key(), "root", KEY, UNDER), (), ROOT)


def tangled() -> Question:
    """Authorities under one name with a key each, each certified by the next: paths without end, no root."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(MANY)]
    between = tuple(
        certificate("ring", one.public_key(), "ring", other, x509.BasicConstraints(ca=True, path_length=None))
        for one, other in zip(keys, (*keys[1:], keys[0]), strict=True)
    )
    return asked(certificate("leaf", KEY.public_key(), "ring", keys[0]), between, ROOT)


def crowded() -> Question:
    """An authority that constrains thousands of names, and a leaf with thousands: each is held against each."""
    count = 6000
    names = x509.SubjectAlternativeName([x509.DNSName(f"h{number}.example") for number in range(count)])
    bounds = x509.NameConstraints(
        permitted_subtrees=None, excluded_subtrees=[x509.DNSName(f"x{number}.invalid") for number in range(count)]
    )
    between = certificate("crowd", KEY.public_key(), "root", KEY, *AUTHORITY, UNDER, bounds)
    return asked(certificate("leaf", KEY.public_key(), "crowd", KEY, UNDER, names), (between,), ROOT)


@pytest.fixture
def apart() -> Iterator[Worker]:
    """A worker of this test's own, up already: what is timed is a question, not a start."""
    one = Worker()
    one.ask(HONEST, within=20)
    yield one
    one.close()


def gone(pid: int) -> bool:
    """Whether a process ends within ten seconds; True at once when it did already."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 10)[0])
    finally:
        os.close(handle)


@pytest.mark.parametrize("hostile", [tangled, crowded])
def test_a_hostile_path_costs_its_time_and_no_more(apart: Worker, hostile: object) -> None:
    """It is given up in time, the process is killed, and the next question is answered by another one."""
    question = tangled() if hostile is tangled else crowded()
    first = apart.pid
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with pytest.raises(PathTooCostly, match=r"took longer than it may"):
        apart.ask(question, within=SHORT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert SHORT <= worked < SHORT + 5  # a few tenths for its start; on no machine what the path would cost
    assert first is not None
    assert gone(first)
    apart.ask(HONEST, within=20).settled()
    assert apart.pid not in (None, first)


def test_a_worker_that_gets_no_time_to_work_in(apart: Worker) -> None:
    """Is not waited for without end: after some real time it is killed, whatever it has done by then."""
    first = apart.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    with pytest.raises(PathTooCostly, match=r"took longer than it may"):
        apart.ask(HONEST, within=0.05)
    assert gone(first)
    apart.ask(HONEST, within=20).settled()


def test_one_that_was_killed_is_replaced(apart: Worker) -> None:
    """Whoever killed it between two questions, the second is answered."""
    first = apart.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert gone(first)
    apart.ask(HONEST, within=20).settled()
    assert apart.pid != first


def test_octets_that_are_no_certificate(apart: Worker) -> None:
    """Are answered like any other question, by the same process."""
    first = apart.pid
    for octets in (b"", b"\x30", b"\x30\x84\xff\xff\xff\xff", os.urandom(64), b"\x30\x80" * 5000):
        with pytest.raises(BrokenPath):
            apart.ask(asked(octets, (octets,), ROOT), within=20).settled()
    assert apart.pid == first


def test_a_worker_that_was_closed_leaves_nothing(apart: Worker) -> None:
    """No process, and no zombie either."""
    pid = apart.pid
    assert pid is not None
    apart.close()
    assert apart.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


SCRIPT = """
import sys
sys.path[:] = {path!r}
from certs import worker
from certs.question import Question
asked = Question.read({question!r})
worker.SHARED.ask(asked, within=20).settled()
print(worker.SHARED.pid, flush=True)
{then}
"""


def script(then: str) -> subprocess.Popen[str]:
    """Another process with a worker of its own, that then does something."""
    program = SCRIPT.format(path=sys.path, question=HONEST.line(), then=then)
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)


def first_line(process: subprocess.Popen[str]) -> str:
    """What it says next."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_worker_ends_with_who_asks(end: signal.Signals) -> None:
    """However the asker ends, its worker is gone soon after."""
    with script("sys.stdin.read()") as asker:
        pid = int(first_line(asker))
        asker.send_signal(end)
        asker.wait(10)
    assert gone(pid)


def test_an_asker_that_comes_to_its_end() -> None:
    """Says nothing about it, and leaves nothing."""
    with script("") as asker:
        pid = int(first_line(asker))
        assert asker.wait(10) == 0
    assert gone(pid)


def test_a_fork_has_a_worker_of_its_own() -> None:
    """Two processes never write into one pipe: after a fork the child starts another, and the parent keeps its own."""
    then = """
import os
child = os.fork()
worker.SHARED.ask(asked, within=20).settled()
print(worker.SHARED.pid, flush=True)
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    with script(then) as asker:
        before = first_line(asker)
        after = {first_line(asker), first_line(asker)}
        assert asker.wait(20) == 0
    assert before in after
    assert len(after) == 2


def test_a_certificate_too_large_for_an_honest_one() -> None:
    """Is not even asked about."""
    many = [x509.DNSName(f"h{number}.example") for number in range(paths.MOST_NAMES + 1)]
    policies = [
        x509.PolicyInformation(x509.ObjectIdentifier(f"2.25.{number}"), None)
        for number in range(paths.MOST_POLICIES + 1)
    ]
    unknown = [x509.UnrecognizedExtension(x509.ObjectIdentifier(f"2.25.{number}"), b"") for number in range(40)]
    large = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.1"), bytes(paths.LARGEST))
    for extensions, what in (
        ([x509.SubjectAlternativeName(many)], "names"),
        ([x509.NameConstraints(many, None)], "names"),
        ([x509.CertificatePolicies(policies)], "policies"),
        (unknown, "extensions"),
        ([large], "octets"),
    ):
        der = certificate("leaf", KEY.public_key(), "root", KEY, *extensions)
        with pytest.raises(PathTooCostly, match=what) as caught:
            paths.small(x509.load_der_x509_certificate(der))
        assert caught.value.clause == paths.SIZE_ALLOWED
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    paths.small(x509.load_der_x509_certificate(certificate("leaf", KEY.public_key(), "root", KEY, usage)))


def test_one_worker_for_all_trust_stores() -> None:
    """A process that asks has one, whoever in it asks."""
    paths.settle(HONEST, within=20)
    pid = worker.SHARED.pid
    paths.settle(HONEST, within=20)
    assert worker.SHARED.pid == pid


def test_a_flood_of_one_hostile_certificate_costs_one_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trust store remembers that validation was given up, too: the second time nobody is asked."""
    chance = random.Random(1)
    qm = Authority.found("QM", AT - timedelta(days=1), lambda count, _: chance.randbytes(count), timedelta(days=9))
    trust = TrustStore()
    trust.load_list(qm.trust_list(1, AT, AT + timedelta(days=1)), anchor=qm.anchor, at=AT)
    for der in qm.crls(AT):
        trust.load_crl(der)
    signer = qm.issue_signing("QM", Algorithm.ES256, AT - timedelta(days=1)).certificate
    monkeypatch.setattr(paths, "LONGEST_WALK", 0.0)  # whatever it is, it takes longer than that
    with pytest.raises(PathTooCostly) as first:
        trust.validate(signer, at=AT)
    monkeypatch.setattr(paths, "LONGEST_WALK", 20.0)
    with pytest.raises(PathTooCostly) as again:
        trust.validate(signer, at=AT)
    assert first.value.clause == again.value.clause == worker.TIME_ALLOWED
    for der in qm.crls(AT + timedelta(minutes=1)):
        trust.load_crl(der)  # another epoch
    assert trust.validate(signer, at=AT).party == "QM"
