"""What a run came to: the one model from which every face is drawn.

Faces: `console` (lines for people), `junit` (XML for build servers), `summary` (Markdown); the NDJSON lines are here,
their schema is docs/schemas/run.schema.json. Nothing here plays, judges or prints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.clock import stamp
from harness.errors import NotReady
from harness.trial.about import Facts
from harness.trial.history import History, What
from harness.trial.runner import Outcome
from harness.trial.verdict import Judged, Verdict

HISTORY: Final = "history.jsonl"
SHORT: Final[Mapping[str, str]] = {"864": "eCO", "851": "ePhyto"}
"""Document codes (UN/CEFACT D.20A, 1001) as people say them."""
MOST_EVENTS: Final = 8


@dataclass(frozen=True, slots=True)
class Count:
    """How many of each verdict."""

    held: int = 0
    broken: int = 0
    unknown: int = 0
    not_reached: int = 0
    not_played: int = 0

    @property
    def all(self) -> int:
        """All of them: the five add up."""
        return self.held + self.broken + self.unknown + self.not_reached + self.not_played

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> Count:
        """Count verdicts."""
        found = Counter(verdicts)
        return cls(*(found[one] for one in Verdict))


@dataclass(frozen=True)
class Report:
    """One run: what it was played with, and the outcome of each scenario in the order of playing."""

    facts: Facts
    outcomes: tuple[Outcome, ...]
    seconds: float

    @property
    def scenarios(self) -> Count:
        """The scenarios by verdict."""
        return Count.of(one.verdict for one in self.outcomes)

    @property
    def promises(self) -> Count:
        """The promises by verdict."""
        return Count.of(judged.verdict for one in self.outcomes for judged in one.judged)

    @property
    def attacks_withstood(self) -> int:
        """How many attacks met every promise made about them."""
        return sum(1 for one in self.outcomes if one.scenario.attack and one.verdict is Verdict.HELD)

    @property
    def exit_code(self) -> int:
        """0 all played held; 1 something broke; 3 nothing could be played, or no verdict; 1 anything else not held."""
        count = self.scenarios
        if count.broken:
            return 1
        if any(one.trouble for one in self.outcomes) or (count.all and count.all == count.not_played):
            return NotReady.exit_code
        return 0 if count.held == count.all - count.not_played else 1


def no_verdict(outcome: Outcome) -> tuple[Judged, ...]:
    """The promises of a scenario that the environment let down: each unknown, whatever else was seen."""
    return tuple(
        Judged(one.check, one.promise, Verdict.UNKNOWN, one.expected, f"no verdict: {outcome.trouble}", one.topic)
        for one in outcome.judged
    )


def where_to_look(history: History, judged: tuple[Judged, ...]) -> tuple[Judged, ...]:
    """Give each promise that did not hold the numbers of the events that speak of it.

    These are the deliveries that the promise names, then where the script stopped; at most eight.
    """
    made = list(history.of(What.PROMISE))
    stopped = [int(event["n"]) for event in history.of(What.STOPPED)]
    return tuple(
        one
        if one.verdict is Verdict.HELD
        else _pointed(one, made[at]["args"] if at < len(made) else {}, history, stopped)
        for at, one in enumerate(judged)
    )


def _pointed(judged: Judged, args: Mapping[str, str], history: History, stopped: list[int]) -> Judged:
    named = set(args.values())
    events = [
        int(event["n"])
        for event, seen in zip(history.of(What.DELIVERY), history.deliveries, strict=True)
        if seen.sealed.identity in named or ((receipt := seen.receipt) is not None and receipt.of in named)
    ]
    look = tuple([*events, *stopped][:MOST_EVENTS])
    return Judged(judged.check, judged.promise, judged.verdict, judged.expected, judged.saw, judged.topic, look)


def look(outcome: Outcome, judged: Judged | None = None) -> str:
    """Where to look: the history's path, and the events in it where they are known."""
    if not outcome.recorded:
        return "nothing was recorded"
    path = outcome.folder / HISTORY
    numbers = ", ".join(map(str, judged.look)) if judged is not None else ""
    return f"{path}{f', events {numbers}' if numbers else ''}"


def classname(outcome: Outcome) -> str:
    """The pair and the document, as JUnit groups by them: `QM-QN.eCO`."""
    code = outcome.scenario.document
    return f"{'-'.join(outcome.scenario.pair)}.{SHORT.get(code, code)}"


# ----------------------------------------------------------------------------------------------- NDJSON lines


def run_line(facts: Facts) -> dict[str, Any]:  # Any: a JSON object, docs/schemas/run.schema.json
    """The first line of a run."""
    return {
        "kind": "run",
        "run": facts.run,
        "corridor": facts.corridor,
        "revision": facts.revision,
        "seed": facts.seed,
        "bus": facts.bus,
        "algorithm": facts.algorithm,
        "again": facts.again,
        "folder": facts.folder.as_posix(),
        "started": stamp(facts.started),
        "python": facts.python,
        "platform": facts.platform,
    }


def scenario_line(outcome: Outcome) -> dict[str, Any]:  # Any: a JSON object, as above
    """One scenario, with each of its promises."""
    scenario = outcome.scenario
    return {
        "kind": "scenario",
        **scenario.facts(),
        "verdict": outcome.verdict.value,
        "trouble": outcome.trouble or None,
        "seconds": round(outcome.seconds, 3),
        "again": outcome.again,
        "history": _posix(outcome.folder / HISTORY) if outcome.recorded else None,
        "promises": [
            {
                "check": one.check,
                "promise": one.promise,
                "topic": one.topic,
                "verdict": one.verdict.value,
                "expected": one.expected,
                "saw": one.saw,
                "look": list(one.look),
            }
            for one in outcome.judged
        ],
    }


def total_line(report: Report) -> dict[str, Any]:  # Any: a JSON object, as above
    """The last line of a run."""

    def counted(count: Count) -> dict[str, int]:
        return {
            "all": count.all,
            "held": count.held,
            "broken": count.broken,
            "unknown": count.unknown,
            "not_reached": count.not_reached,
            "not_played": count.not_played,
        }

    return {
        "kind": "total",
        "scenarios": counted(report.scenarios),
        "promises": counted(report.promises),
        "attacks_withstood": report.attacks_withstood,
        "seconds": round(report.seconds, 3),
        "exit": report.exit_code,
    }


def _posix(path: Path) -> str:
    return path.as_posix()
