"""docs/attacks.md is what the scenarios say of themselves, and of A, B and C nothing is missing."""

from __future__ import annotations

from pathlib import Path

from harness.trial.attacks import as_markdown
from harness.trial.checks import five_levels, refused_with_reason
from harness.trial.script import Scenario
from scenarios.pack import PACK

ENVELOPE = [f"A{number}" for number in range(1, 15)]
PARSING = [f"B{number}" for number in range(15, 24)]
CERTIFICATES = [f"C{number}" for number in range(24, 40)]
OURS = [one for one in PACK.scenarios if one.attack[:1] in ("A", "B")]


def test_the_published_page(repo_root: Path) -> None:
    """The page is what the scenarios give; that each promises what stands there: tests/e2e/test_scenarios.py."""
    assert (repo_root / "docs" / "attacks.md").read_text(encoding="utf-8") == as_markdown(PACK.scenarios)


def test_every_attack_on_envelope_and_parsing() -> None:
    """Each has a scenario, an honest twin in it, a refusal, and a saboteur."""
    assert sorted(one.attack for one in OURS) == sorted(ENVELOPE + PARSING)
    for scenario in OURS:
        assert five_levels in scenario.checks
        assert scenario.refusals
        assert scenario.saboteurs


def test_every_attack_on_keys_and_certificates() -> None:
    """Each has a scenario, an honest twin, a refusal and a saboteur; no two are refused for the same reason."""
    playing = {number: [one for one in PACK.scenarios if one.attack == number] for number in CERTIFICATES}
    seen: dict[str, str] = {}
    for number, scenarios in playing.items():
        assert scenarios, number
        for scenario in scenarios:
            assert five_levels in scenario.checks
            assert scenario.saboteurs
            assert scenario.refusals
            for one in scenario.refusals:
                assert seen.setdefault(one.reason.code, number) == number


def test_whoever_promises_a_refusal_names_it() -> None:
    """No scenario of an attack leaves a dash on the page where it promises a reason."""
    promising = [one for one in PACK.scenarios if one.attack and refused_with_reason in one.checks]
    assert [one.id for one in promising if not one.refusals] == []


def test_no_two_refusals_are_the_same() -> None:
    """Reason and clause together tell which attack it was."""
    told = [(one.reason.code, one.rests_on) for scenario in OURS for one in scenario.refusals]
    assert len(set(told)) == len(told)


def test_no_saboteur_lets_two_of_them_through() -> None:
    """Each has one weakness, and the attack on it is its own."""

    def names(scenario: Scenario) -> set[str]:
        return {one.name for one in scenario.saboteurs}

    assert sum(len(names(one)) for one in OURS) == len(set().union(*map(names, OURS)))
