"""A long soak: exchanges in a loop while parties and broker are killed and a road is cut; then both logs are compared.

What happens, and after how many exchanges, is drawn from a seed. What must hold is said by `verdict`, a pure function
of the two logs, read once from beginning to end: a million exchanges leave no history that could be kept, so the checks
of a scenario (`continuity`) are made here in another form. The parties, their killing and their road: `apart`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness.brokers.detour import Cut
from harness.clock import Chance
from harness.errors import BadInput, NotProved
from harness.evidence import records
from harness.evidence.log import EvidenceLog
from harness.trial.apart import BROKER, Apart, apart
from harness.trial.buses import Standing
from harness.trial.founding import PATIENCE
from harness.trial.ground import Ground
from harness.trial.processes import OwnProcess

MOST: Final = 1_000_000
"""Exchanges of the longest soak."""

WIDTH: Final = 64
"""Exchanges in flight."""

ROADS: Final = {f"road {how.value}": how for how in Cut}
"""The road of who answers, cut in each of its ways, by the name of what happens."""


LONGEST_CUT: Final = 15.0
"""Seconds for which a road stays cut, at most: longer than a group keeps the place of a silent reader."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What happens after how many exchanges: a party (its code) or `BROKER` is killed, or a road (`ROADS`) is cut.

    `lasts`: how many seconds a road stays cut once nothing moves any more; 0 for a kill.
    """

    after: int
    what: str
    lasts: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How many exchanges, and after how many of them something happens: between half of `every` and half more."""

    exchanges: int
    every: int
    seed: int

    def faults(self, parties: tuple[str, str]) -> Iterator[Drawn]:
        """What happens, in order; the same for the same seed. Each party, broker and road are as likely."""
        chance, at, roads = Chance(self.seed), 0, tuple(ROADS)
        while True:
            drawn = int.from_bytes(chance.octets(8, "soak/fault"))
            at += self.every // 2 + drawn % max(1, self.every)
            if at >= self.exchanges:
                return
            drawn //= max(1, self.every)
            what = (*parties, BROKER, roads[drawn // 4 % len(roads)])[drawn % 4]
            lasts = LONGEST_CUT * (drawn // 64 % 64) / 63 if what in ROADS else 0.0
            yield Drawn(at, what, lasts)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that happened, and how long recovery took.

    `seconds`: from the kill, or from the healing of the road, until an exchange begun in the meantime was answered.
    """

    drawn: Drawn
    seconds: float

    def __str__(self) -> str:
        """As it is told while the soak goes on."""
        drawn = self.drawn
        did = f"cut for {drawn.lasts:.1f} s" if drawn.what in ROADS else "killed"
        return f"after {drawn.after} exchanges: {drawn.what} {did}, answered again after {self.seconds:.2f} s"


@dataclass
class Soaked:
    """What a soak came to. `broken` says what did not hold; empty when all did."""

    exchanges: int
    seconds: float
    faults: tuple[Fault, ...]
    records: dict[str, int] = field(default_factory=dict)
    broken: tuple[str, ...] = ()


async def soak(
    ground: Ground,
    stands: Standing,
    folder: Path,
    plan: Plan,
    tell: Callable[[Fault], None],
    *,
    patience: float = PATIENCE,
) -> Soaked:
    """Play the plan on `stands`, and hold the two logs against each other.

    Raises:
        BadInput: more exchanges than a soak may have, or a bus that is no broker of our own with a detour.
        RoadFailed: a party or the broker failed in another way than by what was done to it.
    """
    if not 0 < plan.exchanges <= MOST or plan.every < 2 * WIDTH:
        raise BadInput(
            f"a soak of {plan.exchanges} exchanges with a fault every {plan.every}",
            expected=f"1 to {MOST} exchanges, and {2 * WIDTH} or more between two faults",
        )
    faults: list[Fault] = []
    async with apart(ground, stands, folder, patience=patience, detour=True) as pair:
        asks, answers = pair.asks.party, pair.answers.party

        async def spoiling() -> None:
            for drawn in plan.faults((asks, answers)):
                await pair.until_done(drawn.after)
                how = ROADS.get(drawn.what)
                spoilt = pair.killed(drawn.what) if how is None else pair.cut(how, lasts=drawn.lasts)
                faults.append(Fault(drawn, await spoilt))
                tell(faults[-1])

        async with asyncio.TaskGroup() as group:
            spoiler = group.create_task(spoiling())
            taken = await pair.load(width=WIDTH, most=plan.exchanges)
            # The exchanges that measured a recovery came on top, so none is left to wait for.
            await spoiler
        made = pair.done
        await _settled(pair)
    logs = {code: EvidenceLog(folder / "parties" / code / "log.sqlite", code) for code in (asks, answers)}
    try:
        counted = {code: log.size for code, log in logs.items()}
        found = verdict(*((body for _, body in logs[code].records()) for code in (asks, answers)), exchanges=made)
    except NotProved as error:
        counted, found = {}, (str(error),)
    finally:
        for log in logs.values():
            log.close()
    return Soaked(made, taken, tuple(faults), counted, found)


async def _settled(pair: Apart) -> None:
    """Let both take in what is still on its way: each cosigns the other's log once more."""
    for one, other in ((pair.asks, pair.answers), (pair.answers, pair.asks)):
        await _witnessed(one, other.party)


async def _witnessed(one: OwnProcess, by: str) -> None:
    await one.up()
    await one.counter.seek_witness(by)


def verdict(asks: Iterable[bytes], answers: Iterable[bytes], *, exchanges: int) -> tuple[str, ...]:
    """What did not hold, by the logs of who asked and who answered, read once each; nothing when all did.

    (1) every file lodged was sent, once           (4) every answer is known to who asked, as it was given, once
    (2) every message sent was received, once      (5) messages were taken in in the order in which they were sent
    (3) it was worked on once, and answered once   (6) there are as many as exchanges were made
    """
    books = _Books()
    for body in asks:
        books.asked(records.read(body))
    for body in answers:
        books.answered(records.read(body))
    for identity, fate in books.fates.items():
        if (fate.sent, fate.received) != (1, 1):
            books.note("(2) sent or received other than once", identity.hex())
        elif (fate.worked, fate.answered) != (1, 1):
            books.note("(3) worked on or answered other than once", identity.hex())
        elif fate.heard != 1:
            books.note("(4) answered, and the answer not known once", identity.hex())
    for correlation in books.lodged:
        books.note("(1) lodged and not sent", correlation)
    if len(books.fates) != exchanges:
        books.note("(6) other than the exchanges made", f"{len(books.fates)} messages, {exchanges} exchanges")
    return tuple(f"{what}: {count} time(s), first {first}" for what, (count, first) in books.found.items())


@dataclass(slots=True)
class _Fate:
    """What became of one message: how often each thing happened to it. Digests are kept cut, for there are many."""

    place: int
    sent: int = 0
    received: int = 0
    worked: int = 0
    answered: int = 0
    heard: int = 0
    payload: bytes = b""
    answer: bytes = b""


class _Books:
    """Both logs, folded into the fate of each message."""

    def __init__(self) -> None:
        self.fates: dict[bytes, _Fate] = {}
        self.lodged: set[str] = set()
        """Transactions that were lodged and not sent yet."""
        self.found: dict[str, tuple[int, str]] = {}
        """What did not hold: how often, and where first."""
        self._last = -1

    def note(self, what: str, where: str) -> None:
        """Something did not hold."""
        count, first = self.found.get(what, (0, where))
        self.found[what] = (count + 1, first)

    def asked(self, record: records.Record) -> None:
        """Learn a record of who asked."""
        correlation = record.correlation or ""
        if record.event == records.LODGED:
            if correlation in self.lodged:
                self.note("(1) lodged twice", correlation)
            self.lodged.add(correlation)
        elif record.event == records.SENT:
            if correlation not in self.lodged:
                self.note("(1) sent twice, or never lodged", correlation)
            self.lodged.discard(correlation)
            fate = self._fate(record, "identity")
            fate.sent += 1
            fate.payload = _cut(record, "payload")
        elif record.event == records.ACKNOWLEDGED:
            fate = self._fate(record, "of")
            fate.heard += 1
            fate.answer = _cut(record, "raw")

    def answered(self, record: records.Record) -> None:
        """Learn a record of who answered. The log of who asked was read before."""
        if record.event == records.RECEIVED:
            fate = self._fate(record, "identity")
            fate.received += 1
            if fate.payload != _cut(record, "payload"):
                self.note("(2) received with another content", str(record.fields["identity"]))
            if fate.place < self._last:
                self.note("(5) taken in out of order", str(record.fields["identity"]))
            self._last = fate.place
        elif record.event == records.TRANSLATED:
            self._fate(record, "identity").worked += 1
        elif record.event == records.ANSWERED:
            fate = self._fate(record, "of")
            fate.answered += 1
            if fate.answer not in (b"", _cut(record, "raw")):
                self.note("(4) known otherwise than it was given", str(record.fields["of"]))

    def _fate(self, record: records.Record, name: str) -> _Fate:
        identity = _cut(record, name)
        fate = self.fates.get(identity)
        if fate is None:
            fate = self.fates[identity] = _Fate(len(self.fates))
        return fate


def _cut(record: records.Record, name: str) -> bytes:
    return bytes.fromhex(record.digest(name) or "")[:16]
