"""The detour passes octets on, and spoils the way in exactly the manner it was told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from harness.brokers.detour import HOST, Cut, Detour
from harness.brokers.settings import free_ports
from harness.errors import RoadFailed

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Far:
    """The far end: says back what it hears, and remembers it."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[bytes] = asyncio.Queue()

    async def comes(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Echo until the caller goes."""
        try:
            while octets := await reader.read(1024):
                self.heard.put_nowait(octets)
                writer.write(octets)
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def a_way() -> AsyncIterator[tuple[Detour, Far]]:
    """A detour to a far end."""
    far = Far()
    server = await asyncio.start_server(far.comes, HOST, 0)
    (port,) = free_ports(1)
    async with asyncio.timeout(10), Detour(port, server.sockets[0].getsockname()[1]) as detour:
        yield detour, far
    server.close()


async def call(detour: Detour) -> Line:
    """Come to the detour."""
    return await asyncio.open_connection(HOST, detour.port)


async def says(line: Line, octets: bytes) -> bytes:
    """Say something, and hear it said back; nothing when the line has ended."""
    line[1].write(octets)
    try:
        return await line[0].read(1024)
    except ConnectionError:
        return b""


async def test_an_open_way() -> None:
    """Everything passes, in both directions."""
    async with a_way() as (detour, _):
        line = await call(detour)
        assert await says(line, b"hello") == b"hello"
        line[1].close()


async def test_a_way_that_is_cut() -> None:
    """Who is connected hears of it at once, who comes is sent away, and after healing a new call passes."""
    async with a_way() as (detour, far):
        line = await call(detour)
        assert await says(line, b"one") == b"one"
        detour.cut(Cut.RESET)
        assert await says(line, b"two") == b""
        assert await says(await call(detour), b"three") == b""
        detour.heal()
        again = await call(detour)
        assert await says(again, b"four") == b"four"
        assert [far.heard.get_nowait() for _ in range(far.heard.qsize())] == [b"one", b"four"]
        again[1].close()


async def test_a_way_that_is_silent() -> None:
    """Nobody hears anything, nothing arrives, and no connection ends before the way is healed."""
    async with a_way() as (detour, far):
        old = await call(detour)
        assert await says(old, b"one") == b"one"
        detour.cut(Cut.SILENT)
        new = await call(detour)
        waiting = [asyncio.create_task(says(line, b"lost")) for line in (old, new)]
        done, _ = await asyncio.wait(waiting, timeout=0.3)
        assert not done
        detour.heal()
        assert await asyncio.gather(*waiting) == [b"", b""]
        assert far.heard.qsize() == 1


async def test_a_way_that_loses_answers() -> None:
    """What is sent arrives, what is answered does not."""
    async with a_way() as (detour, far):
        line = await call(detour)
        detour.cut(Cut.DEAF)
        waiting = asyncio.create_task(says(line, b"one"))
        assert await far.heard.get() == b"one"
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done
        detour.heal()
        assert await waiting == b""


async def test_a_port_that_somebody_took() -> None:
    """It is said so, as an environment that is not ready."""
    async with a_way() as (detour, _):
        with pytest.raises(RoadFailed, match=f"cannot listen on port {detour.port}"):
            async with Detour(detour.port, 1):
                pass
