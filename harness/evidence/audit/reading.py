"""The second reader's own reading of JSON, moments, tokens and Merkle proofs.

Every function takes the name of the file first, because every sentence begins with it.
Sources: RFC 7493 (JSON), RFC 3339 (moments), RFC 7515 (tokens), RFC 9162, 2.1 (Merkle).
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NoReturn, TypeAlias

from cryptography import x509

from harness.errors import NotProved
from harness.evidence.audit import signatures

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Thing: TypeAlias = Mapping[str, Json]

_DEEPEST: Final = 32
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_TOKEN_HEADER: Final = frozenset({"alg", "typ", "x5t#S256", "x5c"})


def thing(name: str, data: bytes) -> Thing:
    """A JSON object that can be read in one way only (RFC 7493, 2)."""
    value = _json(name, data)
    if not isinstance(value, dict):
        raise NotProved(f"{name}: holds no JSON object")
    return value


def text(name: str, of: Thing, field: str) -> str:
    """A field that must be text, and not empty."""
    value = of.get(field)
    if not isinstance(value, str) or not value:
        raise NotProved(f"{name}: {field} is missing or no text")
    return value


def text_or_none(name: str, of: Thing, field: str) -> str | None:
    """A field that may be missing or null, but is text otherwise."""
    return None if of.get(field) is None else text(name, of, field)


def digest(name: str, of: Thing, field: str) -> str:
    """A field that must be a SHA-256 in lower-case hexadecimal."""
    value = text(name, of, field)
    if not _DIGEST.fullmatch(value):
        raise NotProved(f"{name}: {field} is no SHA-256")
    return value


def whole(name: str, of: Thing, field: str) -> int:
    """A field that must be a whole number, not negative."""
    value = of.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise NotProved(f"{name}: {field} is missing or no whole number")
    return value


def things(name: str, of: Thing, field: str) -> tuple[Thing, ...]:
    """A field that must be a list of objects."""
    value = of.get(field)
    if not isinstance(value, list):
        raise NotProved(f"{name}: {field} is missing or no list")
    read = tuple(each for each in value if isinstance(each, dict))
    if len(read) != len(value):
        raise NotProved(f"{name}: {field} must hold objects only")
    return read


def moment(name: str, written: str) -> datetime:
    """A moment with its offset (RFC 3339)."""
    try:
        if _MOMENT.fullmatch(written):
            return datetime.fromisoformat(written).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise NotProved(f"{name}: {written[:40]!r} is no moment (RFC 3339)")


def moment_in(name: str, of: Thing, field: str) -> datetime:
    """A field that must be a moment."""
    return moment(name, text(name, of, field))


def plain_base64(name: str, written: str, *, what: str) -> bytes:
    """Base64 with padding, in its one spelling (RFC 4648, 3.5)."""
    try:
        octets = base64.b64decode(written.encode("ascii"), validate=True)
    except ValueError as error:  # UnicodeEncodeError and binascii.Error are both one
        raise NotProved(f"{name}: {what} is no base64") from error
    if base64.b64encode(octets).decode("ascii") != written:
        raise NotProved(f"{name}: {what} is not in the one spelling of base64")
    return octets


@dataclass(frozen=True, slots=True)
class Token:
    """A compact JWS whose signature was checked against `certificate`, and nothing more."""

    identity: str
    raw: str
    payload: bytes
    certificate: x509.Certificate


def token(name: str, data: bytes, *, typ: str, certificates: Mapping[str, x509.Certificate]) -> Token:
    """Read a token and check its signature with the certificate it names, from those of the bundle.

    Args:
        name: the file.
        data: its bytes.
        typ: the kind it must be.
        certificates: by hexadecimal thumbprint. What the token itself brings (x5c) is not looked at for trust.
    """
    parts = data.split(b".")
    if len(parts) != 3:
        raise NotProved(f"{name}: {len(parts)} segments where a token has 3")
    header = thing(name, _base64url(name, parts[0], what="the header"))
    if not header.keys() <= _TOKEN_HEADER:
        strange = ", ".join(sorted(header.keys() - _TOKEN_HEADER))
        raise NotProved(f"{name}: the header carries {strange!r}")
    if header.get("typ") != typ:
        raise NotProved(f"{name}: is of kind {header.get('typ')!r}, not {typ}")
    thumbprint = signer_of(name, data)
    certificate = certificates.get(thumbprint)
    if certificate is None:
        raise NotProved(f"{name}: signed with certificate {thumbprint[:16]}, which is not in the bundle")
    signature = _base64url(name, parts[2], what="the signature")
    signatures.fits(name, certificate, text(name, header, "alg"), data[: -len(parts[2]) - 1], signature)
    return Token(
        identity=hashlib.sha256(data[: -len(parts[2]) - 1]).hexdigest(),
        raw=hashlib.sha256(data).hexdigest(),
        payload=_base64url(name, parts[1], what="the payload"),
        certificate=certificate,
    )


def payload_of(name: str, data: bytes) -> bytes:
    """What a token says, before anybody checked its signature: only to learn whom to check it with."""
    return _base64url(name, data.split(b".", 2)[1] if data.count(b".") == 2 else b"", what="the payload")


def signer_of(name: str, data: bytes) -> str:
    """The hexadecimal thumbprint of the certificate that a token names."""
    header = thing(name, _base64url(name, data.partition(b".")[0], what="the header"))
    return _base64url(name, text(name, header, "x5t#S256").encode(), what="x5t#S256").hex()


def brought_by(name: str, data: bytes) -> bytes:
    """The certificate (DER) that a token brings along: whose it is, and whether anybody vouches for it, is not said."""
    brought = thing(name, _base64url(name, data.partition(b".")[0], what="the header")).get("x5c")
    if not isinstance(brought, list) or len(brought) != 1 or not isinstance(brought[0], str):
        raise NotProved(f"{name}: does not bring its one certificate (x5c)")
    return plain_base64(name, brought[0], what="x5c")


def root_from(name: str, leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root of a tree of `size` leaves, from one leaf and its path: by halves, from the top down."""
    if size == 1:
        if path:
            raise NotProved(f"{name}: the proof is too long for record {index} of this log")
        return leaf
    if not path:
        raise NotProved(f"{name}: the proof is too short for this log")
    left = 1
    while left * 2 < size:
        left *= 2
    if index < left:
        return _pair(root_from(name, leaf, index, left, path[:-1]), path[-1])
    return _pair(path[-1], root_from(name, leaf, index - left, size - left, path[:-1]))


def roots_from(name: str, root: bytes, size: int, larger: int, path: Sequence[bytes]) -> bytes:
    """The root of the tree of `larger` leaves that continues the one of `size` leaves with this root, from their proof.

    Raises:
        NotProved: the proof does not lead to `root` either, or is of another length.
    """
    if size == 0:
        raise NotProved(f"{name}: of an empty log nothing can be proved")
    old, new = _continued(name, root, size, larger, path, whole=True)
    if old != root:
        raise NotProved(f"{name}: does not begin at the checkpoint it stands beside")
    return new


def _continued(
    name: str, root: bytes, size: int, larger: int, path: Sequence[bytes], *, whole: bool
) -> tuple[bytes, bytes]:
    """Both roots of a part of the tree (RFC 9162, 2.1.4.1); `whole`: that part of the smaller one is all of it."""
    if size == larger:
        if len(path) != (0 if whole else 1):
            raise NotProved(f"{name}: the proof is of another length than this log needs")
        return (root, root) if whole else (path[0], path[0])
    if not path:
        raise NotProved(f"{name}: the proof is too short for this log")
    left = 1
    while left * 2 < larger:
        left *= 2
    if size <= left:
        old, new = _continued(name, root, size, left, path[:-1], whole=whole)
        return old, _pair(new, path[-1])
    old, new = _continued(name, root, size - left, larger - left, path[:-1], whole=False)
    return _pair(path[-1], old), _pair(path[-1], new)


def leaf_of(record: bytes) -> bytes:
    """The hash of a log record."""
    return hashlib.sha256(b"\0" + record).digest()


def _pair(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _base64url(name: str, written: bytes, *, what: str) -> bytes:
    try:
        octets = base64.b64decode(written + b"=" * (-len(written) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise NotProved(f"{name}: {what} is no base64url") from error
    if base64.urlsafe_b64encode(octets).rstrip(b"=") != written:
        raise NotProved(f"{name}: {what} is not in the one spelling of base64url")
    return octets


def _json(name: str, data: bytes) -> Json:
    _depth(name, data)

    def pairs(found: list[tuple[str, Json]]) -> dict[str, Json]:
        read = dict(found)
        if len(read) != len(found):
            raise NotProved(f"{name}: one JSON object names a field twice")
        return read

    def integer(written: str) -> int:
        if len(written) > 17 or abs(int(written)) >= 2**53:
            raise NotProved(f"{name}: a number beyond 2^53")
        return int(written)

    def fraction(written: str) -> float:
        if len(written) > 40 or not math.isfinite(float(written)):
            raise NotProved(f"{name}: a number that no double holds")
        return float(written)

    def constant(written: str) -> NoReturn:
        raise NotProved(f"{name}: {written} is no JSON")

    try:
        value: Json = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=pairs,
            parse_int=integer,
            parse_float=fraction,
            parse_constant=constant,
        )
        # Written out again, a lone surrogate cannot be encoded.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except ValueError as error:
        raise NotProved(f"{name}: no JSON in UTF-8") from error
    return value


def _depth(name: str, data: bytes) -> None:
    """Bound the nesting before a recursive reader meets it."""
    if data.count(b"[") + data.count(b"{") <= _DEEPEST:
        return
    depth, inside, escaped = 0, False, False
    for octet in data:
        if inside:
            inside = escaped or octet != 0x22
            escaped = not escaped and octet == 0x5C
        elif octet == 0x22:
            inside = True
        elif octet in b"[{":
            depth += 1
            if depth > _DEEPEST:
                raise NotProved(f"{name}: JSON deeper than {_DEEPEST} levels")
        elif octet in b"]}":
            depth -= 1
