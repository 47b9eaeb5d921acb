"""Every check can fail: each saboteur breaks one promise, and the check that keeps the promise names it."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from harness.clock import SystemClock
from harness.trial.buses import standing
from harness.trial.checks import CHECKS
from harness.trial.runner import Playbill, judge, play, trouble
from harness.trial.script import Saboteur, Scenario
from harness.trial.verdict import Verdict
from nodes import mortals, saboteurs
from nodes.window import Window
from scenarios.pack import PACK

PATIENCE = 1.5
"""Seconds that a script waits for an answer that a saboteur may never give."""

SEATED = [(scenario, saboteur) for scenario in PACK.scenarios for saboteur in scenario.saboteurs]


def a_name(value: object) -> str:
    """How a case is called: the scenario's id, the saboteur's promise breaker."""
    if isinstance(value, Scenario):
        return value.id
    return value.cast.__name__ if isinstance(value, Saboteur) and isinstance(value.cast, type) else str(value)


@pytest.mark.parametrize(("scenario", "saboteur"), SEATED, ids=a_name)
async def test_a_saboteur_in_its_seat(scenario: Scenario, saboteur: Saboteur, tmp_path: Path) -> None:
    """The check that its scenario names finds the promise broken, not merely not reached."""
    clock = SystemClock()
    async with standing("memory", tmp_path, (), clock, lambda _: None) as bus:
        bill = Playbill(PACK, bus, "memory", clock, 1, patience=PATIENCE)
        history = await play(scenario, bill, tmp_path / "run", cast={saboteur.seat: saboteur.cast})
    assert not trouble(history)
    named = [one for one in judge(scenario, history) if one.check == saboteur.caught_by]
    assert [one.verdict for one in named if one.verdict is not Verdict.HELD] == [Verdict.BROKEN], named


@pytest.mark.parametrize("scenario", PACK.scenarios, ids=a_name)
def test_a_scenario_without_a_saboteur(scenario: Scenario) -> None:
    """There is none: each seats at least one, and names a check that is made in it."""
    assert scenario.saboteurs
    made = {check.name for check in scenario.checks} | {check.name for check in CHECKS.values() if check.standing}
    assert {saboteur.caught_by for saboteur in scenario.saboteurs} <= made


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_that_nobody_breaks(name: str) -> None:
    """There is none: each catches at least one saboteur."""
    assert name in {saboteur.caught_by for _, saboteur in SEATED}


def test_a_saboteur_that_nobody_seats() -> None:
    """There is none: each plays in at least one scenario."""
    written = {
        one
        for module in (saboteurs, mortals)
        for one in vars(module).values()
        if inspect.isclass(one) and issubclass(one, Window) and one.__module__ == module.__name__
    }
    assert written - {mortals.Mortal} == {saboteur.cast for _, saboteur in SEATED}  # which dies, and is honest
