"""A report as lines for people: state in words, four lines for whatever did not hold, totals that add up.

Lines are made here and printed by whoever has a terminal (harness.cli.terminal); colour is theirs and never alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from harness.trial.about import Facts
from harness.trial.report import Count, Report, look
from harness.trial.runner import Outcome
from harness.trial.verdict import Verdict

STATE_WIDTH: Final = len("NOT REACHED")
ID_WIDTH: Final = 28


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line; `verdict` where it states one."""

    text: str
    verdict: Verdict | None = None


Line = tuple[Part, ...]


def head(facts: Facts) -> Iterator[str]:
    """What a run says of itself before it begins."""
    yield f"corridor {facts.corridor}  revision {facts.revision}  bus {facts.bus}  seed {facts.seed}"
    yield f"  run    {facts.folder}"
    yield f"  again  {facts.again}"


def state(verdict: Verdict) -> str:
    """A verdict as it is printed."""
    return verdict.value.upper()


def outcome_lines(outcome: Outcome) -> Iterator[Line]:
    """One line for a scenario, and four for each promise of it that did not hold."""
    scenario = outcome.scenario
    said = f"  {scenario.id:<{ID_WIDTH}}  {scenario.title}  ({outcome.seconds:.1f} s)"
    yield (Part(f"{state(outcome.verdict):<{STATE_WIDTH}}", outcome.verdict), Part(said))
    if outcome.trouble:
        yield from four_lines("a verdict", f"no verdict: {outcome.trouble}", outcome.again, look(outcome))
        return
    if outcome.unplayable:
        yield (Part(f"    {outcome.unplayable}"),)
        return
    for judged in outcome.judged:
        if judged.verdict is not Verdict.HELD:
            yield (Part("  "), Part(state(judged.verdict), judged.verdict), Part(f"  {judged.check}"))
            yield from four_lines(judged.expected, judged.saw, outcome.again, look(outcome, judged))


def four_lines(expected: str, saw: str, again: str, where: str) -> Iterator[Line]:
    """What every failure prints."""
    for label, text in (("expected", expected), ("saw", saw), ("again", again), ("look", where)):
        yield (Part(f"    {label:<8}  {shown(text)}"),)


def shown(text: str) -> str:
    """On one line, and without what steers a terminal: a partner's words may stand in it."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in " ".join(text.split()))


def totals(report: Report) -> Iterator[Line]:
    """What all of it came to."""
    yield from _counted("scenarios", report.scenarios)
    yield from _counted("promises", report.promises)
    withstood = report.attacks_withstood
    tried = sum(1 for one in report.outcomes if one.scenario.attack and not one.unplayable)
    yield (Part(f"{withstood} of {tried} attacks withstood, {report.seconds:.1f} s, {report.facts.folder}"),)


def _counted(what: str, count: Count) -> Iterator[Line]:
    told = (
        (Verdict.HELD, count.held),
        (Verdict.BROKEN, count.broken),
        (Verdict.UNKNOWN, count.unknown),
        (Verdict.NOT_REACHED, count.not_reached),
        *(((Verdict.NOT_PLAYED, count.not_played),) if count.not_played else ()),
    )
    parts = [Part(f"{count.all} {what if count.all != 1 else what.removesuffix('s')}:")]
    for at, (verdict, number) in enumerate(told):
        parts.append(Part(f"{',' if at else ''} {number} "))
        parts.append(Part(verdict.value, verdict if number else None))
    yield tuple(parts)
