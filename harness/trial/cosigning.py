"""What one cosignature of a log takes on both sides, timed with the last one that a pair gave: a part of the budget.

Every function is the one that a window calls (`nodes.witnessing`, `nodes.stamping`); what a window remembers of its
partner's log, and the files in which it keeps what it was given, are left out, as everywhere in `harness.trial.budget`.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from certs import stamps
from certs.jwe import looks_encrypted
from certs.stamping import request
from harness.clock import SystemClock, seconds
from harness.evidence import checkpoint as checkpoints
from harness.evidence.checkpoint import Checkpoint, stamped_octets
from harness.exchange import seal
from harness.exchange.envelope import Envelope, Type
from harness.exchange.seal import Opened, Sealed
from harness.exchange.seat import Seat
from harness.trial.measure import Pair

TIMES: Final = 8
"""How often it is done anew each time it is timed."""


def cosigning(pair: Pair) -> float:
    """The seconds that one cosignature takes, both sides together; 0 where none was seen: under a cover nothing is."""
    at = SystemClock().now()
    last = _last(pair, at)
    if last is None:
        return 0.0
    begun = seconds()
    for _ in range(TIMES):
        last.again(at)
    return (seconds() - begun) / TIMES


@dataclass(frozen=True, slots=True)
class _Given:
    """A request and the cosignature that answered it, as they were on the bus."""

    owner: Seat
    witness: Seat
    asked: Opened
    answered: Opened
    checkpoint: bytes
    cosignature: bytes
    mark: Checkpoint
    timestamp: bytes | None

    def again(self, at: datetime) -> None:
        """Do it all once more, in the order in which it is done."""
        both = stamped_octets(self.checkpoint, self.cosignature)
        checkpoints.sign(self.mark, self.owner.identity)
        seal.seal(Envelope(**dict(self.asked.envelope)), self.owner.identity)

        came = seal.unseal(self.asked.sealed, trust=self.witness.trust, at=at)
        checkpoints.opened(self.checkpoint, came.signer.certificate)
        checkpoints.cosign(self.mark, self.witness.identity, at)
        _stamped(self.witness, both)
        seal.seal(Envelope(**dict(self.answered.envelope)), self.witness.identity)

        back = seal.unseal(self.answered.sealed, trust=self.owner.trust, at=at)
        checkpoints.cosigned(self.cosignature, back.signer.certificate)
        if self.timestamp is not None:
            country = self.witness.identity.country
            stamps.believed(self.timestamp, of=both, country=country, trust=self.owner.trust)
        _stamped(self.owner, both)


def _stamped(seat: Seat, octets: bytes) -> None:
    if seat.stamper is not None:
        reply = seat.stamper(request(stamps.digest_of(octets), nonce=1))
        stamps.believed(reply, of=octets, country=seat.identity.country, trust=seat.trust, nonce=1)


def _last(pair: Pair, at: datetime) -> _Given | None:
    requests: dict[bytes, Opened] = {}
    found: _Given | None = None
    trust = next(seat.trust for seat in pair.seats.values())
    for record in pair.meter.witness:
        if looks_encrypted(record.value):
            continue
        opened = seal.unseal(Sealed(record.value), trust=trust, at=at)
        data = opened.envelope.data
        if not isinstance(data, dict):
            continue
        if opened.envelope.type == Type.CHECKPOINT:
            token = str(data["checkpoint"]).encode()
            requests[checkpoints.opened(token, opened.signer.certificate).text()] = opened
        elif "cosignature" in data:
            token = str(data["cosignature"]).encode()
            mark = checkpoints.cosigned(token, opened.signer.certificate).checkpoint
            asked = requests.get(mark.text())
            if asked is None or not isinstance(asked.envelope.data, dict):
                continue
            found = _Given(
                owner=pair.seats[asked.envelope.source],
                witness=pair.seats[opened.envelope.source],
                asked=asked,
                answered=opened,
                checkpoint=str(asked.envelope.data["checkpoint"]).encode(),
                cosignature=token,
                mark=mark,
                timestamp=base64.b64decode(str(data["timestamp"])) if "timestamp" in data else None,
            )
    return found
