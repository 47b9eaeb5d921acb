"""What an adversary makes of a sealed message: a token in, another token out.

Mallory has no key that anybody recognises, so hers are for readers who believe too easily. The first line of each
docstring is what the history says she will do. Who puts the result on a topic: `harness.trial.faults`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import zlib
from collections.abc import Callable, Mapping
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certs import jwe
from certs.drafts import Octets, p256_key
from certs.gates import base64url, base64url_encode
from certs.identity import Identity
from harness.clock import Chance

Craft = Callable[[bytes], bytes]

SUBJECT: Final = b'"subject":"'
P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

_KEY: Final = p256_key(Chance(0).octets, "Mallory")
"""Hers, and the same in every run: whoever reads this file has it."""


# ----------------------------------------------------------------------------- without anybody's key


def another_document(token: bytes) -> bytes:
    """Flip one byte of the signed payload."""
    head, payload, signature = token.split(b".")
    return b".".join((head, _other_subject(payload), signature))


def another_thumbprint(token: bytes) -> bytes:
    """Flip one byte of the signed header, in the name of the certificate."""
    head, payload, signature = token.split(b".")
    header = _header(head)
    named = bytearray(base64url(str(header["x5t#S256"]).encode(), what="x5t#S256"))
    named[0] ^= 1
    header["x5t#S256"] = base64url_encode(bytes(named)).decode()
    return b".".join((_spelt(header), payload, signature))


def without_signature(token: bytes) -> bytes:
    """Change the document and take its signature away."""
    head, payload, _ = token.split(b".")
    return b".".join((head, _other_subject(payload), b""))


def declared_unsigned(token: bytes) -> bytes:
    """Change the document, and write into the header that nothing is signed."""
    head, payload, _ = token.split(b".")
    return b".".join((_spelt(_header(head) | {"alg": "none"}), _other_subject(payload), b""))


def public_key_as_secret(token: bytes) -> bytes:
    """Change the document and authenticate it with the sender's public key, as if that were a shared secret."""
    head, payload, _ = token.split(b".")
    header = _header(head)
    signing_input = _spelt(header | {"alg": "HS256"}) + b"." + _other_subject(payload)
    tag = hmac.new(public_pem(header), signing_input, hashlib.sha256).digest()
    return signing_input + b"." + base64url_encode(tag)


def zeros_for_a_signature(token: bytes) -> bytes:
    """Change the document, and put zeros where r and s stand."""
    head, payload, _ = token.split(b".")
    return b".".join((head, _other_subject(payload), base64url_encode(bytes(64))))


def longer_signature(token: bytes) -> bytes:
    """Write the signature's two numbers with a leading zero each, in 66 octets for 64."""
    head, payload, text = token.split(b".")
    signature = base64url(text, what="signature")
    return b".".join((head, payload, base64url_encode(b"\0" + signature[:32] + b"\0" + signature[32:])))


def mirrored(token: bytes) -> bytes:
    """Put n - s for s: the other good signature of the same message, which anybody can make."""
    head, payload, text = token.split(b".")
    signature = base64url(text, what="signature")
    other = P256_ORDER - int.from_bytes(signature[32:], "big")
    return b".".join((head, payload, base64url_encode(signature[:32] + other.to_bytes(32, "big"))))


def with_a_blank(token: bytes) -> bytes:
    """Write a blank into the signature, which a lenient decoder skips."""
    return token[:-8] + b" " + token[-8:]


def with_loose_bits(token: bytes) -> bytes:
    """Set the last bits of the signature's base64, which no octet uses."""
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    # 64 octets end in a letter of which the last four bits mean nothing.
    return token[:-1] + letters[letters.index(token[-1:]) | 1 :][:1]


def cut_short(token: bytes) -> bytes:
    """Let only the first half of the record through."""
    return token[: len(token) // 2]


# ----------------------------------------------------------------------------------- with a key of her own


def own_key_in_the_header(token: bytes) -> bytes:
    """Change the document, sign it with her own key, and send that key along in the header."""
    head, payload, _ = token.split(b".")
    return _signed_by_her(_header(head) | {"alg": "ES256", "jwk": own_jwk()}, _other_subject(payload))


def key_at(address: str) -> Craft:
    """Make the craft that names an address at which the key is to be fetched."""

    def craft(token: bytes) -> bytes:
        """Change the document, sign it with her own key, and name her address to fetch that key from."""
        head, payload, _ = token.split(b".")
        where = {"jku": f"{address}/keys.json", "x5u": f"{address}/certificate.pem"}
        return _signed_by_her(_header(head) | {"alg": "ES256"} | where, _other_subject(payload))

    return craft


def own_jwk() -> dict[str, str]:
    """Her public key as a JSON Web Key (RFC 7518, 6.2.1)."""
    point = _KEY.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": _coordinate(point.x), "y": _coordinate(point.y)}


def _signed_by_her(header: Mapping[str, object], payload: bytes) -> bytes:
    certificate = x509.load_der_x509_certificate(base64.b64decode(_x5c(header)))
    hers = Identity("Mallory", "ZZ", _KEY, certificate)  # the certificate is the victim's; only the key signs
    return sealed(header, payload, hers)


# -------------------------------------------------------------------------------- with somebody's good key


def sealed(header: Mapping[str, object], payload: bytes, identity: Identity) -> bytes:
    """Sign a payload (already base64url) under this very header."""
    signing_input = _spelt(header) + b"." + payload
    return signing_input + b"." + base64url_encode(identity.sign(signing_input))


def under_header(token: bytes, changes: Mapping[str, object], identity: Identity) -> bytes:
    """The same payload under a header with these changes, signed anew."""
    head, payload, _ = token.split(b".")
    return sealed({**_header(head), **changes}, payload, identity)


def compressed(octets: bytes, reader: x509.Certificate, *, chance: Octets) -> bytes:
    """Encrypt for `reader` what was compressed before (RFC 7516, 4.1.3), which `certs.jwe` never does."""
    theirs = reader.public_key()
    assert isinstance(theirs, ec.EllipticCurvePublicKey)  # noqa: S101 - every rehearsal's reader has a P-256 key
    fresh = p256_key(chance, "insider/cover/key")
    point = fresh.public_key().public_numbers()
    protected = _spelt(
        {
            "alg": jwe.ALG,
            "enc": jwe.ENC,
            "epk": {"crv": "P-256", "kty": "EC", "x": _coordinate(point.x), "y": _coordinate(point.y)},
            "typ": jwe.MESSAGE,
            "x5t#S256": base64url_encode(reader.fingerprint(hashes.SHA256())).decode(),
            "zip": "DEF",
        }
    )
    iv, raw = chance(12, "insider/cover/iv"), zlib.compressobj(9, zlib.DEFLATED, -15)
    small = raw.compress(octets) + raw.flush()
    hidden = AESGCM(content_key(fresh.exchange(ec.ECDH(), theirs))).encrypt(iv, small, protected)
    return b".".join((protected, b"", *map(base64url_encode, (iv, hidden[:-16], hidden[-16:]))))


def content_key(shared: bytes) -> bytes:
    """The content key from the shared secret (RFC 7518, 4.6.2)."""
    info = len(jwe.ENC).to_bytes(4, "big") + jwe.ENC.encode() + bytes(8) + (256).to_bytes(4, "big")
    return ConcatKDFHash(hashes.SHA256(), length=32, otherinfo=info).derive(shared)


# -------------------------------------------------------------------------------------------- small helps


def public_pem(header: Mapping[str, object]) -> bytes:
    """The public key of the certificate in a header, as everybody can write it down."""
    key = x509.load_der_x509_certificate(base64.b64decode(_x5c(header))).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _x5c(header: Mapping[str, object]) -> str:
    carried = header["x5c"]
    assert isinstance(carried, list)  # noqa: S101 - an honest window's own header
    return str(carried[0])


def _header(head: bytes) -> dict[str, object]:
    read = json.loads(base64url(head, what="header"))
    assert isinstance(read, dict)  # noqa: S101 - an honest window's own header
    return read


def _spelt(header: Mapping[str, object]) -> bytes:
    return base64url_encode(json.dumps(header, separators=(",", ":")).encode())


def _other_subject(payload: bytes) -> bytes:
    """The payload about another document: the last letter of its subject is another one."""
    signed = bytearray(base64url(payload, what="payload"))
    start = signed.index(SUBJECT) + len(SUBJECT)
    signed[signed.index(b'"', start) - 1] ^= 1
    return base64url_encode(bytes(signed))


def _coordinate(number: int) -> str:
    return base64url_encode(number.to_bytes(32, "big")).decode()
