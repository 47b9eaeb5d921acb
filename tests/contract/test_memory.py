"""What only the memory bus does: it acts as if its broker had been killed."""

from __future__ import annotations

import asyncio

from harness.clock import SystemClock
from harness.exchange.bus import OPERATOR, Record, TopicRights
from harness.exchange.memory import MemoryBus

TOPIC = "qn.in.from.qm"


async def test_a_broker_that_comes_back() -> None:
    """What was taken and not committed is delivered again, what was committed is not; the tap hears nothing twice."""
    bus = MemoryBus(SystemClock())
    await bus.open_topics([TopicRights(TOPIC, writer="qm", reader="qn")])
    outlet, inlet, tap = (
        await bus.outlet("qm"),
        await bus.inlet("qn", [TOPIC], group="qn"),
        await bus.inlet(OPERATOR, [TOPIC], group=None),
    )
    async with asyncio.timeout(5):
        await outlet.put(*(Record(TOPIC, b"key", b"%d" % n) for n in range(3)))
        await inlet.commit((await inlet.take())[:1])
        assert len(await tap.take()) == 3
        await bus.falls()
        assert [each.value for each in await inlet.take()] == [b"1", b"2"]
        await outlet.put(Record(TOPIC, b"key", b"3"))
        assert [each.value for each in await tap.take()] == [b"3"]
    await bus.close()
