"""What `run` and `demo` share: their options, the run's folder with its log, and playing with an eye on Ctrl-C.

<folder>/run.jsonl                        the run, line by line as it goes: facts, each scenario, the total
<folder>/log.jsonl                        what the windows themselves log
<folder>/<scenario id>/history.jsonl      all that was seen; what verdicts are made from
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from certs.identity import Algorithm
from harness.cli import reaching, say
from harness.clock import Chance, SystemClock
from harness.errors import BadInput, NotReady, RoadFailed
from harness.trial.about import Facts
from harness.trial.buses import MEMORY, named
from harness.trial.journal import journal
from harness.trial.rehearsal import Audience, Programme, never_played, rehearse
from harness.trial.report import Report, run_line, scenario_line, total_line
from harness.trial.runner import Outcome
from harness.trial.selection import Playable

F = TypeVar("F", bound=Callable[..., Any])

RUN_LOG: Final = "run.jsonl"


def options(command: F) -> F:
    """The options that say with what is played."""
    for option in reversed(
        (
            *reaching.options,
            click.option(
                "--seed", type=click.IntRange(min=0), metavar="N", help="Repeat a run; drawn and told when not given."
            ),
            click.option(
                "--algorithm",
                type=click.Choice([one.value for one in Algorithm]),
                default=Algorithm.ES256.value,
                metavar="NAME",
                show_default=True,
                help="What the windows sign with: ES256, Ed25519, ML-DSA-65, PS256 or RS256.",
            ),
            click.option(
                "--out",
                type=click.Path(path_type=Path, file_okay=False),
                default=Path("corridor-runs"),
                show_default=True,
                metavar="DIR",
                help="Where the run's folder is made.",
            ),
            click.option("--json", "as_json", is_flag=True, help="NDJSON on stdout (docs/schemas)."),
        )
    ):
        command = option(command)
    return command


@dataclass(frozen=True)
class With:
    """With what is played, as the options say it."""

    bus: str
    seed: int | None
    algorithm: str
    out: Path
    processes: bool = False
    config: Path | None = None


@dataclass(frozen=True)
class Prepared:
    """A run about to begin: its programme, and what it says of itself."""

    programme: Programme
    facts: Facts


def prepare(items: tuple[Playable, ...], asked: With, again: Callable[[int], str]) -> Prepared:
    """Draw what was not given, and make the run's folder.

    Args:
        items: what is to be played.
        asked: the options.
        again: makes the command that repeats the run of its seed.

    Raises:
        BadInput: the bus has no such name or cannot be reached from other processes, the client properties cannot be
            followed, or the folder cannot be made.
    """
    if named(asked.bus, asked.config) == MEMORY and asked.processes:
        raise BadInput(
            "--processes on the memory bus, which lives inside one process",
            expected="a bus that other processes reach",
            todo="add --bus local, or --bus HOST:PORT",
        )
    if asked.config is not None:
        # Before there is a folder: what cannot be followed leaves nothing behind.
        from harness.exchange.kafka_config import read

        read(asked.config)
    clock, chance = SystemClock(), Chance()
    # 31 bits: long enough for a seed, short enough to read out.
    seed = asked.seed if asked.seed is not None else int.from_bytes(chance.octets(4, "seed")) >> 1
    folder = _fresh(asked.out, chance)
    programme = Programme(
        items=items,
        bus=asked.bus,
        seed=seed,
        folder=folder,
        clock=clock,
        algorithm=Algorithm(asked.algorithm),
        processes=asked.processes,
        config=asked.config,
    )
    facts = Facts(
        run=folder.name,
        seed=seed,
        bus=asked.bus,
        algorithm=asked.algorithm,
        again=again(seed),
        folder=folder,
        started=clock.now(),
    )
    return Prepared(programme, facts)


def _fresh(parent: Path, chance: Chance) -> Path:
    """A new folder with a short name of its own."""
    for count in (2, 2, 2, 4, 8):
        folder = parent / chance.token("run", count=count)
        try:
            folder.mkdir(parents=True, mode=0o700)
        except FileExistsError:
            if parent.exists() and not parent.is_dir():
                break
            continue
        except OSError as error:
            raise _no_folder(parent, str(error)) from error
        return folder
    raise _no_folder(parent, "it is no folder" if not parent.is_dir() else "no free name in it")


def _no_folder(parent: Path, why: str) -> BadInput:
    return BadInput(
        f"{parent} cannot hold a run: {why}", expected="a folder that can be written to", todo="choose another --out"
    )


def play(prepared: Prepared, *, begins: Callable[[Playable], None], ended: Callable[[Outcome], None]) -> Report:
    """Play a prepared run, writing its log as it goes, and return what it came to.

    Ctrl-C takes the bus down, leaves what was written, and goes on as KeyboardInterrupt.

    Raises:
        Unplayed: the bus did not come up; it carries a report without verdicts.
        RoadFailed: the disk failed.
    """
    programme, facts = prepared.programme, prepared.facts
    try:
        with (facts.folder / RUN_LOG).open("w", encoding="utf-8") as log, journal(facts.folder):

            def wrote(line: dict[str, Any]) -> None:  # Any: a JSON object
                log.write(json.dumps(line, ensure_ascii=False) + "\n")
                log.flush()

            def finished(outcome: Outcome) -> None:
                wrote(scenario_line(outcome))
                ended(outcome)

            wrote(run_line(facts))
            try:
                outcomes = asyncio.run(rehearse(programme, Audience(say.progress, begins, finished)))
            except NotReady as error:
                unplayed = _report(prepared, never_played(programme, error))
                for outcome in unplayed.outcomes:
                    wrote(scenario_line(outcome))
                wrote(total_line(unplayed))
                raise Unplayed(unplayed, error) from error
            report = _report(prepared, outcomes)
            wrote(total_line(report))
    except BrokenPipeError:
        raise  # stdout's, not the disk's
    except OSError as error:
        raise RoadFailed(
            f"the disk refused: {error}",
            expected="a disk with room",
            todo=f"make room for {facts.folder} and try again",
        ) from error
    return report


class Unplayed(NotReady):
    """The bus did not come up: a report without verdicts, and why."""

    def __init__(self, report: Report, why: NotReady) -> None:
        super().__init__(why.found, expected=why.expected, todo=why.todo)
        self.report = report


def _report(prepared: Prepared, outcomes: tuple[Outcome, ...]) -> Report:
    seconds = (prepared.programme.clock.now() - prepared.facts.started).total_seconds()
    return Report(prepared.facts, outcomes, seconds)
