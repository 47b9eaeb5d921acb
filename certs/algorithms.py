"""The signature algorithms we do: their names, their arithmetic, and what is said of those we do not do.

A key says which algorithm it is for; a token's header only repeats it (RFC 8725, 3.1). So a `Key` carries the names a
header may say beside it, and what each means; a name that means nothing here is known and not done.
Which algorithm a certificate dictates: certs.identity.  Keys in JSON: certs.jwk.  The token around: certs.tokens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from cryptography import exceptions, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from certs.errors import BadSignature, BrokenAlgorithm, NationalAlgorithm, SignatureOutOfRange, UnsupportedAlgorithm

PublicKey: TypeAlias = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | mldsa.MLDSA65PublicKey | rsa.RSAPublicKey
PrivateKey: TypeAlias = (
    ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | mldsa.MLDSA65PrivateKey | rsa.RSAPrivateKey
)


class Algorithm(StrEnum):
    """The JWS algorithms we sign and check with."""

    ES256 = "ES256"  # RFC 7518, 3.4
    ED25519 = "Ed25519"  # RFC 9864, 2.2; its older name "EdDSA" is deprecated
    ML_DSA_65 = "ML-DSA-65"  # RFC 9964
    PS256 = "PS256"  # RFC 7518, 3.5
    RS256 = "RS256"  # RFC 7518, 3.3

    @property
    def octets(self) -> range:
        """The lengths that a signature can have; with RSA it is the modulus that says which (RFC 8017, 8)."""
        if self in (Algorithm.PS256, Algorithm.RS256):
            return range(256, 1024 + 1)
        return range(3309, 3310) if self is Algorithm.ML_DSA_65 else range(64, 65)

    @property
    def repeatable(self) -> bool:
        """Whether the same octets get the same signature again; the others draw on randomness inside the library."""
        return self not in (Algorithm.PS256, Algorithm.ML_DSA_65)


@dataclass(frozen=True, slots=True)
class Key:
    """A public key and what it is for.

    `names` are those that a header may say beside this key, each with the algorithm meant; None is one that the key
    could be for and that is not done here. `public` is None where nothing can be checked with it.
    """

    public: PublicKey | None
    names: Mapping[str, Algorithm | None]


_ECDSA: Final = ec.ECDSA(hashes.SHA256())
_ECDSA_SIGNING: Final = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)  # RFC 6979: no randomness to lose
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (SP 800-186, 3.2.1.3)
_PSS: Final = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)  # RFC 7518, 3.5: salt as long as the hash

# The points of small order, without the bit that is x's sign, in all spellings (RFC 8032, 5.1.2; RFC 7748, 7).
_EDWARDS_PRIME: Final = 2**255 - 19
_SMALL_ORDER: Final = frozenset(
    {
        *(0, 1, _EDWARDS_PRIME - 1, _EDWARDS_PRIME, _EDWARDS_PRIME + 1),
        int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"),
        int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"),
    }
)

_NATIONAL: Final = re.compile("SM[234]|GOST|34102012|STREEBOG|KUZNYECHIK|MAGMA")
_BROKEN: Final = re.compile("SHA1(?![0-9])|MD5|^(RS|PS|ES|HS)1$")
_NATIONAL_OIDS: Final = ("1.2.156.10197.", "1.2.643.")  # GM/T 0006; RFC 9215 and RFC 4491
_SM2_CURVE: Final = bytes.fromhex("06082a811ccf5501822d")  # 1.2.156.10197.1.301, DER
_BROKEN_HASHES: Final = frozenset({"md5", "sha1"})


def named(name: str) -> Algorithm:
    """The algorithm of that name.

    Raises:
        NationalAlgorithm: SM2 or GOST, in whatever spelling.
        BrokenAlgorithm: one that rests on SHA-1 or MD5.
        UnsupportedAlgorithm: any other name.
    """
    try:
        return Algorithm(name)
    except ValueError:
        pass
    plain = re.sub("[^A-Z0-9]", "", name[:200].upper())
    if _NATIONAL.search(plain):
        raise NationalAlgorithm(f"alg {name!a} is SM2 or GOST; known here: {', '.join(Algorithm)}")
    if _BROKEN.search(plain):
        raise BrokenAlgorithm(f"alg {name!a} rests on a broken hash; known here: {', '.join(Algorithm)}")
    hint = " (Ed25519 is its name since RFC 9864)" if name == "EdDSA" else ""
    raise UnsupportedAlgorithm(f"alg {name!a}{hint}; known here: {', '.join(Algorithm)}")


def usable(certificate: x509.Certificate) -> x509.Certificate:
    """Return `certificate` once neither its key nor the signature on it is of an algorithm with a reason of its own.

    Raises:
        NationalAlgorithm: SM2 or GOST.
        BrokenAlgorithm: signed over SHA-1 or MD5.
    """
    kinds = (certificate.public_key_algorithm_oid, certificate.signature_algorithm_oid)
    if any(kind.dotted_string.startswith(_NATIONAL_OIDS) for kind in kinds):
        raise NationalAlgorithm(f"the certificate of {_names(certificate)} is one for SM2 or GOST")
    if kinds[0] == x509.PublicKeyAlgorithmOID.EC_PUBLIC_KEY and _SM2_CURVE in certificate.tbs_certificate_bytes:
        raise NationalAlgorithm(f"the key of {_names(certificate)} is on the curve of SM2")
    try:
        over = certificate.signature_hash_algorithm
    except (ValueError, exceptions.UnsupportedAlgorithm):
        return certificate  # nobody will find that its issuer signed it so
    if over is not None and over.name in _BROKEN_HASHES:
        raise BrokenAlgorithm(f"the certificate of {_names(certificate)} is signed over {over.name.upper()}")
    return certificate


def sound(public: ed25519.Ed25519PublicKey) -> ed25519.Ed25519PublicKey:
    """Return `public` unless some signature under it fits every message, so that its owner could deny any.

    Raises:
        BrokenAlgorithm: a point of small order.
    """
    if int.from_bytes(public.public_bytes_raw(), "little") & (2**255 - 1) in _SMALL_ORDER:
        raise BrokenAlgorithm("an Ed25519 key of small order: one signature fits every message")
    return public


def signature_octets(algorithm: Algorithm, public: PublicKey) -> int:
    """The exact length of a signature with that key."""
    return (public.key_size + 7) // 8 if isinstance(public, rsa.RSAPublicKey) else algorithm.octets[0]


def sign(algorithm: Algorithm, key: PrivateKey, data: bytes) -> bytes:
    """The signature as a JWS carries it: r and s side by side for ES256, otherwise as the standard writes it.

    PS256 and ML-DSA-65 draw on the library's own randomness: two signatures of the same octets differ.
    """
    match key:
        case ec.EllipticCurvePrivateKey():
            r, s = decode_dss_signature(key.sign(data, _ECDSA_SIGNING))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        case rsa.RSAPrivateKey():
            return key.sign(data, _PSS if algorithm is Algorithm.PS256 else padding.PKCS1v15(), hashes.SHA256())
        case _:
            return key.sign(data)


def verify(algorithm: Algorithm, public: PublicKey, signature: bytes, data: bytes) -> None:
    """Return when `signature`, of the right length, is one over `data`. Raises SignatureOutOfRange, BadSignature."""
    try:
        match public:
            case ec.EllipticCurvePublicKey():
                r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
                # The library checks this too, and calls it a bad signature; one in Java did not (CVE-2022-21449).
                if not (0 < r < _ORDER and 0 < s < _ORDER):
                    raise SignatureOutOfRange("r or s is not between 1 and n - 1: no key makes such a signature")
                public.verify(encode_dss_signature(r, s), data, _ECDSA)
            case rsa.RSAPublicKey():
                scheme = _PSS if algorithm is Algorithm.PS256 else padding.PKCS1v15()
                public.verify(signature, data, scheme, hashes.SHA256())
            case _:
                public.verify(signature, data)
    except exceptions.InvalidSignature as error:
        raise BadSignature("the signature does not fit the bytes") from error


def _names(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()
