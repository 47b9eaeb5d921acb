"""Scenarios as scripts: how one is written down, what it needs, and how a pack hands them in.

A scenario is an async function of 15 to 30 lines with one promise in its docstring; its id comes from where it lives.
It says beforehand which checks it will make, so that a script cut short shows the ones it never reached.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from certs.identity import Algorithm
from harness.errors import BadInput
from harness.exchange.agreement import Agreement
from harness.exchange.bus import OPERATOR
from harness.trial.checks import Check
from harness.trial.ground import Cast, Doorkeeper, Grants, Ground
from harness.trial.history import History
from harness.trial.recognition import Model
from harness.trial.refusal import Refusal
from harness.trial.stage import Stage

Play = Callable[[Stage], Awaitable[None]]

KAFKA: Final = "kafka"
OURS: Final = "a kafka started here"
"""What a scenario can need of its bus: any Kafka, or one that the run itself starts, whose roads are ours to cut."""


@dataclass(frozen=True)
class Saboteur:
    """Who breaks one promise, the seat it takes in this scenario, and the check that must name it.

    In a party's seat sits a `cast`; in the seat of the broker's operator, somebody who `grants` other rights, or keeps
    the `door` in another way.
    """

    seat: str
    cast: Cast | None
    caught_by: str
    grants: Grants = tuple
    door: Doorkeeper | None = None

    @property
    def who(self) -> Cast | Doorkeeper | Grants:
        """What takes the seat."""
        return self.cast or self.door or self.grants

    @property
    def casting(self) -> dict[str, Cast]:
        """Who plays which seat instead of the usual window."""
        return {} if self.cast is None else {self.seat: self.cast}

    @property
    def name(self) -> str:
        """The class or function that takes the seat."""
        return getattr(self.who, "__name__", "?")


def careless(grants: Grants, caught_by: str) -> Saboteur:
    """An operator of the broker who does not grant what the agreements give."""
    return Saboteur(OPERATOR, None, caught_by, grants)


def careless_at_the_door(door: Doorkeeper, caught_by: str) -> Saboteur:
    """An operator of the broker who lets in whom nobody vouches for."""
    return Saboteur(OPERATOR, None, caught_by, door=door)


@dataclass(frozen=True)
class Scenario:
    """One promise and the script that puts it to the test."""

    id: str
    title: str
    promise: str
    play: Play
    checks: tuple[Check, ...]
    saboteurs: tuple[Saboteur, ...]
    pair: tuple[str, str]
    document: str
    attack: str = ""
    needs: str = ""
    """`KAFKA` when only a real broker can show it: certificates at the door, groups, an authorizer's log; `OURS` when
    the broker, or the road to it, must be ours to break."""
    questions: tuple[str, ...] = ()
    """Readiness questions (of the toolkit's checklists) that this scenario gives evidence towards."""
    cast: Mapping[str, Cast] = field(default_factory=dict)
    """Who plays which seat in it instead of the usual window: one that can be killed at a moment, say."""
    kills_the_broker: bool = False
    """Whether it takes a broker that is ours to kill: not one at an address that somebody else gave."""
    detour: tuple[str, ...] = ()
    """The parties that come to the broker by a road that the script can cut."""
    under: tuple[Agreement, ...] = ()
    """Agreements of this scenario alone: each stands in the place of the pack's between the same parties."""
    algorithms: Mapping[str, Algorithm] = field(default_factory=dict)
    """Who signs with what in it, whatever the run's own algorithm is."""
    recognition: Model | None = None
    """How its pair recognise each other, where that is not as their agreement's draft has it."""
    refusals: tuple[Refusal, ...] = ()
    """For what the attack is refused, as the script promises it."""

    def facts(self) -> dict[str, object]:
        """What every list and report says of it, as JSON values."""
        return {
            "id": self.id,
            "title": self.title,
            "promise": self.promise,
            "pair": list(self.pair),
            "document": self.document,
            "attack": self.attack or None,
            "needs": self.needs or None,
            "questions": list(self.questions),
        }


@dataclass(frozen=True, slots=True)
class Told:
    """One step of a demonstration: what is tried, what was seen of it (empty: nothing), and the check it rests on."""

    title: str
    saw: str
    rests_on: str


@dataclass(frozen=True)
class Demo:
    """A scenario that is shown to people, and how its history is told in each of its languages."""

    scenario: Scenario
    languages: tuple[str, ...]
    tell: Callable[[History, str], tuple[Told, ...]]


@dataclass(frozen=True, kw_only=True)
class Pack(Ground):
    """What a distribution of scenarios hands in through the entry point group `corridor.packs`."""

    name: str
    scenarios: tuple[Scenario, ...]
    demo: Demo | None = None
    """Played by `corridor demo`, and by `corridor run` only when it is named."""


def scenario(  # noqa: PLR0913 - one argument for each thing that a scenario says of itself
    *,
    title: str,
    checks: tuple[Check, ...],
    saboteurs: tuple[Saboteur, ...],
    pair: tuple[str, str] = ("QM", "QN"),
    document: str,
    attack: str = "",
    needs: str = "",
    questions: tuple[str, ...] = (),
    cast: Mapping[str, Cast] | None = None,
    kills_the_broker: bool = False,
    detour: tuple[str, ...] = (),
    under: tuple[Agreement, ...] = (),
    algorithms: Mapping[str, Algorithm] | None = None,
    recognition: Model | None = None,
    refusals: tuple[Refusal, ...] = (),
) -> Callable[[Play], Scenario]:
    """Make a scenario of an async function. The id is its module's path below its pack, words joined by hyphens."""

    def make(play: Play) -> Scenario:
        module = play.__module__.split(".")[1:]
        promise = " ".join((play.__doc__ or "").split())
        if not promise:
            raise BadInput(f"{play.__module__} has no docstring", expected="the scenario's promise in one sentence")
        return Scenario(
            id="/".join(part.replace("_", "-") for part in module),
            title=title,
            promise=promise,
            play=play,
            checks=checks,
            saboteurs=saboteurs,
            pair=pair,
            document=document,
            attack=attack,
            needs=needs,
            questions=questions,
            cast=cast or {},
            kills_the_broker=kills_the_broker,
            detour=detour,
            under=under,
            algorithms=algorithms or {},
            recognition=recognition,
            refusals=refusals,
        )

    return make
