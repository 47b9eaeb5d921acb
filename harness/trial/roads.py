"""The road of chosen parties to the broker, as a script speaks of it: cut, healed, each written down as it happens.

The parties' windows are not touched: they come to the broker by a detour that is ours (`harness.brokers.detour`). Only
a broker of our own has one, because its own address, told to clients, must lead through it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from harness.brokers.detour import Cut, Detour
from harness.errors import BadInput
from harness.exchange import topics
from harness.exchange.bus import Bus, Guarded
from harness.trial.buses import Fallible, Roundabout
from harness.trial.history import Scribe, What


class Road:
    """The one road of some parties."""

    def __init__(self, parties: Sequence[str], detour: Detour, scribe: Scribe) -> None:
        self.parties = tuple(parties)
        self._detour = detour
        self._scribe = scribe

    @property
    def address(self) -> str:
        """Where these parties come to the broker."""
        return self._detour.address

    def is_cut(self) -> None:
        """Every connection is reset, and none comes through."""
        self._becomes(Cut.RESET, "cuts the road of {}: every connection is reset")

    def falls_silent(self) -> None:
        """Nothing gets through, and nobody is told."""
        self._becomes(Cut.SILENT, "silences the road of {}: nothing gets through, and nobody is told")

    def loses_answers(self) -> None:
        """The broker hears them, and they do not hear the broker."""
        self._becomes(Cut.DEAF, "swallows what the broker answers to {}")

    def heals(self) -> None:
        """The road bears again; what was connected meanwhile has to come anew."""
        self._scribe.write(What.STEP, who="stage", text=f"heals the road of {' and '.join(self.parties)}")
        self._detour.heal()

    def _becomes(self, cut: Cut, act: str) -> None:
        self._scribe.write(What.STEP, who="stage", text=act.format(" and ".join(self.parties)))
        self._scribe.write(What.CUT, parties=list(self.parties), how=cut.value)
        self._detour.cut(cut)


@asynccontextmanager
async def by_detour(
    parties: Sequence[str], broker: Fallible | None, bus: Bus, scribe: Scribe
) -> AsyncIterator[Road | None]:
    """Have these parties come to the broker by a detour of their own while the block lasts; none for no parties."""
    if not parties:
        yield None
        return
    if not isinstance(broker, Roundabout) or not isinstance(bus, Guarded):
        raise BadInput(
            "this bus has no detour", expected="a broker of our own", todo="play it with --bus local or --bus container"
        )
    port, target = broker.detour
    async with Detour(port, target) as detour:
        for party in parties:
            bus.comes_by(topics.principal(party), detour.address)
        yield Road(parties, detour, scribe)
