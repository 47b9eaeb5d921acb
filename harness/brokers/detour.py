"""A detour: a TCP proxy on loopback that we own, by which chosen parties come to a broker of ours.

It reads nothing and changes nothing: it passes octets on, in both directions, until it is told to spoil the way. What
a cut means to the two ends of a connection:

    RESET      both ends hear at once that it is gone, and nobody comes through any more
    SILENT     nobody hears anything: what is sent is not passed on, and no connection ends
    DEAF       what goes to the broker arrives, what the broker answers does not

Healing ends every connection that was open during a cut of any kind, as a box does that has forgotten it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from enum import StrEnum
from types import TracebackType
from typing import Final, Self

from harness.errors import RoadFailed

HOST: Final = "127.0.0.1"
_ONCE: Final = 64 * 1024  # octets passed on at once
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER that makes a close a reset


class Cut(StrEnum):
    """In which way a road is cut."""

    RESET = "reset"
    SILENT = "silent"
    DEAF = "deaf"


class Detour:
    """The proxy, as an asynchronous context: what comes to `port` goes on to `target`.

    Raises:
        RoadFailed: somebody else took the port meanwhile.
    """

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self._target = target
        self._cut: Cut | None = None
        # Every writer of every open connection. Owned by _comes, ended by cut and heal.
        self._writers: set[asyncio.StreamWriter] = set()
        self._lines: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Listen."""
        try:
            self._server = await asyncio.start_server(self._comes, HOST, self.port)
        except OSError as error:
            raise RoadFailed(f"the detour cannot listen on port {self.port}: {error}", todo="run it again") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every connection, and listen no more."""
        if self._server is not None:
            self._server.close()
        self._end_all()
        for line in tuple(self._lines):
            line.cancel()
        if self._lines:
            await asyncio.wait(tuple(self._lines))

    @property
    def address(self) -> str:
        """HOST:PORT of the detour's beginning."""
        return f"{HOST}:{self.port}"

    def cut(self, how: Cut) -> None:
        """Spoil the way, for the connections that are open and for those that come."""
        self._cut = how
        if how is Cut.RESET:
            self._end_all()

    def heal(self) -> None:
        """Open the way again, for new connections."""
        if self._cut is not None:
            self._cut = None
            self._end_all()

    async def _comes(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._lines.add(task)
            task.add_done_callback(self._lines.discard)
        self._writers.add(writer)
        further = None
        try:
            if self._cut is Cut.RESET:
                return
            # A silent way has no far end: who comes now is connected to nobody.
            if self._cut is Cut.SILENT:
                await reader.read()
                return
            there, further = await asyncio.open_connection(HOST, self._target)
            self._writers.add(further)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass_on(reader, further, away=True))
                group.create_task(self._pass_on(there, writer, away=False))
        except (OSError, asyncio.CancelledError, BaseExceptionGroup):
            # However one half ended, both end: in the finally below.
            return
        finally:
            for one in (writer, further):
                if one is not None:
                    self._writers.discard(one)
                    _end(one)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, away: bool) -> None:
        while octets := await reader.read(_ONCE):
            if self._cut is Cut.SILENT or (self._cut is Cut.DEAF and not away):
                continue  # lost; the connection that lost it ends when the way is healed
            writer.write(octets)
            await writer.drain()
        raise ConnectionResetError("one end has gone")

    def _end_all(self) -> None:
        for writer in tuple(self._writers):
            _end(writer)


def _end(writer: asyncio.StreamWriter) -> None:
    """End a connection at once, so that its other end hears of it."""
    found = writer.get_extra_info("socket")
    if found is not None and found.fileno() >= 0:
        with suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
