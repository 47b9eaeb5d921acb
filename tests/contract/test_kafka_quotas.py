"""Who writes faster than it agreed to is slowed by the broker, and others are not; nothing of it is lost."""

from __future__ import annotations

import asyncio

from harness.brokers.local import LocalBroker
from harness.clock import seconds
from harness.exchange.bus import Record, TopicRights
from harness.exchange.kafka_quotas import rate_of

LOUD = TopicRights("qn.in.from.qx", writer="qx", reader="qn", bytes_per_second=50_000)
QUIET = TopicRights("qn.in.from.qm", writer="qm", reader="qn")
RECORD = bytes(50_000)


async def test_a_writer_that_is_faster_than_agreed(broker: LocalBroker) -> None:
    """Fifteen seconds' worth at once: the broker lets the next one wait, while another's goes through at once."""
    bus = broker.bus("limited.")
    await bus.open_topics([LOUD, QUIET])
    loud, quiet = await bus.outlet("qx"), await bus.outlet("qm")
    await loud.put(*[Record(LOUD.topic, b"k", RECORD)] * 15)  # a burst that its average must answer for
    began = seconds()
    slowed = asyncio.create_task(loud.put(Record(LOUD.topic, b"k", b"one more")))
    async with asyncio.timeout(15):
        await quiet.put(Record(QUIET.topic, b"k", RECORD))
        assert not slowed.done()
        other = seconds() - began
        await slowed
    assert seconds() - began > 2 > other
    inlet = await bus.inlet("qn", [LOUD.topic], group="window")
    taken = 0
    async with asyncio.timeout(5):
        while taken < 16:
            taken += len(await inlet.take())
    await bus.close()


async def test_a_writer_with_two_agreements(broker: LocalBroker) -> None:
    """The broker knows one rate for each writer: the sum of what it agreed on."""
    bus = broker.bus("summed.")
    further = TopicRights("qp.in.from.qx", writer="qx", reader="qp", bytes_per_second=7_000_000)
    await bus.open_topics([LOUD, further, QUIET])
    client = await bus._operator.client()
    (node,) = (each.nodeId for each in client.cluster.brokers())
    assert await rate_of(client, "qx", node=node) == 7_050_000
    assert await rate_of(client, "nobody", node=node) is None
    await bus.close()
