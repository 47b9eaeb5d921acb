"""What a party gets to take its place in a run: a seat. The same for a simulated window and for anybody else's.

Nothing here judges, and nothing here is shared between two seats but the bus.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cryptography import x509

from certs.identity import Identity
from certs.jwe import Opener
from certs.trust import TrustStore
from harness.clock import Chance, Clock
from harness.errors import Defect
from harness.exchange.agreement import Agreement, Signed
from harness.exchange.bus import Bus


class Stamper(Protocol):
    """A party's way to its own country's timestamping authority."""

    def __call__(self, request: bytes, /) -> bytes:
        """The reply to a request, both DER (RFC 3161, 2.4). Raises RoadFailed when none comes within a second or so."""
        ...


@dataclass
class Seat:
    """One party's place: who it is, whom it trusts, what it agreed, where it keeps things.

    `folder` is the party's own; only it writes there. `agreements` maps each partner to the agreement with it;
    `signed` holds the same agreements as the exact bytes both sides signed, for evidence. `lists` and `crls` are the
    trust lists (a token for each country) and revocation lists (DER, by country) that `trust` was built from.
    `openers` open what is encrypted for this party, by profile (`Agreement.encryption`); `readers` holds the partners'
    certificates to encrypt for, each of the agreed profile. Whether one is good is asked of `trust` each time.
    `stamper` asks the country's timestamping authority, where the party can reach one.

    `identity`, `openers`, `readers`, `signed`, `lists` and `crls` are replaced when keys change and countries publish
    anew: only the party's own loop does that (`nodes.gazette`).
    """

    run: str
    party: str
    identity: Identity
    trust: TrustStore
    agreements: Mapping[str, Agreement]
    signed: Mapping[str, Signed]
    lists: Mapping[str, bytes]
    crls: Mapping[str, tuple[bytes, ...]]
    bus: Bus
    clock: Clock
    chance: Chance
    folder: Path
    openers: Mapping[str, Opener] = field(default_factory=dict)
    readers: Mapping[str, x509.Certificate] = field(default_factory=dict)
    stamper: Stamper | None = None

    def agreement_with(self, partner: str) -> Agreement:
        """The agreement with `partner`; a seat is never built without one for each inbox it reads."""
        found = self.agreements.get(partner)
        if found is None:
            raise Defect(f"{self.party} reads an inbox from {partner} without an agreement")
        return found


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of a party's that the broker has (level L0): what its sender can name it by.

    `identity` is the SHA-256 of its signing input (hex), `id` the sender's message id, `correlation` the trade
    transaction, `subject` the document's reference, `to` the receiver.
    """

    identity: str
    id: str
    correlation: str
    subject: str
    topic: str
    to: str
