"""Parties as the stage has them: seated, killed and brought back as a script likes.

What the stage asks of one is `Seated`. Here they live in the stage's own process (`InHouse`); as a process of its own,
a party is killed for real: `processes`.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from harness.errors import BadInput, RoadFailed
from harness.exchange.seat import Seat
from harness.trial.ground import Cast
from harness.trial.party import Counter, Party

DISK_FULL: Final = "disk-full"
"""The file in the folder of a party with a small disk that says that there is no space left on it."""

PAUSE: Final = "pauses-at"
"""The file in a pausing party's own folder that names the moment at which it pauses, until the file is gone."""

MARK: Final = "dies-at"
"""The file in a mortal party's own folder that names the moment at which it ends its life, once."""

COMES_UP: Final = 60.0
"""Seconds in which all parties must be up, whatever a script's patience: on a busy machine a process takes long."""

TASK: Final = "task"
PROCESS: Final = "process"
"""How it ends its life: the second word of the mark."""


class Seated(Protocol):
    """A party in its seat, whichever process it lives in."""

    @property
    def party(self) -> str:
        """Its code."""
        ...

    @property
    def counter(self) -> Counter:
        """Where its own people come, in its present life."""
        ...

    @property
    def folder(self) -> Path:
        """Its own folder."""
        ...

    @property
    def deaths(self) -> int:
        """How often it was killed."""
        ...

    async def run(self) -> None:
        """Live until cancelled, and again after each time it is killed. Raises what it dies of by itself."""
        ...

    async def up(self, deaths: int = 0) -> None:
        """Return once it was killed that often, and listens. Bound the wait with a deadline."""
        ...

    async def gives_out(self) -> tuple[bytes, ...]:
        """The records of its evidence log."""
        ...

    async def hands_over(self) -> tuple[bytes, ...]:
        """The signed tokens behind what crossed encrypted."""
        ...

    def kill(self) -> None:
        """End its life now, without farewell; it is started again."""
        ...

    def dies_at(self, moment: str) -> None:
        """Have it end its life when it next comes to that moment: only a mortal party can."""
        ...


def cause_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one error to tell of those that came together: the others fell with it."""
    first = group.exceptions[0]
    return cause_of(first) if isinstance(first, BaseExceptionGroup) else first


House = Callable[[Cast, Seat], Seated]
"""Where parties live: seats a cast."""


class InHouse:
    """A party inside the stage's own process. Killed, its task is cancelled, and another one takes its seat."""

    def __init__(self, cast: Cast, seat: Seat) -> None:
        self._cast = cast
        self._seat = seat
        self.player: Party = cast(seat)
        self._life: asyncio.Task[None] | None = None
        self._born = asyncio.Condition()
        self._left: Left | None = None
        self.deaths = 0

    @property
    def party(self) -> str:
        """Its code."""
        return self._seat.party

    @property
    def folder(self) -> Path:
        """Its own folder."""
        return self._seat.folder

    @property
    def counter(self) -> Counter:
        """Where its own people come."""
        return self.player.counter

    async def run(self) -> None:
        """Live, and again after each time it is killed."""
        while True:
            self._life = asyncio.create_task(self.player.run())
            try:
                await asyncio.wait([self._life])
            except asyncio.CancelledError:
                self._life.cancel()
                with suppress(asyncio.CancelledError):
                    await self._life
                raise
            if not self._life.cancelled():
                if not isinstance(self._life.exception(), RoadFailed | None):
                    self._left = await left_behind(self._cast, self._seat)
                return self._life.result()
            self.player = self._cast(self._seat)
            async with self._born:
                self.deaths += 1
                self._born.notify_all()

    async def up(self, deaths: int = 0) -> None:
        """Return once it was killed that often, and listens."""
        async with self._born:
            await self._born.wait_for(lambda: self.deaths >= deaths)
        await self.player.ready.wait()

    async def gives_out(self) -> tuple[bytes, ...]:
        """The records of its evidence log."""
        return self.player.gives_out() if self._left is None else self._left.log

    async def hands_over(self) -> tuple[bytes, ...]:
        """The signed tokens behind what crossed encrypted."""
        return self.player.hands_over() if self._left is None else self._left.tokens

    def kill(self) -> None:
        """Cancel its task: as near to a kill as there is without killing the stage."""
        if self._life is not None:
            self._life.cancel()

    def dies_at(self, moment: str) -> None:
        """Leave it the mark."""
        leave_mark(self._seat.folder, moment, TASK, self.player)


@dataclass(frozen=True, slots=True)
class Left:
    """What a party that fell leaves to the judge: its log, and the tokens behind what crossed encrypted."""

    log: tuple[bytes, ...]
    tokens: tuple[bytes, ...]


async def left_behind(cast: Cast, seat: Seat) -> Left:
    """Read what lies on the disk of a party that fell, through one of its kind that never begins to work."""
    reader = cast(seat)
    found = Left(reader.gives_out(), reader.hands_over())
    reader.leave()
    await reader.run()
    return found


def leave_mark(folder: Path, moment: str, how: str, player: object) -> None:
    """Leave a mortal party the mark in its own folder. Raises BadInput when `player` never comes to that moment."""
    moments = tuple(getattr(player, "moments", ()))
    if moment not in moments:
        raise BadInput(
            f"no moment {moment!r} at which it dies", expected=f"one of {', '.join(moments) or 'a mortal cast'}"
        )
    written = folder / f"{MARK}.new"
    written.write_text(f"{moment} {how}\n", encoding="ascii")
    # At once: it may be looking for its mark at this very moment, and must not find half of one.
    written.replace(folder / MARK)


@asynccontextmanager
async def living(
    players: Mapping[str, Seated], *, fell: Callable[[str, str], None] | None = None
) -> AsyncIterator[None]:
    """Let the parties live while the block lasts.

    A party whose road failed for good ends the block with its error. One that falls of a defect of its own ends alone
    where `fell` takes its code and the reason, once all are up; else it ends the block too.
    """
    all_up = asyncio.Event()

    async def lives_on(code: str, party: Seated) -> None:
        try:
            await party.run()
        except RoadFailed:
            raise
        except Exception as error:
            if fell is None or not all_up.is_set():
                raise
            frame = traceback.extract_tb(error.__traceback__)[-1]
            fell(code, f"{type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})")

    try:
        async with asyncio.TaskGroup() as group:
            lives = [group.create_task(lives_on(code, party), name=code) for code, party in players.items()]
            try:
                async with asyncio.timeout(COMES_UP):
                    for party in players.values():
                        await party.up()
                all_up.set()
            except TimeoutError as error:
                raise RoadFailed(
                    "a party did not come up",
                    expected=f"all ready within {COMES_UP:.0f} s",
                    todo="see what it said (stderr.log in its folder), and whether the machine is busy",
                ) from error
            yield
            for life in lives:
                life.cancel()
    except BaseExceptionGroup as group_error:
        raise cause_of(group_error) from group_error
