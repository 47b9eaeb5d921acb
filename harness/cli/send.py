"""`corridor send`: one document of the user's own, there and back, with its evidence.

Exit codes: 0 accepted, with warnings or without; 1 refused, by either window, or a promise broke; 2 the file, a country
or the folder cannot be used; 3 the bus failed. The sending itself: `harness.trial.sending`.
"""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from harness.cli import reaching, say
from harness.cli import uncefact as forms
from harness.cli.files import new_folder, read_file
from harness.cli.sent import FORM, Face, NdJson, Text, Told
from harness.clock import Chance, SystemClock
from harness.documents import syntax
from harness.documents.model import TradeDocument
from harness.errors import BadInput
from harness.exchange import topics
from harness.exchange.bus import LARGEST_RECORD
from harness.exchange.reasons import Refused
from harness.trial import packs
from harness.trial.buses import named, standing
from harness.trial.founding import Setting
from harness.trial.ground import Ground
from harness.trial.journal import journal
from harness.trial.sending import Consignment, Sending, ground_between
from harness.trial.sending import send as send_over

SAMPLE: Final = "sample:"
LARGEST: Final = LARGEST_RECORD * 9 // 16 - 16 * 1024
"""The largest file, in octets: base64 twice over, in the envelope and in the token, and the envelope's own words."""
RUNS: Final = Path("corridor-runs")
_WANTED: Final = "a certificate as UN/CEFACT SPS XML or as JSON of the common model"


@click.command(name="send")
@click.argument("file")
@click.option("--from", "sender", required=True, metavar="COUNTRY", help="The window that sends it.")
@click.option("--to", "receiver", required=True, metavar="COUNTRY", help="The window that it is for.")
@reaching.options[0]
@reaching.config
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=RUNS,
    show_default=True,
    metavar="DIR",
    help="Where the run's folder is made.",
)
@click.option(
    "--uncefact",
    type=click.Path(path_type=Path),
    metavar="SCHEMA",
    help="Check the UN/CEFACT form against this JSON schema too.",
)
@click.option("--json", "as_json", is_flag=True, help="NDJSON on stdout (docs/schemas/send.schema.json).")
@click.pass_context
def command(  # noqa: PLR0913 - one parameter an option, as click hands them in
    ctx: click.Context,
    *,
    file: str,
    sender: str,
    receiver: str,
    bus: str,
    bus_config: Path | None,
    out: Path,
    uncefact: Path | None,
    as_json: bool,
) -> None:
    """Send one document of yours, there and back, with its evidence.

    FILE is a certificate as UN/CEFACT SPS XML or JSON, or sample:NAME for one that ships with Corridor
    (sample:phytosanitary.xml, sample:origin-certificate.json).

    \b
    Examples:
      corridor send sample:phytosanitary.xml --from QM --to QN
      corridor send certificate.xml --from QM --to QN --bus local
    """
    named(bus, bus_config)
    ground = ground_between(packs.installed(), sender, receiver)
    sample = file.startswith(SAMPLE)
    octets = _sample(file, ground) if sample else read_file(Path(file), largest=LARGEST, wanted=_WANTED)
    document = _document(file, octets)
    form = forms.form(document, forms.schema(uncefact))
    again = shlex.join(
        [
            *("corridor", "send", file, "--from", sender, "--to", receiver, "--bus", bus),
            *(("--bus-config", str(bus_config)) if bus_config is not None else ()),
            *(("--out", str(out)) if out != RUNS else ()),
            *(("--uncefact", str(uncefact)) if uncefact is not None else ()),
        ]
    )
    consignment = Consignment(octets, sender, receiver)
    face: Face = NdJson() if as_json else Text()
    try:
        way = _Way(bus, bus_config, out, again)
        folder, sending = asyncio.run(_send(consignment, ground, way, form))
    except Refused as refused:
        face.refused_at_home(sender, refused)
        ctx.exit(1)
    face.tell(Told(folder, sending, consignment, document, form, bus, again, sample))
    ctx.exit(0 if sending.accepted else 1)


@dataclass(frozen=True, slots=True)
class _Way:
    """By which bus it goes, where the run's folder is made, and the command that does it again."""

    bus: str
    config: Path | None
    out: Path
    again: str


async def _send(consignment: Consignment, ground: Ground, way: _Way, form: forms.Form) -> tuple[Path, Sending]:
    clock, chance = SystemClock(), Chance()
    run = f"send-{chance.token('run', count=4)}"
    principals = [topics.principal(code) for code in ground.countries]
    with new_folder(way.out, run) as folder, journal(folder):
        async with (
            standing(way.bus, folder, principals, clock, say.progress, config=way.config) as make,
            make(f"{run}.") as opened,
        ):
            setting, told = Setting(run, folder, clock, chance), {"bus": way.bus, "again": way.again}
            sending = await send_over(consignment, ground, setting, opened, told=told)
        (folder / FORM).parent.mkdir(exist_ok=True)
        (folder / FORM).write_bytes(form.octets)
    return way.out / run, sending


def _document(file: str, octets: bytes) -> TradeDocument:
    """The document in the bytes of a file that the user named."""
    try:
        return syntax.read(octets).document
    except BadInput as error:
        raise BadInput(f"{file}: {error.found}", expected=error.expected, todo=error.todo) from error


def _sample(name: str, ground: Ground) -> bytes:
    wanted = name.removeprefix(SAMPLE)
    try:
        if Path(wanted).name != wanted:
            raise ValueError("a sample is named without folders")
        return ground.sample(wanted, SystemClock().now())
    except (OSError, ValueError) as error:
        raise BadInput(
            f"there is no sample {wanted!r}",
            expected="one that ships with the corridor's pack: phytosanitary.xml or origin-certificate.json, say",
            todo="corridor send sample:phytosanitary.xml, or name a file of yours",
        ) from error
