"""`corridor certs renew`, `revoke` and `publish`: a country's authorities at work. Their folder: `country`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click
from cryptography import x509

from certs import keyfiles
from certs.authority import Authority
from certs.identity import Algorithm, Identity, certificate_in
from certs.lists import Authorities, TrustList
from harness.cli import say
from harness.cli.certificates import certificate_line, certificates_in, told
from harness.cli.country import LARGEST, PARTY, Home, at_work
from harness.cli.files import new_folder, read_file
from harness.cli.published import published, tell
from harness.clock import SystemClock, moment, stamp
from harness.errors import BadInput

FOLDER: Final = Path("corridor-certs")
"""Where `issue` writes and all others look, unless told otherwise."""

APART: Final = timedelta(minutes=1)
"""How far back a new certificate begins, so that two machines' clocks may differ a little."""

_TLS: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_REASONS: Final = {
    one.value: one
    for one in x509.ReasonFlags
    # There is no way back from a withdrawal here.
    if one not in (x509.ReasonFlags.certificate_hold, x509.ReasonFlags.remove_from_crl)
}


_in = click.option(
    "--in",
    "folder",
    type=click.Path(path_type=Path),
    default=FOLDER,
    show_default=True,
    metavar="DIR",
    help="Where `corridor certs issue` wrote.",
)
_json = click.option("--json", "as_json", is_flag=True, help="NDJSON on stdout (docs/schemas/certs.schema.json).")


def _days(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # Any: click's decorators
    return click.option("--days", type=click.IntRange(1, 365), default=1, show_default=True, help=what)


@click.command(short_help="Give a party, or its country's authorities, new keys; the old ones stay good.")
@click.argument("party", metavar="PARTY")
@_in
@click.option(
    "--authority",
    is_flag=True,
    help="Not the party's own key: the country's issuing and timestamping authority and its publisher get new ones.",
)
@click.option(
    "--algorithm",
    type=click.Choice([one.value for one in Algorithm]),
    help="Of the party's new key. [default: that of the old one; authorities use P-256]",
)
@_days("For how long the new certificate is valid, as long as its authority is; with --authority, the new lists.")
@_json
def renew(*, party: str, folder: Path, authority: bool, algorithm: str | None, days: int, as_json: bool) -> None:
    """Give a party a new signing key and certificate.

    The old ones are kept in DIR/COUNTRY/earlier and stay good until their end: what is under way is still taken, and
    partners need no notice. From now on the party's folder holds the new ones.

    With --authority the country gets another issuing authority under its root, with a timestamping authority and a
    publisher of its own. A new version of the trust list names both; the former one goes on publishing what it
    withdraws. `corridor certs publish COUNTRY --former --until MOMENT` ends its recognition.

    \b
    Examples:
      corridor certs renew QM
      corridor certs renew QM-port --algorithm Ed25519 --days 30
      corridor certs renew QM --authority
    """
    if authority:
        _renew_authority(party, folder, algorithm, timedelta(days=days), as_json=as_json)
        return
    with at_work(folder, party) as home:
        place = home.place(party)
        old = Identity.load(place)
        kind = Algorithm(algorithm) if algorithm else old.algorithm
        since = max(_now() - APART, home.authority.issuing.not_valid_before_utc)
        new = home.authority.issue_signing(party, kind, since, lifetime=timedelta(days=days))
        kept = home.replace(place, new.save, party)
    _tell_renewed(place / "certificate.pem", kept / "certificate.pem", as_json=as_json)


def _renew_authority(country: str, folder: Path, algorithm: str | None, lifetime: timedelta, *, as_json: bool) -> None:
    if algorithm is not None:
        raise BadInput(
            f"--algorithm {algorithm} with --authority", expected="authorities use P-256", todo="leave it out"
        )
    with at_work(folder, country) as home:
        if country != home.country:
            raise BadInput(f"{country} has no authorities", expected="a country", todo=f"say {home.country}")
        at, before = _now(), home.authority
        after = before.successor(max(at - APART, before.root.not_valid_before_utc))
        place = home.path / "authority"
        kept = home.replace(place, after.save, "authority")
        last, present = home.last_list(), replace(home, authority=after)
        lists = present.publish(_listed(present, last), last, at, lifetime)
    _tell_renewed(place / "issuing.pem", kept / "issuing.pem", as_json=as_json)
    _tell(lists, as_json=as_json)


def _tell_renewed(current: Path, earlier: Path, *, as_json: bool) -> None:
    for path in (current, earlier):
        for certificate in certificates_in(path):
            if as_json:
                certificate_line(path, certificate, current=path == current)
            else:
                say.row("current" if path == current else "earlier", f"{path}, {told(certificate)}")


@click.command(short_help="Withdraw a certificate, and write new revocation lists.")
@click.argument("name", metavar="CERT|PARTY")
@_in
@click.option("--reason", type=click.Choice(list(_REASONS)), required=True, help="Why (RFC 5280, 5.3.1).")
@click.option(
    "--invalid-since",
    metavar="MOMENT",
    help="Since when the key is believed to be in other hands (RFC 3339): with keyCompromise it counts from then.",
)
@_days("Until when the new revocation lists are good.")
@_json
def revoke(*, name: str, folder: Path, reason: str, invalid_since: str | None, days: int, as_json: bool) -> None:
    """Withdraw a certificate: enter it in its authority's books and write new revocation lists.

    CERT is the file of a certificate that an authority in DIR issued; PARTY is one whose present certificate is meant.
    There is no way back: a party that goes on needs a new key (corridor certs renew).

    \b
    Examples:
      corridor certs revoke QM --reason superseded
      corridor certs revoke corridor-certs/QM/earlier/QM_1/certificate.pem --reason keyCompromise
      corridor certs revoke QM --reason keyCompromise --invalid-since 2026-03-01T09:00:00Z
    """
    at, lost = _now(), _moment("--invalid-since", invalid_since)
    if lost is not None and lost > at:
        raise BadInput(
            f"--invalid-since {invalid_since} is still to come", expected="a moment that has passed", todo="correct it"
        )
    certificate = _meant(name, folder)
    countries = certificate.subject.get_attributes_for_oid(x509.NameOID.COUNTRY_NAME)
    with at_work(folder, str(countries[0].value) if countries else "") as home:
        authority, books = home.books_of(certificate)
        authority.revoke(certificate, _REASONS[reason], at, invalid_since=lost)
        authority.save_books(books)
        lists = home.publish_crls(at, timedelta(days=days))
    subject = certificate.subject.rfc4514_string()
    if as_json:
        lost_since = None if lost is None else stamp(lost)
        serial = f"{certificate.serial_number:x}"
        say.line("withdrawal", subject=subject, serial=serial, reason=reason, at=stamp(at), invalid_since=lost_since)
    else:
        since = "" if lost is None else f", not to be relied on since {stamp(lost)}"
        say.row("withdrawn", f"{subject}, serial {certificate.serial_number:x}: {reason} at {stamp(at)}{since}")
    _tell(lists, as_json=as_json)


@click.command(short_help="Publish a new version of a country's trust list, and new revocation lists.")
@click.argument("country")
@_in
@_days("Until when the lists are good: the next update.")
@click.option(
    "--until",
    metavar="MOMENT|none",
    help="Recognise the authorities until then only (RFC 3339): what was signed before stays good; none takes it back."
    " [default: as in the last version]",
)
@click.option(
    "--former", is_flag=True, help="With --until: not the present authorities are meant, but those before them."
)
@_json
def publish(*, country: str, folder: Path, days: int, until: str | None, former: bool, as_json: bool) -> None:
    """Publish the next version of a country's trust list, and new revocation lists.

    The version rises by itself. The last list is kept as DIR/COUNTRY/earlier/trust-list-VERSION.jws.

    \b
    Examples:
      corridor certs publish QM
      corridor certs publish QM --days 30
      corridor certs publish QM --until 2026-03-01T09:00:00Z
      corridor certs publish QM --former --until 2026-03-01T09:00:00Z
    """
    at = _now()
    if former and until is None:
        raise BadInput("--former alone", expected="--former --until MOMENT", todo="say until when they are recognised")
    with at_work(folder, country) as home:
        last = home.last_list()
        listed = _listed(home, last)
        if until is not None:
            ends = None if until == "none" else _moment("--until", until)
            mine, before = listed[:1], listed[1:]
            if former and not before:
                raise BadInput(
                    f"{country} has no former authorities",
                    expected="some that were renewed",
                    todo=f"corridor certs renew {country} --authority",
                )
            listed = (*mine, *_ending(before, ends)) if former else (*_ending(mine, ends), *before)
        lists = home.publish(listed, last, at, timedelta(days=days))
    for each in listed:
        if each.until is not None and not as_json:
            say.row("until", f"the {each.name} are recognised until {stamp(each.until)}")
    _tell(lists, as_json=as_json)


def _listed(home: Home, last: TrustList) -> tuple[Authorities, ...]:
    """What the next trust list says of the present and the former authorities, as far as that is said already."""
    said = {each.issuing: each for each in last.authorities}

    def entry(authority: Authority, name: str) -> Authorities:
        before = said.get((authority.issuing,), authority.listed())
        return authority.listed(before.since, before.until, name=name)

    former = (entry(one, f"{home.country} former authorities {number}") for number, one in home.former().items())
    return entry(home.authority, f"{home.country} authorities"), *former


def _ending(listed: tuple[Authorities, ...], ends: datetime | None) -> tuple[Authorities, ...]:
    for each in listed:
        if ends is not None and ends <= each.since:
            raise BadInput(
                f"--until {stamp(ends)} lies before {stamp(each.since)}, since when they are recognised",
                expected="a later moment",
                todo="correct it",
            )
    return tuple(replace(each, until=ends) for each in listed)


def certified(
    folder: Path,
    countries: tuple[str, ...],
    party: str | None,
    tls: str | None,
    hosts: tuple[str, ...],
    algorithm: Algorithm,
    lifetime: timedelta,
) -> Path:
    """Have a country that is there already certify a party or an end of TLS; return the folder that holds it.

    Raises:
        BadInput: both, neither, two countries, or it is there already.
    """
    named = party if party is not None and tls is None else countries[0] if tls and len(countries) == 1 else ""
    if not named or (tls and not _TLS.fullmatch(tls)) or (countries and countries != (named[:2],)):
        raise BadInput(
            "no single party or TLS certificate is named",
            expected="--party QM-port, or QM --tls NAME with letters, digits, dots, hyphens and underscores",
            todo="one certificate a command",
        )
    with at_work(folder, named) as home:
        authority, place = home.authority, home.path
        kind, name = ("tls", tls) if tls else ("parties", named)
        if (place / kind / name).exists() or (named == home.country and not tls):
            raise BadInput(f"{name} has a key already", expected="somebody new", todo=f"corridor certs renew {named}")
        since = max(_now() - APART, authority.issuing.not_valid_before_utc)
        keyfiles.private_folder(place / kind)
        with new_folder(place / kind, name) as unfinished:
            if tls:
                key, chain = authority.issue_tls(tls, hosts, since, lifetime=lifetime)
                keyfiles.write(unfinished / "key.pem", key, mode=0o600)
                keyfiles.write(unfinished / "chain.pem", chain)
            else:
                authority.issue_signing(named, algorithm, since, lifetime=lifetime).save(unfinished)
    return place / kind / name


def _meant(name: str, folder: Path) -> x509.Certificate:
    path = Path(name)
    if not path.is_file():
        if not PARTY.fullmatch(name):
            raise BadInput(
                f"there is no file {name}, and it is no party", expected="a certificate's file, or QM", todo="check it"
            )
        with at_work(folder, name) as home:
            return Identity.load(home.place(name)).certificate
    octets = read_file(path, largest=LARGEST, wanted="a certificate in PEM or DER")
    try:
        return certificate_in(octets)
    except ValueError as error:
        raise BadInput(f"{path} is no certificate", expected="PEM or DER", todo="name the right file") from error


def _tell(lists: tuple[Path, ...], *, as_json: bool) -> None:
    for path in lists:
        found = published(path.read_bytes())
        if found is not None and as_json:
            tell(path, found, as_json=True)
        elif found is not None:
            say.row("list", f"{path}: {found.sentence}")


def _moment(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return moment(text)
    except ValueError as error:
        raise BadInput(
            f"{option} {text!r} is no moment", expected="RFC 3339 with an offset", todo="2026-03-01T09:00:00Z, say"
        ) from error


def _now() -> datetime:
    return SystemClock().now()
