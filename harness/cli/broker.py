"""`corridor broker`: a real Apache Kafka on this machine, and what any Kafka needs before parties can meet on it.

Exit codes: 0 done; for `status`, 0 whether one runs or not; 2 wrong usage, or one runs already; 3 no Java, no jars, a
port that is taken, a broker that does not start or does not answer. The broker itself: `harness.brokers.standing`.
"""

from __future__ import annotations

import asyncio
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from harness.cli import reaching, say
from harness.errors import BadInput
from harness.exchange import topics

if TYPE_CHECKING:  # aiokafka costs a fifth of a second that `corridor broker --help` does not need, packs half a second
    from harness.brokers.standing import StandingBroker, State

_JSON: Final = click.option(
    "--json", "as_json", is_flag=True, help="NDJSON on stdout (docs/schemas/broker.schema.json)."
)
_FOLDER: Final = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where it keeps its data, certificates and log. [default: the user's own place for state]",
)
_NOT_GUARDED: Final = "OPEN, and NOT GUARDED: this cluster enforces no rights, or does not let 'operator' see them"
_PARTY: Final = click.option(
    "--principal",
    "principals",
    multiple=True,
    metavar="NAME",
    help="One more who may come, besides the countries of the installed packs. Again for another.",
)


@click.group(name="broker")
def command() -> None:
    """A real Apache Kafka on this machine: start, stop, status.

    \b
    Examples:
      corridor broker start
      corridor run --bus 127.0.0.1:9092 --bus-config CLIENT.PROPERTIES
      corridor broker stop
    """


@command.command(short_help="Start it; it outlives this command.")
@_FOLDER
@click.option("--port", type=click.IntRange(1, 65535), default=9092, show_default=True, help="Where it listens.")
@click.option("--plain", is_flag=True, help="No TLS and no access rights: anybody on this machine may come.")
@_PARTY
@_JSON
def start(*, folder: Path | None, port: int, plain: bool, principals: tuple[str, ...], as_json: bool) -> None:
    """Start an Apache Kafka on this machine that outlives this command.

    It takes mutual TLS only and denies what was not granted, as a real one between countries would; `--plain` is for
    tools that know no certificates. The first start fetches what is missing and makes a cache for the later ones.

    \b
    Examples:
      corridor broker start
      corridor broker start --plain --port 19092
    """
    broker = _broker(folder)
    state = asyncio.run(broker.start(lambda: _principals(principals), port=port, guarded=not plain))
    if as_json:
        say.line("broker", running=True, **_facts(state))
        return
    say.result(f"RUNS at {state.address}, {state.software}, process {state.pid}")
    say.row("config", state.config)
    say.row("log", state.log)
    config = f" --bus-config {shlex.quote(state.config)}" if state.guarded else ""
    say.row("next", f"corridor run --bus {state.address}{config}")


@command.command(short_help="Stop it; its data stay.")
@_FOLDER
@_JSON
def stop(*, folder: Path | None, as_json: bool) -> None:
    """Stop the broker that `start` started. Its data stay for the next start.

    \b
    Examples:
      corridor broker stop
    """
    broker = _broker(folder)
    state = asyncio.run(broker.stop())
    if as_json:
        say.line("broker", running=False, **(_facts(state) if state is not None else {"folder": str(broker.folder)}))
    elif state is None:
        say.result(f"no broker runs in {broker.folder}")
    else:
        say.result(f"STOPPED {state.address}, process {state.pid}")


@command.command(short_help="Tell whether it runs, and where.")
@_FOLDER
@_JSON
def status(*, folder: Path | None, as_json: bool) -> None:
    """Tell whether the broker that `start` started runs, and where.

    \b
    Examples:
      corridor broker status --json
    """
    broker = _broker(folder)
    state = broker.running()
    if as_json:
        say.line("broker", running=state is not None, **(_facts(state) if state else {"folder": str(broker.folder)}))
    elif state is None:
        say.result(f"no broker runs in {broker.folder}")
    else:
        say.result(f"RUNS at {state.address}, {state.software}, process {state.pid}, since {state.since}")
        say.row("config", state.config)
        say.row("log", state.log)


@command.command(short_help="Issue the certificates of a cluster of yours.")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR", help="A new folder for them.")
@click.option(
    "--host", "hosts", multiple=True, metavar="NAME", help="A name or address of the brokers. Again for another."
)
@_PARTY
@_JSON
def certs(*, out: Path, hosts: tuple[str, ...], principals: tuple[str, ...], as_json: bool) -> None:
    """Issue what brokers and clients of a rehearsal's own cluster show each other (mutual TLS).

    One PEM file for each: its key and chain; authority.pem vouches for all of them; client.properties says so to a
    client. For rehearsals only: the keys are not encrypted, and good for 30 days.

    \b
    Examples:
      corridor broker certs --out tls --host kafka-1 --host 127.0.0.1
    """
    from harness.brokers.access import issue_all
    from harness.brokers.settings import BROKER
    from harness.clock import Chance, SystemClock
    from harness.exchange.bus import OPERATOR
    from harness.exchange.kafka_config import write

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInput(
            f"{out} is there already",
            expected="a new or empty folder, so that no key is lost",
            todo="choose another --out",
        )
    out.mkdir(parents=True, exist_ok=True)
    named_so = _principals(principals)
    issue_all(out, named_so, hosts or ("127.0.0.1", "localhost"), at=SystemClock().now(), chance=Chance().octets)
    write(out / "client.properties")
    for principal in (BROKER, OPERATOR, *named_so):
        if as_json:
            say.line("certificate", principal=principal, path=str(out / f"{principal}.pem"))
        else:
            say.result(f"  {principal:<9} {out / f'{principal}.pem'}")
    if not as_json:
        say.row("config", str(out / "client.properties"))


@command.command(name="open", short_help="Open the corridors' topics and grant their rights.")
@click.option("--bus", required=True, metavar="HOST:PORT", help="The brokers; several joined by commas.")
@reaching.config
@click.option("--run", "run", default="", metavar="RUN", help="Stands before every topic and group, as in a seat.")
@_JSON
def opens(*, bus: str, bus_config: Path | None, run: str, as_json: bool) -> None:
    """Open the topics of all corridors and grant exactly the rights that their agreements give, as the operator.

    \b
    Examples:
      corridor broker open --bus kafka-1:9092 --bus-config operator/client.properties --run pilot
    """
    from harness.exchange.kafka import KafkaBus
    from harness.exchange.kafka_config import ClientConfig, read
    from harness.trial import packs
    from harness.trial.buses import CONTAINER, LOCAL, MEMORY, named
    from harness.trial.founding import rights_of

    if named(bus) in (MEMORY, LOCAL, CONTAINER):
        raise BadInput(f"--bus {bus}", expected="HOST:PORT of brokers that run", todo="corridor broker start")
    how = read(bus_config) if bus_config is not None else ClientConfig()
    rights = rights_of(tuple(corridor for pack in packs.installed() for corridor in pack.corridors))

    async def doing() -> bool:
        made = KafkaBus(bus, prefix=how.prefix + (f"{run}." if run else ""), credentials=how.credentials)
        try:
            await made.open_topics(rights)
            return made.enforces_rights
        finally:
            await made.close()

    enforced = asyncio.run(doing())
    for right in rights:
        if as_json:
            say.line("topic", topic=right.topic, writer=right.writer, reader=right.reader, enforced=enforced)
        else:
            say.result(f"  {right.topic:<22} {right.writer} writes, {right.reader} reads")
    if not as_json:
        say.result("OPEN; on these topics all else is denied" if enforced else _NOT_GUARDED)


def _broker(folder: Path | None) -> StandingBroker:
    from harness.brokers.standing import StandingBroker

    return StandingBroker(folder or _state_folder(), say.progress)


def _state_folder() -> Path:
    """Where a user's programs keep what they must find again (XDG base directories: state)."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "corridor" / "broker"


def _principals(more: tuple[str, ...]) -> tuple[str, ...]:
    from harness.trial import packs

    countries = (topics.principal(code) for pack in packs.installed() for code in pack.countries)
    return tuple(dict.fromkeys((*countries, *more)))


def _facts(state: State) -> dict[str, Any]:  # Any: JSON values
    return {
        "address": state.address,
        "software": state.software,
        "pid": state.pid,
        "since": state.since,
        "log": state.log,
        "config": state.config,
        "guarded": state.guarded,
    }
