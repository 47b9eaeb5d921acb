"""`corridor certs`: the rehearsal's authorities, issued and looked at.

What is issued is for rehearsals only: keys are written unencrypted, 0600, and believed by nobody outside. Making keys
is `certs.authority`, describing certificates `certs.summary`; whether to believe one is said by `certs.trust` alone.
"""

from __future__ import annotations

import re
import shlex
from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from certs import keyfiles
from certs.authority import Authority
from certs.identity import Algorithm
from harness.cli import authorities, misfits, say
from harness.cli.authorities import APART, FOLDER
from harness.cli.certificates import LARGEST, WANTED, certificate_line, certificates_in, in_folder
from harness.cli.files import new_folder, read_file
from harness.cli.published import published, tell
from harness.cli.seats import issue_seats
from harness.clock import Chance, SystemClock, stamp
from harness.errors import BadInput
from harness.exchange import seating

_JSON_HELP: Final = "NDJSON on stdout (docs/schemas/certs.schema.json)."


@click.group(name="certs")
def command() -> None:
    """The rehearsal's authorities: issue, list, show, renew, revoke, publish; and what is wrong on purpose.

    \b
    Examples:
      corridor certs issue QM
      corridor certs list corridor-runs/send-0a1b2c3d/certs
      corridor certs show QM
      corridor certs publish QM --days 30
    """


for _command in (authorities.renew, authorities.revoke, authorities.publish, misfits.command):
    command.add_command(_command)


@command.command(short_help="Found countries' authorities, certify their windows.")
@click.argument("countries", nargs=-1, metavar="[COUNTRY]...")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=FOLDER,
    show_default=True,
    metavar="DIR",
    help="Where each country's folder is made.",
)
@click.option(
    "--algorithm",
    type=click.Choice([one.value for one in Algorithm]),
    default=Algorithm.ES256.value,
    show_default=True,
    metavar="NAME",
    help="Of the window's signing key: ES256, Ed25519, ML-DSA-65, PS256 or RS256. Authorities use P-256.",
)
@click.option(
    "--encryption",
    type=click.Choice(list(seating.OPENERS)),
    help="Issue the window a certificate to encrypt for as well; with --seats, the agreements say which.",
)
@click.option("--days", type=click.IntRange(1, 365), default=1, show_default=True, help="For how long it is valid.")
@click.option(
    "--seats",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Instead of one country: a seat folder for every party of the pack's corridors, for `corridor node`.",
)
@click.option(
    "--party", metavar="CODE", help="Instead of a country: a signing certificate for another party in it, QM-port say."
)
@click.option("--tls", metavar="NAME", help="Instead of a country: a TLS certificate from the one that COUNTRY names.")
@click.option("--host", "hosts", multiple=True, help="With --tls: a name or address it answers on; none for a client.")
@click.option("--run", help="With --seats: the run's name, which stands before its topics. [default: drawn]")
@click.option("--json", "as_json", is_flag=True, help=_JSON_HELP)
def issue(  # noqa: PLR0913 - click hands each option over by its name
    *,
    countries: tuple[str, ...],
    out: Path,
    algorithm: str,
    encryption: str | None,
    days: int,
    seats: Path | None,
    party: str | None,
    tls: str | None,
    hosts: tuple[str, ...],
    run: str | None,
    as_json: bool,
) -> None:
    """Found the authorities of one or more countries, and issue each country's window a signing certificate.

    Writes root, issuing and timestamping authority, publisher and window with their keys, the trust list and both
    revocation lists into DIR/COUNTRY. Keys that are there already are never written over.

    With --party or --tls, a country that is there already certifies somebody else: a party that signs documents
    (DIR/COUNTRY/parties/CODE), or either end of a TLS connection (DIR/COUNTRY/tls/NAME).

    With --seats, all countries of the corridors are founded: DIR/PARTY is what each party needs to take its seat, and
    belongs to that party alone; DIR/certs holds the authorities' keys and stays with who issued them.

    \b
    Examples:
      corridor certs issue QM QN QP
      corridor certs issue QN --algorithm Ed25519 --out keys --days 7
      corridor certs issue QP --encryption HPKE-10-KE+A256GCM
      corridor certs issue --party QM-port
      corridor certs issue QM --tls broker --host localhost --host 127.0.0.1
      corridor certs issue --seats seats --run pilot-1
    """
    lifetime = timedelta(days=days)
    if seats is not None:
        _told_by_agreements(encryption)
        _alone(*countries, *filter(None, (party, tls)))
        for code, name, folder in issue_seats(seats, run, Algorithm(algorithm), lifetime):
            _told_seat(code, name, folder, as_json=as_json)
        return
    if run is not None:
        raise BadInput(
            "--run names the run of seats, and none are asked for",
            expected="--run beside --seats",
            todo=f"corridor certs issue --seats seats --run {run}",
        )
    if party is not None or tls is not None:
        _tell(authorities.certified(out, countries, party, tls, hosts, Algorithm(algorithm), lifetime), as_json=as_json)
        return
    if not countries:
        raise click.UsageError("Missing argument 'COUNTRY', or --seats DIR.", click.get_current_context())
    for country in countries:
        _free(country, out / country)
    for country in countries:
        with new_folder(out, country) as unfinished:
            _issue(country, Algorithm(algorithm), encryption, lifetime, unfinished)
        _tell(out / country, as_json=as_json)
        if not as_json:
            root = shlex.quote(str(out / country / "authority" / "root.pem"))
            say.row("next", f"openssl x509 -in {root} -noout -text")


def _free(country: str, folder: Path) -> None:
    """Raises BadInput unless a country of that code can be founded there."""
    if not re.fullmatch("[A-Z]{2}", country):
        raise BadInput(
            f"{country!r} is no country code",
            expected="two capital letters; QM to QZ belong to no country and are free for rehearsals",
            todo="corridor certs issue QM, say",
        )
    if folder.exists() or folder.is_symlink():
        raise BadInput(
            f"{folder} is there already", expected="a place without keys", todo="choose another --out, or move it away"
        )


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
        if (listed := published(read_file(path, largest=LARGEST, wanted=WANTED))) is not None:
            tell(path, listed, as_json=as_json)
            return
        found = [(path, described) for described in certificates_in(path)]
    else:
        found = [(each, one) for each, one in in_folder(folder) if name in (one.party, one.country)]
    if not found:
        raise BadInput(
            f"there is no file {name}, and {folder} holds no certificate of {name!r}",
            expected="a PEM file, or a party or country",
            todo=f"see what is there: corridor certs list {folder}",
        )
    for where, summary in found:
        if as_json:
            certificate_line(where, summary)
            continue
        say.result(str(where))
        for label, value in summary.lines():
            say.result(f"  {label:<12} {value}")


def _told_by_agreements(encryption: str | None) -> None:
    if encryption is not None:
        raise BadInput(
            "--encryption is for one country, and --seats founds every country of the corridors",
            expected="--seats alone: a party's agreements say what it must be able to open",
            todo="leave --encryption out",
        )


def _alone(*named: str) -> None:
    if named:
        raise BadInput(
            f"--seats founds every country of the corridors, and {named[0]} was named too",
            expected="COUNTRY, or --seats DIR",
            todo=f"leave {named[0]} out",
        )


def _told_seat(party: str, run: str, folder: Path, *, as_json: bool) -> None:
    if as_json:
        say.line("seat", party=party, run=run, path=str(folder))
    else:
        say.row(party, f"seat in {folder}, run {run}")


def _issue(country: str, algorithm: Algorithm, encryption: str | None, lifetime: timedelta, folder: Path) -> None:
    at, chance = SystemClock().now(), Chance().octets
    since = at - APART
    authority = Authority.found(country, since, chance, lifetime)
    authority.save(folder / "authority")
    authority.issue_signing(country, algorithm, since, lifetime=lifetime).save(folder / "window")
    if encryption is not None:
        opener = authority.issue_opener(country, since, profile=encryption, lifetime=lifetime)
        opener.save(folder / seating.OPENERS[encryption])
    keyfiles.write(folder / "trust-list.jws", authority.trust_list(1, since, at + lifetime))
    for name, der in zip(("root.crl", "issuing.crl"), authority.crls(since, lifetime=lifetime), strict=True):
        keyfiles.write(folder / name, der)


def _tell(folder: Path, *, as_json: bool) -> None:
    found = list(in_folder(folder))
    if not found:
        raise BadInput(f"{folder} holds no certificate", expected=WANTED, todo="corridor certs issue QM makes some")
    now = SystemClock().now()
    if not as_json:
        say.result(f"{len(found)} certificate(s) in {folder}")
    for path, summary in found:
        if as_json:
            certificate_line(path, summary)
            continue
        state = "expired" if summary.until < now else "not yet valid" if summary.since > now else "valid"
        kind = "authority" if summary.authority else ", ".join(summary.usages)
        whom = f"{summary.country} {summary.party}" if summary.party != summary.country else summary.party
        say.result(f"  {whom:<24} {kind:<18} {summary.algorithm:<9} {state} until {stamp(summary.until)}")
        say.result(f"    {path.relative_to(folder)}  SHA-256 {summary.thumbprint}")
