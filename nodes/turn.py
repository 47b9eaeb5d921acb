"""One turn of a window's loop, and the notes it takes: what goes into the log before anything leaves the window.

A note is a digest record (`harness.evidence.records`) and the bytes it speaks of; noting also moves the ledger on,
so that the next piece of the same turn already knows it.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from harness.clock import stamp
from harness.evidence import records
from harness.evidence.log import EvidenceLog
from harness.exchange import topics
from harness.exchange.bus import Ack, Delivery, Record
from harness.exchange.dispute import Dispute
from harness.exchange.envelope import WITNESS, Envelope
from harness.exchange.reasons import Refused
from harness.exchange.receipt import Receipt, Statement
from harness.exchange.seal import Opened, Sealed
from harness.exchange.seat import Seat
from nodes.ledger import Ledger
from nodes.outbox import Posted


@dataclass(slots=True)
class Turn:
    """What one turn gathers: evidence first, then what leaves, then who waits for it."""

    at: datetime | None = None
    """When its first note was taken: what is written at once bears one moment."""
    records: list[bytes] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    outgoing: list[tuple[Record, str | None]] = field(default_factory=list)
    """Each record for the bus, with the identity of ours whose transport is to be logged, if it is one."""
    arrived: list[Delivery] = field(default_factory=list)
    due: list[tuple[Opened, tuple[Statement, ...]]] = field(default_factory=list)
    """Messages that were taken on, and what is stated of each before the turn ends."""
    promises: list[tuple[asyncio.Future[Any], Any]] = field(default_factory=list)  # Any: each asker has its own result

    def keep(self, octets: bytes) -> str:
        """Keep bytes beside the log; return their digest."""
        digest = hashlib.sha256(octets).hexdigest()
        self.objects[digest] = octets
        return digest

    def post(self, posted: Posted, *, prove: bool = False) -> None:
        """Let a sealed envelope leave with this turn; with `prove`, its transport is logged."""
        self.outgoing.append((posted.record, posted.sealed.identity if prove else None))


class Notebook:
    """Writes a window's notes. Owned by the window; the log itself is appended to only at the end of a turn."""

    def __init__(self, seat: Seat, ledger: Ledger, log: EvidenceLog) -> None:
        self._seat = seat
        self._ledger = ledger
        self._log = log

    def bytes_of(self, raw: str, turn: Turn) -> bytes:
        """Bytes kept in this turn or in any before it."""
        return turn.objects.get(raw) or self._log.object(raw)

    def note(self, turn: Turn, event: str, correlation: str | None, **fields: object) -> None:
        """Add one digest record to the turn and to the ledger."""
        party = self._seat.party
        at = turn.at = turn.at or self._seat.clock.now()
        turn.records.append(records.record(event, party, at, correlation=correlation, **fields))
        # Not read back from its bytes: what could not be read back could not be written.
        self._ledger.apply(records.Record(event, party, at, correlation, fields))

    def received(self, turn: Turn, opened: Opened, delivery: Delivery) -> None:
        """A message came, and this window takes it on."""
        envelope = opened.envelope
        self.note(
            turn,
            records.RECEIVED,
            envelope.correlationid,
            identity=opened.identity,
            raw=turn.keep(opened.sealed.token),
            id=envelope.id,
            sender=envelope.source,
            subject=envelope.subject,
            doctype=envelope.doctype,
            function=envelope.function,
            payload=turn.keep(envelope.payload) if envelope.data_base64 is not None else None,
            sequence=envelope.sequence,
            **place(delivery),
        )

    def numbered(self, turn: Turn, opened: Opened, delivery: Delivery) -> None:
        """What the sender's own numbering says of what came before this: a gap, a late comer, a number used twice."""
        envelope = opened.envelope
        numbers = self._ledger.numbers_of(envelope.source)
        noticed = numbers.notices(envelope.sequence, opened.identity, counts=envelope.type not in WITNESS)
        if noticed is not None:
            event, fields = noticed
            # Of no transaction: what is missing may belong to any.
            self.note(turn, event, None, sender=envelope.source, came=opened.identity, **fields, **place(delivery))

    def refused(
        self, turn: Turn, sealed: Sealed, delivery: Delivery, refused: Refused, envelope: Envelope | None
    ) -> None:
        """Something came and was refused, with its reason and step; with its `envelope` where it could be opened."""
        counts = envelope is not None and envelope.type not in WITNESS
        self.note(
            turn,
            records.REFUSED,
            None if envelope is None else envelope.correlationid,
            identity=sealed.identity,
            raw=turn.keep(sealed.token),
            reason=refused.reason.code,
            step=refused.reason.step.name.lower(),
            sender=topics.sender_of(delivery.topic, self._seat.agreements),
            sequence=envelope.sequence if envelope is not None and counts else None,
            **place(delivery),
        )

    def sent(self, turn: Turn, posted: Posted, *, payload: str | None, deadline: datetime | None) -> None:
        """A message of ours is about to leave."""
        envelope, sealed = posted.envelope, posted.sealed
        self.note(
            turn,
            records.SENT,
            envelope.correlationid,
            identity=sealed.identity,
            raw=turn.keep(sealed.token),
            id=envelope.id,
            topic=envelope.topic,
            receiver=envelope.receiver,
            subject=envelope.subject,
            doctype=envelope.doctype,
            function=envelope.function,
            payload=payload,
            sequence=envelope.sequence,
            deadline=None if deadline is None else stamp(deadline),
        )
        turn.post(posted, prove=True)

    def transported(self, turn: Turn, identity: str, ack: Ack) -> None:
        """The broker has a message of ours: level L0."""
        correlation = self._ledger.outgoing(identity).correlation
        spot = {"topic": ack.topic, "partition": ack.partition, "offset": ack.offset}
        self.note(turn, records.TRANSPORTED, correlation, identity=identity, **spot)

    def answered(self, turn: Turn, receipt: Receipt, posted: Posted) -> None:
        """A receipt of ours is about to leave. What no delivery asks for again is proved to have left."""
        self.note(
            turn,
            records.ANSWERED,
            posted.envelope.correlationid,
            identity=posted.sealed.identity,
            raw=turn.keep(posted.sealed.token),
            of=receipt.of,
            statements=short(receipt),
            sequence=posted.envelope.sequence,
        )
        turn.post(posted, prove=receipt.after is not None)

    def disputed(self, turn: Turn, sealed: Sealed, correlation: str, dispute: Dispute, *, by: str) -> None:
        """A dispute was opened, by us or by the partner."""
        said = {"of": dispute.of, "claim": dispute.claim, "dispute": dispute.dispute, "by": by}
        self.note(turn, records.DISPUTED, correlation, identity=sealed.identity, raw=turn.keep(sealed.token), **said)


def short(receipt: Receipt) -> list[dict[str, str | None]]:
    """The three things of each statement that the log commits to."""
    return [
        {"level": said.level.value, "status": said.status.value, "reason": said.reason} for said in receipt.statements
    ]


def place(delivery: Delivery) -> dict[str, str | int]:
    """Where on the bus a delivery stood."""
    return {"topic": delivery.topic, "partition": delivery.partition, "offset": delivery.offset}
