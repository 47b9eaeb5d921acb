"""What a window knows, folded from its own evidence log and from nothing else.

The window applies each record as it notes it, and a restarted window applies all of them again: so there is no
second store that could disagree with the log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from harness.evidence import records
from harness.evidence.records import Record
from harness.exchange import topics
from harness.exchange.receipt import Level, Status
from nodes.numbering import Numbering

ACCEPTED: Final = frozenset(
    f"{Level.AUTHORITY.value} {status.value}" for status in (Status.ACCEPTED, Status.ACCEPTED_WITH_WARNINGS)
)


_NUMBERED: Final = frozenset({records.RECEIVED, records.ACKNOWLEDGED, records.KEPT, records.REFUSED})
"""Events of something that came under its sender's number (a refusal only where it could be opened)."""


@dataclass(slots=True)
class Outgoing:
    """Something of ours that the broker may or may not have: a message, or a report nobody will ask for again."""

    raw: str
    topic: str
    correlation: str
    transported: bool = False


@dataclass(slots=True)
class Incoming:
    """A message of a partner's: what we answered, receipt by receipt, and how much of it was used."""

    sender: str
    id: str
    correlation: str
    subject: str
    own: str | None = None
    answers: list[str] = field(default_factory=list)
    last_answer: str = ""
    accepted: bool = False
    used: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Kept:
    """A receipt that came before what it follows."""

    identity: str
    raw: str
    place: Mapping[str, object]
    """Where on the bus it stood."""


class Ledger:
    """The window's state. Owned by `Window.run`; steps and others only read."""

    def __init__(self) -> None:
        self.sent: dict[str, Outgoing] = {}
        self.received: dict[str, Incoming] = {}
        self.kept: dict[str, list[Kept]] = {}
        """Receipts that came too early, by the identity they wait for."""
        self.heard: set[str] = set()
        """Identities of the receipts that were taken in."""
        self._waiting: set[str] = set()
        """Identities of the receipts in `kept`."""
        self._reports: dict[str, Outgoing] = {}
        """Later receipts, as of a use: no delivery asked for them, so no redelivery sends them again."""
        self.numbering: dict[str, Numbering] = {}
        """The numbers of each sender, as they came."""
        self._ids: dict[tuple[str, str], str] = {}
        self._unread: tuple[str, str] | None = None
        """Identity and raw digest of what was refused unread last: the next record answers it, or none does."""
        self._refusals: dict[str, str] = {}
        """Raw digest of what was refused unread -> the receipt that answered it. Not by identity: who spoils the
        seal of a message must not use up the message."""

    def forget(self) -> None:
        """Know nothing again, to be told everything anew: whoever holds this ledger goes on holding it."""
        vars(self).update(vars(Ledger()))

    def seen(self, identity: str, /) -> bool:
        """Whether this very message was received before."""
        return identity in self.received

    def under_id(self, sender: str, message_id: str, /) -> str | None:
        """The identity that came first under this sender's message id."""
        return self._ids.get((sender, message_id))

    def first_answer(self, identity: str, raw: str) -> str | None:
        """The raw digest of the receipt that first answered this message, or these very bytes refused unread."""
        message = self.received.get(identity)
        if message is not None and message.answers:
            return message.answers[0]
        return self._refusals.get(raw)

    def has_receipt(self, identity: str) -> bool:
        """Whether this receipt came before, taken in or kept."""
        return identity in self.heard or identity in self._waiting

    def numbers_of(self, sender: str) -> Numbering:
        """How this sender has numbered what it sent us; for reading."""
        return self.numbering.get(sender) or Numbering()

    def outgoing(self, identity: str) -> Outgoing:
        """What of ours has this identity. Raises KeyError."""
        return self.sent.get(identity) or self._reports[identity]

    def untransported(self) -> dict[str, Outgoing]:
        """By identity what was logged but never confirmed by the broker: to be put again after a restart."""
        return {identity: one for identity, one in (self.sent | self._reports).items() if not one.transported}

    def apply(self, record: Record) -> None:
        """Learn one record."""
        if record.event in _NUMBERED and record.fields["sequence"] is not None:
            self._numbered(record).came(_number(record, "sequence"), _text(record, "identity"))
        fold = self._FOLDS.get(record.event)
        if fold is not None:
            fold(self, record)

    def _sent(self, record: Record) -> None:
        self.sent[_text(record, "identity")] = Outgoing(
            raw=_text(record, "raw"), topic=_text(record, "topic"), correlation=record.correlation or ""
        )

    def _transported(self, record: Record) -> None:
        self.outgoing(_text(record, "identity")).transported = True

    def _received(self, record: Record) -> None:
        identity, sender, message_id = _text(record, "identity"), _text(record, "sender"), _text(record, "id")
        self.received[identity] = Incoming(
            sender=sender,
            id=message_id,
            correlation=record.correlation or "",
            subject=_text(record, "subject"),
        )
        self._ids.setdefault((sender, message_id), identity)

    def _translated(self, record: Record) -> None:
        self.received[_text(record, "identity")].own = _text(record, "own")

    def _refused(self, record: Record) -> None:
        identity, raw = _text(record, "identity"), _text(record, "raw")
        # A refusal of what was received stands beside its RECEIVED record, and its answer belongs to that.
        if self.first_answer(identity, raw) is None and identity not in self.received:
            self._unread = identity, raw

    def _answered(self, record: Record) -> None:
        of, raw = _text(record, "of"), _text(record, "raw")
        unread, self._unread = self._unread, None
        message = self.received.get(of)
        if message is None:
            if unread is not None and unread[0] == of:
                self._refusals[unread[1]] = raw
            return
        identity = _text(record, "identity")
        if message.answers:
            self._reports[identity] = Outgoing(
                raw=raw, topic=topics.inbox(message.sender, record.party), correlation=message.correlation
            )
        message.answers.append(raw)
        message.last_answer = identity
        message.accepted = message.accepted or not ACCEPTED.isdisjoint(statuses(record))

    def _acknowledged(self, record: Record) -> None:
        self.heard.add(_text(record, "identity"))

    def _kept(self, record: Record) -> None:
        place = {name: record.fields[name] for name in ("topic", "partition", "offset")}
        kept = Kept(identity=_text(record, "identity"), raw=_text(record, "raw"), place=place)
        self._waiting.add(kept.identity)
        self.kept.setdefault(_text(record, "waits_for"), []).append(kept)

    def _matched(self, record: Record) -> None:
        identity, waits_for = _text(record, "identity"), _text(record, "waits_for")
        self._waiting.discard(identity)
        left = [kept for kept in self.kept.pop(waits_for, []) if kept.identity != identity]
        if left:
            self.kept[waits_for] = left

    def _used(self, record: Record) -> None:
        self.received[_text(record, "of")].used.append(_text(record, "quantity"))

    def _numbered(self, record: Record) -> Numbering:
        return self.numbering.setdefault(_text(record, "sender"), Numbering())

    def _gap(self, record: Record) -> None:
        self._numbered(record).missed(_number(record, "last"))

    def _late(self, record: Record) -> None:
        self._numbered(record).came(_number(record, "sequence"), _text(record, "came"))

    _FOLDS: ClassVar[Mapping[str, Callable[[Ledger, Record], None]]] = {
        records.SENT: _sent,
        records.TRANSPORTED: _transported,
        records.RECEIVED: _received,
        records.TRANSLATED: _translated,
        records.REFUSED: _refused,
        records.ANSWERED: _answered,
        records.ACKNOWLEDGED: _acknowledged,
        records.KEPT: _kept,
        records.MATCHED: _matched,
        records.USED: _used,
        records.GAP: _gap,
        records.LATE: _late,
    }


def statuses(record: Record) -> list[str]:
    """The status words of an `answered` or `acknowledged` record, as "L1 received"."""
    said = record.fields.get("statements")
    if not isinstance(said, list | tuple):
        return []
    return [f"{one['level']} {one['status']}" for one in said]


def _number(record: Record, name: str) -> int:
    found = record.fields[name]
    return found if isinstance(found, int) else 0


def _text(record: Record, name: str) -> str:
    found = record.fields[name]
    return found if isinstance(found, str) else ""
