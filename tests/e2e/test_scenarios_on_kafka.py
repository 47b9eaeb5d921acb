"""Scenarios played with honest windows on a real Apache Kafka: all their promises hold there too."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.brokers.container import ContainerBroker
from harness.brokers.local import LocalBroker
from harness.clock import SystemClock
from harness.trial.buses import BusMaker
from harness.trial.runner import Playbill
from harness.trial.script import OURS, Scenario
from scenarios.pack import PACK

from .playing import SPARING, broken_promises, shows_something_of_its_own

SHOWN = [one for one in SPARING if shows_something_of_its_own(one)]
ABOUT_AN_EXCHANGE = ("origin/", "phytosanitary/", "receipts/", "disputes/", "isolation/")
ABOUT_THE_BUS = (*ABOUT_AN_EXCHANGE, "continuity/")
"""Where the scenarios are that show how a bus behaves: enough for the same Apache Kafka in another box."""


LONG = pytest.mark.long("the same windows over a real Apache Kafka again")


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(one, id=one.id, marks=() if one.id.startswith(ABOUT_AN_EXCHANGE) else LONG)
        for one in SHOWN
        if one.needs != OURS
    ],
)
@pytest.mark.timeout(60)  # floods and failing roads take their time
async def test_honest_windows_on_a_real_kafka(scenario: Scenario, on_the_broker: BusMaker, tmp_path: Path) -> None:
    """All promises hold on a real Apache Kafka too, with the same windows."""
    bill = Playbill(PACK, on_the_broker, "local", SystemClock(), 1, patience=15)
    assert await broken_promises(scenario, bill, tmp_path / "run") == []


@pytest.mark.parametrize(
    "scenario",
    [one for one in SHOWN if one.needs != OURS and one.id.startswith(ABOUT_THE_BUS)],
    ids=lambda one: one.id,
)
@pytest.mark.timeout(60)  # as above
@LONG
async def test_honest_windows_on_one_in_docker(scenario: Scenario, on_the_container: BusMaker, tmp_path: Path) -> None:
    """They hold on one in Docker."""
    bill = Playbill(PACK, on_the_container, "container", SystemClock(), 1, patience=15)
    assert await broken_promises(scenario, bill, tmp_path / "run") == []


@pytest.mark.parametrize("scenario", [one for one in SPARING if one.needs == OURS], ids=lambda one: one.id)
@pytest.mark.timeout(60)  # floods and failing roads take their time
@pytest.mark.long("roads fail until clients notice")
async def test_honest_windows_on_roads_that_fail(
    scenario: Scenario, on_the_broker: BusMaker, broker: LocalBroker, tmp_path: Path
) -> None:
    """All promises hold where the road itself fails."""
    bill = Playbill(PACK, on_the_broker, "local", SystemClock(), 1, patience=15, broker=broker)
    assert await broken_promises(scenario, bill, tmp_path / "run") == []


@pytest.mark.parametrize("scenario", [one for one in SPARING if one.needs == OURS], ids=lambda one: one.id)
@pytest.mark.timeout(60)  # as above
@pytest.mark.long("roads fail until clients notice")
async def test_honest_windows_on_roads_that_fail_to_one_in_docker(
    scenario: Scenario, on_the_container: BusMaker, container: ContainerBroker, tmp_path: Path
) -> None:
    """They hold on roads to one in Docker."""
    bill = Playbill(PACK, on_the_container, "container", SystemClock(), 1, patience=15, broker=container)
    assert await broken_promises(scenario, bill, tmp_path / "run") == []
