"""HPKE with a hybrid key: ML-KEM-768 and X25519 at once, so that both must fall before anything is read.

    HybridKey     what a reader keeps: both private halves, grown from one draw of chance
    beside        the ML-KEM half as an extension of a certificate whose own key is the X25519 half
    certified     both public halves out of such a certificate
    wrap, unwrap  the key of one message, for both halves

JOSE's HPKE-10-KE (draft-ietf-jose-hpke-pq-pqt, draft-ietf-jose-hpke-encrypt, 6): KEM MLKEM768-X25519, which is X-Wing
(0x647a), key derivation SHAKE256 (0x0011), AES-256-GCM (0x0002), base mode, no aad. The token around it: certs.jwe.
Whether a certificate is to be encrypted for: certs.trust. Why so: docs/adr/0052.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final, Self

from cryptography import exceptions, x509
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
)

from certs import keyfiles
from certs.errors import BrokenCipher, UnsupportedAlgorithm

ALG: Final = "HPKE-10-KE"
ENC: Final = "A256GCM"
PROFILE: Final = f"{ALG}+{ENC}"
"""The agreement's word for it."""

ENCAPSULATED: Final = 1120  # octets: 1088 of ML-KEM-768, 32 of X25519
CONTENT_KEY: Final = 32  # octets (A256GCM)
WRAPPED: Final = CONTENT_KEY + 16  # octets: with HPKE's own tag
SEED: Final = 32  # octets of an X-Wing private key

BESIDE: Final = x509.ObjectIdentifier("2.5.29.72")
"""subjectAltPublicKeyInfo: a second public key of the same subject (ITU-T X.509 (10/2019), 9.8.2)."""

_UNREADABLE: Final = (
    ValueError,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    exceptions.UnsupportedAlgorithm,
)
_SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.SHAKE256, AEAD.AES_256_GCM)
_INFO: Final = b"JOSE-HPKE rcpt\xff" + ENC.encode("ascii") + b"\xff"  # draft-ietf-jose-hpke-encrypt, 6.1
_BLOCK: Final = re.compile(rb"-----BEGIN PRIVATE KEY-----\n[^-]+-----END PRIVATE KEY-----\n")


@dataclass(frozen=True)
class Halves:
    """A reader's public key: what is encrypted for it opens with both private halves only."""

    x25519: x25519.X25519PublicKey
    mlkem: mlkem.MLKEM768PublicKey

    @cached_property
    def whole(self) -> MLKEM768X25519PublicKey:
        """Both, as the library wants them."""
        return MLKEM768X25519PublicKey(self.mlkem, self.x25519)


@dataclass(frozen=True)
class HybridKey:
    """A reader's private key."""

    x25519: x25519.X25519PrivateKey = field(repr=False)
    mlkem: mlkem.MLKEM768PrivateKey = field(repr=False)

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """Grow both halves from 32 octets (X-Wing, 5.2: SHAKE256; ML-KEM's d and z, then the scalar)."""
        if len(seed) != SEED:
            raise ValueError(f"a seed of {len(seed)} octets, not {SEED}")
        grown = hashlib.shake_256(seed).digest(96)
        return cls(
            x25519=x25519.X25519PrivateKey.from_private_bytes(grown[64:]),
            mlkem=mlkem.MLKEM768PrivateKey.from_seed_bytes(grown[:64]),
        )

    @cached_property
    def whole(self) -> MLKEM768X25519PrivateKey:
        """Both, as the library wants them."""
        return MLKEM768X25519PrivateKey(self.mlkem, self.x25519)

    def public_key(self) -> Halves:
        """Both public halves."""
        return Halves(self.x25519.public_key(), self.mlkem.public_key())

    def write(self, path: Path) -> None:
        """Write two PKCS#8 keys in PEM into one file (0600): X25519 (RFC 8410), then ML-KEM-768 (RFC 9935)."""
        pems = (
            half.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for half in (self.x25519, self.mlkem)
        )
        keyfiles.write(path, b"".join(pems), mode=0o600)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote.

        Raises:
            UnsupportedAlgorithm: other keys than these two, in this order.
            ValueError: no PEM keys at all.
        """
        octets = path.read_bytes()
        found = [keyfiles.key_in(block, path.name) for block in _BLOCK.findall(octets)]
        match found:
            case [x25519.X25519PrivateKey() as one, mlkem.MLKEM768PrivateKey() as other]:
                return cls(one, other)
        raise UnsupportedAlgorithm(f"{path.name} holds no X25519 key with an ML-KEM-768 key after it")


def beside(key: Halves) -> x509.UnrecognizedExtension:
    """The extension that carries the ML-KEM half. Not critical: who does not know it cannot encrypt anyway."""
    return x509.UnrecognizedExtension(BESIDE, _told(key.mlkem))


@lru_cache(maxsize=256)
def certified(certificate: x509.Certificate) -> Halves:
    """Both public halves out of a certificate.

    Raises:
        UnsupportedAlgorithm: its key is not X25519, or there is no ML-KEM-768 key beside it in the one DER spelling.
    """
    try:
        key = certificate.public_key()
        second = certificate.extensions.get_extension_for_oid(BESIDE).value
        octets = second.value if isinstance(second, x509.UnrecognizedExtension) else b""
        other = load_der_public_key(octets)
    except _UNREADABLE as error:
        raise UnsupportedAlgorithm(f"{PROFILE}: the certificate carries no second key that can be used") from error
    if not isinstance(key, x25519.X25519PublicKey) or not isinstance(other, mlkem.MLKEM768PublicKey):
        raise UnsupportedAlgorithm(f"{PROFILE} wants an X25519 key and an ML-KEM-768 key beside it")
    if _told(other) != octets:
        raise UnsupportedAlgorithm(f"{PROFILE}: the second key is not in its one DER spelling")
    return Halves(key, other)


def wrap(content_key: bytes, key: Halves) -> tuple[bytes, bytes]:
    """Encrypt the key of one message for both halves.

    Both KEMs draw their randomness inside the library: two calls never give the same bytes.

    Returns:
        The encapsulated secret (1120 octets), and the key under it (48 octets).

    Raises:
        UnsupportedAlgorithm: the reader's X25519 key is of small order, which would make that half no secret.
    """
    try:
        sealed = _SUITE.encrypt(content_key, key.whole, info=_INFO)
    except ValueError as error:
        raise UnsupportedAlgorithm(f"{PROFILE}: the reader's X25519 key is of small order") from error
    return sealed[:ENCAPSULATED], sealed[ENCAPSULATED:]


def unwrap(encapsulated: bytes, wrapped: bytes, key: HybridKey) -> bytes:
    """Open with both halves.

    Raises:
        BrokenCipher: altered, or encrypted for another key. Which of them, nobody can tell: ML-KEM answers a wrong
            encapsulation with a wrong secret (FIPS 203, 7.3), and the tag then fails.
    """
    try:
        return _SUITE.decrypt(encapsulated + wrapped, key.whole, info=_INFO)
    except (exceptions.InvalidTag, ValueError) as error:
        raise BrokenCipher("the bytes are not those that were encrypted for this key") from error


def _told(key: mlkem.MLKEM768PublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
