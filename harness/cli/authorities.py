"""`corridor certs renew`, `revoke` and `publish`: a country's authorities at work, in the folder that `issue` wrote.

    DIR/QM/authority/             keys and books of the authorities
    DIR/QM/window/                the window's key and certificate, the ones it signs with now
    DIR/QM/parties/QM-port/       those of another party
    DIR/QM/tls/NAME/              key and chain for either end of TLS
    DIR/QM/earlier/               what was renewed: good until its end, and for what it signed
    DIR/QM/trust-list.jws         the list in force; root.crl and issuing.crl beside it

One command at a time works on a country; whatever ends it, each file is there as it was, or as it is to be.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click
from cryptography import x509

from certs import jws, keyfiles, paths
from certs.authority import Authority
from certs.errors import TrustError
from certs.identity import Algorithm, Identity
from certs.lists import TrustList
from harness.cli import say
from harness.cli.certificates import certificate_line, certificates_in, told
from harness.cli.files import new_folder, read_file
from harness.cli.published import published, tell
from harness.clock import Chance, SystemClock, moment, stamp
from harness.errors import BadInput, RoadFailed

FOLDER: Final = Path("corridor-certs")
"""Where `issue` writes and all others look, unless told otherwise."""

APART: Final = timedelta(minutes=1)
"""How far back a new certificate begins, so that two machines' clocks may differ a little."""

PARTY: Final = re.compile(r"[A-Z]{2}(?:-[a-z]{1,30})?")

_TLS: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LARGEST: Final = 256 * 1024
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


@click.command(short_help="Give a party a new key; the old one stays good until its end.")
@click.argument("party")
@_in
@click.option(
    "--algorithm",
    type=click.Choice([one.value for one in Algorithm]),
    help="Of the new key. [default: that of the old one]",
)
@_days("For how long the new certificate is valid, as long as its authority is.")
@_json
def renew(*, party: str, folder: Path, algorithm: str | None, days: int, as_json: bool) -> None:
    """Give a party a new signing key and certificate.

    The old ones are kept in DIR/COUNTRY/earlier and stay good until their end: what is under way is still taken, and
    partners need no notice. From now on the party's folder holds the new ones.

    \b
    Examples:
      corridor certs renew QM
      corridor certs renew QM-port --algorithm Ed25519 --days 30
    """
    with at_work(folder, party) as (home, authority):
        place = _place(home, party)
        old = Identity.load(place)
        kind = Algorithm(algorithm) if algorithm else old.algorithm
        since = max(_now() - APART, authority.issuing.not_valid_before_utc)
        new = authority.issue_signing(party, kind, since, lifetime=timedelta(days=days))
        kept = _replaced(place, new, home / "earlier", old)
    for path, current in ((place, True), (kept, False)):
        for certificate in certificates_in(path / "certificate.pem"):
            if as_json:
                certificate_line(path / "certificate.pem", certificate, current=current)
            else:
                state = "current" if current else "earlier"
                say.row(state, f"{path}/certificate.pem, {told(certificate)}")


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
    with at_work(folder, str(countries[0].value) if countries else "") as (home, authority):
        _ours(authority, certificate)
        authority.revoke(certificate, _REASONS[reason], at, invalid_since=lost)
        authority.save_books(home / "authority")
        lists = _new_crls(home, authority, at, timedelta(days=days))
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
@_json
def publish(*, country: str, folder: Path, days: int, until: str | None, as_json: bool) -> None:
    """Publish the next version of a country's trust list, and new revocation lists.

    The version rises by itself. The last list is kept as DIR/COUNTRY/earlier/trust-list-VERSION.jws.

    \b
    Examples:
      corridor certs publish QM
      corridor certs publish QM --days 30
      corridor certs publish QM --until 2026-03-01T09:00:00Z
    """
    at = _now()
    with at_work(folder, country) as (home, authority):
        path = home / "trust-list.jws"
        last = _last_list(path)
        ends = last.authorities[0].until if until is None else None if until == "none" else _moment("--until", until)
        since = last.authorities[0].since
        if ends is not None and ends <= since:
            raise BadInput(
                f"--until {until} lies before {stamp(since)}, since when they are recognised",
                expected="a later moment",
                todo="correct it",
            )
        token = authority.trust_list(last.version + 1, at, at + timedelta(days=days), since=since, until=ends)
        crls = _new_crls(home, authority, at, timedelta(days=days))
        earlier = keyfiles.private_folder(home / "earlier")
        keyfiles.write(earlier / f"trust-list-{last.version}.jws", path.read_bytes())
        keyfiles.write(path, token)
    if not as_json and ends is not None:
        say.row("until", f"the authorities of {country} are recognised until {stamp(ends)}")
    _tell((path, *crls), as_json=as_json)


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
    with at_work(folder, named) as (home, authority):
        kind, name = ("tls", tls) if tls else ("parties", named)
        if (home / kind / name).exists() or (named == home.name and not tls):
            raise BadInput(f"{name} has a key already", expected="somebody new", todo=f"corridor certs renew {named}")
        since = max(_now() - APART, authority.issuing.not_valid_before_utc)
        keyfiles.private_folder(home / kind)
        with new_folder(home / kind, name) as unfinished:
            if tls:
                key, chain = authority.issue_tls(tls, hosts, since, lifetime=lifetime)
                keyfiles.write(unfinished / "key.pem", key, mode=0o600)
                keyfiles.write(unfinished / "chain.pem", chain)
            else:
                authority.issue_signing(named, algorithm, since, lifetime=lifetime).save(unfinished)
    return home / kind / name


@contextmanager
def at_work(folder: Path, party: str) -> Iterator[tuple[Path, Authority]]:
    """The folder of a party's country and its authorities, which nobody else works on while the block lasts.

    Raises:
        BadInput: there are none in `folder`, or they have ended.
        RoadFailed: the disk failed.
    """
    if not PARTY.fullmatch(party):
        raise BadInput(
            f"{party!r} is no party", expected="a country, QM, or a party in one, QM-port", todo="check its spelling"
        )
    home = folder / party[:2]
    books = home / "authority"
    if not books.is_dir():
        raise BadInput(
            f"{folder} holds no authorities of {party[:2]}",
            expected="what `corridor certs issue` wrote",
            todo=f"corridor certs issue {party[:2]} makes some; or name another place with --in",
        )
    handle = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        authority = Authority.load(books, Chance().octets)
        if authority.issuing.not_valid_after_utc <= _now():
            raise BadInput(
                f"the authorities of {party[:2]} ended at {stamp(authority.issuing.not_valid_after_utc)}",
                expected="authorities that are valid",
                todo=f"found new ones elsewhere: corridor certs issue {party[:2]} --out DIR",
            )
        yield home, authority
    except (TrustError, ValueError, KeyError) as error:
        raise BadInput(
            f"{books} cannot be used: {error}", expected="what `corridor certs issue` wrote", todo="issue it anew"
        ) from error
    except OSError as error:
        raise RoadFailed(f"{home} failed: {error}", expected="a disk with room", todo="make room, try again") from error
    finally:
        os.close(handle)


def _place(home: Path, party: str) -> Path:
    """The folder of a party that has a key."""
    place = home / "window" if party == home.name else home / "parties" / party
    waiting = _waiting(place)
    if not place.exists() and waiting.exists():
        waiting.rename(place)  # a renewal that was cut off between its two last steps
    if not place.is_dir():
        raise BadInput(
            f"{home} holds no key of {party}",
            expected="a party that was certified",
            todo=f"corridor certs issue {home.name} --party {party}",
        )
    return place


def _waiting(place: Path) -> Path:
    return place.with_name(f".{place.name}.new")


def _replaced(place: Path, new: Identity, earlier: Path, old: Identity) -> Path:
    """Put the new identity in its place; return where the old one is kept."""
    waiting = _waiting(place)
    shutil.rmtree(waiting, ignore_errors=True)
    new.save(waiting)
    keyfiles.private_folder(earlier)
    number = 1 + sum(each.name.startswith(f"{old.party}_") for each in earlier.iterdir())
    kept = earlier / f"{old.party}_{number}"
    # Two renames of whole folders; what a crash between them leaves is set right by `_place`.
    place.rename(kept)
    waiting.rename(place)
    return kept


def _meant(name: str, folder: Path) -> x509.Certificate:
    path = Path(name)
    if not path.is_file():
        if not PARTY.fullmatch(name):
            raise BadInput(
                f"there is no file {name}, and it is no party", expected="a certificate's file, or QM", todo="check it"
            )
        with at_work(folder, name) as (home, _):
            return Identity.load(_place(home, name)).certificate
    octets = read_file(path, largest=_LARGEST, wanted="a certificate in PEM or DER")
    try:
        load = x509.load_pem_x509_certificate if b"-----BEGIN" in octets else x509.load_der_x509_certificate
        return load(octets)
    except ValueError as error:
        raise BadInput(f"{path} is no certificate", expected="PEM or DER", todo="name the right file") from error


def _ours(authority: Authority, certificate: x509.Certificate) -> None:
    """Raises BadInput when this authority cannot withdraw it, or did already."""
    named = certificate.subject.rfc4514_string()
    if certificate == authority.root:
        raise BadInput(
            f"{named} is a root, and stands on no revocation list",
            expected="a certificate under it",
            todo=f"end its recognition on the trust list: corridor certs publish {authority.country} --until MOMENT",
        )
    try:
        by = next(each for each in (authority.issuing, authority.root) if each.subject == certificate.issuer)
        paths.issued(certificate, by)
    except (StopIteration, TrustError) as error:
        raise BadInput(
            f"{named} was not issued by these authorities of {authority.country}",
            expected="a certificate of theirs",
            todo="name another place with --in",
        ) from error
    for each in authority.withdrawn:
        if (each.issuer, each.serial) == (certificate.issuer, certificate.serial_number):
            raise BadInput(
                f"{named} was withdrawn already, {each.reason.value} at {stamp(each.at)}",
                expected="a certificate that is in force",
                todo="nothing: it stands on every list since",
            )


def _new_crls(home: Path, authority: Authority, at: datetime, lifetime: timedelta) -> tuple[Path, ...]:
    written = []
    for name, der in zip(("root.crl", "issuing.crl"), authority.crls(at, lifetime=lifetime), strict=True):
        keyfiles.write(home / name, der)
        written.append(home / name)
    return tuple(written)


def _last_list(path: Path) -> TrustList:
    octets = read_file(path, largest=_LARGEST, wanted="the trust list in force")
    found = TrustList.parse(jws.read(octets).payload)
    if not found.authorities:
        raise BadInput(f"{path} lists no authorities", expected="the country's own", todo="issue it anew")
    return found


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
