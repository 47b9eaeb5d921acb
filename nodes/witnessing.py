"""Two windows witness each other's logs: ask for a cosignature, give one, keep those received; and make bundles.

Witness traffic is not itself logged, or two logs would grow for ever by telling each other of their growth. What was
seen of the partner's log is kept by `harness.evidence.witness`; our own cosigned checkpoints are kept here. Timestamps
on them: `nodes.stamping`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from certs.errors import TrustError
from harness.clock import stamp
from harness.errors import NotProved, RoadFailed
from harness.evidence import checkpoint as checkpoints
from harness.evidence.bundle import write
from harness.evidence.checkpoint import Checkpoint, origin
from harness.evidence.log import EvidenceLog
from harness.evidence.witness import Inconsistent, OtherBase, Overtaken, Witness
from harness.exchange.envelope import Type
from harness.exchange.reasons import LOG_NOT_CONTINUED, NOT_AN_ENVELOPE, Refused
from harness.exchange.seal import WHY, Opened
from harness.exchange.seat import Seat
from nodes.gathering import gather, with_ages
from nodes.outbox import Draft
from nodes.profile import Profile
from nodes.stamping import Stamping

Pair = tuple[bytes, bytes, int]
"""A checkpoint of ours, its cosignature, and the size of the log."""

LIFE: Final = timedelta(days=1)
"""How long witness traffic may travel."""


class Witnessing:
    """One window's witnessing, both ways. Owned by the window's loop."""

    def __init__(self, seat: Seat, profile: Profile, log: EvidenceLog) -> None:
        self._seat = seat
        self._profile = profile
        self._log = log
        self._witness = Witness(seat.folder / "witness.sqlite")
        self._stamping = Stamping(seat)
        self._asked: dict[str, int] = {}
        """The size of our log at the last request to each partner: where the next proof begins."""
        self._open: dict[tuple[str, int, bytes], bytes] = {}
        """Our checkpoints that wait for a partner's cosignature, by partner, size and text."""
        self._stored: dict[str, int] = {}
        """The size of our log that each partner has cosigned; `_told`: as far as who waits may know of it."""
        for partner in seat.agreements:
            known = self.pair(partner)
            if known is not None:
                self._asked[partner] = self._stored[partner] = known[2]
        self._told = dict(self._stored)
        self._telling = asyncio.Condition()

    def asked(self, partner: str) -> int:
        """The size of our log when this partner was last asked."""
        return self._asked.get(partner, 0)

    def waiting(self) -> tuple[str, ...]:
        """The partners that were asked for a cosignature and have not given it."""
        return tuple(dict.fromkeys(partner for partner, _, _ in self._open))

    def request(self, partner: str) -> tuple[int, Draft]:
        """Our checkpoint for `partner` to cosign, with the proof that it continues the one before."""
        seat, size, since = self._seat, self._log.size, self.asked(partner)
        mark = Checkpoint(origin(seat.run, seat.party), size, self._log.root(size), seat.clock.now())
        token = checkpoints.sign(mark, seat.identity)
        proof = self._log.consistency(since, size) if 0 < since < size else ()
        data = {
            "checkpoint": token.decode(),
            "since": since,
            "proof": [base64.b64encode(step).decode() for step in proof],
        }
        self._asked[partner] = size
        self._open[partner, size, mark.text()] = token
        return size, self._draft(Type.CHECKPOINT, partner, data)

    def cosign(self, opened: Opened) -> Draft | None:
        """Check the partner's checkpoint against all that was seen of its log before, and cosign it.

        Nothing is answered to one that only came late: a newer one is cosigned already.

        Raises:
            Refused: LOG_NOT_CONTINUED, or a reason of the seal; nothing is cosigned.
        """
        partner, data = opened.envelope.source, opened.envelope.data
        token = _text(data, "checkpoint").encode()
        try:
            mark = checkpoints.opened(token, opened.signer.certificate)
            if mark.origin != origin(self._seat.run, partner):
                raise Refused(LOG_NOT_CONTINUED, f"{partner} shows a checkpoint of log {mark.origin}")
            self._witness.see(partner, mark, token=token, since=_number(data, "since"), proof=_proof(data))
        except OtherBase as error:
            # It may be that a checkpoint of ours was cosigned and the cosignature lost: say where to begin.
            return self._draft(Type.COSIGNATURE, partner, {"again_from": error.size})
        except Overtaken:
            return None
        except Inconsistent as error:
            raise Refused(LOG_NOT_CONTINUED, error.found) from error
        except NotProved as error:
            raise Refused(NOT_AN_ENVELOPE, error.found) from error
        except TrustError as error:
            raise Refused(WHY[type(error)], str(error)) from error
        signed = checkpoints.cosign(mark, self._seat.identity, self._seat.clock.now())
        stamp_of = self._stamping.beside(checkpoints.stamped_octets(token, signed), partner)
        return self._draft(Type.COSIGNATURE, partner, {"cosignature": signed.decode(), **stamp_of})

    def store(self, opened: Opened) -> Draft | None:
        """Keep the partner's cosignature of ours; return a new request when it wants another proof.

        Raises:
            Refused: it is no cosignature of a checkpoint of ours that was asked for, or its timestamp is none.
        """
        partner, data = opened.envelope.source, opened.envelope.data
        if isinstance(data, dict) and "again_from" in data:
            size = _number(data, "again_from")
            if size > self._log.size:
                raise Refused(NOT_AN_ENVELOPE, f"{partner} wants a proof from {size}, the log has {self._log.size}")
            self._asked[partner] = size
            return self.request(partner)[1]
        token = _text(data, "cosignature").encode()
        try:
            word = checkpoints.cosigned(token, opened.signer.certificate)
        except TrustError as error:
            raise Refused(WHY[type(error)], str(error)) from error
        except NotProved as error:
            raise Refused(NOT_AN_ENVELOPE, error.found) from error
        mark = word.checkpoint
        ours = self._open.get((partner, mark.size, mark.text()))
        if ours is None:
            if self._ours(mark):
                return None
            raise Refused(
                NOT_AN_ENVELOPE, f"{partner} cosigned a checkpoint of size {mark.size} that it was not asked about"
            )
        timestamps = self._stamping.both(data, checkpoints.stamped_octets(ours, token), partner)
        if timestamps is None:
            return None
        self._keep(partner, ours, token, mark.size, timestamps)
        self._stamping.keep(partner, mark.size, (ours, token), timestamps)
        self._open = {key: one for key, one in self._open.items() if key[0] != partner or key[1] > mark.size}
        return None

    async def cosigned(self, partner: str, size: int) -> None:
        """Return once `partner` has cosigned our log at `size` records or more. Bound the wait with a deadline."""
        async with self._telling:
            await self._telling.wait_for(lambda: self._told.get(partner, -1) >= size)

    async def tell(self) -> None:
        """Tell those who wait what was stored. Called when the turn that brought it has nothing left to do."""
        async with self._telling:
            self._told |= self._stored
            self._telling.notify_all()

    def pair(self, partner: str) -> Pair | None:
        """Our last checkpoint that `partner` cosigned, its cosignature, and the size."""
        try:
            kept = json.loads(self._path(partner).read_bytes())
            return kept["checkpoint"].encode(), kept["cosignature"].encode(), kept["size"]
        except (FileNotFoundError, ValueError, KeyError):
            # Never written, or not to its end when the machine lost its power: it can be asked for again.
            return None

    def earlier(self, partner: str) -> tuple[Pair, ...]:
        """Every checkpoint of ours that `partner` cosigned, the oldest first."""
        try:
            lines = self._path(partner).with_suffix(".jsonl").read_bytes().split(b"\n")
        except FileNotFoundError:
            return ()
        found = []
        for line in lines:
            # The last one may have been cut off by a kill: then it was not kept, and a later one stands for it.
            with suppress(ValueError, KeyError, TypeError):
                kept = json.loads(line)
                found.append((kept["checkpoint"].encode(), kept["cosignature"].encode(), int(kept["size"])))
        return tuple(found)

    def bundle(self, correlation: str, partner: str) -> Path:
        """Write the evidence about one transaction as a bundle; return its path.

        Raises:
            NotProved: `partner` never cosigned this log.
        """
        pair = self.pair(partner)
        if pair is None:
            raise NotProved(f"{partner} never cosigned the log of {self._seat.party}", todo="seek its witness first")
        checkpoint, cosignature, size = pair
        parts = gather(
            self._seat,
            self._profile,
            self._log,
            correlation=correlation,
            partner=partner,
            size=size,
            checkpoint=checkpoint,
            cosignature=cosignature,
        )
        timestamps = self._timestamps(partner)
        marks = self._stamping.around(partner, self._log, [entry.index for entry in parts.entries], size)
        parts = replace(parts, timestamps=timestamps, marks=marks)
        parts = with_ages(parts, self._seat, self._log, size=size, earlier=self.earlier(partner))
        folder = self._seat.folder / "bundles"
        # A partner chose the correlation: it must not choose the path.
        name = hashlib.sha256(f"{partner}/{correlation}".encode()).hexdigest()[:16]
        return write(parts, folder / f"{self._seat.party}-{name}.zip", self._seat.identity)

    def close(self) -> None:
        """Close the witness's store."""
        self._witness.close()

    def _draft(self, kind: Type, to: str, data: dict[str, Any]) -> Draft:  # Any: a JSON object
        seat = self._seat
        # One key for all witness traffic of a pair, so that it keeps its order.
        return Draft(
            type=kind,
            to=to,
            subject="log",
            correlation=f"witness-{seat.party}-{to}",
            expires=seat.clock.now() + LIFE,
            data=data,
        )

    def _ours(self, mark: Checkpoint) -> bool:
        """Whether this is true of our log: asked for in a life that ended since, replayed, or told twice."""
        seat = self._seat
        return mark.size <= self._log.size and (mark.origin, mark.root) == (
            origin(seat.run, seat.party),
            self._log.root(mark.size),
        )

    def _timestamps(self, partner: str) -> dict[str, bytes]:
        """Those on the pair that `pair` returns; empty where it was kept before there were any."""
        kept = json.loads(self._path(partner).read_bytes())
        return {country: base64.b64decode(reply) for country, reply in kept.get("timestamps", {}).items()}

    def _keep(
        self, partner: str, checkpoint: bytes, cosignature: bytes, size: int, timestamps: Mapping[str, bytes]
    ) -> None:
        path = self._path(partner)
        told = {
            "size": size,
            "at": stamp(self._seat.clock.now()),
            "checkpoint": checkpoint.decode(),
            "cosignature": cosignature.decode(),
            "timestamps": {country: base64.b64encode(reply).decode() for country, reply in timestamps.items()},
        }
        written = path.with_suffix(".new")
        try:
            # Not forced to the disk: the partner cosigns again whenever it is asked.
            written.write_text(json.dumps(told), encoding="utf-8")
            written.replace(path)
            with path.with_suffix(".jsonl").open("a", encoding="utf-8") as all_of_them:
                all_of_them.write(f"{json.dumps(told)}\n")
            self._stored[partner] = size
        except OSError as error:
            raise RoadFailed(f"the cosignature of {partner} cannot be kept: {error}", todo="check the disk") from error

    def _path(self, partner: str) -> Path:
        return self._seat.folder / f"cosigned-by-{partner}.json"


def _text(data: object, name: str) -> str:
    found = data.get(name) if isinstance(data, dict) else None
    if not isinstance(found, str):
        raise Refused(NOT_AN_ENVELOPE, f"{name} is missing")
    return found


def _number(data: object, name: str) -> int:
    found = data.get(name) if isinstance(data, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise Refused(NOT_AN_ENVELOPE, f"{name} is no size")
    return found


def _proof(data: object) -> tuple[bytes, ...]:
    found = data.get("proof") if isinstance(data, dict) else None
    try:
        return tuple(base64.b64decode(step, validate=True) for step in found or ())
    except (TypeError, ValueError, binascii.Error) as error:
        raise Refused(NOT_AN_ENVELOPE, f"proof is no list of hashes: {error}") from error
