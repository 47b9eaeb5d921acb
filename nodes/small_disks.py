"""Windows whose disk can be filled, and freed again, by a mark in their own folder.

What is full is the log's own file, and it is SQLite that refuses: a file system of its own, or a quota on one, would
need root. Nothing of this is in `Window` itself, which meets a full disk as any other.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from harness.errors import RoadFailed
from nodes.turn import Turn
from nodes.window import Window

FULL: Final = "disk-full"
"""The file that says that there is no space left."""


class SmallDisk(Window):
    """An honest window whose disk may be full."""

    def _write(self, turn: Turn) -> None:
        self.log.hold(held=(self.seat.folder / FULL).exists())
        super()._write(turn)


class AnswersWithoutItsLog(SmallDisk):
    """Goes on when nothing can be logged: an answer is an answer, and the log can be seen to later."""

    def _write(self, turn: Turn) -> None:
        with suppress(RoadFailed):
            super()._write(turn)
