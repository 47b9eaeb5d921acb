"""What each principal of a run may do on a cluster, by the cluster's own word: for a look before anything is begun.

Each is asked as itself (Metadata, key 3, version 8, and DescribeGroups, key 15, version 3: authorized operations;
KIP-430): so what is told is what its own certificate opens, whoever granted it and however. aiokafka knows neither of
these versions, hence the structs here.
Granting: kafka_operator. Names, patience and errors: kafka_link.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from aiokafka import errors as kafka_errors
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Bytes, Int16, Int32, Schema, String

from harness.errors import CorridorError
from harness.exchange.bus import OPERATOR, TopicRights, Unreachable
from harness.exchange.kafka_link import Link
from harness.exchange.kafka_prowler import explained

# AclOperation, as bits of what is authorized.
_READ, _WRITE, _CREATE, _ALTER, _DESCRIBE, _SEE_CONFIGS, _ALTER_CONFIGS = 3, 4, 5, 7, 8, 10, 11
_NOT_TOLD = -(2**31)
"""What a cluster answers that does not say what is authorized."""

_NOT_YET: Final = (kafka_errors.GroupCoordinatorNotAvailableError, kafka_errors.GroupLoadInProgressError)
_SOON: Final = 0.2  # seconds until a coordinator is asked again, within the link's patience

CLUSTER: Final = "(the cluster)"
"""In the place of a topic: what concerns all of them."""


@dataclass(frozen=True, slots=True)
class Right:
    """One thing a principal wants to do, and whether it may. `why` says what stands in its way."""

    principal: str
    action: str
    topic: str
    granted: bool
    why: str = ""


class _MetadataResponse(Response):  # type: ignore[misc]  # aiokafka is published without types
    API_KEY = 3
    API_VERSION = 8
    SCHEMA: ClassVar[Schema] = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", Array(("node_id", Int32), ("host", String("utf-8")), ("port", Int32), ("rack", String("utf-8")))),
        ("cluster_id", String("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", String("utf-8")),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("isr", Array(Int32)),
                        ("offline_replicas", Array(Int32)),
                    ),
                ),
                ("authorized_operations", Int32),
            ),
        ),
        ("authorized_operations", Int32),
    )


class _MetadataStruct(RequestStruct):  # type: ignore[misc]  # as above
    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA: ClassVar[Schema] = Schema(
        ("topics", Array(String("utf-8"))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class _Metadata(Request[_MetadataStruct]):  # type: ignore[misc]  # as above
    API_KEY = 3

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = list(topics)

    def build(self, request_struct_class: type[_MetadataStruct]) -> _MetadataStruct:
        return request_struct_class(self._topics, False, True, True)


class _DescribeGroupsResponse(Response):  # type: ignore[misc]  # as above
    API_KEY = 15
    API_VERSION = 3
    SCHEMA: ClassVar[Schema] = Schema(
        ("throttle_time_ms", Int32),
        (
            "groups",
            Array(
                ("error_code", Int16),
                ("group", String("utf-8")),
                ("state", String("utf-8")),
                ("protocol_type", String("utf-8")),
                ("protocol", String("utf-8")),
                (
                    "members",
                    Array(
                        ("member_id", String("utf-8")),
                        ("client_id", String("utf-8")),
                        ("client_host", String("utf-8")),
                        ("member_metadata", Bytes),
                        ("member_assignment", Bytes),
                    ),
                ),
                ("authorized_operations", Int32),
            ),
        ),
    )


class _DescribeGroupsStruct(RequestStruct):  # type: ignore[misc]  # as above
    API_KEY = 15
    API_VERSION = 3
    RESPONSE_TYPE = _DescribeGroupsResponse
    SCHEMA: ClassVar[Schema] = Schema(("groups", Array(String("utf-8"))), ("include_authorized_operations", Boolean))


class _DescribeGroups(Request[_DescribeGroupsStruct]):  # type: ignore[misc]  # as above
    API_KEY = 15

    def __init__(self, group: str) -> None:
        self._group = group

    def build(self, request_struct_class: type[_DescribeGroupsStruct]) -> _DescribeGroupsStruct:
        return request_struct_class([self._group], True)


async def wanted_and_had(link: Link, rights: Iterable[TopicRights], *, opened: bool) -> tuple[Right, ...]:
    """Every right that a run with these topics needs, and whether its principal has it.

    Args:
        link: to the cluster; its credentials say who can be asked.
        rights: the topics of the corridors, who writes and who reads each.
        opened: whether the topics are there already; else only the operator's rights on the cluster are looked at, and
            whether the parties are let in at all.

    Raises:
        Unreachable: no broker answers at all.
    """
    topics = tuple(rights)
    found = list(await _operators(link, topics, opened=opened))
    if not opened:
        parties = dict.fromkeys(principal for one in topics for principal in (one.writer, one.reader))
        return (*found, *[await _at_the_door(link, principal) for principal in parties])
    needs: dict[str, list[tuple[str, str, int]]] = {}
    for one in topics:
        needs.setdefault(one.writer, []).append((one.topic, "write", _WRITE))
        needs.setdefault(one.reader, []).append((one.topic, "read", _READ))
    readers = {one.reader for one in topics}
    for principal, its in needs.items():
        found += await _asked(link, principal, its)
        if principal in readers:
            found.append(await _in_its_group(link, principal))
    return tuple(found)


async def _at_the_door(link: Link, principal: str) -> Right:
    """Whether `principal` is let in: of what it may do there, nothing is told before there are topics."""
    try:
        await _told(link, principal, ())
    except Unreachable as error:
        why = (await explained(link, principal, error)).found
    except CorridorError as error:
        why = error.found
    else:
        why = ""
    return Right(principal, "come to", CLUSTER, granted=not why, why=why)


async def _in_its_group(link: Link, principal: str) -> Right:
    """Whether `principal` may read in the group that it joins under its own name, the only one a window has."""
    group = link.group(principal, principal)

    def told(why: str) -> Right:
        return Right(principal, "read", f"in group {group}", granted=not why, why=why)

    try:
        operations = await _operations_in(link, principal, group)
    except kafka_errors.GroupAuthorizationFailedError:
        return told("no right on it")
    except Unreachable as error:
        return told((await explained(link, principal, error)).found)
    except CorridorError as error:
        return told(error.found)
    except kafka_errors.KafkaError as error:
        return told(type(error).__name__)
    return told("" if operations == _NOT_TOLD or operations & (1 << _READ) else "no right to read")


async def _operations_in(link: Link, principal: str, group: str) -> int:
    client = AIOKafkaClient(**link.options(principal))
    try:
        async with link.answered():
            await client.bootstrap()
            answer = await _described(client, group)
    finally:
        await client.close()
    error = kafka_errors.for_code(answer["error_code"])
    if error is not kafka_errors.NoError:
        raise error
    return int(answer["authorized_operations"])


async def _described(client: AIOKafkaClient, group: str) -> dict[str, Any]:  # Any: as it comes
    """What the group's coordinator says of it. A cluster that never had a group makes room for them first."""
    while True:
        try:
            node = await client.coordinator_lookup(CoordinationType.GROUP, group)
            response = await client.send(node, _DescribeGroups(group))
        except _NOT_YET:
            await asyncio.sleep(_SOON)
            continue
        answer: dict[str, Any] = response.to_object()["groups"][0]
        if kafka_errors.for_code(answer["error_code"]) not in _NOT_YET:
            return answer
        await asyncio.sleep(_SOON)


async def _operators(link: Link, topics: Sequence[TopicRights], *, opened: bool) -> list[Right]:
    on_all = [
        (CLUSTER, "create topics", _CREATE),
        (CLUSTER, "grant rights", _ALTER),
        (CLUSTER, "see rights", _DESCRIBE),
    ]
    if any(one.bytes_per_second is not None for one in topics):
        on_all += [(CLUSTER, "set quotas", _ALTER_CONFIGS), (CLUSTER, "see quotas", _SEE_CONFIGS)]
    on_each = [(one.topic, action, bit) for one in topics for action, bit in (("read", _READ), ("write", _WRITE))]
    return await _asked(link, OPERATOR, [*on_all, *(on_each if opened else ())])


async def _asked(link: Link, principal: str, needs: Sequence[tuple[str, str, int]]) -> list[Right]:
    """Ask as `principal`. One that cannot even come has none of its rights; the others are asked all the same."""
    names = sorted({link.full(topic) for topic, _, _ in needs if topic != CLUSTER})
    try:
        told = await _told(link, principal, names)
    except Unreachable as error:
        why = (await explained(link, principal, error)).found
        return [Right(principal, action, topic, granted=False, why=why) for topic, action, _ in needs]
    except CorridorError as error:
        return [Right(principal, action, topic, granted=False, why=error.found) for topic, action, _ in needs]
    found = []
    for topic, action, bit in needs:
        operations, why = told.get(CLUSTER if topic == CLUSTER else link.full(topic), (0, "not told"))
        granted = operations == _NOT_TOLD or bool(operations & (1 << bit))
        found.append(Right(principal, action, topic, granted, "" if granted else why or f"no right to {action}"))
    return found


async def _told(link: Link, principal: str, names: Sequence[str]) -> dict[str, tuple[int, str]]:
    """For each topic, and the cluster, the operations that `principal` may do, and what is wrong with it."""
    client = AIOKafkaClient(**link.options(principal))
    try:
        async with link.answered():
            await client.bootstrap()
            response = await client.send(client.get_random_node(), _Metadata(names))
    finally:
        await client.close()
    answer = response.to_object()
    told = {CLUSTER: (int(answer["authorized_operations"]), "")}
    for topic in answer["topics"]:
        error = kafka_errors.for_code(topic["error_code"])
        why = "" if error is kafka_errors.NoError else _why(error)
        told[topic["topic"]] = (int(topic["authorized_operations"]) if not why else 0, why)
    return told


def _why(error: type[Exception]) -> str:
    if error is kafka_errors.UnknownTopicOrPartitionError:
        return "there is no such topic"
    if error is kafka_errors.TopicAuthorizationFailedError:
        return "no right on it, or no such topic"
    return error.__name__
