"""The page of attacks: which scenario plays each, for what it is refused, and which window lets it through.

Made from what the scenarios say of themselves; that the scenario promises it, and that the saboteur is caught, is
tests/e2e and tests/saboteurs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from harness.trial.script import Scenario

_PAGE: Final = """\
# Attacks

What an adversary tries in the scenarios, and what comes of it. *Refused for* is the reason, the step of the window at
which it falls, and the clause that the signed receipt names; a dash means that it is not met with a refusal of its own,
and that the scenario's checks tell. *Let through by* is the window, or the operator, that makes this one mistake in a
rehearsal of its own, and after it the check that must name it. Where there is a refusal, the honest twin is accepted.

The letters: A envelope, B parsing, C keys and certificates, D delivery, E receipts, F log and time, G evidence, H
infrastructure. A, B and C have no gap. Made from the scenarios: change them there, then write this page anew with
`harness.trial.attacks.as_markdown(scenarios.pack.SCENARIOS)`.

| attack | scenario | refused for | step | clause | let through by |
|---|---|---|---|---|---|
"""


def by_number(attack: str) -> tuple[str, int]:
    """Attacks in the order of their list: D9 before D40."""
    digits = attack.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return attack[: len(attack) - len(digits)], int(digits) if digits.isdigit() else 0


def as_markdown(scenarios: Sequence[Scenario]) -> str:
    """The table as docs/attacks.md publishes it: a line for each scenario of an attack."""
    playing = sorted((one for one in scenarios if one.attack), key=lambda one: (by_number(one.attack), one.id))
    return _PAGE + "".join(map(_line, playing))


def _line(scenario: Scenario) -> str:
    reasons = "<br>".join(f"{one.reason.code} {one.reason.name}" for one in scenario.refusals) or "-"
    steps = "<br>".join(f"{one.reason.step.value} {one.reason.step.name.lower()}" for one in scenario.refusals) or "-"
    clauses = "<br>".join(one.rests_on for one in scenario.refusals) or "-"
    caught = "<br>".join(f"`{one.name}`: {one.caught_by}" for one in scenario.saboteurs)
    played = f"`{scenario.id}`<br>{scenario.title}"
    return f"| {scenario.attack} | {played} | {reasons} | {steps} | {clauses} | {caught} |\n"
