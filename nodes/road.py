"""How long a party waits for its road: what is an outage, when it is tried again, and when it is given up.

An outage passes by itself: a broker that is down or silent, a place in the group taken over, a producer that the broker
no longer follows, a disk that is full. A right that is not there, a topic that is not there, records that are gone for
ever do not come back by waiting: they end the party at once. What is done on the road: `nodes.window`.
"""

from __future__ import annotations

import asyncio
from typing import Final

from harness.clock import seconds
from harness.errors import RoadFailed
from harness.exchange.bus import NoSuchTopic, NotAllowed, RangeLost, TooLarge

LASTING: Final = (NotAllowed, NoSuchTopic, RangeLost, TooLarge)
"""What no patience cures."""

PATIENCE: Final = 300.0
"""Seconds of one outage after which a window gives up and ends with its error."""

SHORTEST, LONGEST = 0.1, 2.0
"""Seconds between two tries: doubled from the one to the other."""


class StillToLeave(RoadFailed):
    """It stands in the log and leaves as soon as there is a road: asked for again, it would leave twice."""


class Outage:
    """The outage that lasts now, if any. Owned by the window's `run`."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._since: float | None = None
        self._pause = SHORTEST

    def over(self) -> None:
        """The road bears again."""
        self._since = None
        self._pause = SHORTEST

    async def waits(self, failed: RoadFailed, told_to_go: asyncio.Event) -> None:
        """Return when it is time for another try, or when the party is told to go. Raises: `failed`, for good."""
        now = seconds()
        self._since = now if self._since is None else self._since
        if isinstance(failed, LASTING) or now - self._since >= self._patience:
            raise failed
        pause, self._pause = self._pause, min(2 * self._pause, LONGEST)
        going = asyncio.ensure_future(told_to_go.wait())
        try:
            await asyncio.wait([going], timeout=pause)
        finally:
            going.cancel()


def first_cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """One cause is enough to tell; the rest fell with it."""
    one = group.exceptions[0]
    return first_cause(one) if isinstance(one, BaseExceptionGroup) else one
