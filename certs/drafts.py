"""The profile of our certificates: what each kind carries, before anyone signs it.

Keys and serial numbers come from handed-in chance, moments from the caller: same seed, same octets.
Who signs, and what was issued or withdrawn: certs.authority.  Profile: RFC 5280, 4; RFC 9336.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs import rsa_keys
from certs.algorithms import PrivateKey, PublicKey
from certs.identity import DOCUMENT_SIGNING, KEY_AGREEMENT, PSS_PARAMETERS, Algorithm

Octets = Callable[[int, str], bytes]  # (count, purpose): random octets, from one seed or from the system
Extensions = tuple[tuple[x509.ExtensionType, bool], ...]  # each with whether it is critical

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # FIPS 186-5, SP 800-186, 3.2.1.3


@dataclass(frozen=True)
class Issuer:
    """Who signs: a P-256 key and the name it goes by."""

    name: x509.Name
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Draft:
    """A certificate that nobody signed yet."""

    name: x509.Name
    key: PublicKey | x25519.X25519PublicKey
    serial: int
    since: datetime
    until: datetime
    extensions: Extensions
    pss: bool = False
    """Whether the key, an RSA key, is said to be for RSASSA-PSS alone (RFC 4055, 1.2)."""

    def signed(self, issuer: Issuer) -> x509.Certificate:
        """Sign with ECDSA and SHA-256, deterministically (RFC 6979)."""
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(issuer.name)
            .public_key(self.key)
            .serial_number(self.serial)
            .not_valid_before(self.since)
            .not_valid_after(self.until)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
        )
        for extension, critical in self.extensions:
            builder = builder.add_extension(extension, critical=critical)
        certificate = builder.sign(issuer.key, hashes.SHA256(), ecdsa_deterministic=True)
        return _for_pss(certificate, issuer) if self.pss else certificate


def _for_pss(certificate: x509.Certificate, issuer: Issuer) -> x509.Certificate:
    """The same certificate with a key for RSASSA-PSS alone, which the library cannot write, signed anew."""
    built = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    kind = {"algorithm": "rsassa_pss", "parameters": PSS_PARAMETERS}
    built["tbs_certificate"]["subject_public_key_info"]["algorithm"] = kind
    covered = built["tbs_certificate"].dump(force=True)
    built["signature_value"] = issuer.key.sign(covered, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    return x509.load_der_x509_certificate(built.dump(force=True))


def p256_key(chance: Octets, purpose: str) -> ec.EllipticCurvePrivateKey:
    """A P-256 key from 48 octets of chance (FIPS 186-5, A.2.1: extra bits, then modulo)."""
    number = int.from_bytes(chance(48, purpose), "big") % (_P256_ORDER - 1) + 1
    return ec.derive_private_key(number, ec.SECP256R1())


def key_for(algorithm: Algorithm, chance: Octets, purpose: str) -> PrivateKey:
    """A private key for `algorithm`; the same octets make the same key."""
    match algorithm:
        case Algorithm.ES256:
            return p256_key(chance, purpose)
        case Algorithm.ED25519:
            return ed25519.Ed25519PrivateKey.from_private_bytes(chance(32, purpose))
        case Algorithm.ML_DSA_65:
            return mldsa.MLDSA65PrivateKey.from_seed_bytes(chance(32, purpose))
        case Algorithm.PS256 | Algorithm.RS256:
            return rsa_keys.generate(chance, purpose)


def serial(chance: Octets, purpose: str) -> int:
    """A positive serial number with 126 random bits (RFC 5280, 4.1.2.2)."""
    return int.from_bytes(chance(16, purpose), "big") >> 2 | 1 << 126


def name(country: str, common: str) -> x509.Name:
    """C, then CN: the order that a country constraint on an authority compares."""
    return x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, country), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def whole_seconds(moment: datetime) -> datetime:
    """Cut to seconds, UTC: certificates and revocation lists know nothing finer."""
    return moment.astimezone(UTC).replace(microsecond=0)


def for_authority(*, below: int, country: str | None = None) -> Extensions:
    """An authority with at most `below` authorities under it; with `country`, for subjects of that country only."""
    basic: Extensions = (
        (x509.BasicConstraints(ca=True, path_length=below), True),
        (_usage(authority=True), True),
    )
    if country is None:
        return basic
    subtree = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, country)]))
    return (*basic, (x509.NameConstraints(permitted_subtrees=[subtree], excluded_subtrees=None), True))


def for_signing() -> Extensions:
    """A signer of documents, and of nothing else (RFC 9336)."""
    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(authority=False), True),
        (x509.ExtendedKeyUsage([DOCUMENT_SIGNING]), False),
    )


def for_agreement() -> Extensions:
    """A key that documents are encrypted for, and that signs nothing (RFC 5480, 3: keyAgreement alone)."""
    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(authority=False, agreement=True), True),
        (x509.ExtendedKeyUsage([KEY_AGREEMENT]), False),
    )


def for_timestamping() -> Extensions:
    """A timestamping authority, and nothing else, said critically (RFC 3161, 2.3)."""
    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(authority=False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),
    )


def for_tls(hosts: Sequence[str]) -> Extensions:
    """Either end of a TLS connection (RFC 9325); `hosts` are names and addresses it answers on, none for a client."""
    extensions: Extensions = (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(authority=False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False),
    )
    if not hosts:
        return extensions
    return (*extensions, (x509.SubjectAlternativeName([_host(each) for each in hosts]), False))


def _usage(*, authority: bool, agreement: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority and not agreement,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=agreement,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
