"""The outbox: makes messages and receipts, numbers them, and puts them on the topic once, even when put twice.

Nothing is put before it stands in the log (`Window` sees to that), and what the log holds without the broker's
acknowledgement is put again after a restart: the receiver answers a second copy with its first receipt.
No retry here: a second retry beside the restart's would only make more copies.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import ValidationError

from certs import jws
from harness.errors import BadInput, first_wrong
from harness.exchange import topics
from harness.exchange.bus import LARGEST_RECORD, Record
from harness.exchange.cover import covered_size
from harness.exchange.envelope import WITNESS, Envelope, Type, label, parse
from harness.exchange.receipt import Receipt
from harness.exchange.seal import Opened, Sealed, seal
from harness.exchange.seat import Seat

LARGEST: Final = LARGEST_RECORD - 1024
"""Octets of the largest record we put: a real broker counts its own framing too."""

RECEIPT_LIFE = timedelta(days=30)
"""How long a receipt may travel: it never expires within a rehearsal."""


@dataclass(frozen=True, slots=True)
class Posted:
    """One sealed envelope, ready for its topic."""

    envelope: Envelope
    sealed: Sealed
    record: Record
    """What the bus takes: the consignment's reference is the key, so its messages keep their order."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What differs from message to message."""

    type: Type
    to: str
    subject: str
    correlation: str
    expires: datetime
    media_type: str = "application/json"
    causation: str | None = None
    doctype: str | None = None
    function: str | None = None
    data: Any = None  # Any: a JSON object of the types in `Envelope.data`
    data_base64: str | None = None


class Outbox:
    """One party's outgoing side. Owned by its window."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._numbers: dict[str, int] = {}

    def forget(self) -> None:
        """Know no numbers, to be told them anew."""
        self._numbers.clear()

    def learn(self, token: bytes) -> None:
        """Go on numbering after `token`, one of our own from the log."""
        envelope = own_envelope(token)
        self._numbers[envelope.topic] = max(self._numbers.get(envelope.topic, 0), envelope.sequence)

    def post(self, draft: Draft) -> Posted:
        """Fill in who, where, when and which number, and seal it.

        Raises:
            BadInput: an attribute does not fit an envelope, or sealed it is larger than a topic takes; no number is
                used up.
        """
        seat = self._seat
        topic = topics.inbox(draft.to, seat.party)
        # Witness traffic is not in the log, so a restart could not go on counting it: it repeats the last number.
        counted = draft.type not in WITNESS
        number = self._numbers.get(topic, 0) + (1 if counted else 0)
        nonce = seat.chance.token(f"{seat.party}/nonce")
        try:
            envelope = Envelope(
                id=f"{seat.party.lower()}-{seat.chance.token(f'{seat.party}/id', count=8)}",
                source=seat.party,
                type=draft.type.value,
                subject=label(draft.subject),
                time=seat.clock.now(),
                datacontenttype=draft.media_type,
                receiver=draft.to,
                topic=topic,
                corridor=seat.agreement_with(draft.to).id,
                correlationid=draft.correlation,
                causationid=draft.causation,
                expirytime=draft.expires,
                sequence=number,
                nonce=nonce,
                doctype=draft.doctype,
                function=draft.function,
                data=draft.data,
                data_base64=draft.data_base64,
            )
        except ValidationError as error:
            raise BadInput(
                f"{draft.subject[:60]!r} cannot be sent: {first_wrong(error, 'envelope')}",
                expected="attributes as docs/wire.md, section 2, has them",
                todo="correct the document's reference or type, and lodge it again",
            ) from error
        sealed = seal(envelope, seat.identity)
        record = record_of(envelope, sealed)
        size = record.size
        if seat.agreement_with(draft.to).encrypts:
            size = covered_size(size)
        if size > LARGEST:
            raise BadInput(
                f"{draft.subject} takes {size} octets once it is sealed",
                expected=f"at most {LARGEST}; sealing adds about 80 per cent",
                todo="send the document in parts",
            )
        self._numbers[topic] = number
        return Posted(envelope, sealed, record)

    def receipt(self, receipt: Receipt, *, to: str, subject: str, correlation: str) -> Posted:
        """Seal a receipt to `to`."""
        return self.post(
            Draft(
                type=Type.RECEIPT,
                to=to,
                subject=subject,
                correlation=correlation,
                expires=self._seat.clock.now() + RECEIPT_LIFE,
                causation=receipt.ofid,
                data=receipt.said(),
            )
        )


def record_of(envelope: Envelope, sealed: Sealed) -> Record:
    """A sealed envelope as the bus takes it."""
    return Record(envelope.topic, envelope.correlationid.encode(), sealed.token, envelope.hints())


def put_again(token: bytes) -> Record:
    """A token out of our own log, to be put once more exactly as it is."""
    return record_of(own_envelope(token), Sealed(token))


def reply_to(opened: Opened, receipt: Receipt, outbox: Outbox) -> Posted:
    """The receipt that answers an opened message."""
    envelope = opened.envelope
    return outbox.receipt(receipt, to=envelope.source, subject=envelope.subject, correlation=envelope.correlationid)


def own_envelope(token: bytes) -> Envelope:
    """The envelope in a token out of our own log, which was checked before it was logged."""
    return parse(jws.read(token).payload)
