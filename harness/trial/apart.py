"""Two parties at work as processes of their own, on a real broker, driven and watched from here: for figures and soaks.

One exchange: a trader lodges a document of its own at one window, and a receipt about it stands on the topic of the way
back. There is no wire here, no history and no judge: who watches reads keys and headers alone, so that little of what
is measured is ours. The parties are what `corridor node` starts, and nothing else.

Load: `Apart.load`. Recovery: `Apart.killed` and `Apart.cut`. What must hold after a million exchanges: `soak`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Final

from certs.gates import strict_object
from certs.identity import Algorithm
from certs.jws import read
from harness.brokers.detour import Cut, Detour
from harness.clock import Chance, SystemClock, seconds
from harness.errors import BadInput, Defect, RoadFailed
from harness.exchange import topics
from harness.exchange.bus import OPERATOR, Bus, Delivery, Inlet
from harness.exchange.envelope import Type
from harness.trial.buses import Fallible, Roundabout, Standing
from harness.trial.founding import PATIENCE, Setting, found, rights_of, seat
from harness.trial.ground import Ground
from harness.trial.measure import SAMPLE
from harness.trial.processes import OwnProcess
from harness.trial.seated import cause_of, living

REFERENCE: Final = b"CO-0001"
"""The sample's own reference, which each document replaces by its number."""

BROKER: Final = "broker"
"""What can be killed besides the parties."""


class Watch:
    """What crossed, as far as keys and headers tell. Filled by `reads`."""

    def __init__(self, there: str, back: str) -> None:
        self._there, self._back = there, back
        self.answered: set[str] = set()
        """Transactions whose receipt stands on the way back."""
        self.marks = 0
        """Requests for a cosignature that stand on the way there."""
        self.unclaimed: dict[str, bytes] = {}
        """Documents on the way there that no trader has heard of yet, by transaction."""
        self.claimed: set[str] = set()
        self._more = asyncio.Condition()

    async def reads(self, inlet: Inlet) -> None:
        """Take what comes, until cancelled."""
        while True:
            for delivery in await inlet.take():
                self._see(delivery, dict(delivery.headers).get("ce_type", b"").decode())
            async with self._more:
                self._more.notify_all()

    def _see(self, delivery: Delivery, kind: str) -> None:
        transaction = delivery.key.decode()
        if delivery.topic == self._back and kind == Type.RECEIPT:
            self.answered.add(transaction)
        elif delivery.topic == self._there and kind == Type.CHECKPOINT:
            self.marks += 1
        elif delivery.topic == self._there and kind == Type.DOCUMENT and transaction not in self.claimed:
            self.unclaimed[transaction] = delivery.value

    @property
    def unanswered(self) -> int:
        """How many transactions traders have heard of whose receipt does not stand on the way back."""
        return len(self.claimed - self.answered)

    def claim(self, transaction: str) -> None:
        """A trader has heard of this one."""
        self.claimed.add(transaction)
        self.unclaimed.pop(transaction, None)

    def forget(self, transaction: str) -> None:
        """This one is over: a soak must not grow by it."""
        self.answered.discard(transaction)
        self.claimed.discard(transaction)

    async def until(self, there: Callable[[], bool]) -> None:
        """Return once that is so. Bound the wait with a deadline."""
        async with self._more:
            await self._more.wait_for(there)


class Apart:
    """The two parties of a corridor, each in its own process. Made by `apart`."""

    def __init__(
        self,
        asks: OwnProcess,
        answers: OwnProcess,
        stands: Standing,
        watch: Watch,
        document: bytes,
        road: Detour | None,
    ) -> None:
        self.asks, self.answers = asks, answers
        self._broker = stands.broker
        self._road = road
        self._watch = watch
        self._document = document
        self._flushing = asyncio.Lock()
        self._flushed = 0
        """The life of the asker up to which all that it had logged was seen."""
        self._more = asyncio.Condition()
        self._begun = 0
        self.done = 0
        """Exchanges that were answered. Counted by `exchange`."""

    async def until_done(self, count: int) -> None:
        """Return once that many exchanges were answered."""
        async with self._more:
            await self._more.wait_for(lambda: self.done >= count)

    async def exchange(self) -> float:
        """Make one exchange, whoever is killed meanwhile; return the seconds until its receipt stood on the topic."""
        begun = seconds()
        self._begun += 1
        number = self._begun
        octets = self._document.replace(REFERENCE, b"CO-%07d" % number)
        transaction = await self._lodged(octets, f"CO-{number:07d}")
        self._watch.claim(transaction)
        async with self._more:
            self._more.notify_all()
        await self._watch.until(lambda: transaction in self._watch.answered)
        self._watch.forget(transaction)
        async with self._more:
            self.done += 1
            self._more.notify_all()
        return seconds() - begun

    async def load(self, *, width: int, most: int) -> float:
        """Make `most` exchanges with `width` in flight; return the seconds it took."""
        begun, left = seconds(), most

        async def trader() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                await self.exchange()

        async with asyncio.TaskGroup() as group:
            for _ in range(width):
                group.create_task(trader())
        return seconds() - begun

    async def killed(self, whom: str) -> float:
        """Kill a party or the broker; return the seconds until an exchange begun at that moment was answered."""
        begun = seconds()
        if whom == BROKER:
            if self._broker is None:
                raise BadInput("this bus has no broker that can be killed", expected="one that was started here")
            await self._broker.falls()
        else:
            party = next(one for one in (self.asks, self.answers) if one.party == whom)
            deaths = party.deaths
            party.kill()
            await party.up(deaths + 1)
        await self.exchange()
        return seconds() - begun

    async def cut(self, how: Cut, *, lasts: float) -> float:
        """Cut the road of who answers until nothing moves any more and `lasts` seconds longer, and heal it.

        Returns the seconds from the healing until an exchange begun during the cut was answered.
        """
        if self._road is None:
            raise Defect("a road is to be cut, and there is no detour")
        self._road.cut(how)
        before = self._begun
        during = asyncio.ensure_future(self.exchange())
        # All that was begun is lodged and waits for its answer: none comes over a road that is cut.
        async with self._more:
            await self._more.wait_for(
                lambda: self._begun > before and self._watch.unanswered == self._begun - self.done
            )
        await asyncio.sleep(lasts)
        healed = seconds()
        self._road.heal()
        await during
        return seconds() - healed

    async def _lodged(self, octets: bytes, reference: str) -> str:
        """Lodge it once. A party that died meanwhile may have it or not: what crossed tells."""
        while True:
            await self.asks.up()
            deaths = self.asks.deaths
            try:
                return (await self.asks.counter.lodge(octets, to=self.answers.party)).correlation
            except RoadFailed:
                await self.asks.up(deaths + 1)
            try:
                await self._flush(deaths + 1)
            except RoadFailed:
                continue  # dead again: the next round asks its next life
            for transaction, token in self._watch.unclaimed.items():
                if strict_object(read(token).payload).get("subject") == reference:
                    return transaction

    async def _flush(self, life: int) -> None:
        """Return once all that the asker had logged in earlier lives was seen on the topic."""
        async with self._flushing:
            if self._flushed >= life:
                return
            # A restarted party puts what is left before it listens; what it puts now stands behind that on the topic.
            marks = self._watch.marks
            await self.asks.counter.seek_witness(self.answers.party)
            await self._watch.until(lambda: self._watch.marks > marks)
            self._flushed = life


@asynccontextmanager
async def apart(
    ground: Ground,
    stands: Standing,
    folder: Path,
    *,
    algorithm: Algorithm = Algorithm.ES256,
    patience: float = PATIENCE,
    detour: bool = False,
) -> AsyncIterator[Apart]:
    """Seat the two parties of the ground's first corridor as processes on `stands` while the block lasts.

    Their seats, with their logs, are in `folder/parties`. With `detour` who answers comes by one, which can be cut:
    it costs some of the load, for all that it reads and writes passes this process.

    Raises:
        BadInput: the bus lives inside this process, or has no detour.
        RoadFailed: a party or the broker failed.
    """
    if stands.way is None:
        raise BadInput("parties in processes of their own on the memory bus", expected="a bus they all reach")
    first = replace(ground, corridors=ground.corridors[:1])
    asks, answers = first.corridors[0].parties
    chance, clock = Chance(), SystemClock()
    setting = Setting(f"apart-{chance.token('run', count=4)}", folder, clock, chance, algorithm, patience)
    there, back = topics.inbox(answers, asks), topics.inbox(asks, answers)
    road = _road_to(stands.broker) if detour else None
    way = stands.way if road is None else replace(stands.way, by={answers: road.address})
    async with stands(f"{setting.run}.") as bus, road or nullcontext():
        await bus.open_topics(rights_of(first.corridors))
        seats = seat(setting, first, found(setting, first), bus)
        parties = {code: OwnProcess(first.cast, place, way) for code, place in seats.items()}
        watch = Watch(there, back)
        async with watching(bus, watch, (there, back)), living(parties):
            yield Apart(parties[asks], parties[answers], stands, watch, first.sample(SAMPLE, clock.now()), road)


def _road_to(broker: Fallible | None) -> Detour:
    if not isinstance(broker, Roundabout):
        todo = "play it with --bus local or --bus container"
        raise BadInput("this bus has no detour", expected="a broker of our own", todo=todo)
    return Detour(*broker.detour)


@asynccontextmanager
async def watching(bus: Bus, watch: Watch, names: tuple[str, ...]) -> AsyncIterator[None]:
    """Let `watch` read these topics, as the broker's operator, while the block lasts."""
    inlet = await bus.inlet(OPERATOR, names, group=None)
    try:
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(watch.reads(inlet))
            yield
            reading.cancel()
    except BaseExceptionGroup as group_error:
        raise cause_of(group_error) from group_error
    finally:
        await inlet.close()
