"""A country's folder, as `corridor certs issue` makes it: its authorities, those they took the place of, and its keys.

    DIR/QM/authority/             keys and books of the authorities
    DIR/QM/window/                the window's key and certificate, the ones it signs with now
    DIR/QM/parties/QM-port/       those of another party
    DIR/QM/tls/NAME/              key and chain for either end of TLS
    DIR/QM/earlier/               what was renewed: QM_1 a key of the window, authority_1 the authorities before
    DIR/QM/trust-list.jws         the list in force; root.crl and issuing.crl beside it, issuing-1.crl of authority_1

One command at a time works on a country; whatever ends it, each file is there as it was, or as it is to be.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from certs import jws, keyfiles, paths
from certs.authority import Authority
from certs.errors import TrustError
from certs.lists import Authorities, TrustList
from harness.cli.files import read_file
from harness.clock import Chance, SystemClock, stamp
from harness.errors import BadInput, RoadFailed

PARTY: Final = re.compile(r"[A-Z]{2}(?:-[a-z]{1,30})?")

LARGEST: Final = 256 * 1024
"""Octets of the largest list or certificate that is read."""

_FORMER: Final = re.compile(r"authority_([1-9][0-9]{0,3})")


@dataclass(frozen=True)
class Home:
    """A country's folder, open to one command."""

    path: Path
    authority: Authority

    @property
    def country(self) -> str:
        """Its code."""
        return self.authority.country

    @property
    def earlier(self) -> Path:
        """Where what was renewed is kept, once something was."""
        return self.path / "earlier"

    @property
    def trust_list(self) -> Path:
        """The list in force."""
        return self.path / "trust-list.jws"

    def former(self) -> dict[int, Authority]:
        """The authorities that the present ones took the place of, by number, the last first."""
        names = (_FORMER.fullmatch(each.name) for each in self.earlier.glob("authority_*"))
        numbers = sorted((int(found[1]) for found in names if found), reverse=True)
        return {number: Authority.load(self._books(number), Chance().octets) for number in numbers}

    def place(self, party: str) -> Path:
        """The folder of a party that has a key. Raises BadInput when it has none."""
        place = self.path / "window" if party == self.path.name else self.path / "parties" / party
        _settled(place)
        if not place.is_dir():
            raise BadInput(
                f"{self.path} holds no key of {party}",
                expected="a party that was certified",
                todo=f"corridor certs issue {self.path.name} --party {party}",
            )
        return place

    def replace(self, place: Path, save: Callable[[Path], None], name: str) -> Path:
        """Put what `save` writes in the place of a folder; return where the old one is kept, as NAME_1, NAME_2, ..."""
        waiting = _waiting(place)
        shutil.rmtree(waiting, ignore_errors=True)
        save(waiting)
        keyfiles.private_folder(self.earlier)
        number = 1 + sum(each.name.startswith(f"{name}_") for each in self.earlier.iterdir())
        kept = self.earlier / f"{name}_{number}"
        # Two renames of whole folders; what a crash between them leaves is set right by `_settled`.
        place.rename(kept)
        waiting.rename(place)
        return kept

    def last_list(self) -> TrustList:
        """The list in force, read."""
        octets = read_file(self.trust_list, largest=LARGEST, wanted="the trust list in force")
        found = TrustList.parse(jws.read(octets).payload)
        if not found.authorities:
            raise BadInput(
                f"{self.trust_list} lists no authorities", expected="the country's own", todo="issue it anew"
            )
        return found

    def publish(
        self, authorities: tuple[Authorities, ...], last: TrustList, at: datetime, lifetime: timedelta
    ) -> tuple[Path, ...]:
        """Publish the version after `last`, and new revocation lists; return where they are."""
        earlier = keyfiles.private_folder(self.earlier) / f"trust-list-{last.version}.jws"
        crls = self.publish_crls(at, lifetime)
        told = TrustList(self.country, last.version + 1, at, at + lifetime, authorities, last.crossings)
        keyfiles.write(earlier, self.trust_list.read_bytes())
        keyfiles.write(self.trust_list, self.authority.publish(told))
        return self.trust_list, *crls

    def publish_crls(self, at: datetime, lifetime: timedelta) -> tuple[Path, ...]:
        """Publish new revocation lists: of the root, the present issuing authority, and those before it."""
        root, issuing = self.authority.crls(at, lifetime=lifetime)
        lists = {"root.crl": root, "issuing.crl": issuing}
        for number, before in self.former().items():
            lists[f"issuing-{number}.crl"] = before.crls(at, lifetime=lifetime)[1]
        for name, der in lists.items():
            keyfiles.write(self.path / name, der)
        return tuple(self.path / name for name in lists)

    def books_of(self, certificate: x509.Certificate) -> tuple[Authority, Path]:
        """The authority that issued a certificate, and where its books are.

        Raises:
            BadInput: none of these did, or it is withdrawn already, or it is a root.
        """
        named = certificate.subject.rfc4514_string()
        if certificate == self.authority.root:
            raise BadInput(
                f"{named} is a root, and stands on no revocation list",
                expected="a certificate under it",
                todo=f"end its recognition on the trust list: corridor certs publish {self.country} --until MOMENT",
            )
        # The root's own books are with the present authorities.
        present = self.authority
        known = [(present.issuing, present, self._books(0)), (present.root, present, self._books(0))]
        known += [(one.issuing, one, self._books(number)) for number, one in self.former().items()]
        for issuer, authority, books in known:
            try:
                paths.issued(certificate, issuer)
            except TrustError:
                continue
            for each in authority.withdrawn:
                if (each.issuer, each.serial) == (certificate.issuer, certificate.serial_number):
                    raise BadInput(
                        f"{named} was withdrawn already, {each.reason.value} at {stamp(each.at)}",
                        expected="a certificate that is in force",
                        todo="nothing: it stands on every list since",
                    )
            return authority, books
        raise BadInput(
            f"{named} was not issued by these authorities of {self.country}",
            expected="a certificate of theirs",
            todo="name another place with --in",
        )

    def _books(self, number: int) -> Path:
        return self.earlier / f"authority_{number}" if number else self.path / "authority"


@contextmanager
def at_work(folder: Path, party: str) -> Iterator[Home]:
    """The folder of a party's country, which nobody else works on while the block lasts.

    Raises:
        BadInput: there are no authorities in `folder`, or they have ended.
        RoadFailed: the disk failed.
    """
    if not PARTY.fullmatch(party):
        raise BadInput(
            f"{party!r} is no party", expected="a country, QM, or a party in one, QM-port", todo="check its spelling"
        )
    home = folder / party[:2]
    books = home / "authority"
    if not (books.is_dir() or _waiting(books).is_dir()):
        raise BadInput(
            f"{folder} holds no authorities of {party[:2]}",
            expected="what `corridor certs issue` wrote",
            todo=f"corridor certs issue {party[:2]} makes some; or name another place with --in",
        )
    handle = os.open(home, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        _settled(books)
        authority = Authority.load(books, Chance().octets)
        if authority.issuing.not_valid_after_utc <= SystemClock().now():
            raise BadInput(
                f"the authorities of {party[:2]} ended at {stamp(authority.issuing.not_valid_after_utc)}",
                expected="authorities that are valid",
                todo=f"found new ones elsewhere: corridor certs issue {party[:2]} --out DIR",
            )
        yield Home(home, authority)
    except (TrustError, ValueError, KeyError) as error:
        raise BadInput(
            f"{books} cannot be used: {error}", expected="what `corridor certs issue` wrote", todo="issue it anew"
        ) from error
    except OSError as error:
        raise RoadFailed(f"{home} failed: {error}", expected="a disk with room", todo="make room, try again") from error
    finally:
        os.close(handle)


def _waiting(place: Path) -> Path:
    return place.with_name(f".{place.name}.new")


def _settled(place: Path) -> None:
    """Do the second of two renames, where a renewal was cut off before it."""
    if not place.exists() and _waiting(place).exists():
        _waiting(place).rename(place)
