"""Every check can fail: each saboteur breaks one promise, and the check that keeps the promise names it.

Those that only a broker can show: test_at_a_broker.
"""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest

from harness.clock import SystemClock
from harness.trial.buses import standing
from harness.trial.checks import CHECKS
from harness.trial.runner import Playbill
from harness.trial.script import Saboteur, Scenario
from nodes import mortals, pausing, saboteurs, small_disks
from nodes.saboteurs import road
from nodes.window import Window
from scenarios.pack import PACK

from .catching import SEATED, a_name, caught

PATIENCE = 1.5
"""Seconds that a script waits for an answer that a saboteur may never give."""


@pytest.mark.parametrize(("scenario", "saboteur"), [one for one in SEATED if not one[0].needs], ids=a_name)
async def test_a_saboteur_in_its_seat(scenario: Scenario, saboteur: Saboteur, tmp_path: Path) -> None:
    """The check that its scenario names finds the promise broken, not merely not reached."""
    clock = SystemClock()
    async with standing("memory", tmp_path, (), clock, lambda _: None) as bus:
        await caught(scenario, saboteur, Playbill(PACK, bus, "memory", clock, 1, patience=PATIENCE), tmp_path / "run")


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
    themes = [import_module(f"{saboteurs.__name__}.{one.name}") for one in pkgutil.iter_modules(saboteurs.__path__)]
    written = {
        one
        for module in (*themes, mortals, pausing, small_disks)
        for one in vars(module).values()
        if inspect.isclass(one) and issubclass(one, Window) and one.__module__ == module.__name__
    }
    operators = {one for one in vars(road).values() if inspect.isfunction(one) and one.__module__ == road.__name__}
    # A mortal dies, a small disk is full, one pauses: all three are honest.
    assert (written - {mortals.Mortal, pausing.Pausing, small_disks.SmallDisk}) | operators == {
        saboteur.who for _, saboteur in SEATED
    }
