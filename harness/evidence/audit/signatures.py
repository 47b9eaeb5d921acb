"""The second reader's own check of a signature: what a certificate's key dictates, and whether the bytes fit.

Every function takes the name of the file first, because every sentence begins with it.
Sources: RFC 7518, 3 (ES256, RS256, PS256); RFC 9864 (Ed25519); RFC 9964 (ML-DSA-65); RFC 4055 (keys for RSASSA-PSS).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import PublicKeyAlgorithmOID

from harness.errors import NotProved

KINDS: Final = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | mldsa.MLDSA65PublicKey | rsa.RSAPublicKey
"""The kinds of key that a certificate may hold."""

_LEAST_BITS: Final = 2048
_SHA256: Final = hashes.SHA256()
_PSS: Final = {
    "hash_algorithm": {"algorithm": "sha256", "parameters": None},
    "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha256", "parameters": None}},
    "salt_length": 32,
    "trailer_field": "trailer_field_bc",
}

Check = Callable[[bytes, bytes], None]


def fits(name: str, certificate: x509.Certificate, alg: str, covered: bytes, signature: bytes) -> None:
    """Return when `signature` over `covered` is one of the certificate's key, under the algorithm that it dictates."""
    dictated, length, check = _of(name, certificate)
    if alg != dictated:
        raise NotProved(f"{name}: algorithm {alg!r} is not the one that the certificate's key dictates")
    if len(signature) != length:
        raise NotProved(f"{name}: a signature of {len(signature)} octets, not {length}")
    try:
        check(signature, covered)
    except InvalidSignature as error:
        raise NotProved(f"{name}: the signature does not fit the bytes and the certificate it names") from error


def _of(name: str, certificate: x509.Certificate) -> tuple[str, int, Check]:
    """The algorithm, the length of a signature, and how one is checked."""
    key = certificate.public_key()
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "Ed25519", 64, key.verify
    if isinstance(key, mldsa.MLDSA65PublicKey):
        return "ML-DSA-65", 3309, key.verify
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return "ES256", 64, _ecdsa(key)
    if isinstance(key, rsa.RSAPublicKey):
        return _of_rsa(name, certificate, key)
    raise NotProved(f"{name}: the certificate's key is of a kind that nothing is signed with")


def _of_rsa(name: str, certificate: x509.Certificate, key: rsa.RSAPublicKey) -> tuple[str, int, Check]:
    if key.key_size < _LEAST_BITS:
        raise NotProved(f"{name}: an RSA key of {key.key_size} bits, fewer than {_LEAST_BITS}")
    length = (key.key_size + 7) // 8
    if certificate.public_key_algorithm_oid != PublicKeyAlgorithmOID.RSASSA_PSS:
        return "RS256", length, lambda signature, data: key.verify(signature, data, padding.PKCS1v15(), _SHA256)
    said = asn1.Certificate.load(certificate.public_bytes(Encoding.DER)).public_key["algorithm"]["parameters"].native
    if said not in (None, _PSS):
        raise NotProved(f"{name}: the certificate's key is for RSASSA-PSS with other parameters than PS256's")
    pss = padding.PSS(padding.MGF1(_SHA256), salt_length=32)
    return "PS256", length, lambda signature, data: key.verify(signature, data, pss, _SHA256)


def _ecdsa(key: ec.EllipticCurvePublicKey) -> Check:
    def check(signature: bytes, data: bytes) -> None:
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        key.verify(encode_dss_signature(r, s), data, ec.ECDSA(_SHA256))

    return check
