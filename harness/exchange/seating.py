"""Seat folders: all that a party needs to take its place in a run, so that it can do so in a process of its own.

    seat.json                     run, party, and the fingerprint of each root that this party pins
    signing/                      the party's key (0600) and certificate
    signing.next/                 the same, to change over to; only until that is done; so too opener.next/
    opener/                       the key (0600) that opens what is encrypted for the party, and its certificate
    opener-hpke/                  the same, where an agreement asks for the hybrid profile
    readers/QN.pem                each partner's certificate to encrypt for, of the agreed profile
    trust/QN.jws                  each country's trust list, a token
    crls/QN-1.crl                 its revocation lists, DER
    agreements/QN.json            the agreement with QN: the exact bytes both signed
    agreements/QN.by-QM.jws       and each side's token over them

The folder is also where the party keeps its evidence log; who is not the party has no business in it (0700). Nothing of
another party's is here but what that party publishes. What a seat is: `seat`. Who makes one: `harness.trial.stage`.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509

from certs import hpke, jwe, keyfiles, paths
from certs.errors import TrustError
from certs.gates import strict_json
from certs.identity import Identity
from certs.jwe import Opener
from certs.trust import TrustStore
from harness.clock import Chance, Clock
from harness.errors import BadInput
from harness.exchange.agreement import Agreement, Signed, read
from harness.exchange.bus import Bus
from harness.exchange.seat import Seat, Stamper

FORMAT: Final = 1
TICKET: Final = "seat.json"
SIGNING: Final = "signing"
OPENERS: Final[Mapping[str, str]] = {jwe.ECDH: "opener", hpke.PROFILE: "opener-hpke"}
"""The folder of the key that opens what is encrypted under a profile."""
NEXT: Final = ".next"
"""What the name of a folder ends in where the keys lie that a party is to change over to."""

_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")  # it becomes part of topic names
_PARTY = re.compile(r"[A-Z]{2}[A-Z0-9-]{0,30}")
_MEND = "write the folder again: corridor certs issue --seats DIR"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What `seat.json` says: whose seat this is, in which run, and which roots its party pins (hex SHA-256)."""

    run: str
    party: str
    roots: Mapping[str, str]


def save(seat: Seat, folder: Path) -> None:
    """Write `seat` into `folder` (0700). The folder may hold the party's log already; that stays as it is."""
    keyfiles.private_folder(folder)
    seat.identity.save(folder / "signing")
    for profile, opener in seat.openers.items():
        opener.save(folder / OPENERS[profile])
    for part in ("trust", "crls", "agreements", "readers"):
        keyfiles.private_folder(folder / part)
    for partner, certificate in seat.readers.items():
        keyfiles.write_certificate(folder / "readers" / f"{partner}.pem", certificate)
    for country, token in seat.lists.items():
        keyfiles.write(folder / "trust" / f"{country}.jws", token)
    for country, crls in seat.crls.items():
        for path in (folder / "crls").glob(f"{country}-*.crl"):
            path.unlink()  # of authorities that are on no list any more, too
        for number, der in enumerate(crls, start=1):
            keyfiles.write(folder / "crls" / f"{country}-{number}.crl", der)
    for partner, signed in seat.signed.items():
        keyfiles.write(folder / "agreements" / f"{partner}.json", signed.octets)
        for party, token in signed.tokens.items():
            keyfiles.write(folder / "agreements" / f"{partner}.by-{party}.jws", token)
    told = {"format": FORMAT, "run": seat.run, "party": seat.party, "roots": _pinned(seat.agreements)}
    # Last: a folder with a ticket is a whole one.
    keyfiles.write(folder / TICKET, json.dumps(told, sort_keys=True, indent=1).encode("ascii"))


def ticket(folder: Path) -> Ticket:
    """Whose seat is in `folder`. Raises BadInput."""
    path = folder / TICKET
    told = _json(path)
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise BadInput(f"{path} is no ticket of format {FORMAT}", expected="what harness.exchange.seating wrote")
    run, party, roots = told.get("run"), told.get("party"), told.get("roots")
    if not (isinstance(run, str) and _RUN.fullmatch(run) and isinstance(party, str) and _PARTY.fullmatch(party)):
        raise BadInput(f"{path} names run {run!r} and party {party!r}", expected="a run and a party", todo=_MEND)
    if not isinstance(roots, dict) or not all(isinstance(root, str) for root in roots.values()):
        raise BadInput(f"{path} pins no roots", expected="a fingerprint for each country", todo=_MEND)
    return Ticket(run, party, roots)


def load(folder: Path, *, bus: Bus, clock: Clock, chance: Chance, stamper: Stamper | None = None) -> Seat:
    """Take the seat in `folder`, on `bus`. Everything in it is checked as of now, as if it had come from a stranger.

    How the party reaches its country's timestamping authority is, like the bus, no part of the folder.

    Raises:
        BadInput: a file is missing or damaged, a list or an agreement does not hold, or the key is another party's.
    """
    paths.prepare()
    found = ticket(folder)
    identity = _identity(folder, found.party)
    lists = {country: _octets(folder / "trust" / f"{country}.jws") for country in sorted(found.roots)}
    crls = {country: _crls(folder, country) for country in sorted(found.roots)}
    trust = TrustStore()
    try:
        for country, token in lists.items():
            trust.load_list(token, anchor=found.roots[country], at=clock.now())
        for ders in crls.values():
            for der in ders:
                trust.load_crl(der)
    except (TrustError, ValueError) as error:
        raise BadInput(
            f"the trust lists in {folder} do not hold: {type(error).__name__}: {error}",
            expected="lists and revocation lists in force",
            todo=_MEND,
        ) from error
    signed = _signed(folder)
    for one in signed.values():
        # Before its signatures are looked at: whose they are is part of what it says.
        read(one.octets).recognised_by(found.party, trust)
    agreements = {partner: one.checked(trust, clock.now()) for partner, one in signed.items()}
    for partner, agreement in agreements.items():
        if set(agreement.parties) != {found.party, partner}:
            raise BadInput(
                f"{folder}/agreements/{partner}.json is between {' and '.join(sorted(agreement.parties))}",
                expected=f"an agreement of {found.party} with {partner}",
                todo=_MEND,
            )
    return Seat(
        run=found.run,
        party=found.party,
        identity=identity,
        trust=trust,
        agreements=agreements,
        signed=signed,
        lists=lists,
        crls=crls,
        bus=bus,
        clock=clock,
        chance=chance,
        folder=folder,
        openers=_openers(folder, found.party),
        readers=_readers(folder),
        stamper=stamper,
    )


def next_identity(folder: Path, party: str) -> Identity:
    """The key and certificate that lie ready for `party` to change over to. Raises BadInput."""
    return _identity(folder, party, f"{SIGNING}{NEXT}")


def next_openers(folder: Path, party: str) -> dict[str, Opener]:
    """The same of what opens what is encrypted for it, by profile; the others stay as they are. Raises BadInput."""
    return _openers(folder, party, NEXT)


def put_ready(folder: Path, identity: Identity, opener: Opener | None) -> None:
    """Lay a key ready to change over to, and one that opens what is encrypted, where that changes too."""
    identity.save(folder / f"{SIGNING}{NEXT}")
    if opener is not None:
        opener.save(folder / f"{OPENERS[opener.profile]}{NEXT}")


def used_up(folder: Path) -> None:
    """Take away what lay ready, once it is in use."""
    for place in folder.glob(f"*{NEXT}"):
        shutil.rmtree(place)


@contextmanager
def taken(folder: Path) -> Iterator[None]:
    """Hold the seat in `folder` while the block lasts: two processes in one seat would tear its log apart.

    Raises:
        BadInput: another process sits there.
    """
    # The system lets go of it when the process ends, however it ends.
    handle = os.open(folder / ".taken", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadInput(
                f"another process sits in {folder}",
                expected="a seat for one",
                todo="stop it first, or take another folder",
            ) from error
        yield
    finally:
        os.close(handle)


def _pinned(agreements: Mapping[str, Agreement]) -> dict[str, str]:
    """The roots that the agreements name: what both sides of each have signed."""
    members = [(code, member) for one in agreements.values() for code, member in one.parties.items()]
    return {code: member.root for code, member in members if member.root is not None}


def _identity(folder: Path, party: str, place: str = SIGNING) -> Identity:
    try:
        identity = Identity.load(folder / place)
    except (OSError, TrustError, ValueError) as error:
        raise BadInput(
            f"{folder}/{place} holds no identity: {error}", expected="key.pem and certificate.pem", todo=_MEND
        ) from error
    if identity.party != party:
        raise BadInput(f"the key in {folder}/{place} is {identity.party}'s", expected=f"the key of {party}", todo=_MEND)
    return identity


def _openers(folder: Path, party: str, ready: str = "") -> dict[str, Opener]:
    there = {profile: folder / f"{name}{ready}" for profile, name in OPENERS.items()}
    return {profile: _opener(place, profile, party) for profile, place in there.items() if place.is_dir()}


def _opener(place: Path, profile: str, party: str) -> Opener:
    try:
        opener = Opener.load(place)
    except (OSError, TrustError, ValueError) as error:
        raise BadInput(
            f"{place} holds no key to open with: {error}", expected="key.pem and certificate.pem", todo=_MEND
        ) from error
    if opener.party != party:
        raise BadInput(f"the key in {place} is {opener.party}'s", expected=f"the key of {party}", todo=_MEND)
    if opener.profile != profile:
        raise BadInput(f"the key in {place} is for {opener.profile}", expected=f"one for {profile}", todo=_MEND)
    return opener


def _readers(folder: Path) -> dict[str, x509.Certificate]:
    found = {}
    for path in sorted((folder / "readers").glob("*.pem")):
        try:
            found[path.stem] = keyfiles.read_certificate(path)
        except (OSError, TrustError, ValueError) as error:
            raise BadInput(f"{path} is no certificate: {error}", expected="PEM", todo=_MEND) from error
    return found


def _crls(folder: Path, country: str) -> tuple[bytes, ...]:
    return tuple(_octets(path) for path in sorted((folder / "crls").glob(f"{country}-*.crl")))


def _signed(folder: Path) -> dict[str, Signed]:
    place = folder / "agreements"
    found = {}
    for path in sorted(place.glob("*.json")):
        partner = path.stem
        tokens = {
            one.name.removesuffix(".jws").partition(".by-")[2]: _octets(one)
            for one in sorted(place.glob(f"{partner}.by-*.jws"))
        }
        found[partner] = Signed(_octets(path), tokens)
    if not found:
        raise BadInput(f"{place} holds no agreement", expected="one for each partner", todo=_MEND)
    return found


def _json(path: Path) -> object:
    try:
        return strict_json(_octets(path))
    except (TrustError, ValueError) as error:
        raise BadInput(f"{path} is no JSON: {error}", expected="a ticket", todo=_MEND) from error


def _octets(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read: {error.strerror}", expected="a seat folder, whole and readable", todo=_MEND
        ) from error
