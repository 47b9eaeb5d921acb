"""Quotas in Kafka's protocol (keys 48 and 49, version 0): how fast a principal may write, as the operator sets it.

aiokafka has no requests for them; these are its own building blocks, laid out as the protocol guide has them
(kafka.apache.org/protocol, AlterClientQuotas and DescribeClientQuotas). A broker that is over-run delays its answer and
reads nothing more of that connection meanwhile: the writer is slowed, and nothing of what it wrote is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiokafka import errors as kafka_errors
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int8, Int16, Int32, Schema, String

_USER: Final = "user"
_RATE: Final = "producer_byte_rate"
_EXACTLY: Final = 0  # DescribeClientQuotas: the entity of just this name

_ENTITY: Final = ("entity", Array(("entity_type", String("utf-8")), ("entity_name", String("utf-8"))))


class _AlterAnswer(Response):  # type: ignore[misc]  # aiokafka's protocol is untyped
    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("entries", Array(("error_code", Int16), ("error_message", String("utf-8")), _ENTITY)),
    )


class _Alter0(RequestStruct):  # type: ignore[misc]  # aiokafka's protocol is untyped
    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = _AlterAnswer
    SCHEMA = Schema(
        ("entries", Array(_ENTITY, ("ops", Array(("key", String("utf-8")), ("value", Float64), ("remove", Boolean))))),
        ("validate_only", Boolean),
    )


class _Alter(Request[_Alter0]):  # type: ignore[misc]  # aiokafka's protocol is untyped
    API_KEY = 49

    def __init__(self, rates: Mapping[str, int]) -> None:
        self._rates = rates

    def build(self, request_struct_class: type[_Alter0]) -> _Alter0:
        entries = [([(_USER, name)], [(_RATE, float(rate), False)]) for name, rate in self._rates.items()]
        return request_struct_class(entries, False)


class _DescribeAnswer(Response):  # type: ignore[misc]  # aiokafka's protocol is untyped
    API_KEY = 48
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("error_message", String("utf-8")),
        ("entries", Array(_ENTITY, ("values", Array(("key", String("utf-8")), ("value", Float64))))),
    )


class _Describe0(RequestStruct):  # type: ignore[misc]  # aiokafka's protocol is untyped
    API_KEY = 48
    API_VERSION = 0
    RESPONSE_TYPE = _DescribeAnswer
    SCHEMA = Schema(
        ("components", Array(("entity_type", String("utf-8")), ("match_type", Int8), ("match", String("utf-8")))),
        ("strict", Boolean),
    )


class _Describe(Request[_Describe0]):  # type: ignore[misc]  # aiokafka's protocol is untyped
    API_KEY = 48

    def __init__(self, name: str) -> None:
        self._name = name

    def build(self, request_struct_class: type[_Describe0]) -> _Describe0:
        return request_struct_class([(_USER, _EXACTLY, self._name)], True)


async def limit(client: AIOKafkaClient, rates: Mapping[str, int]) -> None:
    """Let each of these principals write at most so many bytes a second. Raises KafkaError."""
    answer = await client.send(client.get_random_node(), _Alter(rates))
    for code, message, _entity in answer.entries:
        _accepted(code, message)


async def rate_of(client: AIOKafkaClient, principal: str, *, node: int) -> int | None:
    """How many bytes a second this principal may write, as broker `node` knows it; None without a limit."""
    answer = await client.send(node, _Describe(principal))
    _accepted(answer.error_code, answer.error_message)
    rates = [value for _entity, values in answer.entries or () for key, value in values if key == _RATE]
    return int(rates[0]) if rates else None


def _accepted(code: int, message: str | None) -> None:
    error = kafka_errors.for_code(code)
    if error is not kafka_errors.NoError:
        raise error(message)
