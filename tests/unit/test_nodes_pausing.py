"""A window that pauses does so in the turn it was told to: not in one that was nearly over when the mark was left."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nodes.pausing import MARK, Pausing
from nodes.window import Window
from tests.unit.conftest import Knife

if TYPE_CHECKING:
    from tests.unit.conftest import Corridor


@dataclass
class _Quick(Knife):
    """Leaves the mark as soon as the first answer is out, as a script may that waited for it."""

    folder: Path | None = None

    async def comes(self, moment: str) -> None:
        """Leave it, once."""
        if moment == self.moment and not self.fell.is_set():
            self.fell.set()
            assert self.folder is not None
            (self.folder / MARK).write_text("commit", encoding="ascii")


async def test_a_mark_left_before_the_turn_ended(corridor: Corridor) -> None:
    """That turn ends; the next one pauses, once it has answered, with its place not moved."""
    quick = _Quick(corridor.bus, "after put")
    seat = corridor.seat("QN", bus=quick)
    quick.folder = seat.folder
    sender = Window(corridor.seat("QM"))
    async with corridor.living(sender, Pausing(seat)):
        first = await sender.counter.lodge(corridor.certificate(), to="QN")
        await corridor.receipts(first.identity)
        second = await sender.counter.lodge(corridor.certificate(), to="QN")
        await corridor.receipts(second.identity)
        third = await sender.counter.lodge(corridor.certificate(), to="QN")
        assert quick.fell.is_set()
        (seat.folder / MARK).unlink()
        await corridor.receipts(third.identity)
