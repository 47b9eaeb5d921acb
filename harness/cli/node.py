"""`corridor node`: one party as a process of its own, in the seat that its folder describes.

Exit codes: 0 told to go, and gone in good order; 2 wrong usage, or a seat that cannot be taken; 3 the broker or the
disk failed; 130 interrupted a second time (docs/exit-codes.md). What a seat folder holds: `harness.exchange.seating`.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

import click

from harness.cli import reaching, say
from harness.clock import Chance, SystemClock
from harness.errors import BadInput
from harness.exchange import seating, topics
from harness.exchange.bus import Bus
from harness.trial import packs
from harness.trial.buses import CONTAINER, LOCAL, MEMORY, named
from harness.trial.ground import Cast
from harness.trial.journal import journal
from harness.trial.party import Party
from harness.trial.seated import cause_of

_PATIENCE: Final = 30.0
"""Seconds that a party waits for a broker that is being started again, before it gives up."""


@click.command(name="node")
@click.argument("party")
@click.option("--bus", required=True, metavar="BUS", help="HOST:PORT of a running broker; several joined by commas.")
@reaching.config
@click.option(
    "--seat",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="The party's seat folder, as `corridor certs issue --seats` wrote it; its evidence log is kept there too.",
)
@click.option(
    "--control", type=click.Path(path_type=Path), metavar="SOCKET", help="Answer its own people at this Unix socket."
)
@click.option(
    "--timestamps",
    type=click.Path(path_type=Path),
    metavar="SOCKET",
    help="The Unix socket at which its country's timestamping authority answers (RFC 3161, 3.3).",
)
@click.option("--cast", default="", metavar="ENTRY", help="Who plays it, as module:name. [default: the pack's window]")
@click.option("--json", "as_json", is_flag=True, help="NDJSON on stdout (docs/schemas/node.schema.json).")
@click.option("--wire", type=click.Path(path_type=Path), metavar="SOCKET", hidden=True)
def command(  # noqa: PLR0913 - one parameter an option, as click hands them in
    *,
    party: str,
    bus: str,
    bus_config: Path | None,
    seat: Path,
    control: Path | None,
    timestamps: Path | None,
    cast: str,
    as_json: bool,
    wire: Path | None,
) -> None:
    """One party as a process of its own.

    It opens its inboxes, says on stderr that it is ready, and works until SIGTERM or Ctrl-C: then it finishes what is
    under way and goes. Killed, it loses nothing: started again, it takes up what was left undone.

    \b
    Examples:
      corridor certs issue --seats seats --run pilot-1
      corridor node QM --bus localhost:9092 --bus-config client.properties --seat seats/QM
    """
    if named(bus) in (MEMORY, LOCAL, CONTAINER):
        raise BadInput(
            f"--bus {bus} ends with the process that holds it",
            expected="HOST:PORT of a broker that other parties reach too",
            todo="start one first: corridor broker start",
        )
    found = seating.ticket(seat)
    if found.party != party:
        raise BadInput(f"the seat in {seat} is {found.party}'s", expected=f"the seat of {party}", todo="name its own")
    place = _Place(found.run, party, bus, bus_config, seat, control, timestamps, wire, as_json)
    with seating.taken(seat), journal(seat):
        asyncio.run(_live(place, _player(cast, party)))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the party sits, as the options say it."""

    run: str
    party: str
    address: str
    config: Path | None
    folder: Path
    control: Path | None
    timestamps: Path | None
    wire: Path | None
    as_json: bool

    def tells(self, state: str) -> None:
        """Say how the party is, to programs that asked for it."""
        if self.as_json:
            say.line(state, party=self.party, run=self.run, process=os.getpid())


def _player(entry: str, party: str) -> Cast:
    """Who plays the party: what `entry` names, or the usual window of the pack that has a corridor for it."""
    if not entry:
        for pack in packs.installed():
            if any(party in corridor.parties for corridor in pack.corridors):
                return pack.cast
        raise BadInput(f"no installed pack has a corridor of {party}", todo="see `corridor list`, or name a --cast")
    module, _, name = entry.partition(":")
    try:
        found: Cast = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise BadInput(
            f"--cast {entry}: {error}", expected="module:name of a window", todo="check its spelling"
        ) from error
    if not callable(found):
        raise BadInput(f"--cast {entry} is no window but a {type(found).__name__}", expected="a window")
    return found


async def _live(place: _Place, cast: Cast) -> None:
    # Imported here: `corridor node --help` needs neither.
    from harness.trial.attendant import attending
    from harness.trial.stamping import AtSocket

    stamper = None if place.timestamps is None else AtSocket(place.timestamps)
    async with _bus(place) as (bus, over):
        seat = seating.load(place.folder, bus=bus, clock=SystemClock(), chance=Chance(), stamper=stamper)
        player = cast(seat)
        async with AsyncExitStack() as stack:
            if place.control is not None:
                await stack.enter_async_context(attending(player, place.run, place.control))
            await _until_told(player, place, over)
    say.progress(f"{place.party} has left")
    place.tells("left")


async def _until_told(player: Party, place: _Place, over: asyncio.Event) -> None:
    """Let the party live until a signal, or the end of its run, tells it to go."""
    loop = asyncio.get_running_loop()
    life = asyncio.ensure_future(player.run())

    def told(number: int) -> None:
        player.leave()
        # A second time, and it is not waited for.
        loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told, number)
    ready, ended = asyncio.ensure_future(player.ready.wait()), asyncio.ensure_future(over.wait())
    try:
        await asyncio.wait([life, ready], return_when=asyncio.FIRST_COMPLETED)
        if ready.done():
            say.progress(f"{place.party} is ready (run {place.run}, process {os.getpid()})")
            place.tells("ready")
            await asyncio.wait([life, ended], return_when=asyncio.FIRST_COMPLETED)
            if not life.done():
                player.leave()
        await life
    except BaseExceptionGroup as group:
        raise cause_of(group) from group
    finally:
        for waiting in (ready, ended):
            waiting.cancel()


@asynccontextmanager
async def _bus(place: _Place) -> AsyncIterator[tuple[Bus, asyncio.Event]]:
    """The party's way to the broker, and what is set when the run is over for it."""
    from harness.exchange.kafka import KafkaBus
    from harness.exchange.kafka_config import read
    from harness.trial.wiring import Wired

    config = read(place.config) if place.config is not None else None
    prefix = f"{config.prefix if config else ''}{place.run}."
    # Known by a name of its own in its groups: started again after a kill, it need not wait for its old self's session.
    instance = topics.principal(place.party)
    credentials = config.credentials if config else None
    bus = KafkaBus(place.address, prefix=prefix, credentials=credentials, patience=_PATIENCE, instance=instance)
    try:
        if place.wire is None:
            yield bus, asyncio.Event()
            return
        wired = Wired(bus, place.wire, SystemClock())
        try:
            yield wired, wired.gone
        finally:
            await wired.close()
    finally:
        await bus.close()
