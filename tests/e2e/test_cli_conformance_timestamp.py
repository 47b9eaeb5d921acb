"""`corridor conformance timestamp`: openssl's own stamps and ours, good and bad, answered in order, whatever comes."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import ssl
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from jsonschema import Draft202012Validator

from certs import stamping
from certs.authority import Authority
from certs.drafts import Draft, Issuer, for_authority, for_timestamping, p256_key
from harness.clock import Chance

from .conftest import environment

AT = datetime(2026, 3, 1, 9, 0, 0, tzinfo=UTC)
MADE = AT + timedelta(minutes=30)
DIGEST = hashlib.sha256(b"hello").digest()

Lines = list[Mapping[str, Any]]  # Any: JSON, as docs/schemas describes it
Answers = Callable[..., Lines]

CONFIG = """
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[tsa]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[ts]
default_tsa = here
[here]
serial = serial
default_policy = 1.2.3.4
digests = sha1, sha256, sha512
tsa_name = yes
"""


@pytest.fixture
def answers(command: Path, repo_root: Path) -> Answers:
    """Hands lines to the command and returns its answers, each held against the published schema."""
    schemas = repo_root / "docs" / "schemas"
    of_case, of_answer = (
        Draft202012Validator(json.loads((schemas / f"conformance-timestamp-{name}.schema.json").read_bytes()))
        for name in ("case", "answer")
    )

    def ask(*cases: Mapping[str, Any] | str, code: int = 0) -> Lines:
        for case in cases:
            if code == 0:
                of_case.validate(case)
        lines = "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in cases)
        ran = subprocess.run(
            [command, "conformance", "timestamp"],
            input=lines,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == code, ran.stderr
        assert "Traceback" not in ran.stderr
        said = [json.loads(line) for line in ran.stdout.splitlines()]
        assert len(said) == len(cases)
        for one in said:
            of_answer.validate(one)
        return said

    return ask


@pytest.fixture(scope="module")
def authority() -> Authority:
    """A country whose authorities stamp."""
    return Authority.found("QM", AT, Chance(1).octets, timedelta(days=3650))


def pem(certificate: Any) -> str:  # noqa: ANN401 - x509.Certificate, of which only this is asked
    """As it goes into a case."""
    text: str = certificate.public_bytes(Encoding.PEM).decode()
    return text


def case(authority: Authority, token: bytes, number: int = 1, **other: object) -> dict[str, Any]:
    """A case about `hello` under this authority's root."""
    plain = {
        "id": number,
        "token": base64.b64encode(token).decode(),
        "digest": DIGEST.hex(),
        "hash": "sha256",
        "roots": [pem(authority.root)],
        "intermediates": [pem(authority.issuing)],
        "at": None,
    }
    return plain | other


def stamped(authority: Authority, at: datetime = MADE) -> bytes:
    """A stamp of `hello`."""
    return authority.timestamping.answer(stamping.request(DIGEST, nonce=7), at=at, chance=Chance(3).octets)


def test_verdicts_and_moments(answers: Answers, authority: Authority) -> None:
    """Of these octets, under a root that is believed, at its own time and at the moment of checking."""
    token = stamped(authority)
    other = Authority.found("QN", AT, Chance(1).octets, timedelta(days=3650))
    said = answers(
        case(authority, token, 1),
        case(authority, token, 2, digest=hashlib.sha256(b"other").hexdigest()),
        case(authority, token, 3, roots=[pem(other.root)]),
        case(authority, token, 4, roots=[]),
        case(authority, token, 5, intermediates=[]),
        case(authority, token, 6, at="2026-03-01T08:00:00Z"),
        case(authority, token, 7, at="2030-01-01T00:00:00Z"),
        case(authority, token, 8, at="2050-01-01T00:00:00Z"),
        case(authority, token, 9, hash="sha1"),
        case(authority, token, 10, hash="SHA-256"),
        case(authority, stamped(authority, AT - timedelta(days=1)), 11),
        case(authority, stamped(other), 12),
        case(authority, b"\x30\x80" * 3000, 13),
        case(authority, token, 14) | {"token": "no base64!"},
        case(authority, token, 15, at="2026-03-01t11:00:00.5+01:00"),
    )
    (late,) = answers(case(authority, token, at="9999-12-31T23:59:59Z"))
    assert late["verdict"] == "indeterminate"
    verdicts = [one["verdict"] for one in said]
    assert [one["id"] for one in said] == list(range(1, 16))
    good, bad = "valid", "invalid"
    assert verdicts[:8] == [good, bad, bad, bad, bad, bad, good, "indeterminate"]
    assert verdicts[8:] == ["unsupported", good, bad, bad, bad, bad, good]
    assert said[0] == {"id": 1, "verdict": "valid", "reason": "", "time": "2026-03-01T09:30:00.000Z"}
    assert said[1]["reason"].startswith("OtherTimestamp: ")
    assert said[1]["time"] == said[0]["time"]
    assert said[12]["time"] is None


def test_lines_that_are_no_case(answers: Answers, authority: Authority) -> None:
    """They are answered under the verdict that claims nothing, and those after them as ever; exit code 2."""
    plain = case(authority, stamped(authority))
    said = answers(
        "no JSON",
        "[]",
        {**plain, "token": 5},
        {**plain, "digest": "xyz"},
        {**plain, "roots": ["no PEM"]},
        {**plain, "at": "yesterday"},
        {**plain, "at": "2026-W10-1T11:00:00Z"},
        "",
        {**plain, "hash": "blue"},
        plain,
        code=2,
    )
    assert [one["verdict"] for one in said] == ["indeterminate"] * 9 + ["valid"]
    assert all(one["reason"].startswith("not a case: ") for one in said[:9])


def test_a_certificate_that_nobody_brings(answers: Answers, authority: Authority) -> None:
    """Without the authority's certificate nothing can be said; with it in the case, all can."""
    request = stamping.request(DIGEST, nonce=7)
    bare = request[:-3].replace(bytes((0x30, len(request) - 2)), bytes((0x30, len(request) - 5)), 1)
    token = authority.timestamping.answer(bare, at=MADE, chance=Chance(3).octets)
    own = [pem(authority.timestamping.certificate), pem(authority.issuing)]
    said = answers(case(authority, token, 1, intermediates=[]), case(authority, token, 2, intermediates=own))
    assert [one["verdict"] for one in said] == ["indeterminate", "valid"]


def test_certificates_that_cannot_be_read(answers: Answers, authority: Authority) -> None:
    """Beside those that count they count for nothing; where one may be missing, we say that we could not read it."""
    junk = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
    token = stamped(authority)
    said = answers(
        case(authority, token, 1, roots=[junk, pem(authority.root)], intermediates=[pem(authority.issuing), junk]),
        case(authority, token, 2, roots=[junk]),
        case(authority, token, 3, intermediates=[junk]),
        case(authority, token, 4, intermediates=[junk], digest="00" * 32),
    )
    assert [one["verdict"] for one in said] == ["valid", "unsupported", "unsupported", "invalid"]
    assert all("cannot be read" in one["reason"] for one in said[1:3])
    der = authority.root.public_bytes(Encoding.DER).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x04", 1)
    (fifth,) = answers(case(authority, token, roots=[ssl.DER_cert_to_PEM_cert(der)]))
    assert (fifth["verdict"], "cannot be read" in fifth["reason"]) == ("unsupported", True)


def test_a_stamp_by_an_authority_for_certificates(answers: Answers, authority: Authority) -> None:
    """What vouches for others does not stamp with the same key, whatever its extended key usage says."""
    key = p256_key(Chance(4).octets, "both")
    both = (*for_authority(below=0)[:1], *for_timestamping()[1:])
    draft = Draft(authority.root.subject, key.public_key(), 5, AT, AT + timedelta(days=9), both)
    certificate = draft.signed(Issuer(authority.root.subject, key))
    stamper = stamping.TimestampAuthority("QM", key, certificate)
    token = stamper.answer(stamping.request(DIGEST, nonce=7), at=MADE, chance=Chance(3).octets)
    (said,) = answers(case(authority, token, roots=[pem(certificate)]))
    assert (said["verdict"], said["reason"].partition(":")[0]) == ("invalid", "WrongUsage")


@pytest.mark.parametrize("key", ["rsa:2048", "P-256", "P-384"])
@pytest.mark.parametrize("chain", [False, True])
def test_stamps_that_openssl_made(answers: Answers, tmp_path: Path, key: str, *, chain: bool) -> None:
    """A reply of `openssl ts`, with and without its chain inside, is valid here as it is there."""
    found = shutil.which("openssl")
    if found is None:
        pytest.skip("openssl is not on PATH")

    def openssl(*words: str) -> None:
        done = subprocess.run([found, *words], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode == 0, done.stderr

    (tmp_path / "config").write_text(CONFIG)
    (tmp_path / "hello").write_bytes(b"hello")
    new = ["-newkey", key] if key.startswith("rsa") else ["-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{key}"]
    openssl("req", "-x509", *new, "-nodes", "-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=root",
            "-days", "9", "-config", "config", "-extensions", "ca")  # fmt: skip
    openssl(
        "req", "-new", *new, "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=tsa", "-config", "config"
    )
    openssl("x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "8",
            "-out", "tsa.pem", "-extfile", "config", "-extensions", "tsa")  # fmt: skip
    openssl("ts", "-query", "-data", "hello", "-sha512", "-cert", "-out", "query")
    with_chain = ["-chain", "root.pem"] if chain else []
    openssl("ts", "-reply", "-config", "config", "-section", "here", "-queryfile", "query", "-signer", "tsa.pem",
            "-inkey", "tsa.key", "-sha256", *with_chain, "-out", "reply")  # fmt: skip
    openssl("ts", "-verify", "-data", "hello", "-in", "reply", "-CAfile", "root.pem")
    plain = {
        "id": "openssl",
        "token": base64.b64encode((tmp_path / "reply").read_bytes()).decode(),
        "digest": hashlib.sha512(b"hello").hexdigest(),
        "hash": "sha512",
        "roots": [(tmp_path / "root.pem").read_text()],
        "intermediates": [],
        "at": datetime.now(UTC).isoformat(),
    }
    good, bad = answers(plain, plain | {"digest": hashlib.sha512(b"other").hexdigest()})
    assert (good["verdict"], bad["verdict"]) == ("valid", "invalid")
