"""Saboteurs on a real Apache Kafka: all of isolation and of continuity, and those that are its careless operators."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from harness.brokers.local import LocalBroker
from harness.clock import SystemClock
from harness.exchange.bus import OPERATOR
from harness.trial.buses import BusMaker
from harness.trial.runner import Playbill
from harness.trial.script import Saboteur, Scenario
from harness.trial.stranger import FOREIGN_CERTIFICATE, NO_CERTIFICATE
from scenarios.pack import PACK

from .catching import SEATED, a_name, caught

ON_KAFKA = 6.0
"""Seconds that a script waits for an answer that a saboteur may never give."""

BY_A_DETOUR = 20.0
"""The same, where the road to it fails: clients wait until a request is overdue, and come again."""

THEMES = ("isolation/", "continuity/")
"""What must hold on a real broker: all that is about borders on one, and about faults that lose nothing."""

LONG = pytest.mark.long("each waits for what a saboteur never does")

AT_A_BROKER = [
    (scenario, saboteur)
    for scenario, saboteur in SEATED
    if scenario.needs or saboteur.seat == OPERATOR or scenario.id.startswith(THEMES)
]


@pytest.mark.parametrize(
    ("scenario", "saboteur"),
    [one for one in AT_A_BROKER if not one[0].kills_the_broker and not one[1].door],
    ids=a_name,
)
@LONG
@pytest.mark.timeout(90)  # a deadline of an agreement passes, and nobody cosigns for who listens to one partner alone
async def test_a_saboteur_at_a_real_broker(
    scenario: Scenario, saboteur: Saboteur, on_the_broker: BusMaker, broker: LocalBroker, tmp_path: Path
) -> None:
    """The check that its scenario names finds the promise broken there too."""
    patience = BY_A_DETOUR if scenario.detour else ON_KAFKA
    bill = Playbill(PACK, on_the_broker, "local", SystemClock(), 1, patience=patience, broker=broker)
    await caught(scenario, saboteur, bill, tmp_path / "run")


@pytest.mark.parametrize(("scenario", "saboteur"), [one for one in AT_A_BROKER if one[0].kills_the_broker], ids=a_name)
@LONG
@pytest.mark.timeout(60)  # a broker of its own is started, killed, and started again
async def test_a_saboteur_at_a_broker_that_is_killed(
    scenario: Scenario,
    saboteur: Saboteur,
    made_on: Callable[[LocalBroker], BusMaker],
    mortal: LocalBroker,
    tmp_path: Path,
) -> None:
    """The same when the broker itself is killed: one that is this test's alone."""
    bill = Playbill(PACK, made_on(mortal), "local", SystemClock(), 1, patience=BY_A_DETOUR, broker=mortal)
    await caught(scenario, saboteur, bill, tmp_path / "run")


KNOCKS: Final = {"nobody_is_asked": NO_CERTIFICATE, "any_authority_will_do": FOREIGN_CERTIFICATE}
"""For whom each of them opens the door."""


@pytest.mark.parametrize(("scenario", "saboteur"), [one for one in AT_A_BROKER if one[1].door], ids=a_name)
@pytest.mark.long("a broker of its own, started twice")
@pytest.mark.timeout(90)
async def test_a_saboteur_who_keeps_the_door(
    scenario: Scenario,
    saboteur: Saboteur,
    made_on: Callable[[LocalBroker], BusMaker],
    mortal: LocalBroker,
    tmp_path: Path,
) -> None:
    """Each lets QP in by one way of knocking, and the check names that one; the other ways stay shut."""
    bill = Playbill(PACK, made_on(mortal), "local", SystemClock(), 1, patience=ON_KAFKA, broker=mortal)
    broken = await caught(scenario, saboteur, bill, tmp_path / "run")
    assert f"what={KNOCKS[saboteur.name]}" in broken.expected
