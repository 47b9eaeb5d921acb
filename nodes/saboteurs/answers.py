"""Windows whose receipts say what is not so or nothing at all, or that do not hear what they are told."""

from __future__ import annotations

from datetime import datetime

from harness.documents.model import Finding
from harness.exchange import reasons
from harness.exchange.bus import Delivery
from harness.exchange.reasons import Refused
from harness.exchange.receipt import Level, Receipt, Statement, Status
from harness.exchange.seal import Opened
from nodes.outbox import Posted
from nodes.steps import Road, Steps, Understood
from nodes.turn import Turn, short
from nodes.window import Window

# -------------------------------------------------------------------------------------------------------- said falsely


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


# ------------------------------------------------------------------------------------------------------------ not said


class KeepsUseToItself(Window):
    """Logs what customs used, and does not tell the issuer."""

    def tell(self, turn: Turn, receipt: Receipt, posted: Posted) -> None:
        """Tell the first answer only."""
        if receipt.after is None:
            super().tell(turn, receipt, posted)


class AnswersOffTheRecord(Window):
    """Answers without writing the answer into its log, so that it can deny it."""

    def tell(self, turn: Turn, receipt: Receipt, posted: Posted) -> None:  # noqa: ARG002 - that it does not note it
        """Answer, and note nothing."""
        turn.post(posted)


class NeverAnswers(Window):
    """Takes messages in, logs them, and says nothing."""

    def tell(self, turn: Turn, receipt: Receipt, posted: Posted) -> None:
        """Say nothing."""


# ----------------------------------------------------------------------------------------------------------- not heard


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
