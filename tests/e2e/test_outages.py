"""Outages longer than a party is patient, and a second reader of its group, on a real broker: what must hold does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog

from harness.brokers.local import LocalBroker
from harness.clock import SystemClock
from harness.exchange import topics
from harness.exchange.bus import Bus
from harness.trial import continuity
from harness.trial.buses import BusMaker
from harness.trial.history import What
from harness.trial.runner import Playbill, judge, play, trouble
from harness.trial.script import OURS, Play, Scenario
from harness.trial.stage import Stage
from harness.trial.verdict import Verdict
from scenarios.pack import PACK

IMPATIENT = 2.5
"""Seconds after which a party of this run gives its road up."""

CERTIFICATE = "origin-certificate.json"


def impatient(broker: LocalBroker) -> BusMaker:
    """Makes buses on which nobody waits long."""

    @asynccontextmanager
    async def opened(prefix: str) -> AsyncIterator[Bus]:
        bus = broker.bus(prefix, patience=IMPATIENT, instance="stage")
        try:
            yield bus
        finally:
            await bus.close()

    return opened


async def holds(play_it: Play, broker: LocalBroker, bus: BusMaker, folder: Path, *, detour: tuple[str, ...]) -> None:
    """Play it with honest windows: every promise of continuity holds, and all the standing ones."""
    scenario = Scenario(
        id="outages/of-this-test",
        title="",
        promise="",
        play=play_it,
        checks=continuity.ALL,
        saboteurs=(),
        pair=("QM", "QN"),
        document="864",
        needs=OURS,
        detour=detour,
    )
    history = await play(scenario, Playbill(PACK, bus, "local", SystemClock(), 1, broker=broker), folder)
    assert not trouble(history)
    judged = judge(scenario, history)
    assert [f"{one.check}: {one.saw}" for one in judged if one.verdict is not Verdict.HELD] == []


def given_up(said: list[structlog.typing.EventDict]) -> set[str]:
    """The parties that gave a road up."""
    return {str(one["party"]) for one in said if one["event"] == "the road failed"}


@pytest.mark.timeout(60)
async def test_a_silence_longer_than_the_patience(broker: LocalBroker, tmp_path: Path) -> None:
    """The window gives producer and consumer up, opens others once the road bears again, and goes on from its log."""

    async def play_it(stage: Stage) -> None:
        qm, road = stage.window("QM"), stage.the_road()
        for check in continuity.ALL:
            stage.promises(check)
        await stage.answer(await qm.lodges(stage.sample(CERTIFICATE), to="QN"))
        road.falls_silent()
        lodging = asyncio.ensure_future(qm.lodges(stage.sample(CERTIFICATE), to="QN"))
        done, _ = await asyncio.wait([lodging], timeout=2.5 * IMPATIENT)
        assert not done
        road.heals()
        await stage.answer(await lodging)

    with structlog.testing.capture_logs() as said:
        await holds(play_it, broker, impatient(broker), tmp_path / "run", detour=("QM",))
    assert given_up(said) == {"QM"}


@pytest.mark.timeout(60)
async def test_a_second_reader_that_comes_and_goes(
    broker: LocalBroker, on_the_broker: BusMaker, tmp_path: Path
) -> None:
    """What it took and never committed comes to QN all the same, once it has left: one effect, one answer, in order."""

    async def play_it(stage: Stage) -> None:
        qm, qp = stage.window("QM"), stage.window("QP")
        for check in continuity.ALL:
            stage.promises(check)
        await stage.answer(await qm.lodges(stage.sample(CERTIFICATE), to="QN"))
        stage.scribe.write(What.CUT, parties=["QN"], how="a second reader of its group")
        second = broker.bus(f"{stage.setting.run}.")
        inlet = await second.inlet("qn", [topics.inbox("QN", one) for one in ("QM", "QP")], group="qn")
        taking = asyncio.ensure_future(inlet.take(1))
        lodged = []
        async with asyncio.timeout(15):
            while not taking.done():
                lodged.append(await qm.lodges(stage.sample(CERTIFICATE), to="QN"))
                lodged.append(await qp.lodges(stage.sample("origin-certificate-qp.json"), to="QN"))
                await asyncio.wait([taking], timeout=0.5)
        await second.close()
        for sent in lodged:
            await stage.answer(sent)

    await holds(play_it, broker, on_the_broker, tmp_path / "run", detour=())
