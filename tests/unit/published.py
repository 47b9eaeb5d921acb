"""The vectors of `cryptography-vectors`, as its files spell them: NIST's response files and lists of fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from certs.gates import JsonValue, base64url_encode

VECTORS = Path(str(resources.files("cryptography_vectors")))
Fields = dict[str, str]
Jwk = dict[str, JsonValue]

_FIELD = re.compile(r"(\w+) ?= ?(.*)")


def responses(path: str, last: str) -> Iterator[tuple[str, Fields]]:
    """Each case of a response file under the heading it stands below; the field `last` ends a case.

    What stands before the first case of a heading, or between two, holds on: an RSA key is said once for many.
    """
    heading, fields = "", Fields()
    for line in (VECTORS / path).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            heading, fields = line.strip("[] "), Fields()
        elif found := _FIELD.fullmatch(line.strip()):
            fields[found[1]] = found[2].strip()
            if found[1] == last:
                yield heading, dict(fields)


def text(octets: bytes) -> str:
    """Base64url."""
    return base64url_encode(octets).decode("ascii")


def number(written: str) -> str:
    """A hexadecimal number as a JWK has it: without leading zeros."""
    value = int(written, 16)
    return text(value.to_bytes((value.bit_length() + 7) // 8))


def coordinate(written: str) -> str:
    """A coordinate on P-256 as a JWK has it: 32 octets, or more where it is too large for them."""
    value = int(written, 16)
    return text(value.to_bytes(max(32, (value.bit_length() + 7) // 8)))


def on_p256(fields: Fields, x: str = "Qx", y: str = "Qy") -> Jwk:
    """A point as a JWK."""
    return {"kty": "EC", "crv": "P-256", "x": coordinate(fields[x]), "y": coordinate(fields[y])}


def of_p256(written: str) -> ec.EllipticCurvePrivateKey:
    """A private key on P-256."""
    return ec.derive_private_key(int(written, 16), ec.SECP256R1())
