"""A whole run: one bus for all of it, the chosen scenarios one after another, each judged when it has ended.

    (1) bring the bus up, once for the run
    (2) play each scenario in a folder and under a topic prefix of its own
    (3) judge it by its history; without a working environment there is no verdict

One scenario is `runner`; what all came to is `report`.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from certs.identity import Algorithm
from harness.clock import Clock
from harness.errors import NotReady
from harness.exchange import topics
from harness.trial import about
from harness.trial.buses import CONTAINER, LOCAL, MEMORY, Standing, standing
from harness.trial.checks import CHECKS
from harness.trial.founding import PATIENCE
from harness.trial.history import History
from harness.trial.report import HISTORY, no_verdict, where_to_look
from harness.trial.runner import Outcome, Playbill, judge, play, trouble
from harness.trial.script import KAFKA, Scenario
from harness.trial.selection import Playable
from harness.trial.verdict import Judged, Verdict

UNHEARD: Final = "nothing was played"


@dataclass(frozen=True, kw_only=True)
class Programme:
    """What is to be played, and with what.

    `folder` is the run's own and exists; each scenario gets `folder/<scenario id>`. `patience` is in seconds.
    """

    items: tuple[Playable, ...]
    bus: str
    seed: int
    folder: Path
    clock: Clock
    algorithm: Algorithm = Algorithm.ES256
    patience: float = PATIENCE
    processes: bool = False
    """Whether every party is a process of its own."""
    config: Path | None = None
    """Kafka client properties for the brokers at an address."""

    def again(self, scenario: Scenario) -> str:
        """The command that plays one of them once more."""
        bus = about.spoken(self.bus, self.config)
        return about.again(scenario.id, bus, self.seed, self.algorithm.value, processes=self.processes)


@dataclass(frozen=True)
class Audience:
    """Who is told while a run goes on. Each call returns before the run goes on."""

    says: Callable[[str], None]
    begins: Callable[[Playable], None]
    ended: Callable[[Outcome], None]


async def rehearse(programme: Programme, audience: Audience) -> tuple[Outcome, ...]:
    """Play and judge the whole programme.

    Raises:
        NotReady: the bus did not come up: nothing was played.
    """
    parties = {code for item in programme.items for code in item.pack.countries}
    principals = sorted(topics.principal(code) for code in parties)
    outcomes = []
    # (1) One bus for all of it.
    async with standing(
        programme.bus, programme.folder, principals, programme.clock, audience.says, config=programme.config
    ) as stands:
        for item in programme.items:
            audience.begins(item)
            outcome = await rehearse_one(item, programme, stands)
            outcomes.append(outcome)
            audience.ended(outcome)
    return tuple(outcomes)


async def rehearse_one(item: Playable, programme: Programme, stands: Standing) -> Outcome:
    """Play and judge one scenario on a bus that stands."""
    scenario, folder, clock = item.scenario, programme.folder / item.scenario.id, programme.clock
    if why := unplayable(scenario, programme.bus, mortal=programme.bus == MEMORY or stands.broker is not None):
        return not_played(scenario, programme, why)
    bill = Playbill(
        item.pack,
        stands,
        programme.bus,
        clock,
        programme.seed,
        algorithm=programme.algorithm,
        patience=programme.patience,
        config=programme.config,
        processes=stands.way if programme.processes else None,
        broker=stands.broker,
    )
    began = clock.now()
    # (2) A folder of its own; the topic prefix comes with it.
    try:
        history = await play(scenario, bill, folder)
    except Exception as error:  # noqa: BLE001 - one script or window that fails in its own way must not end the others
        return _fell(scenario, programme, began, f"{_place(error)}: {type(error).__name__}: {error}")
    # (3) The verdict is made of the history alone.
    return told(scenario, history, programme, began)


def told(scenario: Scenario, history: History, programme: Programme, began: datetime) -> Outcome:
    """Judge a history, and say where to look for what did not hold."""
    outcome = _outcome(scenario, judge(scenario, history), programme, began, trouble(history))
    judged = no_verdict(outcome) if outcome.trouble else where_to_look(history, outcome.judged)
    return _outcome(scenario, judged, programme, began, outcome.trouble)


def unplayable(scenario: Scenario, bus: str, *, mortal: bool = True) -> str:
    """Why this bus cannot show this scenario; empty when it can. `mortal`: its broker is ours to kill."""
    if scenario.kills_the_broker and not mortal:
        return f"kills the broker, and the one at {bus} is not ours to kill (--bus local plays it)"
    if not scenario.needs or bus in (LOCAL, CONTAINER) or (bus != MEMORY and scenario.needs == KAFKA):
        return ""
    return f"needs {scenario.needs}; this run is on the {bus} bus (--bus local plays it)"


def not_played(scenario: Scenario, programme: Programme, why: str) -> Outcome:
    """What is told of a scenario that this bus cannot show: why, and never that it held."""
    judged = tuple(
        Judged(one.name, one.promise, Verdict.NOT_PLAYED, one.promise, why, one.topic) for one in scenario.checks
    )
    folder, again = programme.folder / scenario.id, programme.again(scenario)
    return Outcome(scenario, judged, folder, 0.0, again, unplayable=why, recorded=False)


def never_played(programme: Programme, why: NotReady) -> tuple[Outcome, ...]:
    """The outcomes of a programme whose bus did not come up: no verdict on anything."""
    now = programme.clock.now()
    return tuple(_fell(item.scenario, programme, now, str(why)) for item in programme.items)


def _fell(scenario: Scenario, programme: Programme, began: datetime, why: str) -> Outcome:
    path = programme.folder / scenario.id / HISTORY
    if path.is_file():
        judged = judge(scenario, History.read(path))
    else:
        judged = tuple(
            Judged(check.name, check.promise, Verdict.UNKNOWN, check.promise, UNHEARD, check.topic)
            for check in (*scenario.checks, *(check for check in CHECKS.values() if check.standing))
        )
    outcome = _outcome(scenario, judged, programme, began, why)
    return _outcome(scenario, no_verdict(outcome), programme, began, why)


def _outcome(scenario: Scenario, judged: Sequence[Judged], programme: Programme, began: datetime, why: str) -> Outcome:
    return Outcome(
        scenario=scenario,
        judged=tuple(judged),
        folder=programme.folder / scenario.id,
        seconds=(programme.clock.now() - began).total_seconds(),
        again=programme.again(scenario),
        trouble=why,
        recorded=(programme.folder / scenario.id / HISTORY).is_file(),
    )


def _place(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
