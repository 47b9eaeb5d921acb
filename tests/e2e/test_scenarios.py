"""Every scenario of the pack, played with honest windows: all its promises hold, on both buses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs.identity import Algorithm
from harness.brokers.container import ContainerBroker
from harness.brokers.local import LocalBroker
from harness.clock import DrivenClock, SystemClock
from harness.exchange.bus import Bus
from harness.trial.buses import BusMaker, standing
from harness.trial.runner import Playbill, judge, play, trouble
from harness.trial.script import Scenario
from harness.trial.verdict import Verdict
from scenarios.pack import PACK

START = datetime(2026, 3, 12, 9, tzinfo=UTC)

every_scenario = pytest.mark.parametrize("scenario", PACK.scenarios, ids=lambda scenario: scenario.id)


async def broken_promises(scenario: Scenario, bill: Playbill, folder: Path) -> list[str]:
    """Play, judge, and tell what did not hold, or why there is no verdict."""
    history = await play(scenario, bill, folder)
    judged = judge(scenario, history)
    assert {check.name for check in scenario.checks} <= {one.check for one in judged}
    told = [f"{one.verdict.value} {one.check}: {one.saw}" for one in judged if one.verdict is not Verdict.HELD]
    return told + ([trouble(history)] if trouble(history) else [])


@every_scenario
@pytest.mark.parametrize("algorithm", Algorithm)
async def test_honest_windows_on_the_memory_bus(scenario: Scenario, algorithm: Algorithm, tmp_path: Path) -> None:
    """All promises hold, whatever the algorithm of the seals."""
    clock = SystemClock()
    async with standing("memory", tmp_path, (), clock, lambda _: None) as bus:
        bill = Playbill(PACK, bus, "memory", clock, 1, algorithm=algorithm)
        assert await broken_promises(scenario, bill, tmp_path / "run") == []


@pytest.fixture(params=["broker", "container"])
def kafka(request: pytest.FixtureRequest) -> LocalBroker | ContainerBroker:
    """A real Apache Kafka: on this machine's JVM, and in Docker."""
    running: LocalBroker | ContainerBroker = request.getfixturevalue(request.param)
    return running


@every_scenario
async def test_honest_windows_on_a_real_kafka(
    scenario: Scenario, kafka: LocalBroker | ContainerBroker, tmp_path: Path
) -> None:
    """All promises hold on a real Apache Kafka too, with the same windows."""
    bill = Playbill(PACK, on(kafka), "local", SystemClock(), 1, patience=15)
    assert await broken_promises(scenario, bill, tmp_path / "run") == []


@every_scenario
async def test_the_same_seed_and_the_same_clock(scenario: Scenario, tmp_path: Path) -> None:
    """Two runs write the same bytes: history and evidence bundles differ in nothing."""
    written = []
    for folder in (tmp_path / "one", tmp_path / "other"):
        clock = DrivenClock(START, step=timedelta(milliseconds=1))
        async with standing("memory", folder, (), clock, lambda _: None) as bus:
            await play(scenario, Playbill(PACK, bus, "memory", clock, 7, fixed_keys=True), folder)
        kept = [folder / "history.jsonl", *sorted(folder.rglob("*.zip"))]
        written.append({path.name: path.read_bytes().splitlines() for path in kept})
    assert written[0] == written[1]


def on(broker: LocalBroker | ContainerBroker) -> BusMaker:
    """Makes the bus of one scenario on a broker that runs already."""

    @asynccontextmanager
    async def opened(prefix: str) -> AsyncIterator[Bus]:
        bus = broker.bus(prefix)
        try:
            yield bus
        finally:
            await bus.close()

    return opened
