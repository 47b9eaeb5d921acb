"""One model of what a run came to, and its faces."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from harness.trial import console, junit, summary
from harness.trial.about import Facts
from harness.trial.checks import five_levels, one_effect
from harness.trial.report import Report, run_line, scenario_line, total_line
from harness.trial.runner import Outcome
from harness.trial.script import Scenario
from harness.trial.stage import Stage
from harness.trial.verdict import Judged, Verdict

FACTS = Facts(
    run="7f3a",
    seed=5,
    bus="memory",
    algorithm="ES256",
    again="corridor run --bus memory --seed 5",
    folder=Path("corridor-runs/7f3a"),
    started=datetime(2026, 3, 12, 9, 30, tzinfo=UTC),
    corridor="0.1.0",
    revision="abc",
    python="3.11.7",
    platform="linux",
)


async def nothing(stage: Stage) -> None:
    """Play nothing."""


def outcome(
    *verdicts: Verdict, trouble: str = "", attack: str = "D40", saw: str = "two <effects> & \x00\x1b[1m"
) -> Outcome:
    """A scenario with one promise for each verdict."""
    scenario = Scenario(
        id="attacks/replayed-message",
        title="Replayed message",
        promise="Nothing happens twice.",
        play=nothing,
        checks=(one_effect, five_levels),
        saboteurs=(),
        pair=("QM", "QN"),
        document="864",
        attack=attack,
    )
    judged = tuple(
        Judged(f"check_{at}", "one effect", verdict, "one effect (of=abc)", saw, "data security", (12, 14))
        for at, verdict in enumerate(verdicts)
    )
    again = "corridor run attacks/replayed-message --bus memory --seed 5"
    return Outcome(scenario, judged, FACTS.folder / scenario.id, 0.25, again, trouble)


def report(*outcomes: Outcome) -> Report:
    """A run of these."""
    return Report(FACTS, outcomes, 1.5)


HELD = outcome(Verdict.HELD, Verdict.HELD)
BROKEN = outcome(Verdict.HELD, Verdict.BROKEN)
UNKNOWN = outcome(Verdict.UNKNOWN)
NOT_REACHED = outcome(Verdict.NOT_REACHED, Verdict.HELD)
TROUBLE = outcome(Verdict.UNKNOWN, trouble="no broker answers")


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ((HELD,), 0),
        ((HELD, BROKEN), 1),
        ((HELD, UNKNOWN), 1),
        ((HELD, NOT_REACHED), 1),
        ((HELD, TROUBLE), 3),
        ((NOT_REACHED, TROUBLE), 3),
        ((BROKEN, TROUBLE), 1),
    ],
)
def test_exit_code(outcomes: tuple[Outcome, ...], code: int) -> None:
    """What broke decides, then what had no working environment, then what is not known to hold."""
    assert report(*outcomes).exit_code == code


def test_totals_add_up() -> None:
    """Every scenario and every promise is counted once, under one verdict."""
    total = total_line(report(HELD, BROKEN, UNKNOWN, NOT_REACHED, TROUBLE))
    assert total["scenarios"] == {"all": 5, "held": 1, "broken": 1, "unknown": 2, "not_reached": 1, "not_played": 0}
    assert total["promises"] == {"all": 8, "held": 4, "broken": 1, "unknown": 2, "not_reached": 1, "not_played": 0}
    assert total["attacks_withstood"] == 1


def text(lines: object) -> str:
    """Lines of the console as one text."""
    return "\n".join("".join(part.text for part in line) for line in lines)  # type: ignore[attr-defined]  # any iterable


def test_console_on_what_held() -> None:
    """A scenario that held is one line: state, id, title, seconds."""
    lines = list(console.outcome_lines(HELD))
    assert len(lines) == 1
    assert text(lines).split() == ["HELD", "attacks/replayed-message", "Replayed", "message", "(0.2", "s)"]


def test_console_on_what_broke() -> None:
    """A promise that did not hold is told in four lines, with the command that repeats it and where to look."""
    told = text(console.outcome_lines(BROKEN)).splitlines()
    assert [line.split()[0] for line in told] == ["BROKEN", "BROKEN", "expected", "saw", "again", "look"]
    assert told[4].endswith("corridor run attacks/replayed-message --bus memory --seed 5")
    assert told[5].endswith("corridor-runs/7f3a/attacks/replayed-message/history.jsonl, events 12, 14")


def test_console_on_trouble() -> None:
    """Without a verdict the cause is told once, and not for each promise."""
    told = text(console.outcome_lines(TROUBLE)).splitlines()
    assert [line.split()[0] for line in told] == ["UNKNOWN", "expected", "saw", "again", "look"]
    assert "no broker answers" in told[2]


def test_console_does_not_pass_on_what_steers_a_terminal() -> None:
    """What a partner wrote reaches the terminal without its control characters."""
    assert "\x1b" not in text(console.outcome_lines(BROKEN))


def test_junit() -> None:
    """Broken promises are a failure, a failed environment is an error; the properties repeat the run."""
    root = ET.fromstring(junit.written(report(HELD, BROKEN, TROUBLE)))  # noqa: S314 - written here
    suite = root[0]
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3",
        "failures": "1",
        "errors": "1",
        "skipped": "0",
    }
    properties = {one.get("name"): one.get("value") for one in suite.iter("property")}
    assert properties["again"] == "corridor run --bus memory --seed 5"
    assert properties.keys() >= {"seed", "bus", "version", "revision"}
    held, broken, trouble = suite.iter("testcase")
    assert held.get("classname") == "QM-QN.eCO"
    assert held.get("name") == "attacks/replayed-message Replayed message"
    assert len(held) == 0
    assert [one.tag for one in broken] == ["failure"]
    assert [one.tag for one in trouble] == ["error"]
    told = broken[0].text or ""
    assert all(f"{label:<8}  " in told for label in ("expected", "saw", "again", "look"))


def test_junit_with_what_xml_cannot_carry() -> None:
    """Control characters, lone surrogates and non-characters do not spoil the XML."""
    bad = outcome(Verdict.BROKEN, saw="\x00 \x1b \ufffe \ud800 <&> ok")
    root = ET.fromstring(junit.written(report(bad)))  # noqa: S314 - written here
    failure = next(root.iter("failure"))
    assert "<&> ok" in (failure.text or "")


def test_summary() -> None:
    """The Markdown names what did not hold, and its totals are the report's."""
    page = summary.written(report(HELD, BROKEN, TROUBLE))
    assert "| scenarios | 3 | 1 | 1 | 1 | 0 |" in page
    assert "## attacks/replayed-message: broken check_1" in page
    assert "## attacks/replayed-message: no verdict" in page


def test_summary_that_would_be_too_long() -> None:
    """A page that would outgrow what build servers show is cut, and says how much is missing."""
    page = summary.written(report(*(outcome(Verdict.BROKEN, saw="x" * 90_000) for _ in range(20))))
    assert len(page.encode()) <= summary.LARGEST
    assert "more that did not hold" in page


def test_lines_are_one_object_each() -> None:
    """The NDJSON of a run says its kind first, and a scenario's line names its history."""
    assert run_line(FACTS)["started"] == "2026-03-12T09:30:00.000Z"
    line = scenario_line(BROKEN)
    assert (line["verdict"], line["trouble"], line["attack"]) == ("broken", None, "D40")
    assert line["history"] == "corridor-runs/7f3a/attacks/replayed-message/history.jsonl"
    assert [one["look"] for one in line["promises"]] == [[12, 14], [12, 14]]
