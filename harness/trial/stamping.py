"""The countries' timestamping authorities of a rehearsal, and the way to one from another process.

In the stage's own process a party asks its authority by a call. A party in a process of its own asks at a Unix socket,
in the socket-based protocol of RFC 3161, 3.3: four octets of length, one that says what it is, the message.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from certs.stamping import TimestampAuthority
from harness.clock import Chance, Clock
from harness.errors import BadInput, RoadFailed
from harness.trial import control

PATIENCE: Final = 1.0
"""Seconds that a party waits for its authority. The window stands still meanwhile, so there are few of them."""

LARGEST: Final = 64 * 1024  # octets of a request or a reply
_ASKED: Final = b"\x00"  # RFC 3161, 3.3: tsaMsg
_FINAL: Final = b"\x05"  # finalMsgRep


@dataclass
class Desk:
    """One country's timestamping authority at work. `silent` is for who wants to see what happens then."""

    authority: TimestampAuthority
    clock: Clock
    chance: Chance
    silent: bool = False

    def __call__(self, request: bytes, /) -> bytes:
        """The reply to a request. Raises RoadFailed while silent."""
        if self.silent:
            raise RoadFailed(
                f"the timestamping authority of {self.authority.country} is silent",
                expected="a reply within a second",
                todo="nothing: it is asked again later",
            )
        return self.authority.answer(request, at=self.clock.now(), chance=self.chance.octets)


@asynccontextmanager
async def answering(desks: Mapping[Path, Desk]) -> AsyncIterator[None]:
    """While the block lasts, each desk answers at its socket (0600). Raises BadInput when there can be none."""
    servers: list[asyncio.Server] = []
    try:
        for path, desk in desks.items():
            servers.append(
                await asyncio.start_unix_server(partial(_visit, desk), sock=control.bound(path), limit=LARGEST)
            )
        yield
    finally:
        for server in servers:
            server.close()
        for path in desks:
            control.removed(path)


@dataclass(frozen=True, slots=True)
class AtSocket:
    """The way to the authority that answers at the socket `path`. Implements `seat.Stamper`."""

    path: Path

    def __call__(self, request: bytes, /) -> bytes:
        """Ask, and wait for the reply. Raises RoadFailed."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line, control.within_reach(self.path) as name:
                line.settimeout(PATIENCE)
                line.connect(name)
                line.sendall(_framed(_ASKED, request))
                head = _octets(line, 5)
                size = int.from_bytes(head[:4], "big")
                if head[4:] != _FINAL or not 1 <= size <= LARGEST:
                    raise RoadFailed(f"what answers at {self.path} is no timestamping authority")
                return _octets(line, size - 1)
        except (OSError, BadInput) as error:
            raise RoadFailed(
                f"the timestamping authority at {self.path} is silent: {error}",
                expected=f"a reply within {PATIENCE:.0f} s",
                todo="nothing: it is asked again later",
            ) from error


async def _visit(desk: Desk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One request and its reply; a silent desk hangs up."""
    with suppress(ConnectionError, asyncio.IncompleteReadError, RoadFailed):
        head = await reader.readexactly(5)
        size = int.from_bytes(head[:4], "big")
        if head[4:] == _ASKED and 1 <= size <= LARGEST:
            writer.write(_framed(_FINAL, desk(await reader.readexactly(size - 1))))
            await writer.drain()
    writer.close()


def _framed(kind: bytes, message: bytes) -> bytes:
    return (len(message) + 1).to_bytes(4, "big") + kind + message


def _octets(line: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        piece = line.recv(count - len(found))
        if not piece:
            raise ConnectionError("it hung up")
        found += piece
    return found
