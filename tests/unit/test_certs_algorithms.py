"""Certificates for every algorithm, and those that ask for one with a reason of its own (ATTACKS C34, C38)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import PublicKeyAlgorithmOID

from certs.algorithms import Algorithm, named, signature_octets
from certs.authority import Authority
from certs.errors import BrokenAlgorithm, NationalAlgorithm, TrustError, UnsupportedAlgorithm
from certs.identity import Identity, dictated
from certs.summary import describe
from certs.trust import TrustStore
from harness.clock import Chance

AT = datetime(2026, 3, 12, 9, tzinfo=UTC)
GOST = "1.2.643.7.1.1.1.1"  # GOST R 34.10-2012, 256 bits (RFC 9215)

OpensslCertificate = Callable[..., x509.Certificate]


@pytest.fixture(scope="module")
def authority() -> Authority:
    """The authorities of QM."""
    return Authority.found("QM", AT, Chance(1).octets, timedelta(days=3650))


@pytest.fixture(scope="module")
def rsa_signer(authority: Authority) -> Identity:
    """A window with a certificate for PS256."""
    return authority.issue_signing("QM", Algorithm.PS256, AT)


@pytest.fixture
def openssl_certificate(tmp_path: Path) -> OpensslCertificate:
    """Makes a self-signed certificate of a kind that our own library does not make."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not on PATH")

    def make(genpkey: list[str], digest: str) -> x509.Certificate:
        request = ["req", "-x509", "-new", "-key", "k.pem", f"-{digest}", "-subj", "/C=QM/CN=QM", "-outform", "DER"]
        for words in (["genpkey", *genpkey, "-out", "k.pem"], [*request, "-out", "c.der"]):
            subprocess.run([openssl, *words], cwd=tmp_path, check=True, capture_output=True, timeout=15)
        return x509.load_der_x509_certificate((tmp_path / "c.der").read_bytes())

    return make


def refused(certificate: x509.Certificate) -> TrustError:
    """Why the exchange does not take it: asked of the trust store, which asks for the algorithm first."""
    with pytest.raises(TrustError) as why:
        TrustStore().validate(certificate, at=AT)
    return why.value


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_certificate_dictates_its_algorithm(authority: Authority, algorithm: Algorithm) -> None:
    """One algorithm for each certificate, the one it was issued for; a summary says it."""
    signer = authority.issue_signing("QM", algorithm, AT)
    assert dictated(signer.certificate) == (algorithm, signer.key.public_key())
    assert len(signer.sign(b"x")) == signature_octets(algorithm, signer.key.public_key())
    assert describe(signer.certificate).algorithm == algorithm.value
    assert named(algorithm.value) is algorithm


def test_what_an_rsa_certificate_says_of_its_key(authority: Authority, rsa_signer: Identity) -> None:
    """RSASSA-PSS with SHA-256 for PS256, plain RSA for RS256 (RFC 4055, 1.2 and 3.1)."""
    plain = authority.issue_signing("QM", Algorithm.RS256, AT).certificate
    assert plain.public_key_algorithm_oid == PublicKeyAlgorithmOID.RSAES_PKCS1_v1_5
    assert rsa_signer.certificate.public_key_algorithm_oid == PublicKeyAlgorithmOID.RSASSA_PSS
    rsa_signer.certificate.verify_directly_issued_by(authority.issuing)


def altered(signer: Identity, kind: dict[str, object]) -> x509.Certificate:
    """The certificate with another kind of key stated; who asks for the algorithm does not ask who signed."""
    read = asn1_x509.Certificate.load(signer.certificate.public_bytes(Encoding.DER))
    read["tbs_certificate"]["subject_public_key_info"]["algorithm"] = kind
    return x509.load_der_x509_certificate(read.dump(force=True))


def test_pss_without_parameters_is_for_ps256(rsa_signer: Identity) -> None:
    """A key for any RSASSA-PSS can be used for PS256."""
    assert dictated(altered(rsa_signer, {"algorithm": "rsassa_pss"}))[0] is Algorithm.PS256


@pytest.mark.parametrize(("hash_", "salt"), [("sha512", 32), ("sha256", 20), ("sha256", 64), ("sha1", 20)], ids=str)
def test_pss_with_other_parameters_is_unsupported(rsa_signer: Identity, hash_: str, salt: int) -> None:
    """A key that its authority limited to something else than PS256 is not used for it."""
    parameters = {
        "hash_algorithm": {"algorithm": hash_},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": hash_}},
        "salt_length": salt,
    }
    with pytest.raises(UnsupportedAlgorithm, match="not those of PS256"):
        dictated(altered(rsa_signer, {"algorithm": "rsassa_pss", "parameters": parameters}))


def test_sm2_is_named_as_such(openssl_certificate: OpensslCertificate, authority: Authority) -> None:
    """C38: a certificate of SM2 is refused for that, and not as a bad signature."""
    certificate = openssl_certificate(["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2"], "sm3")
    assert isinstance(refused(certificate), NationalAlgorithm)
    # Also where only the key is on its curve.
    signer = authority.issue_signing("QM", Algorithm.ES256, AT)
    certificate = altered(signer, {"algorithm": "ec", "parameters": ("named", "1.2.156.10197.1.301")})
    assert isinstance(refused(certificate), NationalAlgorithm)


def test_gost_is_named_as_such(rsa_signer: Identity) -> None:
    """C38: a certificate that states a key of GOST R 34.10-2012."""
    assert isinstance(refused(altered(rsa_signer, {"algorithm": GOST})), NationalAlgorithm)


@pytest.mark.parametrize("digest", ["sha1", "md5"])
def test_a_certificate_over_a_broken_hash(openssl_certificate: OpensslCertificate, digest: str) -> None:
    """C38: whoever can make two texts of one hash can have a certificate that was never issued."""
    certificate = openssl_certificate(["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], digest)
    assert isinstance(refused(certificate), BrokenAlgorithm)


@pytest.mark.parametrize("bits", ["1024", "1536"])
def test_a_short_rsa_key(openssl_certificate: OpensslCertificate, bits: str) -> None:
    """RFC 7518, 3.3: 2048 bits or more."""
    certificate = openssl_certificate(["-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}"], "sha256")
    assert isinstance(refused(certificate), BrokenAlgorithm)


def test_a_longer_rsa_key(openssl_certificate: OpensslCertificate) -> None:
    """3072 bits are as good; a signature has as many octets as the modulus."""
    algorithm, key = dictated(openssl_certificate(["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"], "sha256"))
    assert (algorithm, signature_octets(algorithm, key)) == (Algorithm.RS256, 384)


@pytest.mark.parametrize("name", ["ES1024", "SHA-1024", "", "SHA3", "RS256 ", "rs256", "SM", "MD"])
def test_a_name_that_only_looks_like_one(name: str) -> None:
    """Whatever is neither ours nor one of those with a reason of its own is unsupported."""
    with pytest.raises(UnsupportedAlgorithm):
        named(name)
