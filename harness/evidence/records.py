"""The digest records of the evidence log: which events there are, what each must hold, how it is written.

A record is canonical JSON (UTF-8, keys sorted, no blanks) of digests and routing facts, never of
contents; the bytes behind the digests are kept beside the log as objects. Storing and hashing:
harness.evidence.log. The audit reads records with a reader of its own.
Format: docs/wire.md, section 7.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic_core import from_json

from harness.clock import moment, stamp
from harness.errors import Defect, NotProved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

LODGED: Final = "lodged"
SENT: Final = "sent"
TRANSPORTED: Final = "transported"
RECEIVED: Final = "received"
TRANSLATED: Final = "translated"
ANSWERED: Final = "answered"
ACKNOWLEDGED: Final = "acknowledged"
REFUSED: Final = "refused"
KEPT: Final = "kept"
MATCHED: Final = "matched"
USED: Final = "used"
DISPUTED: Final = "disputed"
GAP: Final = "gap"
LATE: Final = "late"
REPEATED: Final = "repeated"
LISTED: Final = "listed"
DECLINED: Final = "declined"

_HEX = re.compile(r"[0-9a-f]{64}")


def _digest(value: object) -> bool:
    return isinstance(value, str) and _HEX.fullmatch(value) is not None


def _digest_or_none(value: object) -> bool:
    return value is None or _digest(value)


def _text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _text_or_none(value: object) -> bool:
    return value is None or isinstance(value, str)


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _count_or_none(value: object) -> bool:
    return value is None or _count(value)


def _list(value: object) -> bool:
    return isinstance(value, list | tuple)


def _moment_or_none(value: object) -> bool:
    return value is None or _moment(value)


def _moment(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        moment(value)
    except ValueError:
        return False
    return True


def _statements(value: object) -> bool:
    """A list of {"level", "status", "reason"}: the three things of an answer that the log commits to."""
    return isinstance(value, list | tuple) and all(
        isinstance(one, dict)
        and one.keys() == {"level", "status", "reason"}
        and _text(one["level"])
        and _text(one["status"])
        and _text_or_none(one["reason"])
        for one in value
    )


_MESSAGE: Final[dict[str, Callable[[object], bool]]] = {
    "identity": _digest,
    "raw": _digest,
    "id": _text,
    "topic": _text,
    "subject": _text,
    "doctype": _text_or_none,
    "function": _text_or_none,
    "payload": _digest_or_none,
    "sequence": _count,
}
_ANSWER: Final[dict[str, Callable[[object], bool]]] = {
    "identity": _digest,
    "raw": _digest,
    "of": _digest,
    "statements": _statements,
    "sequence": _count,
}
_PLACE: Final[dict[str, Callable[[object], bool]]] = {"topic": _text, "partition": _count, "offset": _count}
_NUMBERED: Final[dict[str, Callable[[object], bool]]] = {"sender": _text, "came": _digest, **_PLACE}
"""What a sender's numbering showed, and the message by which it showed."""

FIELDS: Final[Mapping[str, Mapping[str, Callable[[object], bool]]]] = {
    LODGED: {"raw": _digest, "doctype": _text_or_none, "media_type": _text, "losses": _list},
    SENT: {**_MESSAGE, "receiver": _text, "deadline": _moment_or_none},
    TRANSPORTED: {"identity": _digest, **_PLACE},
    RECEIVED: {**_MESSAGE, **_PLACE, "sender": _text},
    TRANSLATED: {"identity": _digest, "own": _digest, "losses": _list},
    ANSWERED: _ANSWER,
    ACKNOWLEDGED: {**_ANSWER, **_PLACE, "sender": _text},
    REFUSED: {
        "identity": _digest_or_none,
        "raw": _digest,
        "reason": _text,
        "step": _text,
        **_PLACE,
        "sender": _text_or_none,
        "sequence": _count_or_none,
    },
    KEPT: {"identity": _digest, "raw": _digest, "waits_for": _text, **_PLACE, "sender": _text, "sequence": _count},
    MATCHED: {"identity": _digest, "waits_for": _text},
    USED: {"of": _digest, "quantity": _text_or_none, "declaration": _text_or_none},
    DISPUTED: {"identity": _digest, "raw": _digest, "of": _digest, "claim": _text, "dispute": _text, "by": _text},
    GAP: {**_NUMBERED, "first": _count, "last": _count},
    LATE: {**_NUMBERED, "sequence": _count},
    REPEATED: {**_NUMBERED, "sequence": _count},
    # What a country published, taken or not: `number` is a version, or the number of a revocation list, beyond 2^53.
    LISTED: {"raw": _digest, "kind": _text, "country": _text, "number": _text},
    DECLINED: {"raw": _digest, "kind": _text, "reason": _text, "step": _text},
}
"""For each event the fields it must hold besides at, event, party and correlation, each with its test."""

_COMMON: Final[Mapping[str, Callable[[object], bool]]] = {
    "at": _moment,
    "event": _text,
    "party": _text,
    "correlation": _text_or_none,
}


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the log, read.

    Attributes:
        fields: everything besides the four common names; unknown fields of a later version are kept.
    """

    event: str
    party: str
    at: datetime
    correlation: str | None
    fields: Mapping[str, object]

    def digest(self, name: str) -> str | None:
        """The field `name` when it is text (a digest, an id), else None."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else None


def record(event: str, party: str, at: datetime, *, correlation: str | None, **fields: object) -> bytes:
    """Write one digest record.

    Raises:
        Defect: a field is missing, unknown or of the wrong kind; the caller is broken, not the partner.
    """
    kinds = FIELDS.get(event)
    if kinds is None:
        raise Defect(f"the evidence log knows no event {event!r}", expected=", ".join(FIELDS))
    if fields.keys() != kinds.keys():
        missing, unknown = sorted(kinds.keys() - fields.keys()), sorted(fields.keys() - kinds.keys())
        raise Defect(f"record {event}: missing {missing}, unknown {unknown}", expected=", ".join(sorted(kinds)))
    for name, holds in kinds.items():
        if not holds(fields[name]):
            raise Defect(f"record {event}: field {name} cannot be {fields[name]!r}")
    try:
        return _canonical({**fields, "at": stamp(at), "event": event, "party": party, "correlation": correlation})
    except (ValueError, TypeError) as error:  # a lone surrogate is a UnicodeEncodeError, a ValueError
        raise Defect(f"record {event} cannot be written: {error}") from error


def read(data: bytes) -> Record:
    """Read one digest record back.

    Raises:
        NotProved: the bytes are no canonical record, or lack a field that their event must hold.
    """
    try:
        values = json.loads(data)
        canonical = _canonical(values)
    except (ValueError, RecursionError) as error:
        raise NotProved(f"a log record is no JSON: {error}") from error
    if not isinstance(values, dict) or canonical != data:
        raise NotProved("a log record is not in its canonical form")
    event = values.get("event")
    kinds = FIELDS.get(event) if isinstance(event, str) else None
    if kinds is None:
        raise NotProved(f"a log record tells of an unknown event {event!r}", expected=", ".join(FIELDS))
    for name, holds in {**_COMMON, **kinds}.items():
        if name not in values or not holds(values[name]):
            raise NotProved(f"log record {event}: field {name} is missing or of the wrong kind")
    fields = {name: value for name, value in values.items() if name not in _COMMON}
    return Record(
        event=values["event"],
        party=values["party"],
        at=moment(values["at"]),
        correlation=values["correlation"],
        fields=fields,
    )


def recall(data: bytes) -> Record:
    """Read back a record of one's own log, which `record` wrote and the log has shown to be what was appended.

    Neither its form nor its fields are looked at again, so this takes a quarter of the time of `read`: a window that
    comes back reads every record it ever wrote. Who was handed a log by somebody else uses `read` (docs/adr/0062).

    Raises:
        NotProved: it is no record at all.
    """
    try:
        values = from_json(data)
        at, event, party, correlation = (values.pop(name) for name in _COMMON)
        return Record(event=event, party=party, at=moment(at), correlation=correlation, fields=values)
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise NotProved(f"a record of our own log cannot be read: {type(error).__name__}: {error}") from error


_WRITER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
"""Made once: `json.dumps` would make one for each record."""


def _canonical(values: object) -> bytes:
    return _WRITER.encode(values).encode()
