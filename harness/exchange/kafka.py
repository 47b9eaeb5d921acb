"""The bus on Apache Kafka, through aiokafka: the real road of a run.

A put returns when all in-sync replicas have the record (acks=all, idempotent). A take never skips: where a group
begins is written down at its first reading, and from then on a place that is gone is an error, not a jump.
Several principals may share one `KafkaBus`; each has connections, and with credentials a certificate, of its own.
The interface: bus. Topics and rights: kafka_operator. Names, patience and errors: kafka_link.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka import errors as kafka_errors
from aiokafka.structs import RecordMetadata

from harness.errors import Defect, RoadFailed
from harness.exchange.bus import (
    LARGEST_RECORD,
    OPERATOR,
    Ack,
    Delivery,
    Inlet,
    Knock,
    Outlet,
    Prowler,
    RangeLost,
    Record,
    TooLarge,
    TopicRights,
    Unreachable,
)
from harness.exchange.kafka_link import Credentials, Link, partitions_of
from harness.exchange.kafka_operator import Operator
from harness.exchange.kafka_parting import drop_producer, leave_consumer
from harness.exchange.kafka_prowler import KafkaProwler, explained, knock

__all__ = ["Credentials", "KafkaBus"]

_FETCH = 8 * LARGEST_RECORD  # bytes of one partition in one answer
_Answer = asyncio.Future[RecordMetadata]
_LOOK_UP = 1.0  # seconds a take waits in silence before it asks whether the broker is still there


class KafkaBus:
    """The topics of one run on a Kafka cluster. Implements `bus.Bus`. Make it inside the event loop that uses it.

    Args:
        address: HOST:PORT, several divided by commas.
        prefix: stands before every topic and group, so that runs on one cluster do not meet (`run-3f2a.`).
        credentials: what each principal shows the broker; None for a broker that takes plaintext.
        patience: seconds after which a broker that does not answer is Unreachable.
        instance: by what name a party that is a process of its own is known in its groups. One that was killed and
            starts again under this name takes its place over at once, and waits for no session to run out.
        log: gives the text of the broker's own log, where somebody here can read it.
        relayed: whether somebody connects to the broker in our stead, as Docker does for a published port. The broker
            then knows our connections by other ports than we do.
    """

    def __init__(
        self,
        address: str,
        *,
        prefix: str = "",
        credentials: Credentials | None = None,
        patience: float = 15.0,
        instance: str | None = None,
        log: Callable[[], str] | None = None,
        relayed: bool = False,
    ) -> None:
        self._link = Link(address, prefix, credentials, patience, instance)
        self._operator = Operator(self._link)
        self._log = log
        self._relayed = relayed
        self._opened: list[_KafkaOutlet | _KafkaInlet] = []

    @property
    def enforces_rights(self) -> bool:
        """Whether the cluster took the rights of the last `open_topics`; False before the first."""
        return self._operator.granted is True

    async def answers(self) -> None:
        """Return when the cluster can do its work, as the operator sees it. Raises: Unreachable."""
        try:
            await self._operator.ready()
        except Unreachable as error:
            raise await explained(self._link, OPERATOR, error) from error

    async def open_topics(self, rights: Iterable[TopicRights]) -> None:
        """As operator, create the topics that do not exist and grant exactly these rights."""
        async with self._explained(OPERATOR):
            await self._operator.open_topics(tuple(rights))

    async def outlet(self, principal: str) -> Outlet:
        """A way to put records, as `principal`. Raises: NotReady (no certificate), Unreachable."""
        outlet = _KafkaOutlet(self._link, principal)
        # A principal that may write nothing at all cannot even open a numbered producer. Which topic it may not
        # write is only known at its first put, which says so.
        with suppress(kafka_errors.ClusterAuthorizationFailedError):
            async with self._explained(principal):
                await outlet.connected()
        self._opened.append(outlet)
        return outlet

    async def inlet(self, principal: str, topics: Sequence[str], *, group: str | None) -> Inlet:
        """A way to take records, as `principal`; see `bus.Bus.inlet`. Raises: NotReady, Unreachable."""
        inlet = _KafkaInlet(self._link, principal, tuple(topics), group)
        async with self._explained(principal):
            await inlet.open()
        self._opened.append(inlet)
        return inlet

    async def second_reader(self, principal: str, topics: Sequence[str], *, group: str) -> Inlet:
        """Another reader in the group of `principal`; see `bus.Guarded`."""
        # Who is given what goes by the members' names, which begin with their clients' own (aiokafka's round robin).
        link = replace(self._link, instance=None)
        inlet = _KafkaInlet(link, principal, tuple(topics), group, client="0-second")
        await inlet.open()
        self._opened.append(inlet)
        return inlet

    async def trim(self, topic: str, before: int) -> None:
        """As operator, delete the records before offset `before`, in every partition."""
        await self._operator.trim(topic, before)

    def prowler(self, principal: str) -> Prowler:
        """Somebody who asks the broker straight, with the certificate of `principal`; see `bus.Guarded`."""
        return KafkaProwler(self._link, principal)

    async def knock(self, principal: str, shown: Path | None) -> Knock:
        """Come to the broker's door; see `bus.Guarded`."""
        came = await knock(self._link, principal, shown)
        return replace(came, port=0) if self._relayed else came

    def comes_by(self, principal: str, address: str) -> None:
        """From now on `principal` comes to the broker at `address`; see `bus.Guarded`."""
        self._link.detours[principal] = address

    @asynccontextmanager
    async def _explained(self, principal: str) -> AsyncIterator[None]:
        """Say why `principal` is not let in. Silence says no reason to a knock either, which would take its time."""
        try:
            yield
        except Unreachable as error:
            if isinstance(error.__cause__, TimeoutError):
                raise
            raise await explained(self._link, principal, error) from error

    def full(self, topic: str) -> str:
        """The topic's name on the cluster."""
        return self._link.full(topic)

    def group(self, principal: str, group: str) -> str:
        """The group's name on the cluster."""
        return self._link.group(principal, group)

    def log(self) -> str | None:
        """What the broker wrote in its own log, where somebody here can read it."""
        return None if self._log is None else self._log()

    async def close(self) -> None:
        """Let go of everything this bus opened. The topics stay on the cluster."""
        while self._opened:
            await self._opened.pop().close()
        await self._operator.close()


class _KafkaOutlet:
    """Where one principal puts records. Implements `bus.Outlet`."""

    def __init__(self, link: Link, principal: str) -> None:
        self._link = link
        self._principal = principal
        self._producer: AIOKafkaProducer | None = None
        self._parting: asyncio.Task[None] | None = None
        self._known: set[str] = set()
        self._turn = asyncio.Lock()  # one put at a time: their order is the callers' order
        self._closed = False

    async def connected(self) -> AIOKafkaProducer:
        """The producer, connected. Raises: NotReady, Unreachable."""
        if self._producer is not None:
            return self._producer
        producer = AIOKafkaProducer(
            acks="all",
            enable_idempotence=True,
            max_batch_size=256 * 1024,
            max_request_size=2 * LARGEST_RECORD,  # the broker judges what is too large, not the client
            **self._link.options(self._principal),
        )
        try:
            async with self._link.answered():
                await producer.start()
        except BaseException:
            self._producer = producer
            await self._drop()
            raise
        self._producer = producer
        return producer

    async def put(self, *records: Record) -> tuple[Ack, ...]:
        """Put `records` in this order; return when the broker has them all."""
        async with self._turn:
            if self._closed:
                raise Unreachable(f"the outlet of {self._principal!r} is closed", todo="open another one")
            if not records:
                return ()
            try:
                producer = await self.connected()
            except kafka_errors.ClusterAuthorizationFailedError as error:
                raise self._refusal(error, records[0]) from error
            for topic in {record.topic for record in records} - self._known:
                # aiokafka waits for an unknown topic until its patience ends; asked like this, the broker says so.
                async with self._link.answered():
                    await partitions_of(producer.client, self._link, self._principal, "write", topic)
                self._known.add(topic)
            answers = [await self._send(producer, record) for record in records]
            return await self._acks(records, answers)

    async def _send(self, producer: AIOKafkaProducer, record: Record) -> _Answer:
        try:
            async with self._link.answered():
                answer: _Answer = await producer.send(
                    self._link.full(record.topic), record.value, record.key, headers=list(record.headers)
                )
        except kafka_errors.KafkaError as error:
            await self._drop()
            raise self._refusal(error, record) from error
        # Whether or not somebody still waits for it: an error in it is not to be reported as forgotten.
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        return answer

    async def _acks(self, records: Sequence[Record], answers: Sequence[_Answer]) -> tuple[Ack, ...]:
        _, silent = await asyncio.wait(answers, timeout=self._link.patience)
        if silent:
            await self._drop()
            raise self._link.unreachable()
        acks = []
        for record, answer in zip(records, answers, strict=True):
            error = answer.exception()
            if isinstance(error, Exception):
                await self._drop()
                raise self._refusal(error, record) from error
            told = answer.result()
            acks.append(Ack(record.topic, told.partition, told.offset, _moment(told.timestamp)))
        return tuple(acks)

    def _refusal(self, error: Exception, record: Record) -> RoadFailed:
        refusal = self._link.refusal(error, self._principal, "write", record.topic)
        if isinstance(refusal, TooLarge):
            size = len(record.key) + len(record.value)
            return TooLarge(
                f"a record of {size} bytes for topic {record.topic!r}", expected=refusal.expected, todo=refusal.todo
            )
        return refusal

    async def _drop(self) -> None:
        """Give the producer up; the next put makes a new one."""
        producer, self._producer = self._producer, None
        self._known.clear()
        if producer is not None:
            # In a task of its own: who is cancelled while it waits must not leave half a producer behind.
            self._parting = asyncio.create_task(drop_producer(producer))
        if self._parting is not None:
            await asyncio.shield(self._parting)

    async def close(self) -> None:
        """Let go of the connection."""
        if self._closed:
            return
        self._closed = True
        async with self._turn:
            await self._drop()


class _KafkaInlet:
    """Where one principal takes records. Implements `bus.Inlet`."""

    def __init__(
        self, link: Link, principal: str, topics: tuple[str, ...], group: str | None, *, client: str = ""
    ) -> None:
        self._link = link
        self._principal = principal
        self._topics = topics
        self._group = group
        self._consumer = AIOKafkaConsumer(
            group_id=None if group is None else link.group(principal, group),
            group_instance_id=None if group is None else link.instance,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=_FETCH,
            **(link.options(principal) | ({"client_id": client} if client else {})),
        )
        self._started = False
        # Held while the client may be opening a connection: one that is born after the farewell stays open for ever.
        self._asking = asyncio.Lock()
        self._waiting: asyncio.Timeout | None = None
        self._parting: asyncio.Task[None] | None = None
        self._done: dict[TopicPartition, int] = {}
        self._closed = False

    async def open(self) -> None:
        """Connect. Raises: Unreachable."""
        try:
            async with self._link.answered():
                await self._consumer.start()
        except BaseException:
            await self.close()
            raise

    async def take(self, most: int = 256) -> tuple[Delivery, ...]:
        """Wait for at least one record, return up to `most`; see `bus.Inlet.take`."""
        while True:
            if self._closed:
                raise Unreachable(f"the inlet of {self._principal!r} is closed", todo="open another one")
            if found := await self._found(most):
                return found
            await self._still_there()

    async def _found(self, most: int) -> tuple[Delivery, ...]:
        """What comes within `_LOOK_UP` seconds, perhaps nothing."""
        try:
            if not self._started:
                await self._start()
            found = await self._read(most)
        except kafka_errors.NoOffsetForPartitionError:
            await self._begin()
        except kafka_errors.OffsetOutOfRangeError as error:
            raise await self._range_lost(error) from error
        except kafka_errors.ConsumerStoppedError:
            pass  # closed while it waited; `take` says so
        except kafka_errors.KafkaError as error:
            raise self._refusal(error) from error
        else:
            return tuple(self._delivery(each) for records in found for each in records)
        return ()

    async def _read(self, most: int) -> tuple[list[ConsumerRecord], ...]:
        """What aiokafka has, by partition. `close` ends the wait, as aiokafka, waiting for its group, would not."""
        if self._closed:
            return ()
        try:
            async with asyncio.timeout(self._link.patience) as self._waiting:
                found = await self._shares(most)
                if not found:
                    found = await self._consumer.getmany(timeout_ms=int(_LOOK_UP * 1000), max_records=most)
        except TimeoutError:
            # Closed; or the group waits for a reader that vanished, longer than we would for the broker. Not given
            # up: who came anew would be waited for in turn. Whether the broker is there is asked next.
            return ()
        finally:
            self._waiting = None
        return tuple(found.values())

    async def _shares(self, most: int) -> dict[TopicPartition, list[ConsumerRecord]]:
        """What aiokafka has already: of each inbox its share, then more of those that have more.

        Left alone, it hands out all that it fetched of one partition before it comes to the next.
        """
        found: dict[TopicPartition, list[ConsumerRecord]] = {}
        places = sorted(self._consumer.assignment())
        share = max(1, most // max(1, len(places)))
        for wanted in ([place] for place in places) if len(places) > 1 else ():
            try:
                found |= await self._consumer.getmany(*wanted, timeout_ms=0, max_records=share)
            except kafka_errors.KafkaError:
                # It comes again at the next call; what was handed out already would not.
                if not found:
                    raise
                return found
        left = most - sum(map(len, found.values()))
        if found and left > 0:
            with suppress(kafka_errors.KafkaError):  # as above
                for place, more in (await self._consumer.getmany(timeout_ms=0, max_records=left)).items():
                    found.setdefault(place, []).extend(more)
        return found

    async def _start(self) -> None:
        """Join the group, or, as the tap, stand at the first record of every partition."""
        client = self._consumer._client  # noqa: SLF001  a second connection only to ask would be worse
        places = []
        async with self._asking, self._link.answered():
            if self._closed:
                return
            for topic in self._topics:
                partitions = await partitions_of(client, self._link, self._principal, "read", topic)
                places += [TopicPartition(self._link.full(topic), number) for number in partitions]
            if self._group is not None:
                self._consumer.subscribe([self._link.full(topic) for topic in self._topics])
            else:
                self._consumer.assign(places)
                for topic in self._topics:
                    await client.add_topic(self._link.full(topic))
                for place, first in (await self._consumer.beginning_offsets(places)).items():
                    self._consumer.seek(place, first)
        self._started = True

    async def _begin(self) -> None:
        """The group reads a topic for the first time: from its first record on, and that place is written down.

        Written down before anything is read, so that records lost from now on are missed, and never jumped over.
        """
        try:
            async with self._asking, self._link.answered():
                if self._closed:
                    return
                places = [
                    place for place in self._consumer.assignment() if await self._consumer.committed(place) is None
                ]
                first = await self._consumer.beginning_offsets(places)
                await self._consumer.commit(first)
                for place, offset in first.items():
                    self._consumer.seek(place, offset)
        except kafka_errors.KafkaError as error:
            raise self._refusal(error) from error

    async def _range_lost(self, error: kafka_errors.OffsetOutOfRangeError) -> RangeLost:
        ((place, wanted),) = error.args[0].items()
        async with self._link.answered():
            first = await self._consumer.beginning_offsets([place])
        return RangeLost(self._link.short(place.topic), wanted, first[place])

    async def _still_there(self) -> None:
        # Left alone, aiokafka asks a broker that is gone for ever, in silence.
        client = self._consumer._client  # noqa: SLF001  see above
        async with self._asking, self._link.answered():
            while not self._closed and not await client.force_metadata_update():  # noqa: ASYNC110  a broker that is gone gives no event
                await asyncio.sleep(_LOOK_UP / 4)

    def _refusal(self, error: Exception) -> RoadFailed:
        told = str(error.args[0]) if error.args else ""
        topic = self._link.short(told) if self._link.short(told) in self._topics else ", ".join(self._topics)
        return self._link.refusal(error, self._principal, "read", topic)

    def _delivery(self, record: ConsumerRecord) -> Delivery:
        return Delivery(
            self._link.short(record.topic),
            record.partition,
            record.offset,
            record.key or b"",
            record.value or b"",
            tuple((name, value or b"") for name, value in record.headers),
            _moment(record.timestamp),
        )

    async def commit(self, deliveries: Sequence[Delivery]) -> None:
        """These are done with, and all before them; with no group, nothing is kept."""
        if self._closed:
            raise Unreachable(f"the inlet of {self._principal!r} is closed", todo="open another one")
        if self._group is None:
            return
        done: dict[TopicPartition, int] = {}
        for each in deliveries:
            if each.topic not in self._topics:
                raise Defect(f"a commit on topic {each.topic!r}, which this inlet does not read")
            place = TopicPartition(self._link.full(each.topic), each.partition)
            if each.offset >= self._done.get(place, 0):
                done[place] = max(done.get(place, 0), each.offset + 1)
        if not done:
            return
        try:
            async with self._link.answered():
                await self._consumer.commit(done)
        except (kafka_errors.CommitFailedError, kafka_errors.IllegalStateError) as error:
            raise RoadFailed(
                f"another reader of group {self._group!r} has taken over from {self._principal!r}",
                expected="one reader for each topic of a group at a time",
                todo="take again; what was not committed is delivered to the other reader",
            ) from error
        except kafka_errors.KafkaError as error:
            raise self._refusal(error) from error
        self._done |= done

    async def close(self) -> None:
        """Leave without committing."""
        if not self._closed:
            self._closed = True
            if self._waiting is not None:
                with suppress(RuntimeError):  # it has just run out by itself
                    self._waiting.reschedule(0)
            # In a task of its own: who is cancelled while it waits must not leave half a consumer behind.
            self._parting = asyncio.create_task(self._leave())
        if self._parting is not None:
            await asyncio.shield(self._parting)

    async def _leave(self) -> None:
        async with self._asking:
            await leave_consumer(self._consumer, self._link.patience)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
