"""What waits for a window's loop: deliveries that were fetched, and what the country's own people ask.

Who asks waits until what came of it is durable and has left; when the window ends before, they are told whether to ask
again. The loop alone takes from here, and says how far it is. The loop: `nodes.window`. What can be asked:
`nodes.counter`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from harness.errors import BadInput, RoadFailed
from harness.exchange.bus import Delivery
from harness.exchange.reasons import Refused
from nodes.road import StillToLeave
from nodes.turn import Turn

T = TypeVar("T")

LONGEST_TURN: Final = 1024
"""How many pieces of work are gathered into one turn, under one transaction of evidence."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that was asked: what to do in a turn, and where its result is waited for."""

    work: Callable[[Turn], Any]  # Any: each asker has its own result
    answer: asyncio.Future[Any]

    def done_in(self, turn: Turn) -> None:
        """Do it. The asker's mistake is the asker's to hear; nothing of it is noted."""
        try:
            turn.promises.append((self.answer, self.work(turn)))
        except (BadInput, Refused) as error:
            self.fails(error)

    def fails(self, error: Exception) -> None:
        """Tell the asker, if it still waits."""
        if not self.answer.done():
            self.answer.set_exception(error)


Work = tuple[Delivery, ...] | Asked
"""What a turn is given: what arrived, or what was asked at the counter."""


class Asking:
    """What one window has before it, and whom it owes an answer. Owned by its loop; anybody may `ask`."""

    def __init__(self, party: str) -> None:
        self._party = party
        # Bounded: who asks too fast waits.
        self._work = asyncio.Queue[Work](maxsize=LONGEST_TURN)
        self._waiting: set[asyncio.Future[Any]] = set()
        self._owed: dict[asyncio.Future[Any], Any] = {}
        """What is durable, and did not yet leave over any road: who waits for it, and what they are to be told."""
        self._closed = False

    async def ask(self, work: Callable[[Turn], T]) -> T:
        """Have `work` done in a turn; return its result once all of that turn is durable and has left.

        Raises:
            BadInput, Refused: what `work` raised.
            RoadFailed: it was not done. StillToLeave: it is in the log, and leaves when the window starts again.
        """
        if self._closed:
            raise self._gone()
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.add(answer)
        try:
            await self._hand_in(Asked(work, answer))
            return await answer
        finally:
            self._waiting.discard(answer)

    async def fetched(self, deliveries: tuple[Delivery, ...]) -> None:
        """What came over the bus."""
        await self._work.put(deliveries)

    async def gathered(self) -> list[Work]:
        """All that waits, at most `LONGEST_TURN` pieces; wait for the first one."""
        work = [await self._work.get()]
        with suppress(asyncio.QueueEmpty):
            while len(work) < LONGEST_TURN:
                work.append(self._work.get_nowait())
        return work

    def drop_deliveries(self) -> None:
        """Leave only what was asked: what was fetched over a road that failed comes again over the next one."""
        waiting = [self._work.get_nowait() for _ in range(self._work.qsize())]
        for piece in waiting:
            if isinstance(piece, Asked):
                self._work.put_nowait(piece)

    def wake(self) -> None:
        """Give the loop something to gather, though there is nothing to do."""
        with suppress(asyncio.QueueFull):  # then it is awake
            self._work.put_nowait(())

    def durable(self, turn: Turn) -> None:
        """What was asked in this turn leaves, over this road or the next: nobody must ask for it again."""
        self._owed |= dict(turn.promises)

    def keep_promises(self) -> None:
        """Tell whoever waits for what is durable and has left."""
        for answer, result in self._owed.items():
            if not answer.done():
                answer.set_result(result)
        self._owed.clear()

    def close(self) -> None:
        """The window has ended: tell everybody who waits what became of it."""
        self._closed = True
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_exception(self._still_to_leave() if waiting in self._owed else self._gone())

    async def _hand_in(self, asked: Asked) -> None:
        """Return when the loop has it, or will never take it: the answer says so."""
        try:
            self._work.put_nowait(asked)
        except asyncio.QueueFull:
            handing = asyncio.ensure_future(self._work.put(asked))
            try:
                await asyncio.wait((handing, asked.answer), return_when=asyncio.FIRST_COMPLETED)
            finally:
                handing.cancel()

    def _gone(self) -> RoadFailed:
        return RoadFailed(f"the window of {self._party} closed before it was done", todo="start it again and ask again")

    def _still_to_leave(self) -> StillToLeave:
        return StillToLeave(
            f"the window of {self._party} closed with this in its log and the broker's word outstanding",
            expected="it leaves, unaltered, when the window starts again",
            todo="start it again; do not ask again, or there are two of it",
        )
