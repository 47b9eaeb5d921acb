"""`corridor doctor`: what is here, what is missing, and which commands need it.

Imports nothing that could be missing before it has looked. Exit codes: 0 the commands of the memory bus can run,
whatever else is missing; 3 something essential is missing, or the bus that was asked about cannot be used.
"""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli import reaching, say
from harness.cli.examination import Part, examine


@click.command(name="doctor")
@click.option(
    "--bus",
    default="memory",
    show_default=True,
    metavar="BUS",
    help="Also look at this bus: memory, local, container, or HOST:PORT.",
)
@reaching.config
@click.option(
    "--run",
    "run",
    metavar="RUN",
    help="Look at the topics that `corridor broker open --run RUN` opened: who may read and write each.",
)
@click.option("--json", "as_json", is_flag=True, help="NDJSON on stdout (docs/schemas/doctor.schema.json).")
@click.pass_context
def command(ctx: click.Context, *, bus: str, bus_config: Path | None, run: str | None, as_json: bool) -> None:
    """Tell what is missing here, and which commands need it.

    With --bus HOST:PORT, tell which rights are missing on that cluster too: the operator's, and with --run each
    party's, topic by topic, as the cluster itself says it to each.

    \b
    Examples:
      corridor doctor
      corridor doctor --bus 127.0.0.1:9092
      corridor doctor --bus kafka-1:9092 --bus-config client.properties --run pilot
    """
    parts = tuple(examine(bus, bus_config, run))
    lacking = [part for part in parts if part.essential and not part.there]
    for part in parts:
        if as_json:
            _line(part)
        else:
            _row(part)
    if as_json:
        say.line("total", ready=not lacking, missing=[part.name for part in parts if not part.there])
    elif lacking:
        say.result(f"NOT READY: {', '.join(part.name for part in lacking)}")
    else:
        say.result(f"READY for --bus {bus}")
    ctx.exit(3 if lacking else 0)


def _row(part: Part) -> None:
    state = part.state.upper() if part.state == "missing" else part.state
    say.result(f"  {state:<8} {part.name:<22} {part.found}")
    if not part.there:
        say.result(f"  {'':<8} {'':<22} needed by: {part.needed_by}")
        say.result(f"  {'':<8} {'':<22} to do: {part.todo}")


def _line(part: Part) -> None:
    say.line(
        "part",
        name=part.name,
        state=part.state,
        found=part.found,
        essential=part.essential,
        needed_by=part.needed_by,
        todo=part.todo,
    )
