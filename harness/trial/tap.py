"""The tap: reads every topic of a run from its first record, as the broker's operator, and writes it all down.

It is the judge's only ear on the wire. It believes nothing and drops nothing; what came before somebody waited for it
is kept. Waiting for something is done here too, because here is where everything passes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager, suppress

from harness.exchange.bus import OPERATOR, Bus
from harness.trial.history import Scribe, Seen, What, event_of, see


class Tap:
    """What was seen so far. Filled by the task that `listening` runs; others read and wait."""

    def __init__(self, scribe: Scribe) -> None:
        self.seen: list[Seen] = []
        self._scribe = scribe
        self._more = asyncio.Condition()

    @asynccontextmanager
    async def listening(self, bus: Bus, topics: Sequence[str]) -> AsyncIterator[None]:
        """Listen to `topics` until the block ends."""
        inlet = await bus.inlet(OPERATOR, topics, group=None)

        async def listen() -> None:
            while True:
                for delivery in await inlet.take():
                    self._scribe.write(What.DELIVERY, **event_of(delivery))
                    self.seen.append(see(delivery))
                async with self._more:
                    self._more.notify_all()

        task = asyncio.create_task(listen())
        try:
            yield
        finally:
            task.cancel()
            try:
                # A tap that went deaf is the environment's failure, not a party's silence: its error goes on from here.
                with suppress(asyncio.CancelledError):
                    await task
            finally:
                await inlet.close()

    async def until(self, wanted: Callable[[Seen], bool], *, count: int = 1) -> tuple[Seen, ...]:
        """The first `count` records that are wanted, once they were all seen. Bound the wait with a deadline."""
        found: tuple[Seen, ...] = ()

        def enough() -> bool:
            nonlocal found
            found = tuple(seen for seen in self.seen if wanted(seen))[:count]
            return len(found) == count

        async with self._more:
            await self._more.wait_for(enough)
        return found

    async def until_all(self, raws: AbstractSet[str]) -> None:
        """Return once everything with these raw digests was seen on an inbox. Bound the wait with a deadline."""
        async with self._more:
            await self._more.wait_for(lambda: raws <= {seen.sealed.raw for seen in self.seen if seen.in_inbox})

    async def until_places(self, places: AbstractSet[tuple[str, int]]) -> None:
        """Return once something was seen at each of these places (topic, offset). Bound the wait with a deadline."""

        def seen() -> set[tuple[str, int]]:
            return {(one.delivery.topic, one.delivery.offset) for one in self.seen}

        async with self._more:
            await self._more.wait_for(lambda: places <= seen())
