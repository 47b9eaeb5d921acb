"""The counter of a window: where the country's own people come, with documents, uses of certificates, and disputes.

Nothing here does the work itself: each request is handed to the window's loop, and answered when the turn that did
it is durable and sent. What arrives from abroad is `nodes.window`.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol, TypeVar

from harness.documents import syntax
from harness.errors import BadInput
from harness.evidence import records
from harness.exchange import agreement as agreements
from harness.exchange.dispute import Dispute
from harness.exchange.envelope import Type
from harness.exchange.receipt import Level, Receipt, Statement
from harness.exchange.seat import Seat, Sent
from nodes import mapping
from nodes.customs import after_use
from nodes.gazette import change_key
from nodes.ledger import Ledger
from nodes.outbox import Draft, Outbox, Posted
from nodes.profile import Profile
from nodes.turn import Notebook, Turn
from nodes.witnessing import Witnessing

T = TypeVar("T")

DISPUTE_LIFE = timedelta(days=30)
"""How long a dispute message may travel."""


class Ask(Protocol):
    """How the counter hands work to the window's loop."""

    def __call__(self, work: Callable[[Turn], T]) -> Awaitable[T]:
        """Do `work` within one turn; return its result once the turn is durable and sent."""
        ...


@dataclass(frozen=True, slots=True)
class Issued:
    """A trader's file in its country's national form: `given` and `media_type` are the syntaxes before and after.

    `losses` tells what the national form does not carry; a file that goes on as it is loses nothing. The document that
    was read is not kept: who waits for an answer would hold it in memory until then.
    """

    doctype: str
    reference: str
    given: str
    octets: bytes
    media_type: str
    losses: tuple[str, ...]


@dataclass(frozen=True)
class Lodged:
    """What a trader or another system handed in: its bytes, their syntax, and what issuing it lost."""

    octets: bytes
    media_type: str
    losses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counter:
    """The requests a window takes. Built by the window; shares its ledger to read, never to write."""

    seat: Seat
    profile: Profile
    ledger: Ledger
    outbox: Outbox
    notes: Notebook
    witnessing: Witnessing
    ask: Ask
    tell: Callable[[Turn, Receipt, Posted], None]
    """How the window lets a receipt leave: logged first."""
    learn: Callable[[bytes, Turn], None]
    """How the window takes what a country published."""

    async def lodge(self, octets: bytes, *, to: str, media_type: str | None = None, function: str = "9") -> Sent:
        """Take in a trader's file, check it, and send it to `to` in this country's national form.

        A file that already is in that form goes on as it is, byte for byte.

        Raises:
            BadInput: the file cannot be read, lacks mandatory fields or is too large, or there is no corridor to `to`.
            Refused: the corridor agreement does not cover it; nothing was sent.
        """
        issued = self.issue(octets, media_type)
        return await self._send(
            issued.octets,
            to=to,
            cover=(issued.doctype, function, issued.reference, issued.media_type),
            lodged=Lodged(octets, issued.given, issued.losses),
        )

    def issue(self, octets: bytes, media_type: str | None = None) -> Issued:
        """Read a trader's file and write it in this country's national form. Raises BadInput."""
        read = syntax.read(octets, media_type=media_type)
        document = read.document
        dialect = self.profile.dialect_for(document.doctype)
        if read.media_type == dialect.media_type:
            return Issued(document.doctype, document.reference, read.media_type, octets, dialect.media_type, ())
        national = mapping.to_national(document, dialect)
        unread = tuple(
            finding.pointer or finding.sentence for finding in read.findings if finding.code == mapping.NOT_CARRIED
        )
        losses = unread + tuple(loss.told for loss in national.losses)
        return Issued(
            document.doctype, document.reference, read.media_type, national.octets, dialect.media_type, losses
        )

    async def pass_on(self, octets: bytes, *, to: str, doctype: str, reference: str, media_type: str) -> Sent:
        """Send bytes that another system of this country answers for, without reading them.

        Raises:
            BadInput: they are too many, or there is no corridor to `to`.
            Refused: the corridor agreement does not cover it; nothing was sent.
        """
        cover = (doctype, "9", reference, media_type)
        return await self._send(octets, to=to, cover=cover, lodged=Lodged(octets, media_type))

    async def report_use(self, of: str, *, quantity: str, declaration: str) -> None:
        """Customs used `quantity` of the accepted certificate with identity `of` for a declaration: tell the issuer.

        Raises:
            BadInput: no such certificate was accepted here, or more would be used than is left.
        """
        await self.ask(lambda turn: self._use(turn, of, quantity, declaration))

    async def dispute(self, sent: Sent, *, claim: str, number: str, sentence: str) -> Sent:
        """Open a dispute about a message of ours: a message of its own, which deletes nothing."""
        now = self.seat.clock.now()
        dispute = Dispute(claim=claim, of=sent.identity, dispute=number, sentence=sentence)
        draft = Draft(
            type=Type.DISPUTE,
            to=sent.to,
            subject=sent.subject,
            correlation=sent.correlation,
            expires=now + DISPUTE_LIFE,
            causation=sent.id,
            data=dispute.model_dump(),
        )

        def work(turn: Turn) -> Sent:
            posted = self.outbox.post(draft)
            self.notes.sent(turn, posted, payload=None, deadline=None)
            self.notes.disputed(turn, posted.sealed, sent.correlation, dispute, by=self.seat.party)
            return _sent(posted)

        return await self.ask(work)

    async def seek_witness(self, partner: str) -> None:
        """Have `partner` cosign the log as it stands now; return when the cosignature is stored."""
        size = await self.ask(lambda turn: self.ask_cosignature(partner, turn))
        await self.witnessing.cosigned(partner, size)

    async def take(self, published: bytes) -> None:
        """A country published a list, or a partner signed the agreement anew: in force once this returns.

        Raises:
            Refused: with its reason; it is logged, and the window goes on with what it had.
            BadInput: a signature over another agreement, or not the party's.
        """
        await self.ask(lambda turn: self.learn(published, turn))

    async def change_key(self) -> None:
        """Sign with the key that lies ready in the seat's folder from now on. Raises BadInput."""
        await self.ask(lambda _turn: change_key(self.seat))

    async def evidence(self, correlation: str, *, partner: str) -> Path:
        """Write an evidence bundle about one transaction, under a checkpoint `partner` cosigned; return its path."""
        await self.seek_witness(partner)
        return await self.ask(lambda _turn: self.witnessing.bundle(correlation, partner))

    def ask_cosignature(self, partner: str, turn: Turn) -> int:
        """Let a request for a cosignature leave with this turn; return the size of the log it is about."""
        size, draft = self.witnessing.request(partner)
        turn.post(self.outbox.post(draft))
        return size

    async def _send(self, octets: bytes, *, to: str, cover: tuple[str, str, str, str], lodged: Lodged) -> Sent:
        doctype, function, reference, media_type = cover
        now = self.seat.clock.now()
        algorithm = self.seat.identity.algorithm.value
        party = self.seat.party
        # Both windows enforce the agreement: an honest sender does not send what it does not cover.
        clause = self._agreement_to(to).covers(
            doctype, function, sender=party, receiver=to, algorithm=algorithm, at=now
        )
        draft = Draft(
            type=Type.DOCUMENT,
            to=to,
            subject=reference,
            correlation=self.seat.chance.token(f"{party}/correlation", count=8),
            expires=agreements.expiry(clause, now),
            media_type=media_type,
            doctype=doctype,
            function=function,
            data_base64=base64.b64encode(octets).decode(),
        )

        def work(turn: Turn) -> Sent:
            # First of all: what is too large to travel must not stand in the log as sent.
            posted = self.outbox.post(draft)
            fields = {"raw": turn.keep(lodged.octets), "doctype": doctype, "media_type": lodged.media_type}
            self.notes.note(turn, records.LODGED, draft.correlation, **fields, losses=list(lodged.losses))
            deadline = now + timedelta(seconds=clause.answer_within_seconds)
            self.notes.sent(turn, posted, payload=turn.keep(octets), deadline=deadline)
            return _sent(posted)

        return await self.ask(work)

    def _use(self, turn: Turn, of: str, quantity: str, declaration: str) -> None:
        message = self.ledger.received.get(of)
        if message is None or message.own is None or not message.accepted:
            raise BadInput(
                f"no document {of[:16]} was accepted at {self.seat.party}", expected="an accepted certificate"
            )
        own = self.notes.bytes_of(message.own, turn)
        status = after_use(own, self.profile, message.used, quantity)
        said = Statement(
            level=Level.AUTHORITY, status=status, at=self.seat.clock.now(), quantity=quantity, declaration=declaration
        )
        receipt = Receipt(of=of, ofid=message.id, after=message.last_answer, statements=(said,))
        to, subject, correlation = message.sender, message.subject, message.correlation
        # Sealed before it is noted: what cannot be told is not used.
        posted = self.outbox.receipt(receipt, to=to, subject=subject, correlation=correlation)
        self.notes.note(turn, records.USED, correlation, of=of, quantity=quantity, declaration=declaration)
        self.tell(turn, receipt, posted)

    def _agreement_to(self, to: str) -> agreements.Agreement:
        found = self.seat.agreements.get(to)
        if found is None:
            raise BadInput(
                f"{self.seat.party} has no corridor to {to!r}",
                expected=f"one of {', '.join(sorted(self.seat.agreements)) or 'none'}",
                todo="see `corridor list` for the corridors",
            )
        return found


def _sent(posted: Posted) -> Sent:
    envelope = posted.envelope
    return Sent(
        identity=posted.sealed.identity,
        id=envelope.id,
        correlation=envelope.correlationid,
        subject=envelope.subject,
        topic=envelope.topic,
        to=envelope.receiver,
    )
