"""A country's authorities: same seed, same octets; other tools agree; keys stay private. Nothing here is believed."""

from __future__ import annotations

import shutil
import ssl
import stat
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs import jws
from certs.authority import Authority
from certs.errors import BrokenPath, UnsupportedAlgorithm
from certs.identity import Algorithm, Identity
from certs.keyfiles import write_key
from certs.revocation import read_crl
from certs.summary import describe
from harness.clock import Chance

AT = datetime(2026, 3, 1, 9, 0, 0, 123000, tzinfo=UTC)
YEARS = timedelta(days=3650)
EPOCH_OF_CHECK = str(int((AT + timedelta(hours=1)).timestamp()))

Openssl = Callable[..., str]


def founded(seed: int = 1, country: str = "QM") -> Authority:
    """The authorities of a country."""
    return Authority.found(country, AT, Chance(seed).octets, YEARS)


@pytest.fixture
def openssl(tmp_path: Path) -> Openssl:
    """Runs openssl in the test's folder and returns what it says."""
    found = shutil.which("openssl")
    if found is None:
        pytest.skip("openssl is not on PATH")

    def run(*words: str, good: bool = True) -> str:
        done = subprocess.run([found, *words], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=15)
        assert (done.returncode == 0) is good, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def laid_out(authority: Authority, signers: dict[str, x509.Certificate], folder: Path, at: datetime) -> None:
    """Write everything that openssl needs."""
    (folder / "root.pem").write_bytes(authority.root.public_bytes(Encoding.PEM))
    (folder / "issuing.pem").write_bytes(authority.issuing.public_bytes(Encoding.PEM))
    for name, certificate in signers.items():
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    crls = [x509.load_der_x509_crl(der).public_bytes(Encoding.PEM) for der in authority.crls(at)]
    (folder / "crls.pem").write_bytes(b"".join(crls))


def test_the_same_seed_and_moment_make_the_same_octets() -> None:
    """Certificates, keys, revocation lists and trust lists of a run can be made again, bit for bit."""

    def made() -> tuple[bytes, ...]:
        authority = founded()
        signers = [authority.issue_signing("QM", each, AT) for each in Algorithm]
        authority.revoke(signers[0].certificate, x509.ReasonFlags.superseded, AT)
        certificates = [authority.root, authority.issuing, *(each.certificate for each in signers)]
        return (
            *(each.public_bytes(Encoding.DER) for each in certificates),
            *authority.issue_tls("qm", ["localhost"], AT),
            *authority.crls(AT),
            authority.trust_list(1, AT, AT + timedelta(days=30)),
        )

    assert made() == made()


def test_another_seed_makes_other_keys() -> None:
    """Two runs with different seeds share no key."""
    assert founded(1).root.public_key() != founded(2).root.public_key()
    assert founded(1).anchor != founded(2).anchor


def test_one_more_certificate_changes_no_other() -> None:
    """Each purpose draws from a stream of its own: a new party does not change an old one's key."""
    alone, crowded = founded(), founded()
    crowded.issue_signing("QX", Algorithm.ES256, AT)
    pair = [each.issue_signing("QM", Algorithm.ES256, AT).certificate for each in (alone, crowded)]
    assert pair[0] == pair[1]


def test_two_certificates_of_one_party_differ() -> None:
    """A second certificate has a key and a serial number of its own."""
    authority = founded()
    first, second = (authority.issue_signing("QM", Algorithm.ES256, AT).certificate for _ in range(2))
    assert first.serial_number != second.serial_number
    assert first.public_key() != second.public_key()


def test_a_certificate_does_not_outlive_its_authority() -> None:
    """Its last moment is at most the issuing authority's."""
    authority = Authority.found("QM", AT, Chance(1).octets, timedelta(days=10))
    signer = authority.issue_signing("QM", Algorithm.ES256, AT)
    assert signer.certificate.not_valid_after_utc == authority.issuing.not_valid_after_utc


def knows_ml_dsa(openssl: Openssl) -> bool:
    """Whether this OpenSSL can read the keys of ML-DSA."""
    return "ML-DSA" in openssl("list", "-public-key-algorithms")


@pytest.mark.parametrize(
    "algorithm",
    [
        *(each for each in Algorithm if each is not Algorithm.ML_DSA_65),
        pytest.param(
            Algorithm.ML_DSA_65,
            marks=pytest.mark.may_be_absent("OpenSSL 3.0 to 3.4, which most machines still have, do not know ML-DSA"),
        ),
    ],
)
def test_openssl_accepts_chain_and_revocation_lists(openssl: Openssl, tmp_path: Path, algorithm: Algorithm) -> None:
    """An independent reader validates our path, strictly, with all revocation lists."""
    if algorithm is Algorithm.ML_DSA_65 and not knows_ml_dsa(openssl):
        pytest.skip("this OpenSSL does not know ML-DSA, which came with 3.5")
    authority = founded()
    laid_out(authority, {"qm": authority.issue_signing("QM", algorithm, AT).certificate}, tmp_path, AT)
    words = ["verify", "-x509_strict", "-CAfile", "root.pem", "-untrusted", "issuing.pem", "-CRLfile", "crls.pem"]
    said = openssl(*words, "-crl_check_all", "-attime", EPOCH_OF_CHECK, "qm.pem")
    assert "qm.pem: OK" in said


def test_openssl_sees_the_withdrawal(openssl: Openssl, tmp_path: Path) -> None:
    """What we withdraw, an independent reader refuses, with reason and invalidity date in the list."""
    authority = founded()
    signer = authority.issue_signing("QM", Algorithm.ES256, AT)
    at = AT + timedelta(minutes=30)
    authority.revoke(signer.certificate, x509.ReasonFlags.key_compromise, at, invalid_since=AT + timedelta(minutes=10))
    laid_out(authority, {"qm": signer.certificate}, tmp_path, at)
    words = ["verify", "-CAfile", "root.pem", "-untrusted", "issuing.pem", "-CRLfile", "crls.pem", "-crl_check_all"]
    assert "certificate revoked" in openssl(*words, "-attime", EPOCH_OF_CHECK, "qm.pem", good=False)
    (tmp_path / "issuing.crl").write_bytes(authority.crls(at)[1])
    said = openssl("crl", "-inform", "DER", "-in", "issuing.crl", "-noout", "-text")
    assert "Key Compromise" in said
    assert "Invalidity Date" in said


def test_openssl_holds_an_authority_to_its_country(openssl: Openssl, tmp_path: Path) -> None:
    """C31: the issuing authority of QM cannot vouch for somebody in QN, in any reader's eyes."""
    authority = founded()
    authority.country = "QN"
    stray = authority.issue_signing("QN", Algorithm.ES256, AT).certificate
    laid_out(authority, {"qn": stray}, tmp_path, AT)
    words = ["verify", "-CAfile", "root.pem", "-untrusted", "issuing.pem", "-attime", EPOCH_OF_CHECK]
    assert "permitted subtree violation" in openssl(*words, "qn.pem", good=False)


def test_openssl_prints_what_we_describe(openssl: Openssl, tmp_path: Path) -> None:
    """Our summary and openssl's print the same facts."""
    signer = founded().issue_signing("QM", Algorithm.ES256, AT)
    (tmp_path / "qm.pem").write_bytes(signer.certificate.public_bytes(Encoding.PEM))
    said = openssl("x509", "-in", "qm.pem", "-noout", "-text", "-fingerprint", "-sha256", "-serial")
    seen = describe(signer.certificate)
    assert "1.3.6.1.5.5.7.3.36" in said
    assert seen.usages == ("document signing",)
    assert seen.thumbprint.upper() in said.replace(":", "")
    assert f"serial={seen.serial.upper()}" in said
    assert "Subject: C = QM, CN = QM" in said
    assert (seen.party, seen.country, seen.authority) == ("QM", "QM", False)


def test_the_tls_chain_serves_a_connection(tmp_path: Path) -> None:
    """Server and client with our certificates shake hands, both sides verified, in memory."""
    authority = founded()
    at = datetime.now(UTC) - timedelta(hours=1)  # the TLS library asks the machine's clock and takes no other
    authority = Authority.found("QM", at, Chance(1).octets, timedelta(days=10))
    root = authority.root.public_bytes(Encoding.PEM).decode()
    contexts = []
    for purpose, principal, hosts in (
        (ssl.PROTOCOL_TLS_SERVER, "broker", ["localhost", "127.0.0.1"]),
        (ssl.PROTOCOL_TLS_CLIENT, "qm", []),
    ):
        key, chain = authority.issue_tls(principal, hosts, at)
        (tmp_path / f"{principal}.pem").write_bytes(key + chain)
        context = ssl.SSLContext(purpose)
        context.load_verify_locations(cadata=root)
        context.load_cert_chain(tmp_path / f"{principal}.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        contexts.append(context)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = contexts[0].wrap_bio(to_server, to_client, server_side=True)
    client = contexts[1].wrap_bio(to_client, to_server, server_hostname="127.0.0.1")
    pending = {client, server}
    for _ in range(10):
        for side in tuple(pending):
            try:
                side.do_handshake()
                pending.discard(side)
            except ssl.SSLWantReadError:
                continue
    assert not pending
    seen = server.getpeercert()
    assert seen is not None
    assert seen["subject"] == ((("countryName", "QM"),), (("commonName", "qm"),))


def test_revocation_lists_say_why_and_since_when() -> None:
    """Reason, revocation date and invalidity date come back from the list, and which moment counts."""
    authority = founded()
    lost, left = (authority.issue_signing("QM", Algorithm.ES256, AT).certificate for _ in range(2))
    later, earlier = AT + timedelta(hours=2), AT + timedelta(hours=1)
    authority.revoke(lost, x509.ReasonFlags.key_compromise, later, invalid_since=earlier)
    authority.revoke(left, x509.ReasonFlags.cessation_of_operation, later, invalid_since=earlier)
    read = read_crl(authority.crls(later)[1])
    compromised, ceased = read.revocations[lost.serial_number], read.revocations[left.serial_number]
    assert compromised.reason is x509.ReasonFlags.key_compromise
    assert compromised.invalid_since == earlier.replace(microsecond=0)
    assert compromised.counts_from == earlier.replace(microsecond=0)
    assert ceased.counts_from == later.replace(microsecond=0)
    assert ceased.known_since == read.issued == later.replace(microsecond=0)


def test_revocation_list_numbers_only_rise() -> None:
    """RFC 5280, 5.2.3: later, or with one entry more, the number is higher."""
    authority = founded()
    first = read_crl(authority.crls(AT)[1]).number
    authority.revoke(authority.issue_signing("QM", Algorithm.ES256, AT).certificate, x509.ReasonFlags.superseded, AT)
    second = read_crl(authority.crls(AT)[1]).number
    third = read_crl(authority.crls(AT + timedelta(milliseconds=1))[1]).number
    assert first < second < third


def test_another_country_cannot_withdraw_it() -> None:
    """An authority withdraws only what it issued."""
    stranger = founded(2, "QN").issue_signing("QN", Algorithm.ES256, AT).certificate
    with pytest.raises(BrokenPath):
        founded().revoke(stranger, x509.ReasonFlags.superseded, AT)


def test_saved_authorities_come_back_with_their_books(tmp_path: Path) -> None:
    """A loaded authority issues, withdraws and lists as the saved one would."""
    authority = founded()
    signer = authority.issue_signing("QM", Algorithm.ES256, AT)
    authority.revoke(signer.certificate, x509.ReasonFlags.key_compromise, AT, invalid_since=AT)
    authority.save(tmp_path / "qm")
    authority.save(tmp_path / "qm")
    loaded = Authority.load(tmp_path / "qm", Chance(9).octets)
    assert loaded.anchor == authority.anchor
    assert loaded.country == "QM"
    assert loaded.crls(AT) == authority.crls(AT)
    assert loaded.trust_list(1, AT, AT + YEARS) == authority.trust_list(1, AT, AT + YEARS)
    loaded.issue_signing("QM", Algorithm.ES256, AT).certificate.verify_directly_issued_by(authority.issuing)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_saved_identity_signs_the_same(tmp_path: Path, algorithm: Algorithm) -> None:
    """Key, certificate, party and country come back; so does every signature."""
    signer = founded().issue_signing("QM", algorithm, AT)
    signer.save(tmp_path / "qm")
    loaded = Identity.load(tmp_path / "qm")
    assert (loaded.party, loaded.country, loaded.algorithm) == ("QM", "QM", algorithm)
    assert loaded.certificate == signer.certificate
    token = jws.sign(b"x", loaded, typ=jws.MESSAGE)
    assert jws.check(jws.read(token), signer.certificate, typ=jws.MESSAGE) == b"x"
    assert not algorithm.repeatable or token == jws.sign(b"x", signer, typ=jws.MESSAGE)


def test_keys_on_disk_are_for_their_owner_only(tmp_path: Path) -> None:
    """Folders 0700, keys 0600, also when they were laxer before."""
    authority = founded()
    (tmp_path / "qm").mkdir(mode=0o755)
    authority.save(tmp_path / "qm")
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "qm").rglob("*")}
    assert {modes[name] for name in modes if "key" in name} == {0o600}
    assert len([name for name in modes if "key" in name]) == 3
    assert modes["publisher"] == stat.S_IMODE((tmp_path / "qm").stat().st_mode) == 0o700


def test_an_identity_does_not_print_its_key() -> None:
    """A key in a log line is a lost key."""
    signer = founded().issue_signing("QM", Algorithm.ES256, AT)
    assert "key=" not in repr(signer)


def test_a_key_that_is_not_the_certificates_is_refused(tmp_path: Path) -> None:
    """Two files that do not belong together are no identity."""
    authority = founded()
    authority.issue_signing("QM", Algorithm.ES256, AT).save(tmp_path)
    write_key(tmp_path / "key.pem", authority.issue_signing("QM", Algorithm.ES256, AT).key)
    with pytest.raises(BrokenPath):
        Identity.load(tmp_path)


def test_a_key_of_another_kind_is_refused(tmp_path: Path, openssl: Openssl) -> None:
    """A P-384 key is not one we sign with, and that is what the refusal says."""
    founded().issue_signing("QM", Algorithm.ES256, AT).save(tmp_path)
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384", "-out", "key.pem")
    with pytest.raises(UnsupportedAlgorithm):
        Identity.load(tmp_path)


def test_a_summary_tells_what_a_person_asks() -> None:
    """Authorities, TLS ends and signers are told apart; empty lines are left out."""
    authority = founded()
    _, chain = authority.issue_tls("qm", ["localhost", "127.0.0.1"], AT)
    tls = describe(x509.load_pem_x509_certificate(chain))
    assert (tls.hosts, tls.usages) == (("localhost", "127.0.0.1"), ("TLS server", "TLS client"))
    root = dict(describe(authority.root).lines())
    assert root["kind"] == "authority"
    assert "answers on" not in root
    assert root["valid from"] == "2026-03-01T09:00:00Z"
