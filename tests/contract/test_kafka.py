"""What only a real broker can show: certificates, a broker that falls silent, runs that share a cluster."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from harness.brokers.access import issue_all
from harness.brokers.local import LocalBroker
from harness.clock import Chance
from harness.errors import NotReady
from harness.exchange.bus import (
    LARGEST_RECORD,
    Bus,
    Inlet,
    NoSuchTopic,
    NotAllowed,
    Outlet,
    Record,
    TopicRights,
    Unreachable,
)
from harness.exchange.kafka import KafkaBus

TOPIC = "qn.in.from.qm"
INBOX = TopicRights(TOPIC, writer="qm", reader="qn")
RECORD = Record(TOPIC, b"k", b"v")


@contextmanager
def silenced(broker: LocalBroker) -> Iterator[None]:
    """The broker's process stands still: its ports are open, and nobody answers."""
    process = broker._now().process
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


async def a_pair(bus: Bus) -> tuple[Outlet, Inlet]:
    """The outlet of qm and the inlet of qn, with one record gone through."""
    outlet, inlet = await bus.outlet("qm"), await bus.inlet("qn", [TOPIC], group="window")
    await go_through(outlet, inlet)
    return outlet, inlet


async def go_through(outlet: Outlet, inlet: Inlet) -> None:
    """One record goes from the one to the other."""
    async with asyncio.timeout(10):
        await outlet.put(RECORD)
        await inlet.commit(await inlet.take())


async def test_address_where_nobody_listens_is_unreachable() -> None:
    """A wrong address is said at once, with the address, and names what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    bus = KafkaBus(address, patience=5)
    async with asyncio.timeout(5):
        for opening in (bus.open_topics([INBOX]), bus.outlet("qm"), bus.inlet("qn", [TOPIC], group="window")):
            with pytest.raises(Unreachable, match=address) as error:
                await opening
            assert error.value.expected == "an answer over plaintext within 5 s"
            assert error.value.todo
    await bus.close()


async def test_broker_that_falls_silent_is_unreachable_within_the_patience(broker: LocalBroker) -> None:
    """Writer, reader and newcomer are each told, none waits for ever, and all go on when the broker does."""
    patience = 1.5
    bus = broker.bus("silent.", patience=patience)
    await bus.open_topics([INBOX])
    outlet, inlet = await a_pair(bus)
    with silenced(broker):
        async with asyncio.timeout(6 * patience):
            outcomes = await asyncio.gather(outlet.put(RECORD), inlet.take(), bus.outlet("qm"), return_exceptions=True)
    assert [type(each) for each in outcomes] == [Unreachable] * 3
    async with asyncio.timeout(10):
        await outlet.put(RECORD)
        assert (await inlet.take())[-1].value == RECORD.value
    await bus.close()


async def test_broker_that_dies_is_unreachable_and_all_can_be_closed(plain: LocalBroker) -> None:
    """In the middle of a run, with records on their way: everybody is told, and parting takes no time."""
    bus = plain.bus("dying.", patience=1.5)
    await bus.open_topics([INBOX])
    outlet, inlet = await a_pair(bus)
    tap = await bus.inlet("operator", [TOPIC], group=None)
    await tap.take()
    os.kill(plain._now().process.pid, signal.SIGKILL)
    async with asyncio.timeout(10):
        outcomes = await asyncio.gather(
            outlet.put(RECORD), inlet.take(), tap.take(), bus.trim(TOPIC, 1), return_exceptions=True
        )
        assert [type(each) for each in outcomes] == [Unreachable] * 4
        await bus.close()


async def test_certificate_of_another_authority_does_not_come_in(broker: LocalBroker, tmp_path: Path) -> None:
    """Somebody who calls themselves operator, vouched for by somebody else, is not even answered."""
    genuine = broker.folder / "authority.pem"
    credentials = issue_all(tmp_path, ("qm",), (), at=datetime.now(UTC), chance=Chance().octets)
    (tmp_path / "authority.pem").write_bytes(genuine.read_bytes())  # it does trust the broker
    bus = KafkaBus(broker.address, credentials=credentials, patience=5)
    async with asyncio.timeout(5):
        with pytest.raises(Unreachable):
            await bus.open_topics([INBOX])
        with pytest.raises(Unreachable):
            await bus.outlet("qm")
    await bus.close()


async def test_broker_of_another_authority_is_not_talked_to(broker: LocalBroker, tmp_path: Path) -> None:
    """We know the broker by its authority, and tell an impostor nothing."""
    credentials = issue_all(tmp_path, ("qm",), (), at=datetime.now(UTC), chance=Chance().octets)
    bus = KafkaBus(broker.address, credentials=credentials, patience=5)
    with pytest.raises(Unreachable, match="is not vouched for by"):
        await bus.outlet("qm")
    await bus.close()


async def test_principal_without_a_certificate_is_not_ready(broker: LocalBroker) -> None:
    """A party that was not named when the broker started is told what is missing."""
    bus = broker.bus("nobody.")
    with pytest.raises(NotReady, match=r"no nobody\.pem"):
        await bus.outlet("nobody")
    with pytest.raises(NotReady, match=r"no nobody\.pem"):
        await bus.inlet("nobody", [TOPIC], group=None)
    await bus.close()


async def test_two_runs_on_one_broker_do_not_meet(broker: LocalBroker) -> None:
    """The same logical topic, group and parties under another prefix are another run."""
    one, two = broker.bus("one."), broker.bus("two.")
    await one.open_topics([INBOX])
    pair = await a_pair(one)
    operator = await two.outlet("operator")
    with pytest.raises(NoSuchTopic):
        await operator.put(RECORD)
    await two.open_topics([TopicRights(TOPIC, writer="qx", reader="qn")])
    with pytest.raises(NotAllowed):
        await (await two.outlet("qm")).put(RECORD)
    await go_through(*pair)
    await one.close()
    await two.close()


async def test_record_packed_small_is_judged_by_its_size(broker: LocalBroker) -> None:
    """A writer that compresses does not bring more through than one that does not."""
    bus = broker.bus("packed.")
    await bus.open_topics([INBOX])
    options = bus._link.options("qm")
    async with AIOKafkaProducer(compression_type="gzip", max_request_size=4 * LARGEST_RECORD, **options) as writer:
        await writer.send_and_wait(bus._link.full(TOPIC), bytes(LARGEST_RECORD // 2))
        with pytest.raises(MessageSizeTooLargeError):
            await writer.send_and_wait(bus._link.full(TOPIC), bytes(2 * LARGEST_RECORD))
    await bus.close()


async def test_denied_request_stands_in_the_broker_log(broker: LocalBroker) -> None:
    """The broker itself is a witness of who tried what."""
    bus = broker.bus("denied.")
    await bus.open_topics([INBOX])
    with pytest.raises(NotAllowed):
        await (await bus.outlet("qn")).put(RECORD)
    await bus.close()
    said = "".join(log.read_text("utf-8") for log in broker.logs)
    denied = [line for line in said.splitlines() if "Principal = User:qn is Denied operation = WRITE" in line]
    assert any(f"denied.{TOPIC}" in line for line in denied)


async def test_broker_without_an_authorizer_is_reported_as_such(plain: LocalBroker) -> None:
    """Where nobody enforces rights, the bus says so, pretends nothing, and still creates no topic by accident."""
    bus = plain.bus("plain.")
    await bus.open_topics([INBOX])
    assert not bus.enforces_rights
    await a_pair(bus)
    stranger = await bus.outlet("qx")
    assert len(await stranger.put(RECORD)) == 1
    with pytest.raises(NoSuchTopic):
        await stranger.put(Record("qn.in.from.nobody", b"k", b"v"))
    await bus.close()
