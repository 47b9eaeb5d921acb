"""The wire of a run whose parties are processes of their own: what a party puts is shown to the stage first.

Mallory and all that she does stay in the stage (`faults.Wire`); here her reach is carried to the party's outlet over a
socket of the stage's. So a record is put once, by its own sender under its own rights, and the sender's log and the tap
say the same as when all parties live in one process. A party told of no wire has none.

    ->  [{"topic": "...", "key": "...", "value": "...", "headers": [["ce_id", "..."]]}, ...]    octets in base64url
    <-  the same number of records, as they may pass; null for one that is held back
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, TypeAdapter

from harness.clock import Clock
from harness.errors import RoadFailed
from harness.exchange.bus import LARGEST_RECORD, Outlet, Record
from harness.trial import control
from harness.trial.faults import Wire, WiredOutlet
from harness.trial.passage import Passage

LONGEST: Final = 4096 * LARGEST_RECORD
"""Octets of a line: more than a turn can hold."""


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


_LINE: Final[TypeAdapter[tuple[_Shown | None, ...]]] = TypeAdapter(tuple[_Shown | None, ...])


@asynccontextmanager
async def wired(wire: Wire, path: Path) -> AsyncIterator[None]:
    """The stage's end: while the block lasts, who comes to the socket `path` is told what becomes of its records."""
    made = control.bound(path)
    lines: set[asyncio.StreamWriter] = set()

    async def comes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.add(writer)
        with suppress(ConnectionError):
            async for line in reader:
                passed = [None if one is None else wire.through(one) for one in _records(line)]
                writer.write(_line(passed))
                await writer.drain()
        lines.discard(writer)
        writer.close()

    server = await asyncio.start_unix_server(comes, sock=made, limit=LONGEST)
    try:
        yield
    finally:
        server.close()
        for writer in lines:
            writer.close()
        control.removed(path)


@dataclass
class Wired(Passage):
    """The party's end: a bus on which all that is put is shown at the socket `path` first. `close` hangs up."""

    path: Path
    clock: Clock
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the stage has hung up: the run is over."""
    _writer: asyncio.StreamWriter | None = None
    _reading: asyncio.Task[None] | None = None
    _answers: asyncio.Queue[bytes] = field(default_factory=asyncio.Queue)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def outlet(self, principal: str) -> Outlet:
        """An outlet whose records pass the stage's wire. Raises RoadFailed when nobody is at the socket."""
        if self._writer is None:
            try:
                with control.within_reach(self.path) as name:
                    reader, self._writer = await asyncio.open_unix_connection(name, limit=LONGEST)
            except OSError as error:
                raise self._nobody() from error
            self._reading = asyncio.create_task(self._read(reader))
        return WiredOutlet(await super().outlet(principal), self._through, self.clock)

    async def close(self) -> None:
        """Hang up; who opened the bus closes it."""
        if self._writer is not None and self._reading is not None:
            self._writer.close()
            self._reading.cancel()
            await asyncio.wait([self._reading])

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            async for line in reader:
                self._answers.put_nowait(line)
        self.gone.set()
        self._answers.put_nowait(b"")

    async def _through(self, records: Sequence[Record]) -> Sequence[Record | None]:
        if self._writer is None or self.gone.is_set():
            raise self._nobody()
        async with self._turn:
            with suppress(ConnectionError):
                self._writer.write(_line(records))
                await self._writer.drain()
            answer = await self._answers.get()
        if not answer:
            raise self._nobody()
        return _records(answer)

    def _nobody(self) -> RoadFailed:
        return RoadFailed(
            f"nobody is at the wire {self.path}", expected="the stage of this run", todo="start the run again"
        )


def _line(records: Sequence[Record | None]) -> bytes:
    shown = tuple(
        None if one is None else _Shown(topic=one.topic, key=one.key, value=one.value, headers=one.headers)
        for one in records
    )
    return _LINE.dump_json(shown) + b"\n"


def _records(line: bytes) -> list[Record | None]:
    return [
        None if one is None else Record(one.topic, one.key, one.value, one.headers) for one in _LINE.validate_json(line)
    ]
