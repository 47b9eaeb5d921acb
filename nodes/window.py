"""The single window of one country: inbox -> steps -> outbox.

One loop owns all state. A turn takes what has arrived and what was asked at the counter, takes every piece through
`nodes.steps`, writes one transaction of evidence, and only then puts the answers on their topics; only then are the
incoming places committed. So nothing is answered that is not logged, and nothing is committed that is not answered;
a turn cut off anywhere is taken again, and its duplicates are answered with the stored receipts. The same holds when
the road fails: it is given up and opened again, and what the log says was left undone is done over the next one.

What the country's own people can ask: `nodes.counter`. What waits for the loop, and who for its answer:
`nodes.asking`. Numbering and sealing: `nodes.outbox`. What the window knows: `nodes.ledger`. Notes: `nodes.turn`.
Cosigning and bundles: `nodes.witnessing`. Outages: `nodes.road`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from harness.errors import Defect, NotProved, RoadFailed
from harness.evidence import records
from harness.evidence.log import EvidenceLog
from harness.exchange import receipt as receipts
from harness.exchange import topics
from harness.exchange.bus import Delivery, Inlet, Outlet, Record
from harness.exchange.cover import claims_receipt
from harness.exchange.envelope import WITNESS, WORD, Envelope, Type
from harness.exchange.reasons import NOT_AN_ENVELOPE, REPLAYED, WRONG_RECEIVER, Refused
from harness.exchange.receipt import Level, Receipt
from harness.exchange.seal import Kind, Opened, Sealed
from harness.exchange.seat import Seat
from nodes import gazette
from nodes.asking import Asked, Asking, Work
from nodes.counter import Counter
from nodes.covering import Covering
from nodes.gathering import tokens_under_cover
from nodes.ledger import Kept, Ledger, Outgoing
from nodes.outbox import Outbox, Posted, own_envelope, put_again, reply_to
from nodes.profile import Profile, load
from nodes.road import PATIENCE, Outage, first_cause
from nodes.steps import Road, Steps, travel
from nodes.turn import Notebook, Turn, place, short
from nodes.witnessing import Witnessing

MOST: Final = 256
"""How many deliveries are taken from the bus at once."""

AHEAD: Final = 2
"""How often that is done before the loop takes it up: who is slow leaves the rest with the broker, and what comes from
a quiet partner does not wait behind all that a loud one has sent."""


class Window:
    """One country's single window. `run()` is its life; `counter` is where its own people come."""

    steps: Steps = Steps()
    patience: float = PATIENCE
    """Seconds of one outage after which it ends."""

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self.party = seat.party
        self.profiles: Mapping[str, Profile] = {code: load(code) for code in (seat.party, *seat.agreements)}
        self.log = EvidenceLog(seat.folder / "log.sqlite", seat.party)
        self.ledger = Ledger()
        self.covering = Covering(seat)
        self.outbox = Outbox(seat)
        self.notes = Notebook(seat, self.ledger, self.log)
        self.witnessing = Witnessing(seat, self.profiles[seat.party], self.log)
        self.asking = Asking(seat.party)
        self.counter = Counter(
            seat,
            self.profiles[seat.party],
            self.ledger,
            self.outbox,
            self.notes,
            self.witnessing,
            self.asking.ask,
            self.tell,
            self.learn,
        )
        self.ready = asyncio.Event()
        self._ahead = True
        """Whether ledger and outbox know other things than the log: at first, and from a note until it is durable."""
        self._leaving = asyncio.Event()
        self._tell = structlog.get_logger().bind(party=seat.party, run=seat.run)

    # ------------------------------------------------------------------------------------------------ life

    async def run(self) -> None:
        """Take up what was left undone, and work until told to leave, or cancelled; an outage of the road is outlived.

        Raises: RoadFailed, when an outage lasts longer than `patience`, is none that passes, or stands at the very
        beginning: whoever has never been on this road may have the wrong address.
        """
        outage = Outage(self.patience)
        try:
            while not self._leaving.is_set():
                try:
                    await self._on_the_road(outage)
                except RoadFailed as failed:
                    if not self.log.size and not self.ready.is_set():
                        raise
                    self._tell.warning("the road failed", found=failed.found, todo=failed.todo)
                    await outage.waits(failed, self._leaving)
        finally:
            self.asking.close()
            self.witnessing.close()
            self.log.close()

    async def _on_the_road(self, outage: Outage) -> None:
        """Open the ways out and in, take up what the log says was left undone, and work until it fails."""
        bus, me = self.seat.bus, topics.principal(self.party)
        inboxes = [topics.inbox(self.party, partner) for partner in self.seat.agreements]
        self.asking.drop_deliveries()
        outlet = await bus.outlet(me)
        try:
            inlet = await bus.inlet(me, inboxes, group=me)
            try:
                await self._resume(outlet)
                await self.witnessing.tell()
                self.asking.keep_promises()
                self.ready.set()
                await self._work_on(inlet, outlet, outage)
            finally:
                await inlet.close()
        finally:
            await outlet.close()

    async def _work_on(self, inlet: Inlet, outlet: Outlet, outage: Outage) -> None:
        try:
            room = asyncio.Semaphore(AHEAD)
            async with asyncio.TaskGroup() as group:
                fetching = group.create_task(self._fetch(inlet, room))
                while not self._leaving.is_set():
                    await self._turn(await self._gather(room), inlet, outlet)
                    outage.over()
                fetching.cancel()
        except BaseExceptionGroup as failed:
            raise first_cause(failed) from failed

    def leave(self) -> None:
        """Finish the turn under way and go: `run` returns. What was not begun is delivered again, or asked again."""
        self._leaving.set()
        self.asking.wake()

    async def _fetch(self, inlet: Inlet, room: asyncio.Semaphore) -> None:
        while True:
            await room.acquire()
            await self.asking.fetched(await inlet.take(MOST))

    async def _gather(self, room: asyncio.Semaphore) -> list[Work]:
        work = await self.asking.gathered()
        for piece in work:
            if not isinstance(piece, Asked):
                room.release()
        return work

    async def _turn(self, work: list[Work], inlet: Inlet, outlet: Outlet) -> None:
        turn = Turn()
        try:
            self._ahead = True
            for piece in work:
                if isinstance(piece, Asked):
                    piece.done_in(turn)
                else:
                    turn.arrived.extend(piece)
                    self.take(piece, turn)
            self._request_cosignatures(turn)
            # Durable first, then answered, then committed: the order is the promise.
            self._write(turn)
        except RoadFailed as failed:
            # Nothing of this turn is durable, so nothing of it was done: that is what they hear who asked for it.
            for piece in work:
                if isinstance(piece, Asked):
                    piece.fails(failed)
            raise
        self.asking.durable(turn)
        if turn.outgoing:
            await self._send(turn, outlet)
        if turn.arrived:
            await inlet.commit(turn.arrived)
        await self.witnessing.tell()
        self.asking.keep_promises()

    def _write(self, turn: Turn) -> None:
        """Make a turn's notes durable. Raises RoadFailed: nothing of it was written."""
        if turn.records:
            self.log.append(turn.records, turn.objects)
        self._ahead = False

    async def _send(self, turn: Turn, outlet: Outlet) -> None:
        acks = await outlet.put(*(self.covering.over(record) for record, _ in turn.outgoing))
        proofs = Turn()
        self._ahead = True
        for ack, (_, identity) in zip(acks, turn.outgoing, strict=True):
            if identity is not None:
                self.notes.transported(proofs, identity, ack)
        self._write(proofs)

    async def _resume(self, outlet: Outlet) -> None:
        """Put again what the broker never confirmed; first fold the log, where we know less than it, or more."""
        if self._ahead:
            self._fold()
        left = self.ledger.untransported()
        undone = Turn(outgoing=[(put_again(self.log.object(one.raw)), name) for name, one in left.items()])
        # Witness traffic is in no log: what was asked over a road that failed is asked again.
        for partner in self.witnessing.waiting():
            self.counter.ask_cosignature(partner, undone)
        if undone.outgoing:
            await self._send(undone, outlet)

    def _fold(self) -> None:
        """Know what the log says, and nothing else."""
        self.ledger.forget()
        self.outbox.forget()
        last: dict[str, str] = {}
        for index, body in self.log.records():
            record = records.recall(body)
            try:
                self.ledger.apply(record)
                if record.event in (records.SENT, records.ANSWERED):
                    raw = str(record.fields["raw"])
                    last[self._addressee(record) or raw] = raw
            except (KeyError, TypeError) as error:
                raise NotProved(
                    f"record {index} in the evidence log of {self.party} does not follow from those before it",
                    expected="a log that this window wrote",
                    todo="keep the file as evidence; compare with the last checkpoint the partner cosigned",
                ) from error
        # The last number to each partner is enough: reading every message again would take minutes after a million.
        for raw in last.values():
            self.outbox.learn(self.log.object(raw))
        self._ahead = False

    def _addressee(self, record: records.Record) -> str | None:
        """To whom a record says that something left; None when it does not: an answer to what was refused unread."""
        if record.event == records.SENT:
            return str(record.fields["receiver"])
        message = self.ledger.received.get(str(record.fields["of"]))
        return None if message is None else message.sender

    # ----------------------------------------------------------------------------------------- what arrives

    def take(self, deliveries: Sequence[Delivery], turn: Turn) -> None:
        """What came together: step 1 for all of it, then each on the road of its kind, then the answers."""
        # Stage by stage and not message by message: a step costs up to a third less when it was just done before,
        # for what it needs is in the processor's caches still (benchmarks/README.md).
        for came, (delivery, opened) in [(came, self._opened(came)) for came in deliveries]:
            if isinstance(opened, Refused):
                self.refuse_unread(came, delivery, opened, turn)
                continue
            self.count(opened, delivery, turn)
            if opened.kind is Kind.RECEIPT:
                self.hear(opened, delivery, turn)
            elif opened.envelope.type in WITNESS:
                self.witness(opened, delivery, turn)
            else:
                self.serve(opened, delivery, turn)
        self._answer(turn)

    def _opened(self, came: Delivery) -> tuple[Delivery, Opened | Refused]:
        """Step 1, and the delivery as it is without its cover, as far as that came off."""
        delivery = came
        try:
            delivery = self.covering.off(came)
            opened = self.steps.verify(delivery, party=self.party, trust=self.seat.trust)
            self.covering.as_agreed(came, opened)
        except Refused as refused:
            return delivery, refused
        return delivery, opened

    def count(self, opened: Opened, delivery: Delivery, turn: Turn) -> None:
        """Note what the sender's numbering shows of what came before."""
        self.notes.numbered(turn, opened, delivery)

    def serve(self, opened: Opened, delivery: Delivery, turn: Turn) -> None:
        """A message: steps 2 to 5 and the evidence of it. Its receipt is due in this turn."""
        envelope = opened.envelope
        road = self.travel(opened)
        if road.refused is not None and road.refused.reason is REPLAYED:
            self.answer_again(opened, delivery, road.refused, turn)
            return
        self.notes.received(turn, opened, delivery)
        if road.understood is not None:
            own = turn.keep(road.understood.own)
            losses = [loss.told for loss in road.understood.losses]
            fields = {"identity": opened.identity, "own": own, "losses": losses}
            self.notes.note(turn, records.TRANSLATED, envelope.correlationid, **fields)
        if road.refused is not None:
            self._refused(opened.sealed, delivery, road.refused, turn, envelope)
        elif road.dispute is not None:
            self.notes.disputed(turn, opened.sealed, envelope.correlationid, road.dispute, by=envelope.source)
        # Step 6 is said here and sealed later: until then a batch's documents need not stay in memory.
        turn.due.append((opened, self.steps.answer(road, self.seat.clock.now())))

    def travel(self, opened: Opened) -> Road:
        """Steps 2 to 5, with what this window knows now. Changes nothing."""
        return travel(
            opened,
            self.steps,
            agreement=self.seat.agreement_with(opened.envelope.source),
            known=self.ledger,
            profiles=self.profiles,
            at=self.seat.clock.now(),
        )

    def _answer(self, turn: Turn) -> None:
        """Step 6, for all that is due: the receipts, logged and on their way."""
        for opened, said in turn.due:
            receipt = Receipt(of=opened.identity, ofid=opened.envelope.id, statements=said)
            self.tell(turn, receipt, reply_to(opened, receipt, self.outbox))
        turn.due.clear()

    def tell(self, turn: Turn, receipt: Receipt, posted: Posted) -> None:
        """Let a receipt leave with this turn, logged before."""
        self.notes.answered(turn, receipt, posted)

    def answer_again(self, opened: Opened, delivery: Delivery, refused: Refused, turn: Turn) -> None:
        """A duplicate is answered with the stored receipt, byte for byte, and has no second effect."""
        self._answer(turn)  # the first copy may have come with this one
        self._refused(opened.sealed, delivery, refused, turn, opened.envelope)
        first = self.ledger.first_answer(opened.identity, opened.sealed.raw)
        if first is None:
            raise Defect(f"{self.party} received {opened.identity} and holds no receipt for it")
        turn.outgoing.append((put_again(self.notes.bytes_of(first, turn)), None))

    def refuse_unread(self, came: Delivery, delivery: Delivery, refused: Refused, turn: Turn) -> None:
        """What did not pass step 1: put aside, logged, and answered with a signed negative receipt.

        A second copy is answered with the first one's receipt, as any duplicate: a turn cut off may have kept it back.
        """
        self._answer(turn)  # what it is a spoilt copy of may have come with it, and is answered first
        sealed = Sealed(delivery.value)
        sender = topics.sender_of(delivery.topic, self.seat.agreements)
        first = self.ledger.first_answer(sealed.identity, sealed.raw)
        self._refused(sealed, delivery, refused, turn, None)
        # Aside as it came: what was covered on the wire stays covered there.
        aside = Record(topics.quarantine(self.party), came.key, came.value, came.headers)
        turn.outgoing.append((aside, None))
        # No receipt for a receipt, or two windows that cannot read each other would answer each other for ever.
        if sender is None or claims_receipt(came.value) or claims_receipt(delivery.value):
            return
        if first is not None:
            turn.outgoing.append((put_again(self.notes.bytes_of(first, turn)), None))
            return
        said = self.steps.answer(Road(refused=refused), self.seat.clock.now())
        receipt = Receipt(of=sealed.identity, ofid=None, statements=said)
        # The key is a hint only, but it is whoever sent this who gets the answer, and finds it in that transaction.
        told = delivery.key.decode("latin-1")
        about = told if WORD.fullmatch(told) else f"refused-{sealed.identity[:16]}"
        self.tell(turn, receipt, self.outbox.receipt(receipt, to=sender, subject=about, correlation=about))

    # -------------------------------------------------------------------------------------- receipts arriving

    def hear(self, opened: Opened, delivery: Delivery, turn: Turn) -> None:
        """A receipt: take it in, or keep it when it came before what it follows."""
        envelope = opened.envelope
        try:
            self._borne(opened)
            receipt = receipts.parse(envelope.data)
            if self.ledger.has_receipt(opened.identity):
                raise Refused(REPLAYED, f"receipt {envelope.id} was heard before")
            asked = self.ledger.sent.get(receipt.of)
            if asked is not None:
                answers_what_was_asked(envelope, receipt, asked, party=self.party)
        except Refused as refused:
            # No receipt for a receipt, or two windows would answer each other for ever.
            self._refused(opened.sealed, delivery, refused, turn, envelope)
            return
        raw = turn.keep(opened.sealed.token)
        waits_for = self.waits_for(receipt)
        if waits_for is not None:
            fields = {"identity": opened.identity, "raw": raw, "waits_for": waits_for, "sender": envelope.source}
            numbered = {"sequence": envelope.sequence, **place(delivery)}
            self.notes.note(turn, records.KEPT, envelope.correlationid, **fields, **numbered)
            return
        self._heard(Kept(opened.identity, raw, place(delivery)), envelope, receipt, turn)
        self._match(opened.identity, turn)

    def waits_for(self, receipt: Receipt) -> str | None:
        """What a receipt must not overtake: the message it is about, and the receipt it follows."""
        if receipt.of not in self.ledger.sent:
            return receipt.of
        if receipt.after is not None and receipt.after not in self.ledger.heard:
            return receipt.after
        return None

    def _match(self, arrived: str, turn: Turn) -> None:
        """What waited for `arrived` can be taken in now; and what waited for that, in turn."""
        # A loop: a partner decides how many receipts follow each other, and must not decide how deep we call.
        due = [arrived]
        while due:
            came = due.pop()
            for kept in self.ledger.kept.get(came, ()):
                envelope = own_envelope(self.notes.bytes_of(kept.raw, turn))
                receipt = receipts.parse(envelope.data)
                self.notes.note(turn, records.MATCHED, envelope.correlationid, identity=kept.identity, waits_for=came)
                self._heard(kept, envelope, receipt, turn)
                due.append(kept.identity)

    def _heard(self, came: Kept, envelope: Envelope, receipt: Receipt, turn: Turn) -> None:
        fields: dict[str, object] = {
            "identity": came.identity,
            "raw": came.raw,
            "of": receipt.of,
            "sender": envelope.source,
        }
        fields |= {"sequence": envelope.sequence, **came.place}
        said = self.heard_as(receipt)
        self.notes.note(turn, records.ACKNOWLEDGED, envelope.correlationid, **fields, statements=said)

    def heard_as(self, receipt: Receipt) -> list[dict[str, str | None]]:
        """What this window writes down of a receipt: exactly what it says."""
        return short(receipt)

    # ------------------------------------------------------------------------------------------- witnessing

    def witness(self, opened: Opened, delivery: Delivery, turn: Turn) -> None:
        """The partner's checkpoint to cosign, or its cosignature of ours to store."""
        try:
            self._borne(opened)
            if opened.envelope.type == Type.CHECKPOINT:
                answer = self.witnessing.cosign(opened)
            else:
                answer = self.witnessing.store(opened)
            if answer is not None:
                turn.post(self.outbox.post(answer))
        except Refused as refused:
            self._refused(opened.sealed, delivery, refused, turn, opened.envelope)

    def _request_cosignatures(self, turn: Turn) -> None:
        """As often as the agreement says, ask each partner to cosign what is durable already."""
        for partner, agreement in self.seat.agreements.items():
            if self.log.size - self.witnessing.asked(partner) >= agreement.witnessing.every_records:
                self.counter.ask_cosignature(partner, turn)

    def _borne(self, opened: Opened) -> None:
        """Raises Refused when the agreement with its sender does not bear a receipt or witness traffic."""
        envelope = opened.envelope
        agreement = self.seat.agreement_with(envelope.source)
        agreement.bears(named=envelope.corridor, algorithm=opened.algorithm, at=envelope.time)

    def learn(self, published: bytes, turn: Turn) -> None:
        """What a country published, in force for all that is taken up from now on. Raises Refused, BadInput."""
        gazette.take(self.seat, self.notes, published, turn)

    def gives_out(self) -> tuple[bytes, ...]:
        """The records of the evidence log, as this party gives them out to who may ask."""
        return tuple(body for _, body in self.log.records())

    def hands_over(self) -> tuple[bytes, ...]:
        """The signed tokens behind what crossed encrypted, as this party hands them to an arbiter, who gets no key."""
        return tokens_under_cover(self.seat, self.log)

    def _refused(
        self, sealed: Sealed, delivery: Delivery, refused: Refused, turn: Turn, envelope: Envelope | None
    ) -> None:
        self._tell.info("refused", reason=refused.reason.name, found=refused.found, clause=refused.clause)
        self.notes.refused(turn, sealed, delivery, refused, envelope)


def answers_what_was_asked(envelope: Envelope, receipt: Receipt, asked: Outgoing, *, party: str) -> None:
    """Raises Refused: another party answers than was asked, or it answers in another transaction.

    What was not even opened was refused under the key it came with, which anybody may choose: any transaction will do.
    """
    if asked.topic != topics.inbox(envelope.source, party):
        raise Refused(WRONG_RECEIVER, f"{envelope.source} answers {receipt.of}, which went to {asked.topic}")
    unread = receipt.statements[0].level is Level.TECHNICAL and receipt.negative
    if not unread and envelope.correlationid != asked.correlation:
        found = (
            f"{envelope.source} answers {receipt.of} in transaction {envelope.correlationid}, not {asked.correlation}"
        )
        raise Refused(NOT_AN_ENVELOPE, found)
