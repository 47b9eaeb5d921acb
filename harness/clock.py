"""Where time and chance come from: the only place that reads the machine's clock or its randomness.

A window, a script or an authority is handed a `Clock` and a `Chance`; nobody else asks the operating
system. Driven by a `DrivenClock` and a seeded `Chance`, the same run writes the same bytes.
"""

from __future__ import annotations

import hashlib
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of the present moment."""

    def now(self) -> datetime:
        """The present moment, aware, UTC, whole milliseconds."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present moment, aware, UTC, cut to whole milliseconds."""
        return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)


class DrivenClock:
    """A clock that moves only when told to, and by `step` at each reading."""

    def __init__(self, start: datetime, *, step: timedelta = timedelta(0)) -> None:
        self._now = start
        self._step = step

    def now(self) -> datetime:
        """The present moment of the rehearsal."""
        self._now += self._step
        return self._now

    def advance(self, by: timedelta) -> None:
        """Let `by` pass."""
        self._now += by


class Chance:
    """Random bytes from one seed, or from the operating system when no seed is given.

    Each purpose has a stream of its own, so that one more draw for a nonce does not change a key.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed
        self._drawn: dict[str, int] = {}

    def octets(self, count: int, purpose: str) -> bytes:
        """Draw `count` bytes for `purpose`."""
        if self.seed is None:
            return os.urandom(count)
        n = self._drawn.get(purpose, 0)
        self._drawn[purpose] = n + 1
        return hashlib.shake_256(f"{self.seed}/{purpose}/{n}".encode()).digest(count)

    def token(self, purpose: str, *, count: int = 16) -> str:
        """Draw `count` bytes for `purpose`, as lower-case hexadecimal."""
        return self.octets(count, purpose).hex()


def seconds() -> float:
    """A count of seconds that only grows, from no particular beginning: for how long something took, never for when."""
    return time.perf_counter()


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as every wire object writes time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def moment(text: str) -> datetime:
    """Read what `stamp` wrote. Raises ValueError when it is not RFC 3339 with an offset, or before year 1 in UTC."""
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError(f"{text!r} names no offset from UTC")
    try:
        return read.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{text!r} lies outside the calendar in UTC") from error
