"""The bus inside this process: the embedded default, and the one the benchmarks stand on.

It keeps Kafka's promises (order, rights, places of groups, lost ranges, a largest record), so a window cannot tell
the two apart; tests/contract holds it to them. One partition a topic: its number is always 0, and order by topic is
order by key. Everything lives in one event loop and ends with the process; nothing is written to disk.
The interface: bus. The real broker: kafka.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

from harness.clock import Clock
from harness.errors import Defect, RoadFailed
from harness.exchange.bus import (
    EVERYBODY,
    LARGEST_RECORD,
    OPERATOR,
    Ack,
    Delivery,
    Inlet,
    NoSuchTopic,
    NotAllowed,
    Outlet,
    RangeLost,
    Record,
    TooLarge,
    TopicRights,
    Unreachable,
)


class _Place:
    """Where one group stands in one topic. Owned by the inlet that holds it; only that one moves `next`."""

    __slots__ = ("holder", "next")

    def __init__(self, first: int) -> None:
        self.next = first
        self.holder: _MemoryInlet | None = None


class _Topic:
    """The records of one topic from offset `first` on, and who waits for more."""

    __slots__ = ("first", "places", "records", "rights", "waiting")

    def __init__(self, rights: TopicRights) -> None:
        self.rights = rights
        self.first = 0
        self.records: list[Delivery] = []
        self.places: dict[tuple[str, str], _Place] = {}
        # In order of coming, so that a run with the same clock and chance is the same run.
        self.waiting: dict[asyncio.Future[None], None] = {}

    def append(self, record: Record, at: datetime) -> Ack:
        offset = self.first + len(self.records)
        self.records.append(Delivery(record.topic, 0, offset, record.key, record.value, record.headers, at))
        return Ack(record.topic, 0, offset, at)

    def wake(self) -> None:
        for waiter in self.waiting:
            if not waiter.done():
                waiter.set_result(None)
        self.waiting.clear()


class _Broker:
    """What the bus and its outlets and inlets have in common: the topics, their rights, the broker's time."""

    def __init__(self, clock: Clock, largest: int) -> None:
        self.clock = clock
        self.largest = largest
        self.topics: dict[str, _Topic] = {}
        self.inlets: dict[_MemoryInlet, None] = {}
        self.closed = False

    def stand_open(self) -> None:
        if self.closed:
            raise Unreachable("the memory bus was closed", todo="open what you need before the run ends")

    def topic(self, name: str, principal: str, action: str) -> _Topic:
        """The topic, if `principal` may `action` it. Rights are looked up each time: they can be taken away."""
        topic = self.topics.get(name)
        if topic is None:
            # As a real broker does: who has no right on a topic does not learn whether it exists.
            raise _no_such(name) if principal == OPERATOR else NotAllowed(principal, action, name)
        allowed = topic.rights.writer if action == "write" else topic.rights.reader
        if allowed != EVERYBODY and principal not in (allowed, OPERATOR):
            raise NotAllowed(principal, action, name)
        return topic

    def put(self, principal: str, records: Sequence[Record]) -> tuple[Ack, ...]:
        self.stand_open()
        places = []
        for record in records:
            places.append(self.topic(record.topic, principal, "write"))
            if record.size > self.largest:
                raise _too_large(record.topic, record.size, self.largest)
        at = self.clock.now()
        acks = tuple(topic.append(record, at) for topic, record in zip(places, records, strict=True))
        for topic in places:
            if topic.waiting:
                topic.wake()
        return acks

    def leave(self, inlet: _MemoryInlet) -> None:
        self.inlets.pop(inlet, None)
        for topic in self.topics.values():
            for place in topic.places.values():
                if place.holder is inlet:
                    place.holder = None
                    topic.wake()


class MemoryBus:
    """The topics of one run, in this process. Implements `bus.Bus`.

    Args:
        clock: gives the broker's time, read once for each `put`.
        largest: the largest record in bytes (key, value, header names and values together).
    """

    def __init__(self, clock: Clock, *, largest: int = LARGEST_RECORD) -> None:
        self._broker = _Broker(clock, largest)

    @property
    def enforces_rights(self) -> bool:
        """Always: a right that was not given is not there."""
        return True

    async def open_topics(self, rights: Iterable[TopicRights]) -> None:
        """Create the topics that do not exist and grant exactly these rights."""
        for right in rights:
            known = self._broker.topics.get(right.topic)
            if known is None:
                self._broker.topics[right.topic] = _Topic(right)
            else:
                known.rights = right
                known.wake()  # a waiting reader whose right was taken away hears of it now

    async def outlet(self, principal: str) -> Outlet:
        """A way to put records, as `principal`."""
        self._broker.stand_open()
        return _MemoryOutlet(self._broker, principal)

    async def inlet(self, principal: str, topics: Sequence[str], *, group: str | None) -> Inlet:
        """A way to take records, as `principal`; see `bus.Bus.inlet`."""
        self._broker.stand_open()
        inlet = _MemoryInlet(self._broker, principal, tuple(topics), group)
        self._broker.inlets[inlet] = None
        return inlet

    async def trim(self, topic: str, before: int) -> None:
        """Delete the records of `topic` before offset `before`."""
        found = self._broker.topic(topic, OPERATOR, "trim")
        count = max(0, min(before - found.first, len(found.records)))
        del found.records[:count]
        found.first += count
        # A reader that waits past the end is not touched; one whose next record went must hear of it now.
        found.wake()

    async def falls(self) -> None:
        """As if a broker was killed and came back: what was taken and not committed is delivered again."""
        for name, topic in self._broker.topics.items():
            for place in topic.places.values():
                if place.holder is not None:
                    place.holder.goes_back(name, place.next)
            topic.wake()

    async def close(self) -> None:
        """Close every inlet. The records go with the bus."""
        self._broker.closed = True
        for inlet in tuple(self._broker.inlets):
            await inlet.close()


class _MemoryOutlet:
    """Where one principal puts records. Implements `bus.Outlet`."""

    def __init__(self, broker: _Broker, principal: str) -> None:
        self._broker = broker
        self._principal = principal
        self._closed = False

    async def put(self, *records: Record) -> tuple[Ack, ...]:
        """Put all of `records`, in this order, or none of them."""
        if self._closed:
            raise _closed("outlet", self._principal)
        return self._broker.put(self._principal, records)

    async def close(self) -> None:
        """Nothing more is put here."""
        self._closed = True


class _MemoryInlet:
    """Where one principal takes records. Implements `bus.Inlet`."""

    def __init__(self, broker: _Broker, principal: str, topics: tuple[str, ...], group: str | None) -> None:
        self._broker = broker
        self._principal = principal
        self._names = topics
        self._group = None if group is None else (principal, group)
        self._next: dict[str, int] = {}  # the next offset to hand out; only topics that are ours to read
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False

    async def take(self, most: int = 256) -> tuple[Delivery, ...]:
        """Wait for at least one record, return up to `most`; see `bus.Inlet.take`."""
        # A reader that always finds something would otherwise never let the other tasks of the loop run.
        await asyncio.sleep(0)
        while True:
            if self._closed:
                raise _closed("inlet", self._principal)
            topics = [self._broker.topic(name, self._principal, "read") for name in self._names]
            if taken := self._gather(topics, most):
                return taken
            await self._wait(topics)

    def _gather(self, topics: list[_Topic], most: int) -> tuple[Delivery, ...]:
        taken: list[Delivery] = []
        moved: dict[str, int] = {}
        # Of each topic its share first, then more of those that have more: a flood on one keeps no other waiting.
        for room in (max(1, most // len(topics)), most):
            for topic in topics:
                name = topic.rights.topic
                start = moved.get(name, self._position(topic))
                if start is None or len(taken) >= most:
                    continue
                if start < topic.first:
                    raise RangeLost(name, start, topic.first)
                index = start - topic.first
                found = topic.records[index : index + min(room, most - len(taken))]
                moved[name] = start + len(found)
                taken += found
        # Only now: a range lost in one topic must not swallow what was gathered from another.
        self._next.update(moved)
        return tuple(taken)

    def _position(self, topic: _Topic) -> int | None:
        """The next offset to hand out; None while another inlet of the group has the topic."""
        name = topic.rights.topic
        if name in self._next:
            return self._next[name]
        if self._group is None:
            self._next[name] = topic.first
            return topic.first
        place = topic.places.get(self._group)
        if place is None:
            place = topic.places[self._group] = _Place(topic.first)
        if place.holder is not None:
            return None
        place.holder = self
        self._next[name] = place.next
        return place.next

    async def _wait(self, topics: list[_Topic]) -> None:
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        for topic in topics:
            topic.waiting[waiter] = None
        try:
            await waiter
        finally:
            self._waiter = None
            for topic in topics:
                topic.waiting.pop(waiter, None)

    async def commit(self, deliveries: Sequence[Delivery]) -> None:
        """These are done with, and all before them; with no group, nothing is kept."""
        if self._closed:
            raise _closed("inlet", self._principal)
        if self._group is None:
            return
        done: dict[str, int] = {}
        for delivery in deliveries:
            done[delivery.topic] = max(done.get(delivery.topic, 0), delivery.offset + 1)
        for name, place_after in done.items():
            topic = self._broker.topic(name, self._principal, "read")
            place = topic.places.get(self._group)
            if place is None or place.holder is not self:
                raise Defect(f"a commit on topic {name!r}, which this inlet does not read")
            place.next = max(place.next, place_after)

    def goes_back(self, name: str, place: int) -> None:
        """Hand this topic out from `place` on once more."""
        self._next[name] = place

    async def close(self) -> None:
        """Leave without committing; another inlet of the group may go on."""
        self._closed = True
        self._broker.leave(self)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _no_such(topic: str) -> NoSuchTopic:
    return NoSuchTopic(
        f"there is no topic {topic!r}",
        expected="a topic that the corridor agreement names",
        todo="open the topics of the corridor before the run",
    )


def _too_large(topic: str, size: int, largest: int) -> TooLarge:
    return TooLarge(
        f"a record of {size} bytes for topic {topic!r}",
        expected=f"at most {largest} bytes",
        todo="send the document in parts, or agree on a larger record",
    )


def _closed(what: str, principal: str) -> RoadFailed:
    return Unreachable(f"the {what} of {principal!r} is closed", todo="open another one")
