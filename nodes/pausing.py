"""Windows that can be made to pause, and to go on, by a mark in their own folder.

What is slow is the window alone: its connections live on, so the broker sees a reader that is there and takes nothing.
Nothing of this is in `Window` itself.

    turn      before it takes up what has come: what comes meanwhile waits with the broker
    commit    all is logged and answered, and its place in the inbox is not moved yet; in a turn that began under the
              mark, for who hears an answer hears it before the turn that gave it has ended
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from harness.exchange.bus import Delivery, Inlet, Outlet
from nodes.asking import Work
from nodes.saboteurs import ForgetsWhatItSaw
from nodes.turn import Turn
from nodes.window import Window

MARK: Final = "pauses-at"
"""The file that names the moment; the window goes on once it is gone."""

_LOOK: Final = 0.02  # seconds


class Pausing(Window):
    """An honest window that can be made to pause."""

    moments = ("turn", "commit")

    async def _turn(self, work: list[Work], inlet: Inlet, outlet: Outlet) -> None:
        await _pause(self.seat.folder, "turn")
        under_mark = _marked(self.seat.folder) == "commit"
        await super()._turn(work, _PausingInlet(inlet, self.seat.folder) if under_mark else inlet, outlet)


class _PausingInlet:
    def __init__(self, inlet: Inlet, folder: Path) -> None:
        self._inlet = inlet
        self._folder = folder

    async def take(self, most: int = 256) -> tuple[Delivery, ...]:
        return await self._inlet.take(most)

    async def commit(self, deliveries: Sequence[Delivery]) -> None:
        await _pause(self._folder, "commit")
        await self._inlet.commit(deliveries)

    async def close(self) -> None:
        await self._inlet.close()


async def _pause(folder: Path, moment: str) -> None:
    while _marked(folder) == moment:  # noqa: ASYNC110 - a file that goes gives no event
        await asyncio.sleep(_LOOK)


def _marked(folder: Path) -> str | None:
    try:
        return (folder / MARK).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None


# ------------------------------------------------------- windows that pause, and make a fault of it


class SkipsWhatIsOld(Pausing):
    """Takes up the newest of what waited, and lets the rest go: by now it will have been sent again."""

    def take(self, deliveries: Sequence[Delivery], turn: Turn) -> None:
        """Take the last one, as if the others had not come."""
        super().take(deliveries[-1:], turn)


class TakesItForNew(Pausing):
    """Works on what is delivered again as on what it never saw."""

    steps = ForgetsWhatItSaw.steps
