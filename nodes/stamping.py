"""A window's timestamps: asks its country's authority for one on each cosigned checkpoint, and checks its partner's.

Each side asks its own authority and no other; both stamp the same octets, checkpoint and cosignature together. What was
stamped is kept here, because it bounds in time what the log tells. When an authority is silent, what then follows is
said by the agreement (`witnessing.timestamps`). Who cosigns, and when: `nodes.witnessing`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from certs import jws, stamps
from certs.errors import TrustError
from certs.stamping import request
from harness.errors import RoadFailed
from harness.evidence.bundle import Mark
from harness.evidence.checkpoint import stamped_octets
from harness.evidence.log import EvidenceLog
from harness.exchange.reasons import MALFORMED_TIMESTAMP, MISSING_TIMESTAMP, Refused
from harness.exchange.seal import WHY
from harness.exchange.seat import Seat

PAUSE: Final = timedelta(seconds=30)
"""How long an authority that was silent is not asked again: waiting for it holds up the window."""

FIELD: Final = "timestamp"
"""Where a cosignature's timestamp travels in its message, in base64."""


class Stamping:
    """One window's timestamps. Owned by its `Witnessing`."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._country = seat.identity.country
        self._silent_until: datetime | None = None
        self._kept: dict[str, int] = {}
        """The size of the last mark kept, by partner."""
        self._tell = structlog.get_logger().bind(party=seat.party, run=seat.run)
        for partner in seat.agreements:
            self._kept[partner] = max((mark.size for mark in self.marks(partner)), default=-1)

    def own(self, octets: bytes, partner: str) -> bytes | None:
        """Our authority's reply about these octets; None where none is agreed, or none came."""
        seat, now = self._seat, self._seat.clock.now()
        if seat.stamper is None or self._agreed(partner) == "none":
            return None
        if self._silent_until is not None and now < self._silent_until:
            return None
        nonce = int.from_bytes(seat.chance.octets(8, "timestamp/nonce"), "big")
        try:
            reply = seat.stamper(request(stamps.digest_of(octets), nonce=nonce))
            # Believed no more than any other: it goes into evidence, where a bad one would be found too late.
            stamps.believed(reply, of=octets, country=self._country, trust=seat.trust, nonce=nonce)
        except (RoadFailed, TrustError) as error:
            self._silent_until = now + PAUSE
            self._tell.warning("no timestamp", authority=self._country, found=str(error))
            return None
        self._silent_until = None
        return reply

    def beside(self, octets: bytes, partner: str) -> dict[str, str]:
        """What goes beside a cosignature of ours: our authority's timestamp, if there is one."""
        reply = self.own(octets, partner)
        return {} if reply is None else {FIELD: base64.b64encode(reply).decode()}

    def both(self, data: object, octets: bytes, partner: str) -> dict[str, bytes] | None:
        """The timestamps on a checkpoint of ours: the one its cosignature brought, and our own authority's.

        Returns None where the agreement requires both and our own authority gave none: then it counts as not cosigned.

        Raises:
            Refused: what the partner sent is no timestamp of its authority on these octets, or is missing though the
                agreement requires it.
        """
        agreed, found = self._agreed(partner), {}
        if agreed == "none":
            return {}
        theirs, country = _brought(data), partner[:2]
        if theirs is not None:
            try:
                stamps.believed(theirs, of=octets, country=country, trust=self._seat.trust)
            except TrustError as error:
                raise Refused(WHY[type(error)], f"the timestamp of {country}: {error}") from error
            found[country] = theirs
        elif agreed == "required":
            raise Refused(MISSING_TIMESTAMP, f"{partner} cosigned without a timestamp of {country}")
        else:
            self._tell.warning("no timestamp", authority=country, found=f"{partner} sent none")
        own = self.own(octets, partner)
        if own is not None:
            found[self._country] = own
        return None if own is None and agreed == "required" else found

    def keep(self, partner: str, size: int, tokens: tuple[bytes, bytes], timestamps: Mapping[str, bytes]) -> None:
        """Keep a stamped checkpoint: the first of its size, since a later stamp on the same log says less.

        Raises:
            RoadFailed: the disk failed.
        """
        if not timestamps or size <= self._kept[partner]:
            return
        told = {
            "size": size,
            "checkpoint": tokens[0].decode(),
            "cosignature": tokens[1].decode(),
            "timestamps": {country: base64.b64encode(reply).decode() for country, reply in timestamps.items()},
        }
        try:
            with self._path(partner).open("a", encoding="ascii") as file:
                file.write(json.dumps(told) + "\n")
        except OSError as error:
            raise RoadFailed(f"a timestamp cannot be kept: {error}", todo="check the disk") from error
        self._kept[partner] = size

    def marks(self, partner: str) -> tuple[Mark, ...]:
        """The stamped checkpoints that `partner` cosigned, oldest first."""
        try:
            lines = self._path(partner).read_text("ascii").splitlines()
        except FileNotFoundError:
            return ()
        found = []
        for line in lines:
            try:
                told = json.loads(line)
                stamped = {country: base64.b64decode(reply) for country, reply in told["timestamps"].items()}
                mark = Mark(told["size"], told["checkpoint"].encode(), told["cosignature"].encode(), stamped)
            except (ValueError, KeyError):
                continue  # not written to its end when the machine lost its power
            found.append(mark)
        return tuple(found)

    def around(self, partner: str, log: EvidenceLog, indices: Collection[int], size: int) -> tuple[Mark, ...]:
        """The marks that bound when these records were made: for each, the last without it and the first with it."""
        kept = {mark.size: mark for mark in self.marks(partner) if mark.size < size}
        stands: set[int] = set()
        # Where the nearest fell with its signers, the next one that stands takes its place.
        while wanted := _bounds(indices, kept) - stands:
            for each in wanted:
                if self._stands(kept[each]):
                    stands.add(each)
                else:
                    del kept[each]
        return tuple(
            # Every log continues the empty one: nothing needs proving.
            replace(one, proof=log.consistency(one.size, size) if one.size else ())
            for one in (kept[each] for each in sorted(stands))
        )

    def _stands(self, mark: Mark) -> bool:
        """Whether an arbiter takes it today: its stamps hold, and prove it older than the withdrawal of its signers."""
        seat, octets = self._seat, stamped_octets(mark.checkpoint, mark.cosignature)
        try:
            found = [
                stamps.believed(reply, of=octets, country=country, trust=seat.trust)
                for country, reply in mark.timestamps.items()
            ]
        except TrustError:
            return False
        signers = (jws.read(token).certificate for token in (mark.checkpoint, mark.cosignature))
        known = (seat.trust.revocation(each) for each in signers if each is not None)
        withdrawn = [each.counts_from for each in known if each is not None]
        # Our own authority's word alone is ours: docs/wire.md, section 5.
        by_others = any(country != self._country for country in mark.timestamps)
        return not withdrawn or (by_others and max(each.latest for each in found) < min(withdrawn))

    def _agreed(self, partner: str) -> str:
        return self._seat.agreement_with(partner).witnessing.timestamps

    def _path(self, partner: str) -> Path:
        return self._seat.folder / f"stamped-with-{partner}.jsonl"


def _bounds(indices: Collection[int], sizes: Collection[int]) -> set[int]:
    """For each record the largest size that is without it, and the smallest with it."""
    without = {max((each for each in sizes if each <= index), default=-1) for index in indices}
    return (without | {min((each for each in sizes if each > index), default=-1) for index in indices}) - {-1}


def _brought(data: object) -> bytes | None:
    found = data.get(FIELD) if isinstance(data, dict) else None
    if found is None:
        return None
    try:
        if isinstance(found, str):
            return base64.b64decode(found, validate=True)
    except (binascii.Error, ValueError):
        pass
    raise Refused(MALFORMED_TIMESTAMP, "the timestamp is no base64")
