"""Parties as processes of their own: started, spoken to at their control sockets, killed for real, started again.

Each gets its seat as a folder and nothing else: what a pilot's operator would do by hand with `corridor node`, done
here as a supervisor does it. A party that is killed (SIGKILL) is started again; one that ends in any other way has
failed, and its last words are told. The wire of the run goes with it (`wiring`): Mallory stands where she always does.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from harness.errors import BadInput, Defect, RoadFailed
from harness.exchange import seating
from harness.exchange.seat import Seat
from harness.trial.ground import Cast
from harness.trial.remote import Line, RemoteCounter, called
from harness.trial.seated import PROCESS, Left, leave_mark, left_behind

SOCKET: Final = "control.sock"
SAID: Final = "stderr.log"
"""What a party's processes said, one life after another."""

_COMMAND: Final = ("-P", "-c", "from harness.cli import main; main()", "node")
_FAREWELL: Final = 10.0  # seconds in which a party that was told to go finishes its turn


@dataclass(frozen=True, slots=True)
class Way:
    """How a party's process comes to the bus: bootstrap servers, client properties, and the stage's wire, if any.

    `stampers`: the socket of each party's timestamping authority.
    """

    address: str
    config: Path | None
    wire: Path | None = None
    by: Mapping[str, str] = field(default_factory=dict)
    """Where parties come that do not come to `address`."""
    stampers: Mapping[str, Path] = field(default_factory=dict)

    def house(self, cast: Cast, seat: Seat) -> OwnProcess:
        """Seat a cast in a process of its own. Raises BadInput when it cannot be named to another process."""
        return OwnProcess(cast, seat, self)


class OwnProcess:
    """A party as a process of its own. Implements `seated.Seated`."""

    def __init__(self, cast: Cast, seat: Seat, way: Way) -> None:
        self._cast = cast
        self._entry = named(cast)
        self._seat = seat
        self.folder = seat.folder.absolute()
        self._way = way
        self._life: _Life | None = None
        self._line: Line | None = None
        self._changed = asyncio.Condition()
        self._left: Left | None = None
        self.party = seat.party
        self.deaths = 0
        self.counter = RemoteCounter(self._now)
        seating.save(seat, self.folder)

    async def run(self) -> None:
        """Live until cancelled, and again after each time it was killed."""
        try:
            while True:
                self._life = life = await self._born()
                line = await self._call(life)
                await self._present(line)
                code = await life.process.wait()
                await self._present(None)
                await line.close()
                if code != -signal.SIGKILL:
                    failed = self._failed(f"ended by itself (exit code {code})")
                    if code == RoadFailed.exit_code:
                        raise failed
                    self._left = await left_behind(self._cast, self._seat)
                    raise Defect(failed.found, expected=failed.expected, todo=failed.todo)
                self.deaths += 1
        finally:
            if self._line is not None:
                await self._line.close()
            if self._life is not None:
                await self._life.ends()

    async def up(self, deaths: int = 0) -> None:
        """Return once it was killed that often, and listens."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.deaths >= deaths and self._line is not None)

    async def gives_out(self) -> tuple[bytes, ...]:
        """The records of its evidence log."""
        return await self.counter.gives_out() if self._left is None else self._left.log

    async def hands_over(self) -> tuple[bytes, ...]:
        """The signed tokens behind what crossed encrypted."""
        return await self.counter.hands_over() if self._left is None else self._left.tokens

    def kill(self) -> None:
        """SIGKILL: no farewell, no last word."""
        if self._life is not None and self._life.process.returncode is None:
            self._life.process.send_signal(signal.SIGKILL)

    def dies_at(self, moment: str) -> None:
        """Leave it the mark in its own folder."""
        leave_mark(self.folder, moment, PROCESS, self._cast)

    async def _born(self) -> _Life:
        address = self._way.by.get(self.party, self._way.address)
        options = ["--bus", address, "--seat", str(self.folder), "--cast", self._entry]
        options += ["--control", str(self.folder / SOCKET)]
        if self._way.config is not None:
            options += ["--bus-config", str(self._way.config)]
        if self._way.wire is not None:
            options += ["--wire", str(self._way.wire.absolute())]
        if self.party in self._way.stampers:
            options += ["--timestamps", str(self._way.stampers[self.party].absolute())]
        # A group of its own: Ctrl-C in the terminal is for the stage, which takes its parties down in its own order.
        process = await asyncio.create_subprocess_exec(
            sys.executable, *_COMMAND, self.party, *options, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, process_group=0
        )
        return _Life(process, self.folder / SAID)

    async def _call(self, life: _Life) -> Line:
        """Call it as soon as it listens."""
        if not await life.ready:
            raise self._failed(f"did not come up (exit code {await life.process.wait()})")
        line = await called(self.party, self.folder / SOCKET)
        # Cancelled when the line went dead before a word: that it was killed shows in its exit code.
        with suppress(asyncio.CancelledError):
            await asyncio.shield(line.pid)
        return line

    async def _present(self, line: Line | None) -> None:
        async with self._changed:
            self._line = line
            self._changed.notify_all()

    def _now(self) -> Line:
        if self._line is None:
            raise RoadFailed(
                f"{self.party} is down", expected="its process, up again", todo="wait until it is up, and ask again"
            )
        return self._line

    def _failed(self, what: str) -> RoadFailed:
        said = (self.folder / SAID).read_text("utf-8", "replace").split("\n")
        words = " / ".join(line.strip() for line in said[-5:] if line.strip())
        return RoadFailed(
            f"the process of {self.party} {what}: {words or 'it said nothing'}",
            expected="a party that lives until it is told to go",
            todo=f"read {self.folder / SAID} and log.jsonl beside it",
        )


class _Life:
    """One life of a party: its process, and what it says on stderr, which goes to a file as it comes."""

    def __init__(self, process: Process, said: Path) -> None:
        self.process = process
        self.ready: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._hearing = asyncio.create_task(self._hear(said))

    async def _hear(self, said: Path) -> None:
        stream = self.process.stderr
        if stream is None:
            raise Defect("a party's process was started without a stderr to hear")
        with said.open("ab") as file:
            async for line in stream:
                file.write(line)
                file.flush()
                if b" is ready (" in line and not self.ready.done():
                    self.ready.set_result(True)
        if not self.ready.done():
            self.ready.set_result(False)

    async def ends(self) -> None:
        """Tell it to go, wait until it has, and kill it when it does not."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.terminate()
            try:
                async with asyncio.timeout(_FAREWELL):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
        await self.process.wait()
        await self._hearing


def named(cast: Cast) -> str:
    """The name by which another process finds a cast: `module:name`. Raises BadInput when there is none."""
    module, name = getattr(cast, "__module__", ""), getattr(cast, "__qualname__", "")
    if not module or not name.isidentifier() or getattr(sys.modules.get(module), name, None) is not cast:
        raise BadInput(
            f"{cast!r} cannot be found by another process",
            expected="a class or function at the top of a module",
            todo="move it there, or play it without --processes",
        )
    return f"{module}:{name}"
