"""A party in another process, as the stage speaks to it: a line to its control socket, and the counter over it.

What is said is what `control` says; typed results come back as what they are, and so do refusals with their reasons. A
line that goes dead ends every request that waits on it with RoadFailed; what became of the request is then for the
asker to find out. Starting, killing and restarting the process: `processes`.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from harness.errors import RoadFailed
from harness.exchange.seat import Sent
from harness.trial import control
from harness.trial.control import Answer, Ask, Event, Request


class Line:
    """One standing line to a party. Made by `called`."""

    def __init__(self, party: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.party = party
        self.pid: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """The party's process, once it has said that it is ready."""
        self.dead = asyncio.Event()
        self._writer = writer
        self._numbers = itertools.count(1)
        # Filled by `ask`, emptied by `_hear` and by `ask` itself.
        self._waiting: dict[int, asyncio.Queue[Answer | None]] = {}
        self._hearing = asyncio.create_task(self._hear(reader))

    async def ask(self, ask: Ask) -> tuple[object, tuple[bytes, ...]]:
        """Ask, and return the result and the parts that came before it.

        Raises:
            RoadFailed: the line is dead, or went dead meanwhile.
            Refused, CorridorError: what the party itself raised.
        """
        number, answers = next(self._numbers), asyncio.Queue[Answer | None]()
        if self.dead.is_set():
            raise self._gone()
        self._waiting[number] = answers
        try:
            with suppress(ConnectionError):
                self._writer.write(Request(id=number, ask=ask).model_dump_json().encode() + b"\n")
                await self._writer.drain()
            parts: list[bytes] = []
            while (answer := await answers.get()) is not None:
                if answer.failed is not None:
                    raise control.raised(answer.failed)
                if answer.part is None:
                    return answer.result, tuple(parts)
                parts += answer.part
            raise self._gone()
        finally:
            del self._waiting[number]

    async def close(self) -> None:
        """Hang up."""
        self._hearing.cancel()
        await asyncio.wait([self._hearing])
        self._writer.close()

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        try:
            with suppress(ConnectionError):
                async for line in reader:
                    self._take(line)
        finally:
            self.dead.set()
            self.pid.cancel()
            for answers in self._waiting.values():
                answers.put_nowait(None)

    def _take(self, line: bytes) -> None:
        try:
            said = control.LINE.validate_json(line)
        except ValidationError:
            return  # a newer party may say more than we know; what we wait for, we wait for
        if isinstance(said, Event):
            if not self.pid.done():
                self.pid.set_result(said.pid)
        elif said.id in self._waiting:
            self._waiting[said.id].put_nowait(said)

    def _gone(self) -> RoadFailed:
        return RoadFailed(
            f"the line to {self.party} went dead",
            expected="an answer from its process",
            todo="look into its log; once it is up again, ask what became of the request",
        )


async def called(party: str, path: Path) -> Line:
    """Call the party at its control socket. Raises RoadFailed when nobody is there."""
    try:
        with control.within_reach(path) as name:
            reader, writer = await asyncio.open_unix_connection(name, limit=control.LONGEST)
    except OSError as error:
        raise RoadFailed(
            f"{party} does not answer at {path}: {error.strerror or error}",
            expected="a party's process at its control socket",
            todo="start it: corridor node",
        ) from error
    return Line(party, reader, writer)


LineNow = Callable[[], Line]
"""Gives the line that stands now, or raises RoadFailed."""


class RemoteCounter:
    """The counter of a party in another process."""

    def __init__(self, line: LineNow) -> None:
        self._line = line

    async def lodge(self, octets: bytes, *, to: str, media_type: str | None = None, function: str = "9") -> Sent:
        """Send a trader's document."""
        return await self._sent(control.Lodge(octets=octets, to=to, media_type=media_type, function=function))

    async def pass_on(self, octets: bytes, *, to: str, doctype: str, reference: str, media_type: str) -> Sent:
        """Send bytes unread."""
        ask = control.PassOn(octets=octets, to=to, doctype=doctype, reference=reference, media_type=media_type)
        return await self._sent(ask)

    async def report_use(self, of: str, *, quantity: str, declaration: str) -> None:
        """Customs used some of a certificate."""
        await self._line().ask(control.ReportUse(of=of, quantity=quantity, declaration=declaration))

    async def dispute(self, sent: Sent, *, claim: str, number: str, sentence: str) -> Sent:
        """Open a dispute."""
        return await self._sent(control.OpenDispute(sent=sent, claim=claim, number=number, sentence=sentence))

    async def seek_witness(self, partner: str) -> None:
        """Have the log cosigned."""
        await self._line().ask(control.SeekWitness(partner=partner))

    async def take(self, published: bytes) -> None:
        """Take what a country published."""
        await self._line().ask(control.Take(published=published))

    async def change_key(self) -> None:
        """Sign with the key that lies ready."""
        await self._line().ask(control.ChangeKey())

    async def evidence(self, correlation: str, *, partner: str) -> Path:
        """Write an evidence bundle."""
        told, _ = await self._line().ask(control.Evidence(correlation=correlation, partner=partner))
        return Path(str(told))

    async def gives_out(self, start: int = 0) -> tuple[bytes, ...]:
        """The records of its evidence log, from `start` on."""
        _, records = await self._line().ask(control.GivesOut(start=start))
        return records

    async def hands_over(self) -> tuple[bytes, ...]:
        """The signed tokens behind what crossed encrypted."""
        _, tokens = await self._line().ask(control.HandsOver())
        return tokens

    async def _sent(self, ask: Ask) -> Sent:
        told, _ = await self._line().ask(ask)
        return control.SENT.validate_python(told)
