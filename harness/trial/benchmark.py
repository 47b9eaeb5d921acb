"""The published figures, measured in an order that is fair to them: load and its parts in turns, then round trips.

What one exchange is: `harness.trial.measure`. What its parts are: `harness.trial.budget`. Telling: `harness.cli.bench`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from certs.identity import Algorithm
from harness.brokers.jars import find_jars
from harness.brokers.java import find_java
from harness.brokers.local import LocalBroker
from harness.brokers.warming import make
from harness.clock import SystemClock, seconds
from harness.exchange import topics
from harness.exchange.memory import MemoryBus
from harness.trial.apart import BROKER, apart
from harness.trial.budget import Part, alone, possible
from harness.trial.buses import standing
from harness.trial.ground import Ground
from harness.trial.measure import loaded, quantile, round_trips, working

WIDTH: Final = 64
"""Exchanges in flight under load."""

SLICE: Final = 2 * WIDTH
"""Exchanges in one slice of load, where loads are held against each other."""

LONG_SLICE: Final = 8 * WIDTH
"""Where load is held against a budget: at its two ends fewer exchanges are in flight, which is not to be measured."""

FEWEST: Final = 3
"""Slices at least, however little time there is."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What one process does under load, and what its parts would allow, both in exchanges a second.

    `alone`: each part repeated by itself; `in_turns`: the parts one after the other, as in a window's turn.
    """

    algorithm: Algorithm
    exchanges: int
    per_second: float
    alone: float
    in_turns: float
    parts: tuple[Part, ...]

    @property
    def ratio(self) -> float:
        """Achieved against the parts alone."""
        return self.per_second / self.alone

    @property
    def ratio_in_turns(self) -> float:
        """Achieved against the parts in turns."""
        return self.per_second / self.in_turns


@dataclass(frozen=True, slots=True)
class Trips:
    """The time of exchanges made one after the other, in seconds."""

    bus: str
    exchanges: int
    median: float
    slowest: float
    """Of a hundred, all but one are faster."""


async def rate(ground: Ground, folder: Path, *, algorithm: Algorithm, most_seconds: float) -> Rate:
    """Measure exchanges a second on the memory bus, and the budget, for about `most_seconds`."""
    bus = MemoryBus(SystemClock())
    spent, done = 0.0, 0
    async with working(ground, bus, folder, algorithm=algorithm) as pair:
        await loaded(pair, width=WIDTH, most_seconds=most_seconds, most=SLICE)  # warms what is made at first use
        parts = await alone(pair, folder)
        begun, slices = seconds(), 0
        while slices < FEWEST or seconds() - begun < most_seconds:
            load = await loaded(pair, width=WIDTH, most_seconds=most_seconds / FEWEST, most=LONG_SLICE)
            await parts.round(load.exchanges)
            spent, done, slices = spent + load.seconds, done + load.exchanges, slices + 1
        parts.close()
    await bus.close()
    found = parts.parts()
    in_turns, apart = possible(found)
    return Rate(algorithm, done, done / spent, apart, in_turns, found)


@dataclass(frozen=True, slots=True)
class Shared:
    """What two parties do on a real broker, as one process and as two, against the memory bus: exchanges a second."""

    exchanges: int
    memory: float
    one: float
    two: float

    def ratio(self, processes: int) -> float:
        """Achieved on the broker against the memory bus."""
        return (self.one if processes == 1 else self.two) / self.memory


@dataclass(frozen=True, slots=True)
class Recovery:
    """The seconds until an exchange begun at the moment of a kill was answered, shortest first."""

    of: str
    taken: tuple[float, ...]


async def shared(
    ground: Ground,
    folder: Path,
    *,
    bus: str,
    most_seconds: float,
    kills: int,
    say: Callable[[str], None],
    config: Path | None = None,
) -> tuple[Shared, tuple[Recovery, ...]]:
    """Measure the three side by side for about `most_seconds`, then how long a kill of a party and of the broker costs.

    Slices take turns, so that a machine that is slow for a while is slow for all three.

    Raises:
        NotReady: there is no such bus here.
    """
    principals = [topics.principal(party) for party in ground.corridors[0].parties]
    memory = MemoryBus(SystemClock())
    spent = {"memory": 0.0, "one": 0.0, "two": 0.0}
    slices = 0
    async with (
        standing(bus, folder, principals, SystemClock(), say, config=config) as stands,
        stands("bench-shared.") as opened,
        working(ground, memory, folder / "memory", algorithm=Algorithm.ES256) as here,
        working(ground, opened, folder / "one", algorithm=Algorithm.ES256) as one,
        apart(ground, stands, folder / "two") as two,
    ):
        for pair in (here, one):
            await loaded(pair, width=WIDTH, most_seconds=most_seconds, most=SLICE)  # warms what is made at first use
        await two.load(width=WIDTH, most=SLICE)
        begun = seconds()
        while slices < FEWEST or seconds() - begun < most_seconds:
            for name, pair in (("memory", here), ("one", one)):
                spent[name] += (await loaded(pair, width=WIDTH, most_seconds=most_seconds + 60, most=SLICE)).seconds
            spent["two"] += await two.load(width=WIDTH, most=SLICE)
            slices += 1
        party = [await two.killed(two.answers.party) for _ in range(kills)]
        broker = [await two.killed(BROKER) for _ in range(kills if stands.broker is not None else 0)]
    await memory.close()
    done = slices * SLICE
    rates = Shared(done, done / spent["memory"], done / spent["one"], done / spent["two"])
    recoveries = (Recovery("party", tuple(sorted(party))), Recovery(BROKER, tuple(sorted(broker))))
    return rates, tuple(one for one in recoveries if one.taken)


async def trips(
    ground: Ground,
    folder: Path,
    *,
    bus: str,
    most_seconds: float,
    say: Callable[[str], None],
    config: Path | None = None,
) -> Trips:
    """Measure round trips on the bus of that name, for about `most_seconds`; `config`: client properties for it.

    Raises:
        NotReady: there is no such bus here.
    """
    principals = [topics.principal(party) for party in ground.corridors[0].parties]
    async with (
        standing(bus, folder, principals, SystemClock(), say, config=config) as make,
        make("bench.") as opened,
        working(ground, opened, folder, algorithm=Algorithm.ES256) as pair,
    ):
        await round_trips(pair, most_seconds=most_seconds / 10, most=20)
        taken = await round_trips(pair, most_seconds=most_seconds, most=10_000)
    return Trips(bus, len(taken), quantile(taken, 0.5), quantile(taken, 0.99))


async def broker_starts(folder: Path, *, starts: int, say: Callable[[str], None]) -> tuple[float, ...]:
    """The seconds that a broker of `--bus local` takes from nothing until it answers, shortest first.

    With the cache of its JVM where this Java has one (harness.brokers.aot): made before the first start is timed.

    Raises:
        NotReady: no Java, or no Kafka.
    """
    java, jars = await asyncio.to_thread(find_java), await asyncio.to_thread(find_jars, say)
    await make(java, jars, say)
    taken = []
    for number in range(starts):
        begun = seconds()
        async with LocalBroker(folder / str(number), ()):
            taken.append(seconds() - begun)
    return tuple(sorted(taken))
