"""What the operator of a run does on a Kafka cluster: create topics, grant and withdraw rights, trim.

aiokafka offers topics and trimming only; rights are sent here in the protocol's own requests (Kafka protocol, keys
29 to 31, version 1). What the parties do: kafka. Names, patience and errors: kafka_link.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple

from aiokafka import errors as kafka_errors
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.protocol.admin import (
    CreateAclsRequest,
    CreateTopicsRequest,
    DeleteAclsRequest,
    DeleteRecordsRequest,
    DescribeAclsRequest,
)

from harness.errors import RoadFailed
from harness.exchange.bus import LARGEST_RECORD, OPERATOR, NotAllowed, TopicRights
from harness.exchange.kafka_link import Link, look_up, partitions_of
from harness.exchange.kafka_quotas import limit, rate_of

# Numbers of the Kafka protocol: AclOperation, AclPermissionType, PatternType, ResourceType.
_ANY, _READ, _WRITE, _IDEMPOTENT_WRITE = 1, 3, 4, 12
_ALLOW = 3
_LITERAL, _PREFIXED = 3, 4
_TOPIC, _GROUP, _CLUSTER = 2, 3, 4

_FRAMING = 1024  # what Kafka's own record batch adds to one record, generously
_AGAIN = 0.02  # seconds between two questions while the cluster spreads what it was told
_TO_THE_END = -1  # DeleteRecords: up to the high watermark


class _Right(NamedTuple):
    """One line of a cluster's access control list, in the protocol's order. The host is always any host."""

    resource: int
    name: str
    pattern: int
    principal: str
    operation: int


class Operator:
    """The operator's connection to the cluster, opened at its first use.

    Attributes:
        granted: whether the cluster enforces the rights given here; None before any were given.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._client: AIOKafkaClient | None = None
        self._opening = asyncio.Lock()
        self.granted: bool | None = None

    async def client(self) -> AIOKafkaClient:
        """The connected client. Raises: Unreachable."""
        async with self._opening:
            if self._client is None:
                client = AIOKafkaClient(**self._link.options(OPERATOR))
                try:
                    async with self._link.answered():
                        await client.bootstrap()
                except BaseException:
                    await client.close()
                    raise
                self._client = client
        return self._client

    async def ready(self) -> None:
        """Return when the cluster has brokers and coordinates groups. Raises: Unreachable."""
        client = await self.client()

        async def serving() -> bool:
            try:
                if client.get_random_node() is None:
                    await client.force_metadata_update()
                await client.coordinator_lookup(CoordinationType.GROUP, self._link.group(OPERATOR, "ready"))
            except kafka_errors.KafkaError as error:
                if not error.retriable:
                    raise
                return False
            return True

        async with self._link.answered():
            await _until(serving)

    async def close(self) -> None:
        """Let go of the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def open_topics(self, rights: Sequence[TopicRights]) -> None:
        """Create the topics that do not exist, then grant exactly these rights; see `bus.Bus.open_topics`."""
        client = await self.client()
        async with self._link.answered():
            await self._create(client, [right.topic for right in rights])
            await self._grant(client, rights)

    async def _create(self, client: AIOKafkaClient, topics: Sequence[str]) -> None:
        names = [self._link.full(topic) for topic in topics]
        missing = [name for name, found in (await look_up(client, names)).items() if found["error_code"] != 0]
        if not missing:
            return
        copies = min(3, len(client.cluster.brokers()))
        settings = {
            "max.message.bytes": str(LARGEST_RECORD + _FRAMING),
            "compression.type": "uncompressed",  # or the limit holds the packed size, and a bomb passes under it
            "message.timestamp.type": "LogAppendTime",  # an Ack tells the broker's time, not the sender's
            "min.insync.replicas": str(max(1, copies - 1)),
        }
        new = [(name, 1, copies, (), tuple(settings.items())) for name in missing]
        request = CreateTopicsRequest(new, int(self._link.patience * 1000), validate_only=False)
        response = await client.send(client.get_random_node(), request)
        for name, code, *_ in response.topic_errors:
            error = kafka_errors.for_code(code)
            if error not in (kafka_errors.NoError, kafka_errors.TopicAlreadyExistsError):
                raise self._link.refusal(error(), OPERATOR, "create", self._link.short(name))

        async def led() -> bool:
            found = await look_up(client, missing)
            return all(
                topic["error_code"] == 0 and all(each["leader"] >= 0 for each in topic["partitions"])
                for topic in found.values()
            )

        await _until(led)

    async def _grant(self, client: AIOKafkaClient, rights: Sequence[TopicRights]) -> None:
        wanted = self._wanted(rights)
        topics = {self._link.full(right.topic) for right in rights}
        try:
            known = await self._described(client, client.get_random_node())
        except (kafka_errors.SecurityDisabled, kafka_errors.ClusterAuthorizationFailedError):
            # No authorizer, or one that this operator may not instruct. Either way we cannot say that what was
            # asked for is all that is allowed, and we do not pretend it on our side of the wire.
            self.granted = False
            return
        surplus = {right for right in known if right.resource == _TOPIC and right.name in topics} - wanted
        for right in wanted - known:
            response = await client.send(client.get_random_node(), CreateAclsRequest(*_spelled(right)))
            self._accepted(response.creation_responses)
        for right in surplus:
            response = await client.send(client.get_random_node(), DeleteAclsRequest(*_spelled(right)))
            self._accepted(response.filter_responses)
        nodes: list[int] = [broker.nodeId for broker in client.cluster.brokers()]
        for each in nodes:

            async def in_force(node: int = each) -> bool:
                seen = await self._described(client, node)
                return wanted <= seen and not surplus & seen

            await _until(in_force)
        await self._limit(client, rights, nodes)
        self.granted = True

    async def _limit(self, client: AIOKafkaClient, rights: Sequence[TopicRights], nodes: Sequence[int]) -> None:
        """Hold each writer to the sum of what its agreements let it send; who has agreed on nothing is not limited."""
        rates: dict[str, int] = {}
        for right in rights:
            if right.bytes_per_second is not None:
                rates[right.writer] = rates.get(right.writer, 0) + right.bytes_per_second
        if not rates:
            return
        try:
            await limit(client, rates)
            for each in nodes:
                for writer, rate in rates.items():

                    async def held(node: int = each, writer: str = writer, rate: int = rate) -> bool:
                        return await rate_of(client, writer, node=node) == rate

                    await _until(held)
        except kafka_errors.ClusterAuthorizationFailedError as error:
            raise RoadFailed(
                f"{OPERATOR!r} may not set or see quotas on this cluster",
                expected="ALTER_CONFIGS and DESCRIBE_CONFIGS on the cluster, for the agreements limit their writers",
                todo="have the cluster's operator grant them (corridor doctor --bus tells), or agree on no limits",
            ) from error

    def _wanted(self, rights: Iterable[TopicRights]) -> set[_Right]:
        wanted: set[_Right] = set()
        for right in rights:
            name, writer, reader = self._link.full(right.topic), f"User:{right.writer}", f"User:{right.reader}"
            wanted.add(_Right(_TOPIC, name, _LITERAL, writer, _WRITE))
            wanted.add(_Right(_TOPIC, name, _LITERAL, reader, _READ))
            wanted.add(_Right(_GROUP, self._link.groups_of(right.reader), _PREFIXED, reader, _READ))
            # Gives nothing by itself. It lets a mere reader that tries to write come as far as the topic, where the
            # broker logs whom it refused, and what.
            wanted.add(_Right(_CLUSTER, "kafka-cluster", _LITERAL, reader, _IDEMPOTENT_WRITE))
        return wanted

    async def _described(self, client: AIOKafkaClient, node: int) -> set[_Right]:
        """The rights that one broker knows now: topics and the cluster by name, groups by prefix."""
        seen = set()
        for resource, pattern in ((_TOPIC, _LITERAL), (_GROUP, _PREFIXED), (_CLUSTER, _LITERAL)):
            response = await client.send(node, DescribeAclsRequest(resource, None, pattern, None, None, _ANY, _ANY))
            error = kafka_errors.for_code(response.error_code)
            if error is not kafka_errors.NoError:
                raise error(response.error_message)
            for kind, name, found_pattern, lines in response.resources:
                seen |= {
                    _Right(kind, name, found_pattern, principal, operation)
                    for principal, _host, operation, permission in lines
                    if permission == _ALLOW
                }
        return seen

    def _accepted(self, answers: Iterable[tuple[Any, ...]]) -> None:
        for code, message, *_ in answers:
            error = kafka_errors.for_code(code)
            if error is kafka_errors.ClusterAuthorizationFailedError:
                raise NotAllowed(OPERATOR, "grant rights on", "*")
            if error is not kafka_errors.NoError:
                raise RoadFailed(f"the broker did not take a right: {message or error.__name__}")

    async def trim(self, topic: str, before: int) -> None:
        """Delete the records before offset `before` in every partition; past the end, all of them."""
        client = await self.client()
        async with self._link.answered():
            partitions = await partitions_of(client, self._link, OPERATOR, "trim", topic)
            await client.force_metadata_update()
            for partition in partitions:
                error = await self._delete(client, topic, partition, before)
                if error is kafka_errors.OffsetOutOfRangeError:
                    error = await self._delete(client, topic, partition, _TO_THE_END)
                if error is not kafka_errors.NoError:
                    raise self._link.refusal(error(), OPERATOR, "trim", topic)

    async def _delete(self, client: AIOKafkaClient, topic: str, partition: int, before: int) -> type[Exception]:
        name = self._link.full(topic)
        leader = next(
            each["leader"]
            for each in (await look_up(client, [name]))[name]["partitions"]
            if each["partition"] == partition
        )
        request = DeleteRecordsRequest([(name, [(partition, before)])], int(self._link.patience * 1000))
        response = await client.send(leader, request)
        (answer,) = (each for _topic, partitions, *_ in response.topics for each in partitions)
        error: type[Exception] = kafka_errors.for_code(answer[2])
        return error


def _spelled(right: _Right) -> tuple[int, str, int, str, str, int, int]:
    """A right as the protocol's requests spell it out."""
    return (right.resource, right.name, right.pattern, right.principal, "*", right.operation, _ALLOW)


async def _until(so: Callable[[], Awaitable[bool]]) -> None:
    """Ask again until it is so; the caller's patience is the deadline. A cluster has no event to wait for here."""
    while not await so():  # noqa: ASYNC110
        await asyncio.sleep(_AGAIN)
