"""Windows that break one promise each, on purpose: the proof that a check can fail.

Each names the promise it breaks; the scenario that seats it names the check that must catch it, and
tests/saboteurs holds both to it. Each is as small a departure from the honest window as its fault allows.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from certs import jwe, jws
from certs.identity import bearer
from certs.trust import Recognised, TrustStore
from harness.documents.model import Finding
from harness.errors import Defect
from harness.evidence import records
from harness.exchange import reasons
from harness.exchange.agreement import Agreement
from harness.exchange.bus import EVERYBODY, Delivery, Outlet, Record, TopicRights
from harness.exchange.cover import claims_receipt
from harness.exchange.envelope import Envelope, Type, parse
from harness.exchange.reasons import Refused
from harness.exchange.receipt import Level, Receipt, Statement, Status
from harness.exchange.seal import Kind, Opened, Sealed, unseal
from harness.exchange.seat import Seat
from nodes.covering import Covering
from nodes.outbox import Draft, Posted, own_envelope
from nodes.steps import Known, Road, Steps, Understood
from nodes.turn import Turn, short
from nodes.window import Window

# ---------------------------------------------------------------------------- steps that look away


class _TrustsAnySeal(Steps):
    def verify(self, delivery: Delivery, *, party: str, trust: TrustStore) -> Opened:
        try:
            return super().verify(delivery, party=party, trust=trust)
        except Refused as refused:
            if refused.reason is not reasons.BROKEN_SEAL:
                raise
        token = jws.read(delivery.value)
        if token.certificate is None:
            raise Refused(reasons.UNKNOWN_SIGNER, "no certificate")
        signer = trust.validate(token.certificate, at=delivery.at)
        return Opened(Sealed(delivery.value), Kind(token.typ), parse(token.payload), signer, token.alg)


class TrustsAnySeal(Window):
    """Checks whose certificate it is, and not whether the signature fits the bytes."""

    steps = _TrustsAnySeal()


class _AnySignerWillDo(Steps):
    def verify(self, delivery: Delivery, *, party: str, trust: TrustStore) -> Opened:
        try:
            return super().verify(delivery, party=party, trust=trust)
        except Refused as refused:
            if refused.reason is not reasons.SIGNER_IS_NOT_SENDER:
                raise
        token = jws.read(delivery.value)
        if token.certificate is None:
            raise Refused(reasons.UNKNOWN_SIGNER, "no certificate")
        signer = trust.validate(token.certificate, at=delivery.at)
        octets = jws.check(token, signer.certificate, typ=token.typ)
        return Opened(Sealed(delivery.value), Kind(token.typ), parse(octets), signer, token.alg)


class AnySignerWillDo(Window):
    """Takes a good signature of any recognised country for the sender's."""

    steps = _AnySignerWillDo()


class _LooksAway(Steps):
    """Verifies the seal, and passes over one further reason."""

    passes_over: reasons.Reason

    def verify(self, delivery: Delivery, *, party: str, trust: TrustStore) -> Opened:
        try:
            return super().verify(delivery, party=party, trust=trust)
        except Refused as refused:
            if refused.reason is not self.passes_over:
                raise
        return unseal(Sealed(delivery.value), trust=trust, at=delivery.at)


class _AnyTopic(_LooksAway):
    passes_over = reasons.WRONG_TOPIC


class ReadsAnyTopic(Window):
    """Does not compare the topic a message came on with the one it was signed for."""

    steps = _AnyTopic()


class _AnyHeader(_LooksAway):
    passes_over = reasons.HEADER_CONTRADICTS


class OverlooksHeaders(Window):
    """Does not compare the headers with the signed body."""

    steps = _AnyHeader()


class _NoMemory(Steps):
    def admit(
        self,
        opened: Opened,
        *,
        agreement: Agreement,
        known: Known,  # noqa: ARG002 - that it does not ask is its fault
        at: datetime,
    ) -> None:
        super().admit(opened, agreement=agreement, known=_Nothing(), at=at)


class _Nothing:
    """A ledger that knows nothing."""

    def seen(self, _identity: str, /) -> bool:
        return False

    def under_id(self, _sender: str, _message_id: str, /) -> str | None:
        return None


class ForgetsWhatItSaw(Window):
    """Takes every copy of a message for a new one, and every content under an id for the first."""

    steps = _NoMemory()


class _NoAgreement(Steps):
    def admit(self, opened: Opened, *, agreement: Agreement, known: Known, at: datetime) -> None:
        try:
            super().admit(opened, agreement=agreement, known=known, at=at)
        except Refused as refused:
            if refused.reason not in (reasons.NOT_COVERED, reasons.EXPIRY_NOT_AGREED):
                raise


class IgnoresTheAgreement(Window):
    """Works on documents that the agreement does not cover, or not for as long as they ask for."""

    steps = _NoAgreement()


class _AnyAlgorithm(Steps):
    def admit(self, opened: Opened, *, agreement: Agreement, known: Known, at: datetime) -> None:
        super().admit(replace(opened, algorithm=agreement.algorithms[0]), agreement=agreement, known=known, at=at)


class TakesAnyAlgorithm(Window):
    """Takes a good signature for enough, whatever algorithm the agreement asks for."""

    steps = _AnyAlgorithm()


class _AlwaysDelivered(Steps):
    def answer(self, road: Road, at: datetime) -> tuple[Statement, ...]:
        said = super().answer(road, at)
        if said[-1].status is Status.NOT_READABLE:
            return (*said[:-1], Statement(level=Level.DELIVERY, status=Status.DELIVERED, at=at))
        return said


class AlwaysDelivered(Window):
    """States "delivered" about documents that it could not read."""

    steps = _AlwaysDelivered()


class _OneWordForAll(Steps):
    def answer(self, road: Road, at: datetime) -> tuple[Statement, ...]:
        said = super().answer(road, at)
        return (said[0], said[-1]) if len(said) > 2 else said


class MergesLevels(Window):
    """States the first level and the last, and leaves those between to be guessed."""

    steps = _OneWordForAll()


class _NoRules(Steps):
    def validate(self, understood: Understood) -> tuple[Finding, ...]:
        try:
            return super().validate(understood)
        except Refused:
            return ()


class AcceptsWhatBreaksRules(Window):
    """Accepts a document in which it found errors."""

    steps = _NoRules()


# --------------------------------------------------------------------- windows that keep bad books


class RewritesOriginals(Window):
    """Keeps a tidied copy of a document as if it were the original."""

    def serve(self, opened: Opened, delivery: Delivery, turn: Turn) -> None:
        """Serve the message, then swap what was kept."""
        super().serve(opened, delivery, turn)
        for at, body in enumerate(turn.records):
            record = records.read(body)
            if record.event == records.RECEIVED and record.digest("payload") is not None:
                tidied = turn.objects[record.digest("payload") or ""].strip() + b"\n\n"
                fields = {**record.fields, "payload": turn.keep(tidied)}
                turn.records[at] = records.record(
                    record.event, record.party, record.at, correlation=record.correlation, **fields
                )


class KeepsUseToItself(Window):
    """Logs what customs used, and does not tell the issuer."""

    def tell(self, turn: Turn, receipt: Receipt, posted: Posted) -> None:
        """Tell the first answer only."""
        if receipt.after is None:
            super().tell(turn, receipt, posted)


class DropsEarlyReceipts(Window):
    """Refuses a receipt that came before what it follows, as if it were a forgery."""

    def hear(self, opened: Opened, delivery: Delivery, turn: Turn) -> None:
        """Refuse what would have to be kept."""
        receipt = Receipt.model_validate(opened.envelope.data)
        if self.waits_for(receipt) is None:
            super().hear(opened, delivery, turn)
            return
        refused = Refused(reasons.NOT_AN_ENVELOPE, "a receipt about nothing we know")
        self.notes.refused(turn, opened.sealed, delivery, refused, opened.envelope)


class AnswersOffTheRecord(Window):
    """Answers without writing the answer into its log, so that it can deny it."""

    def tell(self, turn: Turn, receipt: Receipt, posted: Posted) -> None:  # noqa: ARG002 - that it does not note it
        """Answer, and note nothing."""
        turn.post(posted)


class NeverAnswers(Window):
    """Takes messages in, logs them, and says nothing."""

    def tell(self, turn: Turn, receipt: Receipt, posted: Posted) -> None:
        """Say nothing."""


class MishearsAnswers(Window):
    """Takes any receipt that reached level 2 for a delivery: the substring test of a real system."""

    def heard_as(self, receipt: Receipt) -> list[dict[str, str | None]]:
        """Note a delivery wherever there is something on level 2."""
        told = short(receipt)
        for one in told:
            if one["level"] == Level.DELIVERY.value:
                one.update(status=Status.DELIVERED.value, reason=None)
        return told


class LosesReceipts(Window):
    """Hears receipts and does not write them down, so that it can say it never got an answer."""

    def hear(self, opened: Opened, delivery: Delivery, turn: Turn) -> None:
        """Look away."""


class DoesNotCount(Window):
    """Does not look at the numbers that its partner signs, and so misses nothing."""

    def count(self, opened: Opened, delivery: Delivery, turn: Turn) -> None:
        """Notice nothing."""


class NeverWitnesses(Window):
    """Cosigns nobody's log, so that nobody's log is bound to anything."""

    def witness(self, opened: Opened, delivery: Delivery, turn: Turn) -> None:
        """Store what the partner cosigned, and give nothing in return."""
        if opened.envelope.type != Type.CHECKPOINT:
            super().witness(opened, delivery, turn)


class RewritesItsLog(Window):
    """Gives out a log in which one record was changed after its root was signed."""

    def gives_out(self) -> tuple[bytes, ...]:
        """Give out the log with another first record."""
        given = list(super().gives_out())
        told = json.loads(given[0])
        told["at"] = "2000-01-01T00:00:00.000Z"
        given[0] = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        return tuple(given)


class CutsItsLog(Window):
    """Gives out a log without its last records."""

    def gives_out(self) -> tuple[bytes, ...]:
        """Give out all but the last two records."""
        given = super().gives_out()
        return given[: len(given) - 2]


class ServesTheLoudest(Window):
    """Works off one inbox to its end before it turns to another, the one from which most comes; it has no end."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self._came: Counter[str] = Counter()

    def take(self, deliveries: Sequence[Delivery], turn: Turn) -> None:
        """Take what comes from the loudest, and lay the rest by."""
        self._came.update(came.topic for came in deliveries)
        loudest = max(self._came, key=lambda topic: self._came[topic])
        super().take([came for came in deliveries if came.topic == loudest], turn)


# --------------------------------------------------------------- windows that lose patience with the road


class WritesItAgain(Window):
    """Takes silence for loss: what the broker does not confirm at once it signs again, under a new id and number."""

    async def _send(self, turn: Turn, outlet: Outlet) -> None:
        """Send, and write whatever is not confirmed soon a second time."""
        sending = asyncio.ensure_future(super()._send(turn, outlet))
        await asyncio.wait([sending], timeout=0.05)
        again = Turn()
        if not sending.done():
            for record, identity in turn.outgoing:
                if identity in self.ledger.sent:
                    self._write_again(own_envelope(record.value), again)
        await sending
        self._write(again)
        await super()._send(again, outlet)

    def _write_again(self, envelope: Envelope, again: Turn) -> None:
        said = {name: getattr(envelope, name) for name in ("subject", "doctype", "function", "data", "data_base64")}
        draft = Draft(
            type=Type(envelope.type),
            to=envelope.receiver,
            correlation=envelope.correlationid,
            expires=envelope.expirytime,
            media_type=envelope.datacontenttype,
            **said,
        )
        self.notes.sent(again, self.outbox.post(draft), payload=again.keep(envelope.payload), deadline=None)


# ------------------------------------------------------------------- windows that one bad record stops


class StallsOnPoison(Window):
    """Waits for a record that it can read, and until then for nothing else: what stands behind waits with it."""

    _stalls = False

    def take(self, deliveries: Sequence[Delivery], turn: Turn) -> None:
        """Take what comes before the first record that cannot be opened, and nothing after it."""
        for came in deliveries:
            self._stalls = self._stalls or isinstance(self._opened(came)[1], Refused)
            if not self._stalls:
                super().take((came,), turn)


class FallsOverPoison(Window):
    """Believes that whatever comes can be opened, and has no answer when it cannot."""

    def refuse_unread(self, _came: Delivery, _delivery: Delivery, refused: Refused, _turn: Turn) -> None:
        """Fall."""
        raise Defect(f"{self.party} was never to see this: {refused.found}")


# ------------------------------------------------------------------------ windows that keep no secret


class _Bare(Covering):
    def over(self, record: Record) -> Record:
        return record


class SendsPlain(Window):
    """Encrypts nothing, whatever was agreed."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.covering = _Bare(seat)


class _BareReceipts(Covering):
    def over(self, record: Record) -> Record:
        return record if claims_receipt(record.value) else super().over(record)


class AnswersPlain(Window):
    """Encrypts documents and takes receipts for harmless."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.covering = _BareReceipts(seat)


class _Labelled(Covering):
    def over(self, record: Record) -> Record:
        after = super().over(record)
        if after is record:
            return record
        label = own_envelope(record.value).subject.encode()
        return replace(after, headers=(*after.headers, ("ce_subject", base64.b64encode(label))))


class LeaksInHeaders(Window):
    """Encrypts, and labels the outside with the document's reference, so that support can find it."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.covering = _Labelled(seat)


class _AnyCover(Covering):
    def as_agreed(self, came: Delivery, opened: Opened) -> None:
        """Whatever came will do."""


class TakesPlain(Window):
    """Works on what comes in plain, though encryption was agreed."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.covering = _AnyCover(seat)


class _AnyProfile(Covering):
    def off(self, delivery: Delivery) -> Delivery:
        try:
            return super().off(delivery)
        except Refused as refused:
            if refused.reason is not reasons.ENCRYPTION_NOT_AGREED:
                raise
        closed = jwe.read(delivery.value)
        return replace(delivery, value=jwe.decrypt(closed, self._seat.openers[closed.profile]))


class OpensAnyProfile(Window):
    """Opens whatever it has a key for, be it the weaker of two profiles: encrypted is encrypted."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.covering = _AnyProfile(seat)


class _NoReasons(Covering):
    def off(self, delivery: Delivery) -> Delivery:
        try:
            return super().off(delivery)
        except Refused as refused:
            raise Refused(reasons.NOT_A_TOKEN, "could not be opened") from refused


class NamesNoFault(Window):
    """Says of whatever it cannot open that it is no token, so that nobody learns what was done to it."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.covering = _NoReasons(seat)


# ------------------------------------------------------------------------- operators of the broker


def nobody_waits(rights: tuple[TopicRights, ...]) -> tuple[TopicRights, ...]:
    """Holds nobody to a rate that anybody could notice: whoever pays for the line may use it."""
    return tuple(replace(right, bytes_per_second=1 << 30) for right in rights)


def everybody_reads(rights: tuple[TopicRights, ...]) -> tuple[TopicRights, ...]:
    """Lets everybody read every topic, and with every group: it saved an argument once."""
    return tuple(replace(right, reader=EVERYBODY) for right in rights)


def everybody_writes(rights: tuple[TopicRights, ...]) -> tuple[TopicRights, ...]:
    """Lets everybody write every topic."""
    return tuple(replace(right, writer=EVERYBODY) for right in rights)


# ------------------------------------------------------------------- a path that leads elsewhere than agreed


class _TakesItsWord(Steps):
    """Checks the signature, and takes from the certificate itself whose it is, where one reason speaks against it."""

    passes_over: reasons.Reason

    def verify(self, delivery: Delivery, *, party: str, trust: TrustStore) -> Opened:
        try:
            return super().verify(delivery, party=party, trust=trust)
        except Refused as refused:
            if refused.reason is not self.passes_over:
                raise
        token = jws.read(delivery.value)
        if token.certificate is None:
            raise Refused(reasons.UNKNOWN_SIGNER, "no certificate")
        country, named = bearer(token.certificate)
        octets = jws.check(token, token.certificate, typ=token.typ)
        signer = Recognised(country, named, token.certificate, "")
        return Opened(Sealed(delivery.value), Kind(token.typ), parse(octets), signer, token.alg)


class _AnyPolicy(_TakesItsWord):
    passes_over = reasons.POLICY_NOT_MAPPED


class TakesAnyPolicy(Window):
    """Does not ask at which level a certificate was issued."""

    steps = _AnyPolicy()


class _AnyName(_TakesItsWord):
    passes_over = reasons.OUTSIDE_ITS_NAMES


class TakesAnyName(Window):
    """Does not ask whose names an authority may vouch for."""

    steps = _AnyName()
