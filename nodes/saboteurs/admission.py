"""Windows that let in what should have stayed outside: step 1 or 2 passes over one thing, all else is honest.

What a seal is worth: nodes.saboteurs.seals.  How it is spelt: nodes.saboteurs.spelling.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from certs import jws
from certs.trust import Recognised, TrustStore
from harness.exchange import reasons
from harness.exchange.agreement import Agreement
from harness.exchange.bus import Delivery
from harness.exchange.envelope import parse
from harness.exchange.reasons import Refused
from harness.exchange.seal import Opened, Sealed, kind_of, unseal
from harness.exchange.seat import Seat
from nodes.steps import Known, Steps
from nodes.window import Window

# ---------------------------------------------------------------------------------------------------------- whose seal


class _GoesByTheSeal(Steps):
    """Where an honest window refuses for `passes_over`, goes by the certificate and the signature alone."""

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
        signer = trust.validate(token.certificate, at=delivery.at)
        envelope = parse(self.signed(token, signer))
        return Opened(Sealed(delivery.value), kind_of(envelope), envelope, signer, token.alg)

    def signed(self, token: jws.Token, signer: Recognised) -> bytes:
        return jws.check(token, signer.certificate, typ=token.typ)


class _TrustsAnySeal(_GoesByTheSeal):
    passes_over = reasons.BROKEN_SEAL

    def signed(self, token: jws.Token, signer: Recognised) -> bytes:  # noqa: ARG002 - that it does not ask is its fault
        return token.payload


class TrustsAnySeal(Window):
    """Checks whose certificate it is, and not whether the signature fits the bytes."""

    steps = _TrustsAnySeal()


class _AnySignerWillDo(_GoesByTheSeal):
    passes_over = reasons.SIGNER_IS_NOT_SENDER


class AnySignerWillDo(Window):
    """Takes a good signature of any recognised country for the sender's."""

    steps = _AnySignerWillDo()


class _AnyKind(_GoesByTheSeal):
    passes_over = reasons.WRONG_KIND


class OverlooksKinds(Window):
    """Does not ask as what a thing was signed, and takes it for what it says inside."""

    steps = _AnyKind()


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


# ------------------------------------------------------------------------------------------------- which message it is


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


class _ByEveryByte(Steps):
    def __init__(self) -> None:
        self.came: set[str] = set()

    def admit(self, opened: Opened, *, agreement: Agreement, known: Known, at: datetime) -> None:
        raw = opened.sealed.raw
        try:
            super().admit(opened, agreement=agreement, known=_Raw(known, raw in self.came), at=at)
        finally:
            self.came.add(raw)


@dataclass(frozen=True)
class _Raw:
    """A ledger that calls a message seen when these very bytes came before."""

    known: Known
    came: bool

    def seen(self, _identity: str, /) -> bool:
        return self.came

    def under_id(self, sender: str, message_id: str, /) -> str | None:
        return self.known.under_id(sender, message_id)


class IdentifiesByEveryByte(Window):
    """Knows a message by all of its bytes, the signature's among them, and so takes its twin for a second content."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.steps = _ByEveryByte()


# ----------------------------------------------------------------------------------------------------- what was agreed


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
