"""What the stage asks of whoever takes a seat. Simulated windows satisfy it by shape; they never import this.

The judge asks a party for one thing only: what its evidence log gives out.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Protocol

from harness.exchange.seat import Sent


class Counter(Protocol):
    """Where the country's own people come."""

    async def lodge(self, octets: bytes, *, to: str, media_type: str | None = None, function: str = "9") -> Sent:
        """Send a trader's document."""
        ...

    async def pass_on(self, octets: bytes, *, to: str, doctype: str, reference: str, media_type: str) -> Sent:
        """Send bytes unread."""
        ...

    async def report_use(self, of: str, *, quantity: str, declaration: str) -> None:
        """Customs used some of a certificate."""
        ...

    async def dispute(self, sent: Sent, *, claim: str, number: str, sentence: str) -> Sent:
        """Open a dispute."""
        ...

    async def seek_witness(self, partner: str) -> None:
        """Have the log cosigned."""
        ...

    async def take(self, published: bytes) -> None:
        """Take what a country published."""
        ...

    async def change_key(self) -> None:
        """Sign with the key that lies ready."""
        ...

    async def evidence(self, correlation: str, *, partner: str) -> Path:
        """Write an evidence bundle."""
        ...


class Party(Protocol):
    """Whoever takes a seat."""

    @property
    def party(self) -> str:
        """The party's code."""
        ...

    @property
    def ready(self) -> asyncio.Event:
        """Set once it listens."""
        ...

    @property
    def counter(self) -> Counter:
        """Where its own people come."""
        ...

    async def run(self) -> None:
        """Live until told to leave, or cancelled."""
        ...

    def leave(self) -> None:
        """Finish what is under way, and let `run` return."""
        ...

    def hands_over(self) -> tuple[bytes, ...]:
        """The signed tokens behind what crossed encrypted: for the arbiter, who gets no key."""
        ...

    def gives_out(self) -> tuple[bytes, ...]:
        """The records of its evidence log."""
        ...
