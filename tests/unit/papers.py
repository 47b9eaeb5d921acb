"""HPKE with X-Wing put together from its papers, without the library's HPKE: what ours is held against."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric import x25519

from certs import hpke

CHACHA20, AES256 = 0x0003, 0x0002  # RFC 9180, 7.3


def shared(encapsulated: bytes, key: hpke.HybridKey) -> bytes:
    """The shared secret of both halves (draft-connolly-cfrg-xwing-kem, 5.3)."""
    by_lattice, by_curve = encapsulated[:1088], encapsulated[1088:]
    return hashlib.sha3_256(
        key.mlkem.decapsulate(by_lattice)
        + key.x25519.exchange(x25519.X25519PublicKey.from_public_bytes(by_curve))
        + by_curve
        + key.x25519.public_key().public_bytes_raw()
        + b"\\.//^\\"
    ).digest()


def schedule(secret: bytes, aead: int, info: bytes) -> tuple[bytes, bytes, bytes]:
    """Key, base nonce and exporter's secret, in one stage over SHAKE256 (draft-ietf-hpke-hpke, 5.1; labels: 4)."""

    def long(octets: bytes) -> bytes:
        return len(octets).to_bytes(2, "big") + octets

    suite = b"HPKE" + bytes.fromhex("647a 0011") + aead.to_bytes(2, "big")
    octets = 32 + 12 + 64
    context = b"\x00" + long(b"") + long(info)
    labeled = b"HPKE-v1" + suite + long(b"secret") + octets.to_bytes(2, "big") + context
    found = hashlib.shake_256(long(b"") + long(secret) + labeled).digest(octets)
    return found[:32], found[32:44], found[44:]
