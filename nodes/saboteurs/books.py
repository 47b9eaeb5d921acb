"""Windows that keep bad books: originals, numbers, witnesses and logs that are not what they should be."""

from __future__ import annotations

import json

from harness.evidence import records
from harness.exchange.bus import Delivery
from harness.exchange.envelope import Type
from harness.exchange.seal import Opened
from nodes.turn import Turn
from nodes.window import Window


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
