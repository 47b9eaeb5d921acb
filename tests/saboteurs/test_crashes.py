"""A crash is never a detected attack: a window that falls over one has refused nothing, whatever it fell of."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.clock import SystemClock
from harness.errors import Defect
from harness.trial.buses import standing
from harness.trial.checks import five_levels, one_effect, refused_with_reason
from harness.trial.history import What
from harness.trial.runner import Playbill, judge, play, trouble
from harness.trial.script import Scenario
from harness.trial.verdict import Verdict, worst
from nodes.window import Window
from scenarios.attacks.envelope.mirrored_signature import mirrored_signature
from scenarios.attacks.envelope.truncated import truncated
from scenarios.attacks.parsing.compressed_bomb import compressed_bomb
from scenarios.attacks.parsing.external_entity import external_entity
from scenarios.pack import PACK

PATIENCE = 0.8


class FallsOverRefusals(Window):
    """Finds everything that is to be refused, and falls before it can say so."""

    def _refused(self, *_told: object, **_named: object) -> None:
        raise Defect("fell over what was to be refused")


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(truncated, id="before anything is read"),
        pytest.param(compressed_bomb, id="under its cover"),
        pytest.param(mirrored_signature, id="when it is admitted"),
        pytest.param(external_entity, id="when the document is read"),
    ],
)
async def test_a_window_that_falls_over_an_attack(scenario: Scenario, tmp_path: Path) -> None:
    """Nothing that the scenario promises of the attack is held, the fall is named, and the scenario is broken."""
    clock = SystemClock()
    async with standing("memory", tmp_path, (), clock, lambda _: None) as bus:
        bill = Playbill(PACK, bus, "memory", clock, 1, patience=PATIENCE)
        history = await play(scenario, bill, tmp_path / "run", cast={scenario.saboteurs[0].seat: FallsOverRefusals})
    assert not trouble(history)
    assert [event["party"] for event in history.of(What.FALL)] == [scenario.saboteurs[0].seat]
    judged = judge(scenario, history)
    about_the_attack = [one for one in judged if one.check in (refused_with_reason.name, one_effect.name)]
    assert about_the_attack
    assert all(one.verdict in (Verdict.BROKEN, Verdict.NOT_REACHED) for one in about_the_attack)
    assert [one.verdict for one in judged if one.check == "nobody_fell"] == [Verdict.BROKEN]
    assert worst(one.verdict for one in judged) is Verdict.BROKEN
    assert five_levels.name in {one.check for one in judged}
