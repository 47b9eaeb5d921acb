"""`corridor certs`: the rehearsal's authorities, issued and looked at.

What is issued is for rehearsals only: keys are written unencrypted, 0600, and believed by nobody outside. Making keys
is `certs.authority`, describing certificates `certs.summary`; whether to believe one is said by `certs.trust` alone.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import click
from cryptography import x509

from certs import keyfiles
from certs.authority import Authority
from certs.identity import Algorithm
from certs.summary import Summary, describe
from harness.cli import misfits, say
from harness.cli.files import new_folder, read_file
from harness.cli.published import published, tell
from harness.cli.seats import issue_seats
from harness.clock import Chance, SystemClock, stamp
from harness.errors import BadInput

FOLDER: Final = Path("corridor-certs")
"""Where `issue` writes and `list` and `show` look, unless told otherwise."""

_LARGEST: Final = 256 * 1024
_WANTED: Final = "a certificate in PEM or DER"
_JSON_HELP: Final = "NDJSON on stdout (docs/schemas/certs.schema.json)."


@click.group(name="certs")
def command() -> None:
    """The rehearsal's authorities: issue, list, show; and what is wrong on purpose.

    \b
    Examples:
      corridor certs issue QM
      corridor certs list corridor-runs/send-0a1b2c3d/certs
      corridor certs show QM
    """


command.add_command(misfits.command)


@command.command(short_help="Found a country's authorities, certify its window.")
@click.argument("country", required=False)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=FOLDER,
    show_default=True,
    metavar="DIR",
    help="Where the country's folder is made.",
)
@click.option(
    "--algorithm",
    type=click.Choice([one.value for one in Algorithm]),
    default=Algorithm.ES256.value,
    show_default=True,
    help="Of the window's signing key; authorities always use P-256.",
)
@click.option("--days", type=click.IntRange(1, 365), default=1, show_default=True, help="For how long it is valid.")
@click.option(
    "--seats",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Instead of one country: a seat folder for every party of the pack's corridors, for `corridor node`.",
)
@click.option("--run", help="With --seats: the run's name, which stands before its topics. [default: drawn]")
@click.option("--json", "as_json", is_flag=True, help=_JSON_HELP)
def issue(
    *, country: str | None, out: Path, algorithm: str, days: int, seats: Path | None, run: str | None, as_json: bool
) -> None:
    """Found a country's authorities, and issue its window a signing certificate.

    Writes root, issuing authority, publisher and window with their keys, the trust list and both revocation lists
    into DIR/COUNTRY. Keys that are there already are never written over.

    With --seats, all countries of the corridors are founded: DIR/PARTY is what each party needs to take its seat, and
    belongs to that party alone; DIR/certs holds the authorities' keys and stays with who issued them.

    \b
    Examples:
      corridor certs issue QM
      corridor certs issue QN --algorithm Ed25519 --out keys --days 7
      corridor certs issue --seats seats --run pilot-1
    """
    if seats is not None:
        _alone(country)
        for party, name, folder in issue_seats(seats, run, Algorithm(algorithm), timedelta(days=days)):
            _told_seat(party, name, folder, as_json=as_json)
        return
    if country is None:
        raise click.UsageError("Missing argument 'COUNTRY', or --seats DIR.", click.get_current_context())
    if run is not None:
        raise BadInput(
            "--run names the run of seats, and none are asked for",
            expected="--run beside --seats",
            todo=f"corridor certs issue --seats seats --run {run}",
        )
    if not re.fullmatch("[A-Z]{2}", country):
        raise BadInput(
            f"{country!r} is no country code",
            expected="two capital letters; QM to QZ belong to no country and are free for rehearsals",
            todo="corridor certs issue QM, say",
        )
    folder = out / country
    if folder.exists() or folder.is_symlink():
        raise BadInput(
            f"{folder} is there already", expected="a place without keys", todo="choose another --out, or move it away"
        )
    with new_folder(out, country) as unfinished:
        _issue(country, Algorithm(algorithm), timedelta(days=days), unfinished)
    _tell(folder, as_json=as_json)
    if not as_json:
        root = shlex.quote(str(folder / "authority" / "root.pem"))
        say.row("next", f"openssl x509 -in {root} -noout -text")


@command.command(name="list")
@click.argument("folder", type=click.Path(path_type=Path), default=FOLDER, metavar="[DIR]")
@click.option("--json", "as_json", is_flag=True, help=_JSON_HELP)
def list_(*, folder: Path, as_json: bool) -> None:
    """List the certificates in a folder, at any depth.

    DIR is what `corridor certs issue` wrote (corridor-certs unless told otherwise), or the `certs` folder of a run.

    \b
    Examples:
      corridor certs list
      corridor certs list corridor-runs/send-0a1b2c3d/certs
    """
    _tell(folder, as_json=as_json)


@command.command(short_help="Show a certificate, or a list, in plain words.")
@click.argument("name", metavar="FILE|NAME")
@click.option(
    "--in",
    "folder",
    type=click.Path(path_type=Path),
    default=FOLDER,
    show_default=True,
    metavar="DIR",
    help="Where NAME is looked for.",
)
@click.option("--json", "as_json", is_flag=True, help=_JSON_HELP)
def show(*, name: str, folder: Path, as_json: bool) -> None:
    """Show a certificate in the trade's words: of a file, or by the party or country that it names.

    A file may be a trust list or a revocation list too.

    \b
    Examples:
      corridor certs show QM
      corridor certs show corridor-certs/QM/authority/root.pem
      corridor certs show corridor-certs/QM/trust-list.jws
    """
    path = Path(name)
    if path.is_file():
        if (listed := published(read_file(path, largest=_LARGEST, wanted=_WANTED))) is not None:
            tell(path, listed, as_json=as_json)
            return
        found = [(path, described) for described in _read(path)]
    else:
        found = [(each, one) for each, one in _in_folder(folder) if name in (one.party, one.country)]
    if not found:
        raise BadInput(
            f"there is no file {name}, and {folder} holds no certificate of {name!r}",
            expected="a PEM file, or a party or country",
            todo=f"see what is there: corridor certs list {folder}",
        )
    for where, summary in found:
        if as_json:
            _line(where, summary)
            continue
        say.result(str(where))
        for label, value in summary.lines():
            say.result(f"  {label:<12} {value}")


def _alone(country: str | None) -> None:
    if country is not None:
        raise BadInput(
            f"--seats founds every country of the corridors, and {country} was named too",
            expected="COUNTRY, or --seats DIR",
            todo=f"leave {country} out",
        )


def _told_seat(party: str, run: str, folder: Path, *, as_json: bool) -> None:
    if as_json:
        say.line("seat", party=party, run=run, path=str(folder))
    else:
        say.row(party, f"seat in {folder}, run {run}")


def _issue(country: str, algorithm: Algorithm, lifetime: timedelta, folder: Path) -> None:
    at, chance = SystemClock().now(), Chance().octets
    since = at - timedelta(minutes=1)  # so that two machines' clocks may differ a little
    authority = Authority.found(country, since, chance, lifetime)
    authority.save(folder / "authority")
    authority.issue_signing(country, algorithm, since, lifetime=lifetime).save(folder / "window")
    keyfiles.write(folder / "trust-list.jws", authority.trust_list(1, since, at + lifetime))
    for name, der in zip(("root.crl", "issuing.crl"), authority.crls(since, lifetime=lifetime), strict=True):
        keyfiles.write(folder / name, der)


def _tell(folder: Path, *, as_json: bool) -> None:
    found = list(_in_folder(folder))
    if not found:
        raise BadInput(f"{folder} holds no certificate", expected=_WANTED, todo="corridor certs issue QM makes some")
    now = SystemClock().now()
    if not as_json:
        say.result(f"{len(found)} certificate(s) in {folder}")
    for path, summary in found:
        if as_json:
            _line(path, summary)
            continue
        state = "expired" if summary.until < now else "not yet valid" if summary.since > now else "valid"
        kind = "authority" if summary.authority else ", ".join(summary.usages)
        whom = f"{summary.country} {summary.party}" if summary.party != summary.country else summary.party
        say.result(f"  {whom:<24} {kind:<18} {summary.algorithm:<8} {state} until {stamp(summary.until)}")
        say.result(f"    {path.relative_to(folder)}  SHA-256 {summary.thumbprint}")


def _in_folder(folder: Path) -> Iterator[tuple[Path, Summary]]:
    """Every certificate in PEM files below `folder`, in the order of the paths; keys are left out."""
    if not folder.is_dir():
        raise BadInput(
            f"there is no folder {folder}",
            expected="what `corridor certs issue` wrote, or the `certs` folder of a run",
            todo="corridor certs issue QM makes one",
        )
    for path in sorted(folder.rglob("*.pem")):
        if path.is_file() and path.stat().st_size <= _LARGEST and b"-----BEGIN CERTIFICATE-----" in path.read_bytes():
            yield from ((path, summary) for summary in _read(path))


def _read(path: Path) -> Iterator[Summary]:
    octets = read_file(path, largest=_LARGEST, wanted=_WANTED)
    try:
        if b"-----BEGIN" in octets:
            certificates = x509.load_pem_x509_certificates(octets)
        else:
            certificates = [x509.load_der_x509_certificate(octets)]
        summaries = [describe(certificate) for certificate in certificates]
    except (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        what = "holds a private key, which is not for showing" if b"PRIVATE KEY" in octets else "is no certificate"
        if b"-----BEGIN CERTIFICATE-----" in octets:
            what = "holds a certificate that cannot be read"
        raise BadInput(f"{path} {what}", expected=_WANTED, todo="name the file of a certificate") from error
    yield from summaries


def _line(path: Path, summary: Summary) -> None:
    say.line(
        "certificate",
        path=str(path),
        party=summary.party,
        country=summary.country,
        authority=summary.authority,
        usages=list(summary.usages),
        algorithm=summary.algorithm,
        since=stamp(summary.since),
        until=stamp(summary.until),
        subject=summary.subject,
        issuer=summary.issuer,
        serial=summary.serial,
        hosts=list(summary.hosts),
        sha256=summary.thumbprint,
    )
