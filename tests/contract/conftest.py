"""Each bus in turn, under one name; each test has topics of its own. The session's broker is in tests/conftest.py."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from harness.brokers.container import ContainerBroker
from harness.brokers.local import LocalBroker
from harness.clock import DrivenClock
from harness.exchange.bus import Bus, TopicRights
from harness.exchange.memory import MemoryBus

INBOX = TopicRights("qn.in.from.qm", writer="qm", reader="qn")

MakeBus = Callable[[], Bus]

_runs = itertools.count(1)


def a_prefix() -> str:
    """A prefix that no other test of this session has."""
    return f"run-{next(_runs)}."


@pytest.fixture(params=["memory", "kafka", "container"])
def make_bus(request: pytest.FixtureRequest) -> MakeBus:
    """How the bus under test is made; the making itself belongs into the test's own event loop."""
    if request.param == "memory":
        clock = DrivenClock(datetime(2026, 3, 1, 9, tzinfo=UTC), step=timedelta(milliseconds=1))
        return lambda: MemoryBus(clock)
    fixture = "broker" if request.param == "kafka" else "container"
    broker: LocalBroker | ContainerBroker = request.getfixturevalue(fixture)
    return lambda: broker.bus(a_prefix())


@pytest_asyncio.fixture
async def bus(make_bus: MakeBus) -> AsyncIterator[Bus]:
    """A bus with one topic, written by qm and read by qn."""
    made = make_bus()
    await made.open_topics([INBOX])
    try:
        yield made
    finally:
        await made.close()
