"""Windows and operators that take the road amiss: impatience, poison, floods, rights for everybody."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from harness.errors import Defect
from harness.exchange.bus import EVERYBODY, Delivery, Doorway, Outlet, TopicRights
from harness.exchange.envelope import Envelope, Type
from harness.exchange.reasons import Refused
from harness.exchange.seat import Seat
from nodes.outbox import Draft, own_envelope
from nodes.turn import Turn
from nodes.window import Window

# ------------------------------------------------------------------------------------------------------------- windows


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


# --------------------------------------------------------------------------------------------- operators of the broker


def everybody_reads(rights: tuple[TopicRights, ...]) -> tuple[TopicRights, ...]:
    """Lets everybody read every topic, and with every group: it saved an argument once."""
    return tuple(replace(right, reader=EVERYBODY) for right in rights)


def nobody_is_asked(_roots: tuple[bytes, ...]) -> Doorway:
    """Lets in who shows no certificate: somebody had left theirs at home."""
    return Doorway(asks=False)


def any_authority_will_do(roots: tuple[bytes, ...]) -> Doorway:
    """Takes a certificate of every country's authority at the door: they are believed about documents, after all."""
    return Doorway(roots=roots)


def nobody_waits(rights: tuple[TopicRights, ...]) -> tuple[TopicRights, ...]:
    """Holds nobody to a rate that anybody could notice: whoever pays for the line may use it."""
    return tuple(replace(right, bytes_per_second=1 << 30) for right in rights)


def everybody_writes(rights: tuple[TopicRights, ...]) -> tuple[TopicRights, ...]:
    """Lets everybody write every topic."""
    return tuple(replace(right, writer=EVERYBODY) for right in rights)
