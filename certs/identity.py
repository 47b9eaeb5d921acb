"""A party's key and certificate; signs bytes.

Which algorithm a certificate's key dictates is decided here, once, for signing and checking alike.
Making identities: certs.authority.  The JWS around a signature: certs.jws.  Whom to believe: certs.trust.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Self

from cryptography import exceptions, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from certs.errors import BrokenPath, ExplicitCurve, UnsupportedAlgorithm
from certs.keyfiles import PrivateKey, private_folder, read_certificate, read_key, write_certificate, write_key

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336
KEY_AGREEMENT = x509.ObjectIdentifier("2.25.288362528788626745719335670059059656583")
"""Documents are encrypted for this key. No standard names this usage: an OID made of a UUID (X.667), ours alone."""

_ECDSA = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)  # RFC 6979: no randomness to lose at signing


class Algorithm(StrEnum):
    """The JWS algorithms we sign and check with."""

    ES256 = "ES256"  # RFC 7518, 3.4
    ED25519 = "Ed25519"  # RFC 9864, 2.2; its older name "EdDSA" is deprecated

    @property
    def signature_octets(self) -> int:
        """The exact length of a signature (RFC 7518, 3.4; RFC 8032, 5.1.6)."""
        return 64


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
        """Sign; the raw signature a JWS carries: r and s side by side for ES256, 64 octets either way."""
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(data)
        r, s = decode_dss_signature(self.key.sign(data, _ECDSA))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

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
            UnsupportedAlgorithm: neither P-256 nor Ed25519.
        """
        key = read_key(folder / "key.pem")
        certificate = read_certificate(folder / "certificate.pem")
        if dictated(certificate)[1] != key.public_key():
            raise BrokenPath(f"{folder.name}: the key is not the one in the certificate")
        country, party = bearer(certificate)
        return cls(party=party, country=country, key=key, certificate=certificate)


def dictated(certificate: x509.Certificate) -> tuple[Algorithm, PublicKey]:
    """The JWS algorithm that a certificate's key dictates, and the key.

    Raises:
        UnsupportedAlgorithm: another kind of key, or another curve.
        ExplicitCurve: a curve spelt out in parameters (CVE-2020-0601).
    """
    try:
        key = certificate.public_key()
    except (ValueError, exceptions.UnsupportedAlgorithm) as error:
        raise UnsupportedAlgorithm(f"the certificate's key cannot be used: {error}") from error
    if isinstance(key, ed25519.Ed25519PublicKey):
        return Algorithm.ED25519, key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        # The library also takes P-256 spelt out in parameters, which RFC 5480, 2.1.1 forbids and others read otherwise.
        if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) not in certificate.tbs_certificate_bytes:
            raise ExplicitCurve("the certificate spells its curve out instead of naming P-256")
        return Algorithm.ES256, key
    raise UnsupportedAlgorithm(f"the certificate's key is of kind {type(key).__name__}, neither P-256 nor Ed25519")


def readable(certificate: x509.Certificate) -> x509.Certificate:
    """Return `certificate` once every part of it was parsed: the parser is lazy, and we want its verdict at the border.

    Raises:
        ValueError: a name, a moment or an extension in it is malformed.
    """
    try:
        _ = certificate.subject, certificate.issuer, certificate.extensions
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise ValueError(str(error)) from error
    return certificate


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
