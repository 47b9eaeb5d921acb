"""Which keys and digests a timestamp may be signed with, and whether a signature is the key's.

A foreign authority for timestamps chooses its own algorithm, so more of them are read here than we sign with
(certs.identity): RSA from 2048 bits (PKCS #1 v1.5 and PSS), ECDSA on P-256, P-384 and P-521, Ed25519.
The rest of a timestamp: certs.timestamps.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from cryptography import exceptions, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from certs.errors import AlgorithmMismatch, BadSignature, UnsupportedAlgorithm

Asn1: TypeAlias = Any
"""A value of asn1crypto, which is published without types."""

HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha3_256": hashes.SHA3_256(),
    "sha3_384": hashes.SHA3_384(),
    "sha3_512": hashes.SHA3_512(),
}
SMALLEST_RSA: Final = 2048  # bits; NIST SP 800-131A, table 2

_ALGORITHMS: Final = frozenset({"ed25519", "ecdsa", "rsassa_pkcs1v15", "rsassa_pss"})
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)


def verify_signature(signer: Asn1, certificate: x509.Certificate, signed: bytes) -> None:
    """Return when the signature in `signer` is one of the certificate's key over `signed`.

    Raises:
        UnsupportedAlgorithm: an algorithm or a key that we cannot, or will not, check.
        AlgorithmMismatch: the algorithm is not one of the key's.
        BadSignature: the octets are not those that were signed, or another key signed them.
    """
    try:
        _verify(certificate.public_key(), signer, signed)
    except exceptions.InvalidSignature as error:
        raise BadSignature("the timestamp was altered, or another key signed it") from error
    except (exceptions.UnsupportedAlgorithm, ValueError, TypeError, KeyError) as error:
        raise UnsupportedAlgorithm(f"a key or a signature that cannot be checked: {error}") from error


def _verify(key: CertificatePublicKeyTypes, signer: Asn1, signed: bytes) -> None:
    named, signature = signer["signature_algorithm"], signer["signature"].native
    algorithm = named.signature_algo
    if algorithm not in _ALGORITHMS:
        raise UnsupportedAlgorithm(f"signed with {algorithm}")
    if algorithm == "ed25519" and isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, signed)
    elif algorithm == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
        if not isinstance(key.curve, _CURVES):
            raise UnsupportedAlgorithm(f"an authority's key on the curve {key.curve.name}")
        key.verify(signature, signed, ec.ECDSA(_hash(named, signer)))
    elif algorithm.startswith("rsassa") and isinstance(key, rsa.RSAPublicKey):
        if key.key_size < SMALLEST_RSA:
            raise UnsupportedAlgorithm(f"an authority's RSA key of {key.key_size} bits")
        how = padding.PKCS1v15() if algorithm == "rsassa_pkcs1v15" else _pss(named)
        key.verify(signature, signed, how, _hash(named, signer))
    else:
        raise AlgorithmMismatch(f"signed with {algorithm}, which is not of the certificate's key")


def _hash(named: Asn1, signer: Asn1) -> hashes.HashAlgorithm:
    """The digest that was signed: the signature algorithm's own, or the signer's where that names none."""
    try:
        name = named.hash_algo
    except ValueError:
        name = signer["digest_algorithm"]["algorithm"].native
    if name not in HASHES:
        raise UnsupportedAlgorithm(f"signed over a {name} digest")
    return HASHES[name]


def _pss(named: Asn1) -> padding.PSS:
    parameters = named["parameters"]
    mask = parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native
    if mask not in HASHES:
        raise UnsupportedAlgorithm(f"an RSA-PSS signature with a {mask} mask")
    return padding.PSS(padding.MGF1(HASHES[mask]), parameters["salt_length"].native)
