"""`corridor demo`: the first five minutes. One exchange, one attack and one dispute, told from the judged history.

Exit codes: 0 all held; 1 something did not hold; 2 wrong usage; 3 the environment is not ready; 130 interrupted.
The script and its telling come with the pack (scenarios/demo); playing: `harness.cli.playing`; words: `frame`.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from certs import jws
from harness.cli import terminal
from harness.cli.frame import FRAME, Words, columns, padded
from harness.cli.playing import Unplayed, With, options, play, prepare
from harness.clock import moment
from harness.errors import NotReady
from harness.trial import about, console, packs
from harness.trial.console import Line, Part
from harness.trial.history import History, What
from harness.trial.report import HISTORY, Report, run_line, scenario_line, total_line
from harness.trial.runner import Outcome
from harness.trial.script import Demo, Pack, Told
from harness.trial.selection import Playable
from harness.trial.verdict import Verdict, worst

TITLE: Final = 46
"""Columns, of what stands between a label and what was seen."""


@click.command(name="demo")
@click.option(
    "--lang", type=click.Choice(list(FRAME)), default="en", show_default=True, help="The language it is told in."
)
@options
@click.pass_context
def command(
    ctx: click.Context,
    *,
    lang: str,
    bus: str,
    bus_config: Path | None,
    seed: int | None,
    algorithm: str,
    out: Path,
    as_json: bool,
) -> None:
    """One honest exchange, one refused attack, one dispute decided.

    \b
    Examples:
      corridor demo
      corridor demo --lang ru
      corridor demo --bus local
    """
    pack, demo = _demo()
    signed = "" if algorithm == "ES256" else f" --algorithm {algorithm}"
    prepared = prepare(
        (Playable(pack, demo.scenario),),
        With(bus, seed, algorithm, out, config=bus_config),
        lambda drawn: f"corridor demo --bus {about.spoken(bus, bus_config)} --seed {drawn}{signed}",
    )
    try:
        report = play(prepared, begins=lambda _: None, ended=lambda _: None)
    except Unplayed as unplayed:
        if as_json:
            _print_all(unplayed.report, ())
        raise
    outcome = report.outcomes[0]
    history = History.read(outcome.folder / HISTORY) if (outcome.folder / HISTORY).is_file() else History((), Path())
    told = demo.tell(history, lang if lang in demo.languages else demo.languages[0])
    if as_json:
        _print_all(report, tuple(_step(number, told, outcome) for number in range(len(told))))
    else:
        terminal.tell(_Telling(report, outcome, history, pack, told, FRAME[lang]).lines())
    ctx.exit(report.exit_code)


def _demo() -> tuple[Pack, Demo]:
    for pack in packs.installed():
        if pack.demo is not None:
            return pack, pack.demo
    raise NotReady(
        "no installed pack has a demonstration", expected="a pack with one", todo="corridor list; corridor run"
    )


@dataclass(frozen=True)
class _Telling:
    """All that is told of one demonstration."""

    report: Report
    outcome: Outcome
    history: History
    pack: Pack
    told: tuple[Told, ...]
    words: Words

    def lines(self) -> Iterator[Line]:
        scenario, words, facts = self.outcome.scenario, self.words, self.report.facts
        document = words.documents.get(scenario.document, scenario.document)
        yield (Part(f"corridor {facts.corridor}  {document} {' -> '.join(scenario.pair)}"),)
        yield from self._ready()
        for number, step in enumerate(self.told, start=1):
            yield self._row(f"{number}/{len(self.told)}", step.title, *self._seen(step))
        yield from self._verdict()
        for event in self.history.of(What.BUNDLE):
            yield self._row(words.evidence, (self.outcome.folder / event["path"]).as_posix())
        yield self._row(words.again, facts.again)
        for event in itertools.islice(self.history.of(What.BUNDLE), 1):
            yield self._row(words.next, f"corridor verify {(self.outcome.folder / event['path']).as_posix()}")
        yield self._row(words.next, "corridor list | corridor run | corridor send --help")

    def _ready(self) -> Iterator[Line]:
        """The windows and keys, as the history shows them."""
        words, countries = self.words, self.pack.countries
        first = next(self.history.of(What.STEP), None)
        if first is None or not self.history.run:
            return
        seconds = (moment(first["at"]) - moment(self.history.run["at"])).total_seconds()
        names = ", ".join(f"{code} {countries[code]}" for code in self.outcome.scenario.pair)
        yield self._row(words.windows, f"{names} {words.fictional}", Part(words.ready.format(seconds=seconds)))
        hours = _hours(self.history)
        if hours is not None:
            where = Part((self.outcome.folder / "certs").as_posix())
            yield self._row(words.keys, words.throw_away.format(hours=hours), where)

    def _seen(self, step: Told) -> tuple[Part, ...]:
        """What was seen of a step; where its promise did not hold, the judge's word."""
        judged = next((one for one in self.outcome.judged if one.check == step.rests_on), None)
        if judged is None or judged.verdict is not Verdict.HELD:
            verdict = Verdict.NOT_REACHED if judged is None else judged.verdict
            # Why there is no verdict is told once, below.
            said = f"  {console.shown(judged.saw)}" if judged is not None and not self.outcome.trouble else ""
            return (Part(self.words.verdicts[verdict], verdict), Part(said))
        return (Part(step.saw or self.words.nothing),)

    def _verdict(self) -> Iterator[Line]:
        """What it came to, and four lines for each promise that did not hold."""
        report, words = self.report, self.words
        all_held = report.promises.held == report.promises.all
        said = (words.promises if all_held else words.not_all).format(
            held=report.promises.held,
            all=report.promises.all,
            refused=report.attacks_withstood,
            noun="attack" if report.attacks_withstood == 1 else "attacks",
            attacks=sum(1 for one in report.outcomes if one.scenario.attack),
        )
        verdict = self._worst
        label = words.verdicts[verdict]
        seconds = words.seconds.format(seconds=report.seconds)
        yield (Part("  "), Part(padded(label, self._label), verdict), Part(f"{padded(said, TITLE)}{seconds}"))
        if verdict is not Verdict.HELD:
            yield from list(console.outcome_lines(self.outcome))[1:]

    @property
    def _worst(self) -> Verdict:
        return worst(one.verdict for one in self.report.outcomes)

    @property
    def _label(self) -> int:
        """The columns of the labels: room for the longest, and two blanks."""
        words = self.words
        labels = (words.windows, words.keys, words.evidence, words.again, words.next, words.verdicts[self._worst])
        return 2 + max(map(columns, labels))

    def _row(self, label: str, text: str, *seen: Part) -> Line:
        return (Part(f"  {padded(label, self._label)}{padded(text, TITLE) if seen else text}"), *seen)


def _hours(history: History) -> float | None:
    """How long the key that sealed the first message is certified for."""
    for seen in history.deliveries:
        if seen.kind is None:
            continue
        certificate = jws.read(seen.delivery.value).certificate
        if certificate is not None:
            return (certificate.not_valid_after_utc - certificate.not_valid_before_utc).total_seconds() / 3600
    return None


def _step(number: int, told: tuple[Told, ...], outcome: Outcome) -> dict[str, Any]:  # Any: a JSON object
    step = told[number]
    verdict = next((one.verdict for one in outcome.judged if one.check == step.rests_on), Verdict.NOT_REACHED)
    return {
        "kind": "step",
        "step": number + 1,
        "of": len(told),
        "title": step.title,
        "saw": step.saw,
        "check": step.rests_on,
        "verdict": verdict.value,
    }


def _print_all(report: Report, steps: tuple[dict[str, Any], ...]) -> None:  # Any: JSON objects
    for line in (run_line(report.facts), *steps, *map(scenario_line, report.outcomes), total_line(report)):
        click.echo(json.dumps(line, ensure_ascii=False))
