"""One reading of ASN.1 before any library: bounded, whole, and in definite lengths.

CMS may come in BER (RFC 5652, 3), and some timestamping authorities still write indefinite lengths; signatures are
over DER. `canonical` writes lengths and strings as DER does and leaves the order of sets alone, which says something
about who wrote them. Reading what is inside: certs.timestamps.  Rules: ITU-T X.690, 8 and 10.
"""

from __future__ import annotations

from typing import Final

DEEPEST: Final = 24  # levels; a token with its chain inside has about 14

_CONSTRUCTED: Final = 0x20
_LONG_TAG: Final = 0x1F
_INDEFINITE: Final = 0x80
_OCTET_STRING: Final = 0x04
_STRINGS: Final = frozenset({0x03, 0x04, 0x0C, 0x13, 0x16, 0x17, 0x18})  # what BER may write in pieces
_END: Final = b"\0\0"


def canonical(octets: bytes, *, largest: int) -> bytes:
    """The same value with definite, shortest lengths and octet strings in one piece.

    Raises:
        ValueError: too large, too deep, cut short, followed by more, or a form that nothing here needs.
    """
    if len(octets) > largest:
        raise ValueError(f"{len(octets)} octets, more than {largest}")
    found, end = _element(octets, 0, len(octets), 1)
    if end != len(octets):
        raise ValueError(f"{len(octets) - end} octets follow after the end")
    return found


def written(tag: int, content: bytes) -> bytes:
    """Tag, length and content, as DER writes them (X.690, 10.1)."""
    size = len(content)
    if size < _INDEFINITE:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _INDEFINITE | len(length))) + length + content


def inside(element: bytes) -> list[bytes]:
    """The elements within one that `canonical` or `written` made."""
    _, at, _ = _head(element, 0, len(element))
    found = []
    while at < len(element):
        _, start, size = _head(element, at, len(element))
        end = start + (size or 0)
        found.append(element[at:end])
        at = end
    return found


def _element(octets: bytes, at: int, end: int, depth: int) -> tuple[bytes, int]:
    """The element at `at`, written anew, and where the next one begins."""
    if depth > DEEPEST:
        raise ValueError(f"deeper than {DEEPEST} levels")
    tag, start, size = _head(octets, at, end)
    if not tag & _CONSTRUCTED:
        if size is None:
            raise ValueError(f"an indefinite length where none may be, at octet {at}")
        return written(tag, octets[start : start + size]), start + size
    parts, after = _parts(octets, start, end, size, depth)
    if tag == _OCTET_STRING | _CONSTRUCTED:
        return written(_OCTET_STRING, b"".join(_content(part) for part in parts)), after
    if tag & ~_CONSTRUCTED in _STRINGS:
        raise ValueError(f"a string in pieces, at octet {at}")
    return written(tag, b"".join(parts)), after


def _parts(octets: bytes, at: int, end: int, size: int | None, depth: int) -> tuple[list[bytes], int]:
    """The elements within one of that size, and where the next one after it begins."""
    parts: list[bytes] = []
    last = end if size is None else at + size
    while True:
        if size is not None and at == last:
            return parts, at
        if size is None and octets[at : at + 2] == _END:
            return parts, at + 2
        if at >= last:
            raise ValueError("cut short within an element of indefinite length")
        part, at = _element(octets, at, last, depth + 1)
        parts.append(part)


def _head(octets: bytes, at: int, end: int) -> tuple[int, int, int | None]:
    """The tag at `at`, where its content begins, and the size of that; None where it is indefinite."""
    if at + 2 > end:
        raise ValueError(f"cut short at octet {at}")
    tag, first = octets[at], octets[at + 1]
    if tag & _LONG_TAG == _LONG_TAG or tag == 0:
        raise ValueError(f"a tag that nothing here has, at octet {at}")
    start = at + 2
    if first == _INDEFINITE:
        return tag, start, None
    size = first
    if first > _INDEFINITE:
        count = first - _INDEFINITE
        start += count
        if count > 8 or start > end:
            raise ValueError(f"a length that is none, at octet {at}")
        size = int.from_bytes(octets[at + 2 : start], "big")
    if start + size > end:
        raise ValueError(f"an element longer than what holds it, at octet {at}")
    return tag, start, size


def _content(part: bytes) -> bytes:
    if part[0] != _OCTET_STRING:
        raise ValueError("an octet string with a piece that is none")
    return part[_head(part, 0, len(part))[1] :]
