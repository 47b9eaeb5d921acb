#!/opt/corridor/bin/python3
"""At the counter of a party that lives in a container: what its own people ask of it, from within.

    counter ready                      wait; exit 0 once the party listens
    counter lodge --to QN < FILE       send a document, and wait for what the other authority decides
    counter look qn.in.from.qm         try to read a topic, as this party and with its own certificate

It runs inside the party's container (`docker-compose exec`), speaks to the party's control socket, and knows nothing
that whoever stands at the counter does not know. What the socket understands: harness.trial.control.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.clock import seconds
from harness.errors import CorridorError, RoadFailed
from harness.evidence import records
from harness.exchange import kafka_config, seating, topics
from harness.exchange.bus import NotAllowed
from harness.exchange.kafka import KafkaBus
from harness.exchange.reasons import Refused
from harness.exchange.receipt import Level
from harness.trial.remote import Line, RemoteCounter, called

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SEAT: Final = Path("/party/seat")
CONTROL: Final = Path("/run/corridor/control.sock")
CLIENT: Final = Path("/party/client.properties")
PATIENCE: Final = 30.0  # seconds
_AGAIN: Final = 0.2


@asynccontextmanager
async def at_the_counter() -> AsyncIterator[Line]:
    """A line to the party, once it listens. Raises RoadFailed when it does not within PATIENCE."""
    party, until = seating.ticket(SEAT).party, seconds() + PATIENCE
    while True:
        try:
            line = await called(party, CONTROL)
            break
        except RoadFailed:
            if seconds() > until:
                raise
            await asyncio.sleep(_AGAIN)
    try:
        async with asyncio.timeout(PATIENCE):
            await line.pid
        yield line
    finally:
        await line.close()


async def ready(_asked: argparse.Namespace) -> int:
    """Come, and go again."""
    async with at_the_counter() as line:
        print(f"{line.party} listens")
    return 0


async def lodge(asked: argparse.Namespace) -> int:
    """Send what stands on standard input; tell each answer as it comes; write the evidence."""
    octets = sys.stdin.buffer.read()
    async with at_the_counter() as line:
        counter = RemoteCounter(lambda: line)
        known = len(await counter.gives_out())
        sent = await counter.lodge(octets, to=asked.to)
        print(f"sent {sent.subject} to {sent.to}, message {sent.id}")
        until = seconds() + PATIENCE
        decided = False
        while not decided:
            if seconds() > until:
                raise RoadFailed(
                    f"{sent.to} has decided nothing within {PATIENCE:g} s",
                    expected="a signed receipt from the authority",
                    todo=f"look into the log of {sent.to}'s container",
                )
            new = await counter.gives_out(known)
            known += len(new)
            for answer in filter(lambda one: one.digest("of") == sent.identity, map(records.read, new)):
                decided = _told(answer) or decided
            await asyncio.sleep(_AGAIN)
        print(f"evidence {await counter.evidence(sent.correlation, partner=sent.to)}")
    return 0


def _told(answer: records.Record) -> bool:
    """Tell a receipt; whether it holds the authority's decision."""
    statements = answer.fields.get("statements")
    levels = []
    for one in statements if isinstance(statements, list) else []:
        print(f"  {one['level']} {one['status']}{' ' + one['reason'] if one['reason'] else ''}")
        levels.append(one["level"])
    return Level.AUTHORITY.value in levels


async def look(asked: argparse.Namespace) -> int:
    """Try to read a topic. Exit 1 when the broker denies it."""
    ticket, config = seating.ticket(SEAT), kafka_config.read(CLIENT)
    bus = KafkaBus(os.environ["CORRIDOR_BUS"], prefix=f"{ticket.run}.", credentials=config.credentials)
    try:
        inlet = await bus.inlet(topics.principal(ticket.party), [asked.topic], group="look")
        try:
            async with asyncio.timeout(PATIENCE):
                taken = await inlet.take()
        finally:
            await inlet.close()
    except NotAllowed as denied:
        print(f"denied: {denied.found}")
        return 1
    finally:
        await bus.close()
    print(f"{len(taken)} records, the first of {len(taken[0].value)} octets")
    return 0


def asked_for() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="counter", description=(__doc__ or "").partition("\n")[0])
    verbs = parser.add_subparsers(required=True)
    verbs.add_parser("ready").set_defaults(do=ready)
    lodging = verbs.add_parser("lodge")
    lodging.add_argument("--to", required=True, metavar="PARTY")
    lodging.set_defaults(do=lodge)
    looking = verbs.add_parser("look")
    looking.add_argument("topic")
    looking.set_defaults(do=look)
    return parser.parse_args()


def main() -> int:
    """Do what is asked, and say in a line why it cannot be done."""
    asked = asked_for()
    do: Callable[[argparse.Namespace], Coroutine[None, None, int]] = asked.do
    try:
        return asyncio.run(do(asked))
    except CorridorError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except Refused as refused:
        print(f"refused: {refused}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
