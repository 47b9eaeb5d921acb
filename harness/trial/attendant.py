"""The party's end of its control socket: hands what comes in to the party's counter, and the answers back.

It decides nothing, and knows nothing that whoever stands at the counter does not know. A party that runs inside its
asker's own process needs none. What is said on the socket: `control`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, assert_never

from pydantic import ValidationError

from harness.errors import BadInput, CorridorError, Defect, first_wrong
from harness.exchange.reasons import Refused
from harness.trial import control
from harness.trial.control import Answer, Ask, Event, Request
from harness.trial.party import Party
from harness.trial.seated import cause_of


@asynccontextmanager
async def attending(party: Party, run: str, path: Path) -> AsyncIterator[None]:
    """Answer at the socket `path` (0600) while the block lasts. Raises BadInput when there can be none."""
    made = control.bound(path)
    try:
        async with asyncio.TaskGroup() as group:
            visits: set[asyncio.Task[None]] = set()

            def comes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                if not server.is_serving():
                    writer.close()  # taken in just before the end, and told of only after it
                    return
                visit = group.create_task(_Visit(party, run, reader, writer).lasts())
                visits.add(visit)
                visit.add_done_callback(visits.discard)

            server = await asyncio.start_unix_server(comes, sock=made, limit=control.LONGEST)
            try:
                yield
            finally:
                server.close()
                # The party has ended, and who waited for it was told so: let those last lines leave, and hang up.
                await asyncio.sleep(0)
                for visit in visits:
                    visit.cancel()
    except BaseExceptionGroup as group_error:
        raise cause_of(group_error) from group_error
    finally:
        control.removed(path)


class _Visit:
    """One asker's line, as long as it stands."""

    def __init__(self, party: Party, run: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._party = party
        self._run = run
        self._reader = reader
        self._writer = writer
        self._one_at_a_time = asyncio.Lock()

    async def lasts(self) -> None:
        """Tell that the party is ready, once it is; answer requests, several at once, until the asker goes."""
        try:
            async with asyncio.TaskGroup() as group:
                greeting = group.create_task(self._greet())
                async for line in self._reader:
                    group.create_task(self._answer(line))
                greeting.cancel()
        except* (ConnectionError, ValueError):
            pass  # an asker that goes, or that sends a line without end, is no error of the party's
        finally:
            self._writer.close()

    async def _greet(self) -> None:
        await self._party.ready.wait()
        await self._say(Event(event="ready", party=self._party.party, run=self._run, pid=os.getpid()))

    async def _answer(self, line: bytes) -> None:
        number = -1
        try:
            request = _read(line)
            number = request.id
            await self._say(Answer(id=number, result=await self._done(request.ask, number)))
        except (CorridorError, Refused) as error:
            await self._say(Answer(id=number, failed=control.failed(error)))
        except (OSError, ValueError, TypeError, KeyError) as error:
            if isinstance(error, ConnectionError):
                raise
            broken = Defect(f"{self._party.party} could not do it: {type(error).__name__}: {error}")
            await self._say(Answer(id=number, failed=control.failed(broken)))

    async def _done(self, ask: Ask, number: int) -> Any:  # Any: a JSON value  # noqa: ANN401
        counter = self._party.counter
        said = ask.model_dump(exclude={"verb", "sent"})
        match ask:
            case control.Lodge():
                return asdict(await counter.lodge(**said))
            case control.PassOn():
                return asdict(await counter.pass_on(**said))
            case control.ReportUse():
                await counter.report_use(**said)
            case control.OpenDispute():
                return asdict(await counter.dispute(ask.sent, **said))
            case control.SeekWitness():
                await counter.seek_witness(ask.partner)
            case control.Take() | control.ChangeKey():
                await (counter.take(ask.published) if isinstance(ask, control.Take) else counter.change_key())
            case control.Evidence():
                return str(await counter.evidence(ask.correlation, partner=ask.partner))
            case control.GivesOut():
                await self._give(number, self._party.gives_out()[ask.start :], control.PART)
            case control.HandsOver():
                await self._give(number, self._party.hands_over(), 1)  # a token may be as large as a line takes
            case _:
                assert_never(ask)
        return None

    async def _give(self, number: int, given: tuple[bytes, ...], each: int) -> None:
        for at in range(0, len(given), each):
            await self._say(Answer(id=number, part=given[at : at + each]))

    async def _say(self, said: Answer | Event) -> None:
        async with self._one_at_a_time:
            self._writer.write(said.model_dump_json(exclude_defaults=True).encode() + b"\n")
            await self._writer.drain()


def _read(line: bytes) -> Request:
    try:
        return Request.model_validate_json(line)
    except ValidationError as error:
        raise BadInput(
            f"the control socket does not understand {first_wrong(error, 'the line')}",
            expected="one request a line, as harness.trial.control has them",
            todo="ask again",
        ) from error
