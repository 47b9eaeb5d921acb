"""Published files that are odd or broken, by the code of the exchange: each is read, or refused by a name of ours.

From `cryptography-vectors`: keys in PEM of every kind (`certs.keyfiles`), signed and enveloped data that is no
timestamp (`certs.timestamps`), and single certificates, good and broken (`certs.paths`, by `conformance x509`).

Left out: what nothing here reads (certificate requests, OCSP, PKCS #12, OpenSSH, Fernet, parameters without a key), and
keys in DER, for a seat holds PEM.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from certs import keyfiles, timestamps
from certs.errors import BrokenAlgorithm, MalformedTimestamp, UnsupportedAlgorithm
from harness.cli.conformance.x509 import verdict

from .published import VECTORS

KEYS = sorted((VECTORS / "asymmetric").glob("**/*.pem"))
OURS = {
    "EC/high-bit-set": ec.EllipticCurvePrivateKey,
    "EC/secp256r1-explicit-no-seed": ec.EllipticCurvePrivateKey,
    "EC/secp256r1-explicit-seed": ec.EllipticCurvePrivateKey,
    "Ed25519/ed25519-pkcs8": ed25519.Ed25519PrivateKey,
    "PEM_Serialization/ec_private_key": ec.EllipticCurvePrivateKey,
    "PKCS8/ec-consistent-curve": ec.EllipticCurvePrivateKey,
    "PKCS8/ec_private_key": ec.EllipticCurvePrivateKey,
    "PKCS8/ecc_private_with_rfc5915_ext": ec.EllipticCurvePrivateKey,
    "PKCS8/rsa_pss_2048": rsa.RSAPrivateKey,
    "PKCS8/rsa_pss_2048_hash": rsa.RSAPrivateKey,
    "PKCS8/rsa_pss_2048_hash_mask": rsa.RSAPrivateKey,
    "PKCS8/rsa_pss_2048_hash_mask_diff": rsa.RSAPrivateKey,
    "PKCS8/rsa_pss_2048_hash_mask_salt": rsa.RSAPrivateKey,
    "Traditional_OpenSSL_Serialization/testrsa": rsa.RSAPrivateKey,
}

BROKEN = {  # single certificates, and what is said of each as a leaf that is believed itself
    "custom/cp_invalid.pem": "cannot be read",
    "custom/ec_no_named_curve.pem": "ExplicitCurve: ",
    "custom/ecdsa_null_alg.pem": "cannot be read",
    "custom/inhibit_any_policy_negative.pem": "cannot be read",
    "custom/invalid_utf8_common_name.pem": "cannot be read",
    "custom/invalid_version.pem": "cannot be read",
    "custom/malformed-ian.pem": "cannot be read",
    "custom/malformed-san.pem": "cannot be read",
    "custom/name_attribute_unsupported_tag.pem": "cannot be read",
    "custom/nc_invalid_ip_netmask.pem": "cannot be read",
    "custom/nc_ip_invalid_length.pem": "cannot be read",
    "custom/san_empty_hostname.pem": "dns_name '' is none",
    "custom/san_rfc822_names.pem": "rfc822_name 'email' is none",
    "custom/two_basic_constraints.pem": "an extension twice",
    "cryptography.io.with_garbage.pem": "cannot be read",
    "ed25519/ed25519-rfc8410.pem": "cannot be read",
}
GOOD = {
    "custom/ca/rsae_ca.pem": "2025-06-01T00:00:00Z",
    "custom/rsa_pss_cert.pem": "2025-06-01T00:00:00Z",
    "ecdsa_root.pem": "2020-01-01T00:00:00Z",
    "ed448/root-ed448.pem": "2020-01-01T00:00:00Z",
}


def kind(path: Path) -> type:
    """Of the key in a file, or of the refusal."""
    try:
        return type(keyfiles.read_key(path))
    except (UnsupportedAlgorithm, BrokenAlgorithm, ValueError) as error:
        return type(error)


@pytest.mark.filterwarnings("ignore:Diffie-Hellman over finite fields")
def test_keys_in_files() -> None:
    """Those of our algorithms are read. Encrypted, of another kind, public or broken, each is refused by name."""
    told = {path.relative_to(VECTORS / "asymmetric").with_suffix("").as_posix(): kind(path) for path in KEYS}
    read = {name for name, one in told.items() if not issubclass(one, Exception)}
    assert read == set(OURS)
    assert all(issubclass(told[name], expected) for name, expected in OURS.items())
    assert len(told) - len(read) > 100
    assert told["PKCS8/unenc-rsa-pkcs8"] is BrokenAlgorithm
    assert told["EC/ec-missing-curve"] is ValueError
    assert told["PKCS8/bad-oid-dsa-key"] is UnsupportedAlgorithm
    assert told["EC/secp128r1_private_key"] is UnsupportedAlgorithm


@pytest.mark.parametrize("path", [path for path in KEYS if path.name.startswith(("enc", "ed25519-pkcs8-enc"))], ids=str)
def test_keys_that_are_encrypted(path: Path) -> None:
    """A seat's key is not: whoever puts an encrypted one there is told so."""
    with pytest.raises(UnsupportedAlgorithm, match="is encrypted"):
        keyfiles.read_key(path)


def test_messages_that_are_no_timestamp() -> None:
    """Signed data over something else, enveloped data, signed code: none is a timestamp."""
    found = sorted((VECTORS / "pkcs7").iterdir())
    for path in found:
        octets = path.read_bytes()
        if octets.startswith(b"-----"):
            octets = base64.b64decode(re.sub(rb"-----[^-]+-----", b"", octets))
        with pytest.raises(MalformedTimestamp, match="no timestamp"):
            timestamps.read(octets)
    assert len(found) == 10


def said(name: str, at: str) -> tuple[str, str]:
    """Verdict and reason on a file's certificate, itself the only anchor."""
    pem = (VECTORS / "x509" / name).read_text(encoding="latin-1")
    answer = verdict({"leaf": pem, "anchors": [pem], "at": at, "revocation": "none"})
    return str(answer["verdict"]), str(answer["reason"])


@pytest.mark.parametrize("name", BROKEN)
def test_broken_certificates(name: str) -> None:
    """Each is invalid for what is wrong with it, believed or not."""
    found, reason = said(name, "2020-01-01T00:00:00Z")
    assert found == "invalid"
    assert BROKEN[name] in reason


@pytest.mark.parametrize("name", GOOD)
def test_good_certificates(name: str) -> None:
    """Each is good when it is believed itself, and not before its time."""
    assert said(name, GOOD[name]) == ("valid", "")
    assert said(name, "1999-01-01T00:00:00Z")[0] == "invalid"


def test_every_certificate() -> None:
    """Whatever a certificate looks like, there is a verdict with a reason."""
    names = [
        path.relative_to(VECTORS / "x509").as_posix()
        for path in sorted((VECTORS / "x509").glob("**/*.pem"))
        if "-----BEGIN CERTIFICATE-----" in path.read_text(encoding="latin-1")
    ]
    answers = [said(name, "2020-01-01T00:00:00Z") for name in names]
    assert len(names) > 100
    assert {found for found, _ in answers} == {"valid", "invalid", "unsupported"}
    assert all(bool(reason) is (found != "valid") for found, reason in answers)
