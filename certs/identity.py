"""A party's key and certificate; signs bytes.

Which algorithm a certificate's key dictates is decided here, once, for signing and checking alike.
Making identities: certs.authority.  The JWS around a signature: certs.jws.  Whom to believe: certs.trust.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final, Self

from asn1crypto import algos as asn1_algos
from asn1crypto import x509 as asn1_x509
from cryptography import exceptions, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID, PublicKeyAlgorithmOID

from certs import algorithms
from certs.algorithms import Algorithm as Algorithm  # noqa: PLC0414 - where others look for it
from certs.algorithms import PrivateKey, PublicKey, sound, usable
from certs.errors import BrokenPath, ExplicitCurve, UnsupportedAlgorithm
from certs.keyfiles import private_folder, read_certificate, read_key, write_certificate, write_key
from certs.rsa_keys import strong

DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336
KEY_AGREEMENT = x509.ObjectIdentifier("2.25.288362528788626745719335670059059656583")
"""Documents are encrypted for this key. No standard names this usage: an OID made of a UUID (X.667), ours alone."""

PSS_PARAMETERS: Final = asn1_algos.RSASSAPSSParams(
    {
        "hash_algorithm": {"algorithm": "sha256"},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}},
        "salt_length": 32,
    }
)
"""What a certificate for PS256 says of its key (RFC 4055, 3.1; RFC 7518, 3.5)."""


@dataclass(frozen=True)
class Identity:
    """A party that can sign: its code ("QM"), its country, its private key and its certificate."""

    party: str
    country: str
    key: PrivateKey = field(repr=False)
    certificate: x509.Certificate

    @cached_property
    def algorithm(self) -> Algorithm:
        """The one algorithm that the key dictates."""
        return dictated(self.certificate)[0]

    @cached_property
    def thumbprint(self) -> bytes:
        """SHA-256 of the certificate's DER, 32 octets (the `x5t#S256` of RFC 7515, 4.1.8)."""
        return self.certificate.fingerprint(hashes.SHA256())

    def sign(self, data: bytes) -> bytes:
        """Sign; the raw signature that a JWS carries (certs.algorithms.sign)."""
        return algorithms.sign(self.algorithm, self.key, data)

    def save(self, folder: Path) -> None:
        """Write key.pem (PKCS#8, 0600) and certificate.pem into `folder` (0700)."""
        private_folder(folder)
        write_key(folder / "key.pem", self.key)
        write_certificate(folder / "certificate.pem", self.certificate)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; party and country come from the certificate.

        Raises:
            BrokenPath: the key is not the certificate's.
            UnsupportedAlgorithm: a key that signs nothing here.
        """
        key = read_key(folder / "key.pem")
        certificate = read_certificate(folder / "certificate.pem")
        if dictated(certificate)[1] != key.public_key():
            raise BrokenPath(f"{folder.name}: the key is not the one in the certificate")
        country, party = bearer(certificate)
        return cls(party=party, country=country, key=key, certificate=certificate)


def dictated(certificate: x509.Certificate) -> tuple[Algorithm, PublicKey]:
    """The JWS algorithm that a certificate's key dictates, and the key.

    An RSA key is for PS256 when the certificate says RSASSA-PSS of it, and for RS256 when it says only RSA (RFC 4055,
    1.2): the certificate decides, never the token.

    Raises:
        UnsupportedAlgorithm: another kind of key, another curve, or RSASSA-PSS with other parameters than PS256's.
        ExplicitCurve: a curve spelt out in parameters (CVE-2020-0601).
        NationalAlgorithm: SM2 or GOST.
        BrokenAlgorithm: a key that is known to be weak, or a certificate signed over SHA-1.
    """
    usable(certificate)
    try:
        key = certificate.public_key()
    except (ValueError, exceptions.UnsupportedAlgorithm) as error:
        raise UnsupportedAlgorithm(f"the certificate's key cannot be used: {error}") from error
    if isinstance(key, ed25519.Ed25519PublicKey):
        return Algorithm.ED25519, sound(key)
    if isinstance(key, mldsa.MLDSA65PublicKey):
        return Algorithm.ML_DSA_65, key
    if isinstance(key, rsa.RSAPublicKey):
        return _of_rsa(certificate), strong(key)
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        # The library also takes P-256 spelt out in parameters, which RFC 5480, 2.1.1 forbids and others read otherwise.
        if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) not in certificate.tbs_certificate_bytes:
            raise ExplicitCurve("the certificate spells its curve out instead of naming P-256")
        return Algorithm.ES256, key
    kind = getattr(getattr(key, "curve", None), "name", type(key).__name__)
    raise UnsupportedAlgorithm(f"the certificate's key is of kind {kind}, none of P-256, Ed25519, ML-DSA-65 and RSA")


def _of_rsa(certificate: x509.Certificate) -> Algorithm:
    if certificate.public_key_algorithm_oid != PublicKeyAlgorithmOID.RSASSA_PSS:
        return Algorithm.RS256
    read = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    try:
        said = read["tbs_certificate"]["subject_public_key_info"]["algorithm"]["parameters"]
        # Said nothing, the key is for any RSASSA-PSS, PS256 among it (RFC 4055, 1.2).
        if said.native is None or said.native == PSS_PARAMETERS.native:
            return Algorithm.PS256
    except (ValueError, TypeError, KeyError) as error:
        raise UnsupportedAlgorithm(f"the certificate's RSASSA-PSS parameters cannot be read: {error}") from error
    raise UnsupportedAlgorithm("the certificate's RSASSA-PSS parameters are not those of PS256")


UNREADABLE: Final = (
    ValueError,
    TypeError,
    OverflowError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.UnsupportedGeneralNameType,
)
"""Whatever the library raises for a certificate or a list that it cannot make out. Found by fuzzing."""


def readable(certificate: x509.Certificate) -> x509.Certificate:
    """Return `certificate` once every part of it was parsed: the parser is lazy, and we want its verdict at the border.

    Raises:
        ValueError: a name, a moment or an extension in it is malformed.
    """
    try:
        _ = certificate.subject, certificate.issuer, certificate.extensions
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except UNREADABLE as error:
        raise ValueError(str(error)) from error
    return certificate


def certificate_in(octets: bytes) -> x509.Certificate:
    """The certificate in PEM or DER octets, of which every part can be read (`readable`). Raises ValueError."""
    load = x509.load_pem_x509_certificate if b"-----BEGIN" in octets else x509.load_der_x509_certificate
    try:
        return readable(load(octets))
    except UNREADABLE as error:
        raise ValueError(str(error)) from error


def bearer(certificate: x509.Certificate) -> tuple[str, str]:
    """The country (C) and the party (CN) that a certificate names.

    Raises:
        BrokenPath: not exactly one of each.
    """
    country = _values(certificate.subject, NameOID.COUNTRY_NAME)
    party = _values(certificate.subject, NameOID.COMMON_NAME)
    if len(country) != 1 or len(party) != 1:
        raise BrokenPath(f"the subject {certificate.subject.rfc4514_string()} must name one country and one party")
    return country[0], party[0]


def _values(name: x509.Name, kind: x509.ObjectIdentifier) -> list[str]:
    return [str(found.value) for found in name.get_attributes_for_oid(kind)]
