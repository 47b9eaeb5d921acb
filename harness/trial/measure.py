"""How many exchanges two windows of this process make, and how long one takes: measured, never judged.

One exchange: a trader lodges a document at one window of a pack's first corridor; its bytes are signed, logged and
sent; the other window verifies, maps, validates, decides, logs and answers with a signed receipt; the first verifies
and logs that, and commits it. There is no tap and no Mallory here: what is measured is the parties' own work.

What the parts of an exchange cost alone, and so what would be possible: `harness.trial.budget`. What the numbers are
held against: benchmarks/README.md.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol, cast

from certs.identity import Algorithm
from harness.clock import Chance, SystemClock, seconds
from harness.errors import BadInput, RoadFailed
from harness.evidence.log import EvidenceLog
from harness.exchange import topics
from harness.exchange.bus import Ack, Bus, Delivery, Inlet, Outlet, Record
from harness.exchange.envelope import WITNESS, Type
from harness.exchange.seal import Opened
from harness.exchange.seat import Seat
from harness.trial.founding import PATIENCE, Setting, found, rights_of, seat
from harness.trial.ground import Ground
from harness.trial.party import Counter, Party
from harness.trial.passage import Passage
from harness.trial.seated import InHouse, living

SAMPLE: Final = "origin-certificate.json"
"""The document that is exchanged: one of the pack's own."""

MOST: Final = 256
"""How many deliveries a window takes at once."""

SEEN: Final = 16
"""How much of the witness traffic is kept, to be timed."""


class Issues(Counter, Protocol):
    """A counter whose first step can be timed alone."""

    def issue(self, octets: bytes) -> object:
        """Read a trader's file and write it in the national form."""
        ...


class Measurable(Party, Protocol):
    """A party whose parts can be timed alone. Simulated windows satisfy it by shape."""

    log: EvidenceLog

    @property
    def counter(self) -> Issues:
        """Where its own people come."""
        ...

    def travel(self, opened: Opened) -> object:
        """Admit, map, validate and decide, changing nothing."""
        ...


@dataclass
class Meter(Passage):
    """A bus that notes in what batches records are put and taken, and when the receipts were done with.

    It keeps the last of the witness traffic. Only the receipts on `answers`, known by their key, are waited for.
    """

    answers: str
    put: list[int] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    witness: deque[Record] = field(default_factory=lambda: deque(maxlen=SEEN))
    """The last requests for a cosignature and cosignatures, at most `SEEN`."""
    cosigned: int = 0
    """How many cosignatures were given."""
    done: dict[bytes, float] = field(default_factory=dict)
    """When each transaction's answer was committed by who asked."""
    _waiting: dict[bytes, asyncio.Future[None]] = field(default_factory=dict)

    async def outlet(self, principal: str) -> Outlet:
        """An outlet whose batches are noted."""
        return _MeteredOutlet(await super().outlet(principal), self)

    async def inlet(self, principal: str, topics: Sequence[str], *, group: str | None) -> Inlet:
        """An inlet whose batches and commits are noted."""
        return _MeteredInlet(await super().inlet(principal, topics, group=group), self)

    async def answered(self, correlation: str) -> float:
        """Return when the answer in this transaction was done with. Bound the wait with a deadline."""
        key = correlation.encode()
        if key not in self.done:
            waiter = self._waiting[key] = asyncio.get_running_loop().create_future()
            await waiter
        return self.done.pop(key)

    def forget(self) -> None:
        """Begin to note batches anew, and to count."""
        self.put.clear()
        self.taken.clear()
        self.cosigned = 0

    def leaves(self, records: Sequence[Record]) -> None:
        """Note a batch that is put."""
        self.put.append(len(records))
        for record in records:
            kind = dict(record.headers).get("ce_type", b"").decode()
            if kind in WITNESS:
                self.cosigned += kind == Type.COSIGNATURE
                self.witness.append(record)

    def committed(self, deliveries: Sequence[Delivery]) -> None:
        """Note which answers were done with just now."""
        now = seconds()
        for delivery in deliveries:
            if delivery.topic == self.answers:
                self.done[delivery.key] = now
                waiter = self._waiting.pop(delivery.key, None)
                if waiter is not None and not waiter.done():
                    waiter.set_result(None)


@dataclass(frozen=True, slots=True)
class _MeteredOutlet:
    outlet: Outlet
    meter: Meter

    async def put(self, *records: Record) -> tuple[Ack, ...]:
        self.meter.leaves(records)
        return await self.outlet.put(*records)

    async def close(self) -> None:
        await self.outlet.close()


@dataclass(frozen=True, slots=True)
class _MeteredInlet:
    inlet: Inlet
    meter: Meter

    async def take(self, most: int = MOST) -> tuple[Delivery, ...]:
        taken = await self.inlet.take(most)
        self.meter.taken.append(len(taken))
        return taken

    async def commit(self, deliveries: Sequence[Delivery]) -> None:
        await self.inlet.commit(deliveries)
        self.meter.committed(deliveries)

    async def close(self) -> None:
        await self.inlet.close()


@dataclass(frozen=True)
class Pair:
    """Two parties at work on one bus: `asks` sends documents, `answers` answers them."""

    asks: Measurable
    answers: Measurable
    seats: Mapping[str, Seat]
    meter: Meter
    document: bytes
    patience: float

    async def exchange(self) -> float:
        """Make one exchange; return how many seconds it took until its receipt was logged and committed."""
        begun = seconds()
        sent = await self.asks.counter.lodge(self.document, to=self.answers.party)
        return await self.meter.answered(sent.correlation) - begun


@asynccontextmanager
async def working(
    ground: Ground, bus: Bus, folder: Path, *, algorithm: Algorithm, patience: float = PATIENCE
) -> AsyncIterator[Pair]:
    """Seat the two parties of the ground's first corridor on `bus` and let them work while the block lasts.

    Raises:
        BadInput: its cast cannot be timed part by part.
        RoadFailed: the bus or a disk failed.
    """
    first = replace(ground, corridors=ground.corridors[:1])
    asks, answers = first.corridors[0].parties
    clock = SystemClock()
    setting = Setting("bench", folder, clock, Chance(), algorithm, patience)
    meter = Meter(bus, answers=topics.inbox(asks, answers))
    seats = seat(setting, first, found(setting, first), meter)
    await bus.open_topics(rights_of(first.corridors))
    seated = {code: InHouse(first.cast, place) for code, place in seats.items()}
    document = first.sample(SAMPLE, clock.now())
    asker, answerer = (_measurable(seated[code].player) for code in (asks, answers))
    async with living(seated):
        yield Pair(asker, answerer, seats, meter, document, patience)


@dataclass(frozen=True, slots=True)
class Load:
    """What was done under load: `exchanges` within `seconds`, `width` of them in flight at any moment."""

    exchanges: int
    seconds: float
    width: int

    @property
    def per_second(self) -> float:
        """Exchanges a second."""
        return self.exchanges / self.seconds


async def loaded(pair: Pair, *, width: int, most_seconds: float, most: int) -> Load:
    """Keep `width` exchanges in flight until `most` were begun or `most_seconds` are over; wait for the answers."""
    begun = seconds()
    count = 0

    async def trader() -> None:
        nonlocal count
        while count < most and seconds() - begun < most_seconds:
            count += 1
            await pair.exchange()

    async with _bounded(pair, most_seconds), asyncio.TaskGroup() as group:
        for _ in range(width):
            group.create_task(trader())
    return Load(count, seconds() - begun, width)


async def round_trips(pair: Pair, *, most_seconds: float, most: int) -> tuple[float, ...]:
    """The seconds that exchanges take one after the other, shortest first; at least two."""
    begun = seconds()
    async with _bounded(pair, most_seconds):
        taken = [await pair.exchange(), await pair.exchange()]
        while len(taken) < most and seconds() - begun < most_seconds:
            taken.append(await pair.exchange())
    return tuple(sorted(taken))


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value that `share` of `ordered` do not exceed (nearest rank): 0.5 gives the median."""
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


@asynccontextmanager
async def _bounded(pair: Pair, most_seconds: float) -> AsyncIterator[None]:
    # One deadline over all of them: one for each would be work of ours among the work that is measured.
    try:
        async with asyncio.timeout(most_seconds + pair.patience):
            yield
    except TimeoutError as error:
        raise RoadFailed(
            "an exchange under measurement was not answered", expected=f"a receipt within {pair.patience:.0f} s"
        ) from error


def _measurable(party: Party) -> Measurable:
    if not (hasattr(party, "travel") and hasattr(party, "log") and hasattr(party.counter, "issue")):
        raise BadInput(
            f"the party in seat {party.party} cannot be timed part by part",
            expected="a simulated window",
            todo="measure with a pack whose cast is nodes.window.Window",
        )
    return cast("Measurable", party)
