"""What a window knows, folded from its own evidence log and from nothing else.

The window applies each record as it notes it, and a restarted window applies all of them again: so there is no
second store that could disagree with the log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from harness.evidence import records
from harness.evidence.records import Record


@dataclass(slots=True)
class Outgoing:
    """A document or dispute of ours: whether the broker has it, and what was answered."""

    raw: str
    topic: str
    correlation: str
    transported: bool = False
    answers: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Incoming:
    """A message of a partner's: what we answered, receipt by receipt, and how much of it was used."""

    sender: str
    id: str
    raw: str
    correlation: str
    subject: str
    own: str | None = None
    answers: list[str] = field(default_factory=list)
    last_answer: str | None = None
    statuses: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Kept:
    """A receipt that came before what it follows."""

    identity: str
    raw: str


class Ledger:
    """The window's state. Owned by `Window.run`; steps and others only read."""

    def __init__(self) -> None:
        self.sent: dict[str, Outgoing] = {}
        self.received: dict[str, Incoming] = {}
        self.kept: dict[str, list[Kept]] = {}
        self.heard: set[str] = set()
        """Identities of the receipts that were taken in."""
        self._ids: dict[tuple[str, str], str] = {}
        self._refused: dict[str, str] = {}
        """Identity of what was refused unread -> the receipt that answered it."""

    def seen(self, identity: str) -> bool:
        """Whether this very message was received before."""
        return identity in self.received or identity in self._refused

    def under_id(self, sender: str, message_id: str) -> str | None:
        """The identity that came first under this sender's message id."""
        return self._ids.get((sender, message_id))

    def first_answer(self, identity: str) -> str | None:
        """The raw digest of the receipt that first answered this message."""
        message = self.received.get(identity)
        if message is not None:
            return message.answers[0] if message.answers else None
        return self._refused.get(identity)

    def untransported(self) -> list[Outgoing]:
        """What was logged as sent but never confirmed by the broker: to be put again after a restart."""
        return [message for message in self.sent.values() if not message.transported]

    def apply(self, record: Record) -> None:
        """Learn one record."""
        fold = self._FOLDS.get(record.event)
        if fold is not None:
            fold(self, record)

    def _sent(self, record: Record) -> None:
        self.sent[_text(record, "identity")] = Outgoing(
            raw=_text(record, "raw"), topic=_text(record, "topic"), correlation=record.correlation or ""
        )

    def _transported(self, record: Record) -> None:
        message = self.sent.get(_text(record, "identity"))
        if message is not None:
            message.transported = True

    def _received(self, record: Record) -> None:
        identity, sender, message_id = _text(record, "identity"), _text(record, "sender"), _text(record, "id")
        self.received[identity] = Incoming(
            sender=sender,
            id=message_id,
            raw=_text(record, "raw"),
            correlation=record.correlation or "",
            subject=_text(record, "subject"),
        )
        self._ids.setdefault((sender, message_id), identity)

    def _translated(self, record: Record) -> None:
        self.received[_text(record, "identity")].own = _text(record, "own")

    def _answered(self, record: Record) -> None:
        of, raw = _text(record, "of"), _text(record, "raw")
        message = self.received.get(of)
        if message is None:
            self._refused.setdefault(of, raw)
            return
        message.answers.append(raw)
        message.last_answer = _text(record, "identity")
        message.statuses.extend(statuses(record))

    def _acknowledged(self, record: Record) -> None:
        self.heard.add(_text(record, "identity"))
        message = self.sent.get(_text(record, "of"))
        if message is not None:
            message.answers.append(_text(record, "raw"))

    def _kept(self, record: Record) -> None:
        self.heard.add(_text(record, "identity"))
        waiting = self.kept.setdefault(_text(record, "waits_for"), [])
        waiting.append(Kept(identity=_text(record, "identity"), raw=_text(record, "raw")))

    def _matched(self, record: Record) -> None:
        waiting = self.kept.get(_text(record, "waits_for"), [])
        waiting[:] = [kept for kept in waiting if kept.identity != record.digest("identity")]

    def _used(self, record: Record) -> None:
        self.received[_text(record, "of")].used.append(_text(record, "quantity"))

    _FOLDS: ClassVar[Mapping[str, Callable[[Ledger, Record], None]]] = {
        records.SENT: _sent,
        records.TRANSPORTED: _transported,
        records.RECEIVED: _received,
        records.TRANSLATED: _translated,
        records.ANSWERED: _answered,
        records.ACKNOWLEDGED: _acknowledged,
        records.KEPT: _kept,
        records.MATCHED: _matched,
        records.USED: _used,
    }


def statuses(record: Record) -> list[str]:
    """The status words of an `answered` or `acknowledged` record, as "L1 received"."""
    said = record.fields.get("statements")
    if not isinstance(said, list | tuple):
        return []
    return [f"{one['level']} {one['status']}" for one in said]


def _text(record: Record, name: str) -> str:
    found = record.fields[name]
    return found if isinstance(found, str) else ""
