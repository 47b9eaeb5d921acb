"""Windows that end their own life at a chosen moment, as a kill from outside would, so that it can be aimed.

A mark in the window's own folder names the moment and the way: its whole process by SIGKILL, with no last word, or,
where it shares a process with others, its task alone. The mark is used up first, so the next life goes on. Nothing of
this is in `Window` itself, which cannot tell that it will die.

    verify map decide ...     just before that step of `nodes.steps`, in their numbered order
    log                       the turn is worked out, and nothing of it is in the log yet
    put                       it is logged, and nothing has left
    acknowledge               it has left, and that it did is not logged
    commit                    all is done but the place in the inbox, which is not moved
    committed                 the place is moved, and whoever waits at the counter is not told

Below: windows that die as the honest one does, and then break a promise about coming back.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.exchange.bus import Ack, Delivery, Inlet, Outlet, Record
from harness.exchange.seat import Seat
from nodes.asking import Work
from nodes.saboteurs import ForgetsWhatItSaw
from nodes.steps import Steps
from nodes.turn import Turn
from nodes.window import Window

MARK: Final = "dies-at"
"""The file that names the moment, and `process` or `task`."""

STEPS: Final = ("verify", "admit", "map", "validate", "decide", "answer")
TURN: Final = ("log", "put", "acknowledge", "commit", "committed")

Comes = Callable[[str], None]
"""Called at each moment; does not return from the marked one."""


def mortality(folder: Path) -> Comes:
    """What a window with this folder does at each moment: nothing, or die."""

    def comes(moment: str) -> None:
        try:
            marked, how = (folder / MARK).read_text(encoding="ascii").split()
        except FileNotFoundError:
            return
        if marked != moment:
            return
        (folder / MARK).unlink()
        if how == "process":
            os.kill(os.getpid(), signal.SIGKILL)
        raise asyncio.CancelledError(f"killed at {moment}")

    return comes


class Mortal(Window):
    """An honest window that can be killed at a moment."""

    moments = (*STEPS, *TURN)

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self._comes = mortality(seat.folder)
        self.steps = _MortalSteps(self.steps, self._comes)

    async def _turn(self, work: list[Work], inlet: Inlet, outlet: Outlet) -> None:
        await super()._turn(work, _MortalInlet(inlet, self._comes), outlet)

    def _request_cosignatures(self, turn: Turn) -> None:
        # The last thing of a turn before its log; a turn that notes nothing has no such moment.
        super()._request_cosignatures(turn)
        if turn.records:
            self._comes("log")

    async def _send(self, turn: Turn, outlet: Outlet) -> None:
        await super()._send(turn, _MortalOutlet(outlet, self._comes))


class _MortalSteps(Steps):
    """The steps of a window, with a moment before each."""

    def __init__(self, steps: Steps, comes: Comes) -> None:
        for name in STEPS:
            setattr(self, name, _after(name, getattr(steps, name), comes))


def _after(moment: str, step: Callable[..., Any], comes: Comes) -> Callable[..., Any]:  # Any: each step has its own
    def taken(*args: Any, **kwargs: Any) -> Any:  # Any: as the step takes and returns them  # noqa: ANN401
        comes(moment)
        return step(*args, **kwargs)

    return taken


@dataclass(frozen=True, slots=True)
class _MortalOutlet:
    outlet: Outlet
    comes: Comes

    async def put(self, *records: Record) -> tuple[Ack, ...]:
        self.comes("put")
        acks = await self.outlet.put(*records)
        self.comes("acknowledge")
        return acks

    async def close(self) -> None:
        await self.outlet.close()


@dataclass(frozen=True, slots=True)
class _MortalInlet:
    inlet: Inlet
    comes: Comes

    async def take(self, most: int = 256) -> tuple[Delivery, ...]:
        return await self.inlet.take(most)

    async def commit(self, deliveries: Sequence[Delivery]) -> None:
        self.comes("commit")
        await self.inlet.commit(deliveries)
        self.comes("committed")

    async def close(self) -> None:
        await self.inlet.close()


# ------------------------------------------------------------- windows that die, and come back as another


class ForgetsInItsSleep(Mortal):
    """Comes back without knowing what it has worked on, and works on it again."""

    steps = ForgetsWhatItSaw.steps


class CommitsWhatItTakes(Mortal):
    """Commits its place before it has done anything, as a client left to commit by itself does."""

    async def _turn(self, work: list[Work], inlet: Inlet, outlet: Outlet) -> None:
        taken = [delivery for piece in work if isinstance(piece, tuple) for delivery in piece]
        if taken:
            await inlet.commit(taken)
        await super()._turn(work, inlet, outlet)


class NumbersAnew(Mortal):
    """Comes back and counts what it sends from one again."""

    async def _resume(self, outlet: Outlet) -> None:
        await super()._resume(outlet)
        self.outbox._numbers.clear()  # noqa: SLF001 - that it meddles with its own count is its fault


class LosesItsBooks(Mortal):
    """Comes back with an empty log, as from a disk that was not kept."""

    def __init__(self, seat: Seat) -> None:
        for kept in seat.folder.glob("log.sqlite*"):
            kept.unlink()
        super().__init__(seat)
