"""`corridor run`: play scenarios, judge them by what was written down, and say so on every face that was asked for.

Exit codes: 0 all held; 1 something did not hold; 2 wrong usage; 3 the environment is not ready; 5 nothing selected;
130 interrupted (docs/exit-codes.md). Playing: `harness.cli.playing`; faces: `harness.trial.report` and its neighbours.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any, Final

import click

from harness.cli import say, terminal
from harness.cli.playing import Unplayed, With, options, play, prepare
from harness.errors import BadInput
from harness.trial import about, console, packs
from harness.trial.report import Report, run_line, scenario_line, total_line
from harness.trial.runner import Outcome
from harness.trial.selection import Playable, chosen, playables

REPORTS: Final = {"junit": "junit.xml", "json": "results.ndjson", "md": "summary.md"}
"""The files a run's folder gets when asked."""


@click.command(name="run")
@click.argument("select", nargs=-1)
@click.option(
    "-k", "expression", default="", metavar="EXPR", help='Words in id or title: "replay or (origin and not used)".'
)
@options
@click.option("--processes", is_flag=True, help="Every party as a process of its own; not on the memory bus.")
@click.option(
    "--report",
    "reports",
    default="",
    metavar="LIST",
    help="Files in the run's folder: junit, json, md, joined by commas.",
)
@click.pass_context
def command(  # noqa: PLR0913 - one parameter an option, as click hands them in
    ctx: click.Context,
    *,
    select: tuple[str, ...],
    expression: str,
    bus: str,
    bus_config: Path | None,
    seed: int | None,
    algorithm: str,
    out: Path,
    processes: bool,
    reports: str,
    as_json: bool,
) -> None:
    """Play scenarios and judge what happened.

    SELECT is the id of a scenario or its beginning; without one, all are played but the
    demonstration, which is played only when it is named. `corridor list` shows them.

    \b
    Examples:
      corridor run
      corridor run attacks -k "not header"
      corridor run origin --bus local --report junit
      corridor run continuity --bus local --processes
    """
    wanted = _reports(reports)
    items = chosen(playables(packs.installed()), select, expression)
    words = shlex.join([*select, *(("-k", expression) if expression else ())])
    prepared = prepare(
        items,
        With(bus, seed, algorithm, out, processes, bus_config),
        lambda drawn: about.again(words, about.spoken(bus, bus_config), drawn, algorithm, processes=processes),
    )
    facts = prepared.facts
    for line in console.head(facts):
        say.progress(line)
    face = _Face(as_json=as_json, count=len(items))
    if as_json:
        _print(run_line(facts))
    try:
        report = play(prepared, begins=face.begins, ended=face.ended)
    except Unplayed as unplayed:
        _write(unplayed.report, wanted)
        if as_json:
            for outcome in unplayed.report.outcomes:
                _print(scenario_line(outcome))
            _print(total_line(unplayed.report))
        raise
    finally:
        face.over()
    _write(report, wanted)
    if as_json:
        _print(total_line(report))
    else:
        terminal.tell(console.totals(report))
    ctx.exit(report.exit_code)


class _Face:
    """The run as it goes: progress on stderr, each outcome on stdout once it is known."""

    def __init__(self, *, as_json: bool, count: int) -> None:
        self._as_json = as_json
        self._count = count
        self._number = 0
        self._progress = terminal.Progress(quiet_on_terminal=not as_json)

    def begins(self, item: Playable) -> None:
        self._number += 1
        self._progress.now(f"{self._number}/{self._count}  {item.scenario.id}")

    def ended(self, outcome: Outcome) -> None:
        self.over()
        if self._as_json:
            _print(scenario_line(outcome))
        else:
            terminal.tell(console.outcome_lines(outcome))

    def over(self) -> None:
        self._progress.over()


def _reports(text: str) -> tuple[str, ...]:
    asked = tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    for word in asked:
        if word not in REPORTS:
            raise BadInput(
                f"--report {word}", expected=f"some of {', '.join(REPORTS)}", todo="see `corridor run --help`"
            )
    return asked


def _write(report: Report, wanted: tuple[str, ...]) -> None:
    for word in wanted:
        path = report.facts.folder / REPORTS[word]
        path.write_bytes(_face(word, report))
        say.progress(f"{word:<6} {path}")


def _face(word: str, report: Report) -> bytes:
    """A whole report in one form."""
    if word == "json":
        lines = (run_line(report.facts), *map(scenario_line, report.outcomes), total_line(report))
        return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
    if word == "junit":
        from harness.trial import junit

        return junit.written(report)
    from harness.trial import summary

    return summary.written(report).encode()


def _print(line: dict[str, Any]) -> None:  # Any: a JSON object
    click.echo(json.dumps(line, ensure_ascii=False))
