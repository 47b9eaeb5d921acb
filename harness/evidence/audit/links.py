"""Step 8 of the audit: messages, receipts, documents and log records fit each other.

Everything here is already read and signed; this is about what one part says of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from harness.errors import NotProved
from harness.evidence.audit.found import DocumentFound, EntryFound, MessageFound, ReceiptFound

_OF_MESSAGES: Final = frozenset({"sent", "received", "disputed"})
_OF_RECEIPTS: Final = frozenset({"answered", "acknowledged"})
# A token that came and was not, or not yet, taken: its record stands, whether or not the token is shown.
_OF_EITHER: Final = frozenset({"refused", "kept", "matched"})
_FOLLOWING: Final = frozenset({"transported", "translated"})


@dataclass(frozen=True, slots=True)
class Contents:
    """What a bundle holds, read."""

    party: str
    correlation: str
    messages: tuple[MessageFound, ...]
    receipts: tuple[ReceiptFound, ...]
    documents: tuple[DocumentFound, ...]
    entries: tuple[EntryFound, ...]
    absent: tuple[str, ...]


def check_links(contents: Contents) -> None:
    """Raise NotProved, naming the file, where one part of the bundle does not fit another."""
    _twice(contents)
    own = [entry for entry in contents.entries if entry.correlation in {contents.correlation, None}]
    messages = {each.identity: each for each in contents.messages}
    receipts = {each.identity: each for each in contents.receipts}
    for entry in own:
        _entry(contents, entry, messages, receipts)
    _logged(own, (f"messages/{each}.jws" for each in messages), _OF_MESSAGES | _OF_EITHER)
    _logged(own, (f"receipts/{each}.jws" for each in receipts), _OF_RECEIPTS | _OF_EITHER)
    _answered(contents, messages)
    _documents(contents, own)


def _twice(contents: Contents) -> None:
    """One document stands in a bundle once, under one name."""
    seen: dict[str, str] = {}
    for each in contents.documents:
        key = f"{each.kind}-{each.sha256}"
        if key in seen:
            raise NotProved(f"{each.name}: is the same document as {seen[key]}")
        seen[key] = each.name


def _entry(
    contents: Contents,
    entry: EntryFound,
    messages: Mapping[str, MessageFound],
    receipts: Mapping[str, ReceiptFound],
) -> None:
    name, identity = f"log/{entry.index}.json", str(entry.fields.get("identity"))
    if entry.event in _OF_MESSAGES:
        if identity not in messages:
            raise NotProved(f"{name}: tells of message {identity[:16]}, which is not in the bundle")
        _as_message(name, contents.party, entry, messages[identity])
    elif entry.event in _OF_RECEIPTS:
        if identity not in receipts:
            raise NotProved(f"{name}: tells of receipt {identity[:16]}, which is not in the bundle")
        _as_receipt(name, contents.party, entry, receipts[identity])
    elif entry.event in _FOLLOWING and identity not in {*messages, *receipts}:
        raise NotProved(f"{name}: tells of {identity[:16]}, which is not in the bundle")
    elif entry.event == "used" and entry.fields.get("of") not in messages:
        raise NotProved(f"{name}: tells of the use of {str(entry.fields.get('of'))[:16]}, which is not in the bundle")


def _as_message(name: str, party: str, entry: EntryFound, message: MessageFound) -> None:
    told: dict[str, object] = {"raw": message.raw}
    if entry.event == "disputed":
        said = message.data or {}
        told |= {"of": said.get("of"), "claim": said.get("claim"), "dispute": said.get("dispute"), "by": message.sender}
    else:
        told |= {"id": message.id, "topic": message.topic, "subject": message.subject, "doctype": message.doctype}
        told |= {"function": message.function, "payload": message.payload, "sequence": message.sequence}
        _side(name, party, message.sender if entry.event == "sent" else message.receiver, entry.event)
        told |= {"receiver": message.receiver} if entry.event == "sent" else {"sender": message.sender}
    _same(name, entry, told, f"messages/{message.identity}.jws")


def _as_receipt(name: str, party: str, entry: EntryFound, receipt: ReceiptFound) -> None:
    statements = [{"level": s.level, "status": s.status, "reason": s.reason} for s in receipt.statements]
    told: dict[str, object] = {"raw": receipt.raw, "of": receipt.of, "statements": statements}
    told |= {"sequence": receipt.sequence}
    _side(name, party, receipt.sender if entry.event == "answered" else receipt.receiver, entry.event)
    if entry.event == "acknowledged":
        told["sender"] = receipt.sender
    _same(name, entry, told, f"receipts/{receipt.identity}.jws")


def _side(name: str, party: str, acting: str, event: str) -> None:
    if party != acting:
        raise NotProved(f"{name}: says {event} of what was for {acting} to do, not for {party}")


def _same(name: str, entry: EntryFound, told: Mapping[str, object], file: str) -> None:
    for field, value in told.items():
        if entry.fields.get(field) != value:
            raise NotProved(f"{name}: its {field} is not that of {file}")


def _logged(entries: Iterable[EntryFound], files: Iterable[str], events: frozenset[str]) -> None:
    known = {entry.fields.get("identity") for entry in entries if entry.event in events}
    for name in files:
        if name.rpartition("/")[2].removesuffix(".jws") not in known:
            raise NotProved(f"{name}: no record of the log tells of it")


def _answered(contents: Contents, messages: Mapping[str, MessageFound]) -> None:
    wanting = {each.of: each.identity for each in contents.receipts if each.of not in messages}
    for of, receipt in wanting.items():
        if of not in contents.absent:
            raise NotProved(f"receipts/{receipt}.jws: answers {of[:16]}, which is neither here nor named as absent")
    for of in contents.absent:
        if of not in wanting:
            raise NotProved(f"manifest.json: names {of[:16]} as absent, which nothing here answers, or which is here")


def _documents(contents: Contents, entries: Iterable[EntryFound]) -> None:
    entries = tuple(entries)
    payloads = {each.payload: f"messages/{each.identity}.jws" for each in contents.messages if each.payload}
    lodged = {entry.fields.get("raw") for entry in entries if entry.event == "lodged"}
    own = {entry.fields.get("own"): f"log/{entry.index}.json" for entry in entries if entry.event == "translated"}
    kept = {(each.kind, each.sha256) for each in contents.documents}
    for each in contents.documents:
        if each.kind == "original" and each.sha256 not in payloads and each.sha256 not in lodged:
            raise NotProved(f"{each.name}: no message carries this document and no record lodged it")
        if each.kind == "own" and each.sha256 not in own:
            raise NotProved(f"{each.name}: no record of a translation tells of this document")
    for sha256, name in payloads.items():
        if ("original", sha256) not in kept:
            raise NotProved(f"{name}: the document it carries is not in the bundle")
    for translated, name in own.items():
        if ("own", str(translated)) not in kept:
            raise NotProved(f"{name}: the own version it tells of is not in the bundle")
