"""Scenarios played with honest windows on a real Apache Kafka: all their promises hold there too."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.brokers.local import LocalBroker
from harness.clock import SystemClock
from harness.trial.buses import BusMaker
from harness.trial.runner import Playbill
from harness.trial.script import OURS, Scenario
from scenarios.pack import PACK

from .playing import SPARING, broken_promises

READ_ALIKE = ("attacks/envelope/", "attacks/parsing/", "attacks/certificates/")
"""Attacks on what a message says, or on who signed it: a window refuses them by reading, and reads alike on any bus."""
ON_A_BROKER_TOO = frozenset(
    {
        "attacks/envelope/mirrored-signature",  # two tokens of one message, at two offsets
        "attacks/envelope/truncated",  # a record that is no token
        "attacks/parsing/bombs",  # the largest record
        "attacks/parsing/compressed-bomb",  # the one under a cover
    }
)
"""Those of them that a broker could get wrong all the same."""
KAFKA = [one for one in SPARING if not one.id.startswith(READ_ALIKE) or one.id in ON_A_BROKER_TOO]


@pytest.fixture(params=["on_the_broker", "on_the_container"])
def on_kafka(request: pytest.FixtureRequest) -> BusMaker:
    """Makes the bus of one scenario on a real Apache Kafka: on this machine's JVM, and in Docker."""
    made: BusMaker = request.getfixturevalue(request.param)
    return made


@pytest.mark.parametrize("scenario", [one for one in KAFKA if one.needs != OURS], ids=lambda one: one.id)
@pytest.mark.timeout(60)  # floods and failing roads take their time
async def test_honest_windows_on_a_real_kafka(scenario: Scenario, on_kafka: BusMaker, tmp_path: Path) -> None:
    """All promises hold on a real Apache Kafka too, with the same windows."""
    bill = Playbill(PACK, on_kafka, "local", SystemClock(), 1, patience=15)
    assert await broken_promises(scenario, bill, tmp_path / "run") == []


@pytest.mark.parametrize("scenario", [one for one in SPARING if one.needs == OURS], ids=lambda one: one.id)
@pytest.mark.timeout(60)  # floods and failing roads take their time
async def test_honest_windows_on_roads_that_fail(
    scenario: Scenario, on_the_broker: BusMaker, broker: LocalBroker, tmp_path: Path
) -> None:
    """All promises hold where the road itself fails."""
    bill = Playbill(PACK, on_the_broker, "local", SystemClock(), 1, patience=15, broker=broker)
    assert await broken_promises(scenario, bill, tmp_path / "run") == []
