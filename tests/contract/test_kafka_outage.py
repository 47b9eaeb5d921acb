"""Outages of a real broker: what a bare aiokafka client makes of them, and what our outlets and inlets do."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import OutOfOrderSequenceNumber

from harness.brokers.local import LocalBroker
from harness.errors import RoadFailed
from harness.exchange.bus import Record, TopicRights

TOPIC = "qn.in.from.qm"
INBOX = TopicRights(TOPIC, writer="qm", reader="qn")


def numbered(number: int) -> Record:
    """A record like any other."""
    return Record(TOPIC, b"k", b"%d" % number)


@pytest.mark.long("a broker starts three times")
@pytest.mark.timeout(90)  # a broker starts three times
async def test_a_broker_that_forgot_what_it_had_acknowledged(mortal: LocalBroker, tmp_path: Path) -> None:
    """A bare idempotent producer is refused from then on, for ever (aiokafka 1017); our outlet counts anew and goes on.

    The broker comes back without its last records, as after a power cut. It still knows the producer, at an older
    number; aiokafka goes on counting from its own, and neither asks for a new identity nor says that it is useless.
    """
    kept = tmp_path / "kept"
    bus = mortal.bus("forgetful.")
    await bus.open_topics([INBOX])

    def keeps(data: Path) -> None:
        shutil.copytree(data, kept)

    outlet = await bus.outlet("qm")
    bare = AIOKafkaProducer(acks="all", enable_idempotence=True, **bus._link.options("qm"))
    await bare.start()
    name = bus.full(TOPIC)
    await outlet.put(numbered(1))
    await bare.send_and_wait(name, b"1", b"k")
    await mortal.falls(keeps)
    for number in (2, 3):
        await outlet.put(numbered(number))
        await bare.send_and_wait(name, b"%d" % number, b"k")

    def forgets(data: Path) -> None:
        shutil.rmtree(data)
        kept.rename(data)

    await mortal.falls(forgets)
    async with asyncio.timeout(40):
        for number in (4, 5, 6):
            with pytest.raises(OutOfOrderSequenceNumber):
                await bare.send_and_wait(name, b"%d" % number, b"k")
        with pytest.raises(RoadFailed, match="OutOfOrderSequenceNumber"):
            await outlet.put(numbered(4))
        acks = [(await outlet.put(numbered(number)))[0].offset for number in (4, 5)]
        with pytest.raises(OutOfOrderSequenceNumber):
            await bare.send_and_wait(name, b"7", b"k")
    assert acks == [2, 3], "two records were kept, one of each; ours follow them"
    await bare.stop()
    await bus.close()
