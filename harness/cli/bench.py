"""`corridor bench`: the published figures, measured again on this machine.

Exit codes: 0 measured; 2 wrong usage; 3 the memory bus or the disk failed, or the bus asked for is not there. A figure
that cannot be had here (no Java, say) is told as skipped, with its reason. What is written is removed in the end; where
a broker failed, its log stays, and stderr says where. What the figures mean: benchmarks/README.md.
"""

from __future__ import annotations

import asyncio
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import click

from certs.identity import Algorithm
from harness.cli import reaching, say
from harness.clock import seconds
from harness.errors import NotReady
from harness.trial import about, packs
from harness.trial.benchmark import WIDTH, Rate, Recovery, Shared, Trips, broker_starts, rate, shared, trips
from harness.trial.buses import CONTAINER, LOCAL, MEMORY, named
from harness.trial.ground import Ground
from harness.trial.journal import journal
from harness.trial.measure import quantile
from harness.trial.scratch import Scratch

TARGETS: Final = {"--help": 0.15, "demo": 3.0}
"""The commands whose whole process is timed, and the seconds it may take when warm."""

_COMMAND: Final = "from harness.cli import main; main()"


@dataclass(frozen=True, slots=True)
class Extent:
    """How long to measure: seconds of load for each algorithm, of round trips for each bus, and runs of a process."""

    load: float
    trips: float
    runs: int
    kills: int
    """Of a party and of the broker each, to see how long they take to come back."""


FULL: Final = Extent(load=40.0, trips=20.0, runs=9, kills=5)
QUICK: Final = Extent(load=6.0, trips=3.0, runs=3, kills=2)


@click.command(name="bench")
@click.option("--quick", is_flag=True, help="About a minute instead of some six.")
@click.option(
    "--bus",
    "buses",
    multiple=True,
    metavar="BUS",
    help="On this bus only, as `corridor run` knows it. Again for another. [default: memory and local]",
)
@reaching.config
@click.option("--seconds", "load", type=click.FloatRange(0.1, 600.0), help="Of load for each algorithm.")
@click.option("--json", "as_json", is_flag=True, help="NDJSON on stdout (docs/schemas/bench.schema.json).")
def command(*, quick: bool, buses: tuple[str, ...], bus_config: Path | None, load: float | None, as_json: bool) -> None:
    """Measure the published figures again.

    Exchanges a second in one process and the budget that their parts allow; the same on a real Apache Kafka with the
    parties as one process and as two, and the time to recover from a kill; round trips on both buses; the wall time
    of `corridor --help` and `corridor demo`.

    \b
    Examples:
      corridor bench
      corridor bench --quick --bus memory
    """
    chosen = [named(bus) for bus in buses] or [MEMORY, LOCAL]
    if all(bus in (MEMORY, LOCAL, CONTAINER) for bus in chosen):
        named(chosen[0], bus_config)  # nothing here that client properties could be for
    extent = QUICK if quick else FULL
    if load is not None:
        few = max(1, round(load))
        extent = Extent(load, load / 2, min(extent.runs, few), min(extent.kills, few))
    ground = packs.installed()[0]
    face = NdJson() if as_json else Text()
    face.machine()
    with ExitStack() as stack:
        scratch = stack.enter_context(Scratch("corridor-bench-", say.progress))
        folder = scratch.folder
        stack.enter_context(journal(folder))
        # First, so that a broker that is not there is told at once.
        with_brokers = _Brokers(face, ground, scratch, extent, bus_config, asked_for=bool(buses))
        for number, bus in enumerate(chosen):
            with_brokers.trips(bus, number)
        for number, bus in enumerate(bus for bus in chosen if bus != MEMORY):
            with_brokers.shared(bus, number)
        if LOCAL in chosen:
            with_brokers.starts()
        for algorithm in (Algorithm.ES256, Algorithm.ED25519):
            say.progress(f"exchanges signed with {algorithm.value}, about {extent.load:g} s")
            place = _new(folder / algorithm.value)
            face.rate(asyncio.run(rate(ground, place, algorithm=algorithm, most_seconds=extent.load)))
        for words, target in TARGETS.items():
            say.progress(f"corridor {words}, {extent.runs} times")
            _process(face, words, target, extent.runs, _new(folder / words.strip("-")))


@dataclass(frozen=True)
class _Brokers:
    """The figures that want a bus that may not be there. One asked for by name must be."""

    face: Text | NdJson
    ground: Ground
    scratch: Scratch
    extent: Extent
    config: Path | None
    """Kafka client properties for brokers at an address."""
    asked_for: bool

    def trips(self, bus: str, number: int) -> None:
        """Round trips."""
        extent, place = self.extent, _new(self.scratch.folder / f"trips-{number}")
        say.progress(f"round trips on {_bus(bus)}, about {extent.trips:g} s")
        with self._perhaps(f"round trips on {_bus(bus)}"):
            doing = trips(
                self.ground,
                place,
                bus=bus,
                config=self._config(bus),
                most_seconds=extent.trips,
                say=say.progress,
            )
            self.face.trips(asyncio.run(doing))

    def shared(self, bus: str, number: int) -> None:
        """Parties as one process and as two, and kills."""
        extent, place = self.extent, _new(self.scratch.folder / f"shared-{number}")
        say.progress(f"parties as one and two processes on {_bus(bus)}, and kills, about {extent.load + 20:g} s")
        with self._perhaps(f"parties as processes on {_bus(bus)}"):
            doing = shared(
                self.ground,
                place,
                bus=bus,
                config=self._config(bus),
                most_seconds=extent.load,
                kills=extent.kills,
                say=say.progress,
            )
            self.face.shared(bus, *asyncio.run(doing))

    def starts(self) -> None:
        """Starts of a broker on this machine."""
        times, place = self.extent.kills, _new(self.scratch.folder / "starts")
        say.progress(f"starts of a local Apache Kafka, {times} times")
        with self._perhaps("starts of a local Apache Kafka"):
            self.face.starts(asyncio.run(broker_starts(place, starts=times, say=say.progress)))

    def _config(self, bus: str) -> Path | None:
        return None if bus in (MEMORY, LOCAL, CONTAINER) else self.config

    @contextmanager
    def _perhaps(self, what: str) -> Iterator[None]:
        try:
            yield
        except NotReady as error:
            if self.asked_for:
                raise
            self.scratch.fails()
            self.face.skipped(what, str(error))


class Text:
    """The figures as lines for people."""

    def machine(self) -> None:
        """Where they are measured."""
        for name, value in _machine().items():
            say.row(name, str(value))

    def rate(self, found: Rate) -> None:
        """Exchanges a second, the budget, their ratio, and the parts."""
        say.result(f"exchanges a second, one process, {found.algorithm.value}, {WIDTH} in flight, a receipt for each")
        say.row("achieved", f"{found.per_second:6.0f}  over {found.exchanges} exchanges")
        say.row("budget", f"{found.alone:6.0f}  by the parts alone     ratio {found.ratio:.2f}")
        say.row("", f"{found.in_turns:6.0f}  by the parts in turns  ratio {found.ratio_in_turns:.2f}")
        say.row("parts", "alone  in turns  microseconds in one exchange")
        for part in found.parts:
            say.row("", f"{part.alone * 1e6:5.0f}  {part.seconds * 1e6:8.0f}  {part.name}: {part.what}")

    def trips(self, found: Trips) -> None:
        """Round trips."""
        said = f"p50 {found.median * 1e3:.1f} ms  p99 {found.slowest * 1e3:.1f} ms  over {found.exchanges} exchanges"
        say.result(f"round trip on {_bus(found.bus)}, one at a time, ES256: {said}")

    def shared(self, bus: str, found: Shared, recoveries: Sequence[Recovery]) -> None:
        """Parties as one process and as two, and how long kills cost."""
        said = f"ES256, {WIDTH} in flight, a receipt for each, {found.exchanges} exchanges each"
        say.result(f"exchanges a second on {_bus(bus)}, {said}")
        say.row("memory", f"{found.memory:6.0f}  both parties in one process, the memory bus")
        say.row("one", f"{found.one:6.0f}  both parties in one process               ratio {found.ratio(1):.2f}")
        say.row("two", f"{found.two:6.0f}  each party in its own, watched from here  ratio {found.ratio(2):.2f}")
        for one in recoveries:
            times = (
                f"p50 {quantile(one.taken, 0.5):.2f} s  slowest {one.taken[-1]:.2f} s  over {len(one.taken)} kill(s)"
            )
            say.result(f"from a kill of the {one.of} to the next answer, on {_bus(bus)}: {times}")

    def starts(self, taken: Sequence[float]) -> None:
        """How long a broker takes to come up."""
        times = f"p50 {quantile(taken, 0.5):.2f} s  slowest {taken[-1]:.2f} s  over {len(taken)} start(s)"
        say.result(f"start of a local Apache Kafka, until it answers: {times}")

    def process(self, words: str, taken: Sequence[float], target: float) -> None:
        """The wall time of a process."""
        said = f"{median(taken):.2f} s, median of {len(taken)} (at most {target:g} s)"
        say.result(f"corridor {words}: {said}")

    def skipped(self, what: str, why: str) -> None:
        """A figure that cannot be had here."""
        say.result(f"{what}: skipped, {why}")


class NdJson:
    """The figures as JSON lines: docs/schemas/bench.schema.json."""

    def machine(self) -> None:
        """Where they are measured."""
        say.line("bench", **_machine())

    def rate(self, found: Rate) -> None:
        """Exchanges a second, the budget, their ratio, and the parts."""
        name = found.algorithm.value
        say.line(
            "exchanges",
            bus=MEMORY,
            algorithm=name,
            in_flight=WIDTH,
            exchanges=found.exchanges,
            per_second=round(found.per_second, 1),
            budget_per_second=round(found.alone, 1),
            ratio=round(found.ratio, 3),
            budget_in_turns_per_second=round(found.in_turns, 1),
            ratio_in_turns=round(found.ratio_in_turns, 3),
        )
        for part in found.parts:
            costs = {"alone_us": round(part.alone * 1e6, 1), "in_turns_us": round(part.seconds * 1e6, 1)}
            say.line("part", algorithm=name, name=part.name, what=part.what, **costs)

    def trips(self, found: Trips) -> None:
        """Round trips."""
        times = {"p50_ms": round(found.median * 1e3, 2), "p99_ms": round(found.slowest * 1e3, 2)}
        say.line("round_trip", bus=found.bus, algorithm=Algorithm.ES256.value, exchanges=found.exchanges, **times)

    def shared(self, bus: str, found: Shared, recoveries: Sequence[Recovery]) -> None:
        """Parties as one process and as two, and how long kills cost."""
        for processes, achieved in ((1, found.one), (2, found.two)):
            say.line(
                "processes",
                bus=bus,
                algorithm=Algorithm.ES256.value,
                processes=processes,
                in_flight=WIDTH,
                exchanges=found.exchanges,
                per_second=round(achieved, 1),
                memory_per_second=round(found.memory, 1),
                ratio=round(found.ratio(processes), 3),
            )
        for one in recoveries:
            times = {"p50_s": round(quantile(one.taken, 0.5), 2), "slowest_s": round(one.taken[-1], 2)}
            say.line("recovery", bus=bus, of=one.of, kills=len(one.taken), **times)

    def starts(self, taken: Sequence[float]) -> None:
        """How long a broker takes to come up."""
        times = {"p50_s": round(quantile(taken, 0.5), 2), "slowest_s": round(taken[-1], 2)}
        say.line("broker_start", starts=len(taken), **times)

    def process(self, words: str, taken: Sequence[float], target: float) -> None:
        """The wall time of a process."""
        said = {"seconds": round(median(taken), 3), "runs": len(taken), "at_most": target}
        say.line("process", command=f"corridor {words}", **said)

    def skipped(self, what: str, why: str) -> None:
        """A figure that cannot be had here."""
        say.line("skipped", what=what, reason=why)


def _process(face: Text | NdJson, words: str, target: float, runs: int, folder: Path) -> None:
    """Time a whole process, interpreter and all: the median of `runs` after one that warms the disk's cache."""
    taken = []
    for _ in range(runs + 1):
        begun = seconds()
        # -P: what is beside the folder it runs in must not be imported for what is installed.
        ran = subprocess.run(
            [sys.executable, "-P", "-c", _COMMAND, words],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        taken.append(seconds() - begun)
        if ran.returncode != 0:
            last = (ran.stderr.strip() or "nothing on stderr").splitlines()[-1]
            face.skipped(f"corridor {words}", f"it ended with exit code {ran.returncode}: {last}")
            return
    face.process(words, taken[1:], target)


def _machine() -> dict[str, str | int]:
    return {
        "corridor": about.corridor_version(),
        "revision": about.revision(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": _cores(),
    }


def _processor() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        told = []
    names = (line.partition(":")[2].strip() for line in told if line.startswith("model name"))
    return next(names, platform.processor() or "unknown")


def _cores() -> int:
    return os.cpu_count() or 1


def _bus(name: str) -> str:
    known = {MEMORY: "the memory bus", LOCAL: "a local Apache Kafka", CONTAINER: "an Apache Kafka in Docker"}
    return known.get(name, f"the broker at {name}")


def _new(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder
