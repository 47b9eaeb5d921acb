"""Parting from aiokafka's clients when the broker is silent or gone: the cases its own `stop` does not survive.

Everything private of aiokafka that we touch to that end is touched here (seen with 0.14.0). tests/contract silences
and kills a broker to hold it to this.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka import errors as kafka_errors
from aiokafka.client import AIOKafkaClient

_STEP = 0.25  # seconds that a cancelled task of aiokafka is given before it is cancelled again
_STEPS = 8


async def drop_producer(producer: AIOKafkaProducer) -> None:
    """Stop a producer without waiting for what it still wants to send.

    An idempotent producer never gives a batch up, so its `stop` waits for ever on a broker that is gone. And after a
    refused batch its numbering has a hole that the broker would not accept: it is of no more use either way.
    """
    sender = producer._sender  # noqa: SLF001  see the module's docstring
    task = sender.sender_task
    if task is not None:
        # On failure the sender tells a transaction manager that has no transaction, and trips over it.
        task.remove_done_callback(sender._fail_all)  # noqa: SLF001  see the module's docstring
        held = producer._message_accumulator  # noqa: SLF001  see there
        batches = [*held._pending_batches, *(one for queue in held._batches.values() for one in queue)]  # noqa: SLF001
        held.fail_all(kafka_errors.KafkaTimeoutError())
        for batch in batches:
            # Failed too, and nobody waits for it: heard here, so that it is not told as forgotten.
            if (drained := batch._drain_waiter).done():  # noqa: SLF001  see there
                drained.exception()
        await _end(task)  # the first cancel lets running requests end, the next ones end them
    lines = _lines(producer.client)
    await _alone(producer.stop())
    await _alone(producer.client.close())
    _hang_up(lines)


async def leave_consumer(consumer: AIOKafkaConsumer, patience: float) -> None:
    """Stop a consumer: leave its group if the broker answers within `patience` seconds, leave the client in any case.

    While a broker is gone, aiokafka's `stop` can end in the cancellation of its own fetch, half done; seen from
    inside it cannot be told from a cancellation of ours, so it runs in a task of its own.
    """
    lines = _lines(consumer._client)  # noqa: SLF001  see the module's docstring
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.wait([stopping], timeout=patience)
    if stopping.done() and not stopping.cancelled() and stopping.exception() is None:
        return
    await _end(stopping)
    fetcher = consumer._fetcher  # noqa: SLF001  see the module's docstring
    if fetcher is not None:
        for task in tuple(fetcher._pending_tasks):  # noqa: SLF001  see there
            await _end(task)
    await _alone(consumer._client.close())  # noqa: SLF001  see there
    _hang_up(lines)


def _lines(client: AIOKafkaClient) -> list[asyncio.StreamWriter]:
    return [each._writer for each in client._conns.values() if each._writer is not None]  # noqa: SLF001  see there


def _hang_up(lines: list[asyncio.StreamWriter]) -> None:
    """A TLS connection waits half a minute for the farewell of a broker that is silent, or slows us down: not here."""
    for each in lines:
        each.transport.abort()


async def _alone(parting: Coroutine[Any, Any, None]) -> None:  # Any: as every coroutine
    """Let it run in a task of its own, not for ever; what it ends with may be the cancellation of another."""
    task = asyncio.create_task(parting)
    await asyncio.wait([task], timeout=_STEP * _STEPS)
    await _end(task)


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel until it ends, and hear its error, which nobody else will."""
    for _ in range(_STEPS):
        if task.done():
            break
        task.cancel()
        await asyncio.wait([task], timeout=_STEP)
    if task.done() and not task.cancelled():
        task.exception()
