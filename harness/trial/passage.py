"""A bus with somebody standing at its doors: the base of all that watches or spoils what passes.

It does as the bus does; who stands there overrides `outlet` or `inlet`. Closing the bus stays its owner's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.exchange.bus import Bus, Inlet, Outlet, TopicRights


@dataclass
class Passage:
    """Implements `bus.Bus` by handing on to `bus`."""

    bus: Bus

    @property
    def enforces_rights(self) -> bool:
        """As the bus does."""
        return self.bus.enforces_rights

    async def open_topics(self, rights: Iterable[TopicRights]) -> None:
        """As the bus does."""
        await self.bus.open_topics(rights)

    async def outlet(self, principal: str) -> Outlet:
        """As the bus does."""
        return await self.bus.outlet(principal)

    async def inlet(self, principal: str, topics: Sequence[str], *, group: str | None) -> Inlet:
        """As the bus does."""
        return await self.bus.inlet(principal, topics, group=group)

    async def trim(self, topic: str, before: int) -> None:
        """As the bus does."""
        await self.bus.trim(topic, before)

    async def close(self) -> None:
        """Nothing: who opened the bus closes it."""
