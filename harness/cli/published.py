"""What authorities publish, shown in words: trust lists and revocation lists. Certificates: `harness.cli.certs`.

Nothing is checked here, no signature and no date: whether to believe a list is said by `certs.trust` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.x509.oid import NameOID

from certs import jws
from certs.errors import TrustError
from certs.lists import TrustList
from certs.revocation import read_crl
from harness.cli import say
from harness.clock import stamp


@dataclass(frozen=True, slots=True)
class Published:
    """A list as it reads: `kind` is trust_list or revocation_list, `of` a country or an issuing authority."""

    kind: str
    of: str
    number: int
    issued: datetime
    next_update: datetime
    count: int

    @property
    def sentence(self) -> str:
        """The list in one line."""
        dates = f"issued {stamp(self.issued)}, next update {stamp(self.next_update)}"
        if self.kind == "trust_list":
            counted = "1 authority" if self.count == 1 else f"{self.count} authorities"
            return f"trust list of {self.of}, version {self.number}, {dates}, {counted}"
        counted = "1 certificate" if self.count == 1 else f"{self.count or 'no'} certificates"
        return f"revocation list of {self.of}, number {self.number}, {dates}, {counted} withdrawn"


def published(octets: bytes) -> Published | None:
    """The list that the octets are; None when they are none."""
    return _trust_list(octets) or _revocation_list(octets)


def tell(path: Path, found: Published, *, as_json: bool) -> None:
    """Tell of a list, to people or to programs."""
    if as_json:
        say.line(
            found.kind,
            path=str(path),
            of=found.of,
            number=found.number,
            issued=stamp(found.issued),
            next_update=stamp(found.next_update),
            count=found.count,
        )
        return
    say.result(str(path))
    say.result(f"  {found.sentence}")
    say.result("  its signature is not checked here")


def _trust_list(octets: bytes) -> Published | None:
    try:
        token = jws.read(octets.strip())
        if token.typ != "corridor-trust-list+jws":
            return None
        read = TrustList.parse(token.payload)
    except TrustError:
        return None
    return Published("trust_list", read.country, read.version, read.issued, read.next_update, len(read.authorities))


def _revocation_list(octets: bytes) -> Published | None:
    try:
        read = read_crl(octets)
    except TrustError:
        return None
    names = read.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    issuer = str(names[0].value) if names else read.issuer.rfc4514_string()
    return Published("revocation_list", issuer, read.number, read.issued, read.next_update, len(read.revocations))
