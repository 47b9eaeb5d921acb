"""Plays scenarios: each on a stage of its own, recorded first, judged from its history afterwards.

play     one scenario -> its history, on the disk
judge    a history -> the outcome of each promise, by nothing but the file
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from certs.identity import Algorithm
from harness.clock import Chance, Clock
from harness.errors import BadInput, CorridorError, RoadFailed
from harness.exchange.reasons import Refused
from harness.trial import about, continuity, isolation, keys, recognition  # noqa: F401 - checks are made when imported
from harness.trial.acting import Stopped
from harness.trial.buses import BusMaker, Doored, Fallible
from harness.trial.checks import CHECKS
from harness.trial.founding import PATIENCE, Setting
from harness.trial.ground import Cast, Doorkeeper, Grants, under
from harness.trial.history import History, Scribe, What
from harness.trial.processes import Way
from harness.trial.roads import Road, by_detour
from harness.trial.script import Pack, Scenario
from harness.trial.stage import Stage, staged
from harness.trial.verdict import Judged, Verdict, worst


@dataclass(frozen=True, slots=True)
class Outcome:
    """One scenario, played and judged. `trouble` says why there is no verdict, when the environment failed.

    `unplayable` says what the scenario needs and the bus at hand has not: then it was not played at all.
    """

    scenario: Scenario
    judged: tuple[Judged, ...]
    folder: Path
    seconds: float
    again: str
    trouble: str = ""
    unplayable: str = ""
    recorded: bool = True
    """Whether there is a history; not when the bus never came up."""

    @property
    def verdict(self) -> Verdict:
        """What the promises come to together."""
        if self.trouble:
            return Verdict.UNKNOWN
        if self.unplayable:
            return Verdict.NOT_PLAYED
        return worst(one.verdict for one in self.judged)


@dataclass(frozen=True)
class Playbill:
    """With what a scenario is played."""

    pack: Pack
    bus: BusMaker
    bus_name: str
    clock: Clock
    seed: int
    algorithm: Algorithm = Algorithm.ES256
    patience: float = PATIENCE
    processes: Way | None = None
    """How parties come to the bus when each is a process of its own; None when all live in this one."""
    broker: Fallible | None = None
    """The broker, where it can be killed."""
    config: Path | None = None
    """Kafka client properties for the brokers at an address."""
    fixed_keys: bool = False
    """Keys from the seed too: for comparing runs byte for byte, never for anything else."""

    def way(self, road: Road | None) -> Way | None:
        """How parties come in processes of their own, some of them by a road of theirs."""
        if self.processes is None or road is None:
            return self.processes
        return replace(self.processes, by=dict.fromkeys(road.parties, road.address))

    def facts(self, scenario: str) -> dict[str, str | int]:
        """What the history of a scenario says of its run."""
        processes = self.processes is not None
        return about.this_run(
            self.seed, self.bus_name, scenario, self.algorithm.value, processes=processes, config=self.config
        )


async def play(
    scenario: Scenario,
    bill: Playbill,
    folder: Path,
    *,
    cast: Mapping[str, Cast] | None = None,
    grants: Grants = tuple,
    door: Doorkeeper | None = None,
) -> History:
    """Play one scenario in `folder` and return its history. What goes wrong goes into the history too.

    Raises:
        BadInput: `door` is to be kept in another way, or a road to be cut, and the broker is none of ours.
    """
    scribe = Scribe(folder / "history.jsonl", bill.clock)
    chance = Chance(bill.seed) if bill.fixed_keys else Chance()
    run = f"{scenario.id.replace('/', '-')}-{chance.token('run', count=4)}"
    setting = Setting(
        run,
        folder,
        bill.clock,
        chance,
        bill.algorithm,
        bill.patience,
        Chance(bill.seed),
        algorithms=scenario.algorithms,
    )
    scribe.write(What.RUN, scenario=scenario.id, run=run, **bill.facts(scenario.id))
    try:
        seated = {**scenario.cast, **(cast or {})}
        ground = under(bill.pack, scenario.under)
        if scenario.recognition is not None:
            ground = recognition.under(scenario.recognition, ground, scenario.pair)
        async with (
            bill.bus(f"{run}.") as bus,
            by_detour(scenario.detour, bill.broker, bus, scribe) as road,
            staged(
                setting,
                ground,
                bus,
                scribe,
                cast=seated,
                grants=grants,
                keeps=None if door is None else partial(_keeps, bill.broker, door),
                way=bill.way(road),
            ) as stage,
        ):
            stage.road = road
            stage.broker = bill.broker or (bus if isinstance(bus, Fallible) else None)
            await _perform(scenario, stage)
            await stage.settle()
    except RoadFailed as error:
        scribe.write(What.TROUBLE, found=error.found, expected=error.expected, todo=error.todo)
    finally:
        scribe.close()
    return History.read(folder / "history.jsonl")


async def _keeps(broker: Fallible | None, door: Doorkeeper, roots: tuple[bytes, ...]) -> None:
    if not isinstance(broker, Doored):
        raise BadInput("this bus has no door that can be opened", expected="a broker of --bus local")
    await broker.opens(door(roots))


async def _perform(scenario: Scenario, stage: Stage) -> None:
    """Play the script. When something does not come, the history says so, and the promises not reached show."""
    with suppress(Stopped):
        try:
            async with asyncio.timeout(stage.setting.patience * 4):
                await scenario.play(stage)
        except TimeoutError as error:
            raise stage.stopped("the script to end") from error
        except RoadFailed:
            raise
        except (CorridorError, Refused) as error:
            # A window refused what the script asked of it: the script ends here, and what was logged is still judged.
            raise stage.stopped(f"a window that does as it is asked: {error}") from error


def judge(scenario: Scenario, history: History) -> tuple[Judged, ...]:
    """Judge every promise of a scenario and every standing one: a pure function of the history.

    A promise that the script never came to is not reached; a check that fails itself is unknown, never held.
    """
    judged = []
    made: set[str] = set()
    for event in history.of(What.PROMISE):
        made.add(event["check"])
        judged.append(_judge(event["check"], history, event["args"]))
    stopped = [f"waited in vain for {event['waited_for']}" for event in history.of(What.STOPPED)]
    for check in scenario.checks:
        if check.name not in made:
            saw = "; ".join(stopped) or "the script ended before it"
            judged.append(Judged(check.name, check.promise, Verdict.NOT_REACHED, check.promise, saw, check.topic))
    judged.extend(_judge(check.name, history, {}) for check in CHECKS.values() if check.standing)
    return tuple(judged)


def trouble(history: History) -> str:
    """Why the environment let no verdict come about; empty when it did not fail."""
    return "; ".join(f"{event['found']} (to do: {event['todo']})" for event in history.of(What.TROUBLE))


def _judge(name: str, history: History, args: Mapping[str, Any]) -> Judged:  # Any: plain data of the check
    check = CHECKS[name]
    try:
        return check(history, **args)
    except (CorridorError, Refused, KeyError, ValueError, TypeError) as error:
        # A check that fails says nothing about the promise: unknown, with the place to look for us.
        where = traceback.extract_tb(error.__traceback__)[-1]
        saw = f"the check itself failed: {type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
        return Judged(name, check.promise, Verdict.UNKNOWN, check.promise, saw, check.topic)
