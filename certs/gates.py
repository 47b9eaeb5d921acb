"""Gates before any library: one spelling of a compact JWS, one reading of a JSON text, plain identifiers.

Libraries are lenient here (blanks inside segments, over-long signatures, the last of two equal names wins).
What passes these gates is read the same way by every reader; nothing here knows keys or meaning.
Signatures: certs.jws.  Chains: certs.trust.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import unicodedata
from decimal import Decimal, DecimalException
from functools import lru_cache
from typing import Final, NamedTuple, NoReturn, TypeAlias

from certs.errors import (
    DuplicateName,
    EscapedDuplicate,
    LooseSpelling,
    LossyNumber,
    MalformedToken,
    MisleadingText,
    NotStrictJson,
    Oversized,
    TooMuch,
)

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

LARGEST_TOKEN = 4 * 1024 * 1024  # octets; above what any of our brokers accepts in one record
LARGEST_HEADER = 8 * 1024  # octets of the encoded header; x5c with one certificate takes about 1300
LARGEST_JSON = 4 * 1024 * 1024  # octets
DEEPEST_JSON = 32  # levels of objects and arrays
LARGEST_INTEGER = 2**53 - 1  # RFC 7493, 2.2: beyond it, readers that use doubles see another number
LONGEST_NAME = 256  # characters, where names must be normalised to be compared
LONGEST_FLOAT = 24  # characters; the shortest spelling of any double fits, "-2.2250738585072014e-308"
LONGEST_IDENTIFIER = 128  # characters

# Strings are skipped whole; an unterminated one runs to the end, so that the scan stays linear.
_TOKENS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_BLANKS = " \t\n\r"  # RFC 8259, 2
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_IDENTIFIER = re.compile(r"[!-~]+(?: [!-~]+)*")


# To the standard alphabet, which the strict decoder reads; what is no letter here is none there either.
_STANDARD: Final = bytes.maketrans(b"-_+/=", b"+/***")
_LETTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# By length modulo 4: the letters that a text may end on, because their loose last bits are zero. One letter over: none.
_LAST: Final = (frozenset(_LETTERS), frozenset(b""), frozenset(b"AQgw"), frozenset(b"AEIMQUYcgkosw048"))


class Segments(NamedTuple):
    """The three segments of a compact JWS in their canonical spelling, and the octets the signature covers."""

    header_text: bytes
    payload_text: bytes
    signature: bytes
    signing_input: bytes

    @property
    def header(self) -> bytes:
        """The header, decoded."""
        return _decoded(self.header_text)

    @property
    def payload(self) -> bytes:
        """The payload, decoded: only who checked the signature has a use for it."""
        return _decoded(self.payload_text)


def compact(token: bytes, *, largest: int = LARGEST_TOKEN) -> Segments:
    """Split a compact JWS (RFC 7515, 7.1), accepting its one canonical spelling only.

    Raises:
        Oversized: the token or its header.
        MalformedToken: not three segments.
        LooseSpelling: a segment that is not canonical base64url.
    """
    if len(token) > largest:
        raise Oversized(f"the token has {len(token)} octets, more than {largest}")
    signing_input, _, signature = token.rpartition(b".")
    header, dot, payload = signing_input.partition(b".")
    if not dot or payload.find(b".") >= 0:
        raise MalformedToken(f"the token has {token.count(b'.') + 1} segments, not 3")
    if len(header) > LARGEST_HEADER:
        raise Oversized(f"the header has {len(header)} octets, more than {LARGEST_HEADER}")
    _header_spelt(header)
    _spelt(payload, "payload")
    return Segments(header, payload, base64url(signature, what="signature"), signing_input)


def base64url(text: bytes, *, what: str) -> bytes:
    """Decode base64url without padding (RFC 7515, 2), canonical spelling only.

    Raises:
        MalformedToken: a length that no octets have.
        LooseSpelling: blanks, padding, foreign characters or non-zero trailing bits.
    """
    try:
        octets = binascii.a2b_base64(text.translate(_STANDARD) + b"=" * (-len(text) % 4), strict_mode=True)
    except binascii.Error:
        _spelt(text, what)
        raise
    _ended(text, what)
    return octets


@lru_cache(maxsize=256)
def _header_spelt(text: bytes) -> None:
    """A partner sends the same few headers with every message."""
    _spelt(text, "header")


def _spelt(text: bytes, what: str) -> None:
    """Refuse what `base64url` refuses, and leave the decoding to who needs it."""
    if text.translate(None, _LETTERS):
        raise LooseSpelling(f"the {what} is not base64url without padding")
    _ended(text, what)


def _ended(text: bytes, what: str) -> None:
    if len(text) % 4 == 1:
        raise MalformedToken(f"the {what} has {len(text)} letters: no octets make that many")
    if text and text[-1] not in _LAST[len(text) % 4]:
        raise LooseSpelling(f"the {what} is not canonical base64url: its end is loose")


def _decoded(text: bytes) -> bytes:
    """Text that `_spelt` let pass, so that the decoder, which skips what it does not know, finds nothing to skip."""
    return base64.urlsafe_b64decode(text + b"==")


def base64url_encode(octets: bytes) -> bytes:
    """Encode as base64url without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


def strict_json(data: bytes, *, deepest: int = DEEPEST_JSON, largest: int = LARGEST_JSON) -> JsonValue:
    """Read a JSON text that leaves no room for two readings (RFC 8259, narrowed by RFC 7493).

    Numbers: integers within 2^53 - 1; fractions only in a spelling that a double keeps, never for a
    whole number (`1.0`, `1e3`). Quantities that need more travel as strings.

    Raises:
        DuplicateName: a name given twice.
        EscapedDuplicate: a name given twice, which shows only once the escapes are read.
        LossyNumber: a number that loses in a double, or has a second spelling.
        MisleadingText: a lone surrogate, or two names that are the same once normalised.
        TooMuch: too deep, too large.
        NotStrictJson: not JSON, not UTF-8, a byte order mark, NaN, an infinity.
    """
    if len(data) > largest:
        raise TooMuch(f"{len(data)} octets, more than {largest}")
    # `find` here and below: for one octet it is faster than `in`. An envelope is one flat object.
    if data.find(b"{", 1) >= 0 or data.find(b"[") >= 0:
        _bounded_depth(data, deepest)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotStrictJson(f"not UTF-8: {error.reason} at octet {error.start}") from error
    # In ASCII and without escapes every name has one form, and no surrogate stands anywhere.
    escaped = data.find(b"\\") >= 0
    plain = data.isascii() and not escaped
    if not plain and text.startswith("\ufeff"):
        raise NotStrictJson("begins with a byte order mark")
    text = text.strip(_BLANKS)
    try:
        value: JsonValue
        value, end = (_PLAIN if plain else _DECODER).raw_decode(text)
    except DuplicateName as error:
        # Where its plain spelling stands once only, the other one is escaped, and hidden from who compares spellings.
        spelt = json.dumps(error.name, ensure_ascii=False).encode("utf-8", "surrogatepass")
        raise (DuplicateName if data.count(spelt) > 1 else EscapedDuplicate)(str(error)) from error
    except json.JSONDecodeError as error:
        raise NotStrictJson(f"not JSON: {error.msg} at character {error.pos}") from error
    if end != len(text):
        raise NotStrictJson(f"not JSON: something more at character {end}")
    # A plain search is much faster than the expression, and settles nearly every text.
    if escaped and _SURROGATE_ESCAPE.search(data):
        _no_lone_surrogate(value)
    return value


def strict_object(data: bytes, *, deepest: int = DEEPEST_JSON, largest: int = LARGEST_JSON) -> dict[str, JsonValue]:
    """Like `strict_json`, for a text that must be an object.

    Raises:
        NotStrictJson: also when the text is something else than an object.
    """
    value = strict_json(data, deepest=deepest, largest=largest)
    if not isinstance(value, dict):
        raise NotStrictJson(f"a JSON object was expected, not {type(value).__name__}")
    return value


def identifier(text: str, *, longest: int = LONGEST_IDENTIFIER) -> str:
    """Return `text` when it can be an identifier: printable ASCII, single blanks inside only.

    ASCII ends look-alike letters, bidirectional marks and normal forms at once (Unicode TR 36, 2 and 3).

    Raises:
        MisleadingText: empty, too long, or a character outside that set.
    """
    if len(text) > longest:
        raise MisleadingText(f"an identifier of {len(text)} characters, more than {longest}")
    if not _IDENTIFIER.fullmatch(text):
        raise MisleadingText(f"{text!a} is no identifier: printable ASCII, single blanks inside only")
    return text


def _bounded_depth(data: bytes, deepest: int) -> None:
    # Counting all brackets settles nearly every text; only rich ones are scanned.
    if data.count(b"[") + data.count(b"{") <= deepest:
        return
    depth = 0
    for found in _TOKENS.finditer(data):
        mark = found[0]
        if mark in (b"[", b"{"):
            depth += 1
            if depth > deepest:
                raise TooMuch(f"deeper than {deepest} levels")
        elif mark in (b"]", b"}"):
            depth -= 1


def _unique_names(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = _first_twice([name for name, _ in pairs])
        duplicate = DuplicateName(f"the name {twice!a} stands twice in one object")
        duplicate.name = twice
        raise duplicate
    return found


def _first_twice(names: list[str]) -> str:
    """The first of these names that stands a second time. Once through them: a stranger may have written very many."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""


def _distinct_names(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = _unique_names(pairs)
    if "".join(found).isascii():
        return found
    # Normalising takes quadratic time where one letter bears many marks (Unicode UAX 15, 13).
    if (longest := max(map(len, found))) > LONGEST_NAME:
        raise TooMuch(f"a name of {longest} characters beside one that is not ASCII; at most {LONGEST_NAME}")
    if len({unicodedata.normalize("NFC", name) for name in found}) != len(found):
        raise MisleadingText("two names in one object are the same once normalised (NFC)")
    return found


def _integer(text: str) -> int:
    # The length is looked at first: turning a long run of digits into a number takes quadratic time.
    if len(text) > 17 or not -LARGEST_INTEGER <= (number := int(text)) <= LARGEST_INTEGER:
        raise LossyNumber(f"the integer {text[:24]} lies beyond 2^53 - 1")
    if number == 0 and text != "0":
        raise LossyNumber("-0 is a second spelling of 0")
    return number


def _fraction(text: str) -> float:
    number = float(text) if len(text) <= LONGEST_FLOAT else float("inf")
    try:
        kept = number not in (float("inf"), float("-inf")) and Decimal(text) == Decimal(repr(number))
    except DecimalException:  # an exponent beyond all decimals
        kept = False
    if not kept:
        raise LossyNumber(f"the number {text[:32]} loses digits in a double")
    if number.is_integer():
        raise LossyNumber(f"{text} is a second spelling of a whole number")
    return number


def _no_constant(text: str) -> NoReturn:
    raise NotStrictJson(f"{text} is no JSON number")


def _no_lone_surrogate(value: JsonValue) -> None:
    # Writing the value out again meets every name and every string once; only a lone surrogate cannot be encoded.
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise MisleadingText(f"a lone surrogate, U+{ord(error.object[error.start]):04X}") from error


_PLAIN: Final = json.JSONDecoder(
    object_pairs_hook=_unique_names, parse_int=_integer, parse_float=_fraction, parse_constant=_no_constant
)
_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_distinct_names, parse_int=_integer, parse_float=_fraction, parse_constant=_no_constant
)
