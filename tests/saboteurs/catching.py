"""Saboteurs in their seats, and whether the check that must name them does."""

from __future__ import annotations

from pathlib import Path

from harness.trial.runner import Playbill, judge, play, trouble
from harness.trial.script import Saboteur, Scenario
from harness.trial.verdict import Judged, Verdict
from scenarios.pack import PACK

SEATED = [(scenario, saboteur) for scenario in PACK.scenarios for saboteur in scenario.saboteurs]


def a_name(value: object) -> str:
    """How a case is called: the scenario's id, the saboteur's promise breaker."""
    if isinstance(value, Scenario):
        return value.id
    return value.name if isinstance(value, Saboteur) else str(value)


async def caught(scenario: Scenario, saboteur: Saboteur, bill: Playbill, folder: Path) -> Judged:
    """Play with the saboteur in its seat: the check that must name it does, and finds one promise broken: this one."""
    history = await play(scenario, bill, folder, cast=saboteur.casting, grants=saboteur.grants, door=saboteur.door)
    assert trouble(history) == ""
    named = [one for one in judge(scenario, history) if one.check == saboteur.caught_by]
    failed = [one for one in named if one.verdict is not Verdict.HELD]
    assert [one.verdict for one in failed] == [Verdict.BROKEN], named
    return failed[0]
