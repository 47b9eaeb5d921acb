"""What of a document an operator of the broker must not find, and looking for it in every byte that crossed.

What is secret is taken from the tokens that the parties handed over; where to look is what the tap read. Looked for is
each value as it is, as JSON escapes it, in hexadecimal, and, when it is long, in base64 at each of its alignments; and
the same again in whatever can be decoded from base64 there. Short values ("QM", "864", "510810") are left out: in
nonces and keys they turn up by chance. What brings a message to its place (routing) is no secret.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from certs.errors import TrustError
from certs.gates import strict_json
from certs.jwe import looks_encrypted
from certs.jws import read as read_token
from harness.trial.history import History

SHORTEST: Final = 6
"""Characters of the shortest value that is looked for."""

LONG: Final = 10
"""Characters from which a value is looked for in half-cut base64 too, and also when it might stand in a hex number."""

ROUTING: Final = frozenset(
    {"specversion", "source", "receiver", "topic", "corridor", "correlationid", "time", "expirytime", "at", "form"}
)
"""Names under which stands the way, the moment (the broker's own clock tells it too), or what every message says."""

COMMON: Final = frozenset({"application/json"})
"""Values that witness traffic, which is not encrypted, says too."""

_DEEPEST: Final = 4
_ENCODED: Final = re.compile(rb"[A-Za-z0-9+/_-]{8,}={0,2}")
_HEX: Final = re.compile(r"[0-9a-fA-F]+")
_TEXT: Final = re.compile(r">([^<>]+)<|\"([^\"<>]*)\"")


def words(history: History, of: str) -> tuple[str, ...]:
    """Every value of the transaction of message `of` that the parties handed over: document, envelope, receipts."""
    said = [_said(token) for token in history.handed_over.values()]
    about = next((one for token, one in zip(history.handed_over, said, strict=True) if _is(history, token, of)), None)
    if about is None:
        return ()
    found: dict[str, None] = {}
    for one in said:
        if one.get("correlationid") == about.get("correlationid"):
            found |= dict.fromkeys(_leaves(one, ROUTING))
    known = {str(about.get(name)) for name in ROUTING} | COMMON
    return tuple(word for word in found if _telling(word) and word not in known)


def under_cover(event: Mapping[str, Any]) -> bool:  # Any: a JSON object of the history
    """Whether what the tap saw is encrypted."""
    return looks_encrypted(base64.b64decode(event["value"]))


def found_in(event: Mapping[str, Any], hidden: tuple[str, ...]) -> tuple[str, str] | None:  # Any: as above
    """The first place of a record in which one of these values can be read, and the value."""
    places = {"value": base64.b64decode(event["value"]), "key": event["key"].encode("latin-1")}
    for name, value in event["headers"]:
        places[f"header {name}"] = value.encode("latin-1")
    for where, octets in places.items():
        readable = tuple(_readings(octets, _DEEPEST))
        for word in hidden:
            if any(form in one for form in _forms(word) for one in readable):
                return where, word
    return None


def _telling(word: str) -> bool:
    """Whether finding it means something."""
    return len(word) >= (LONG if _HEX.fullmatch(word) else SHORTEST)


def _is(history: History, raw: str, identity: str) -> bool:
    try:
        return read_token(history.handed_over[raw]).identity == identity
    except TrustError:
        return False


def _said(token: bytes) -> Mapping[str, Any]:  # Any: an envelope as it came
    try:
        said = strict_json(read_token(token).payload)
    except TrustError:
        return {}
    return said if isinstance(said, dict) else {}


def _leaves(value: object, no_secret: frozenset[str] = frozenset()) -> Iterator[str]:
    """Every text and number in a JSON value but under some names; a document in base64 is opened, be it JSON or XML."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name in no_secret:
                continue
            yield from _document(str(each)) if name == "data_base64" else _leaves(each, no_secret)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each, no_secret)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)


def _document(encoded: str) -> Iterator[str]:
    octets = base64.b64decode(encoded)
    try:
        yield from _leaves(json.loads(octets))
    except ValueError:
        for match in _TEXT.finditer(octets.decode("utf-8", "replace")):
            yield (match[1] or match[2] or "").strip()


def _forms(word: str) -> Iterator[bytes]:
    plain = word.encode()
    yield plain
    yield json.dumps(word)[1:-1].encode()
    yield plain.hex().encode()
    for before in range(3) if len(plain) >= LONG else ():
        encoded = base64.b64encode(bytes(before) + plain)
        # The characters that hold bits of the neighbours too are cut off at both ends.
        cut = encoded[(before * 8 + 5) // 6 : (before + len(plain)) * 8 // 6]
        yield cut
        yield cut.replace(b"+", b"-").replace(b"/", b"_")


def _readings(octets: bytes, deep: int) -> Iterator[bytes]:
    """The octets, and whatever can be decoded from base64 in them."""
    yield octets
    if deep == 0:
        return
    for match in _ENCODED.finditer(octets):
        text = match[0].rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
        whole = text[: len(text) - 1] if len(text) % 4 == 1 else text
        inner = base64.b64decode(whole + b"=" * (-len(whole) % 4))
        if inner != octets:
            yield from _readings(inner, deep - 1)
