"""The budget of one exchange: what each of its parts costs alone, timed in this process with the bytes of a real run.

Each part is the very function that the exchange calls, not an imitation of it, and nothing else: folding the ledger,
the window's loop and its queues are in no part, so they lower the ratio that `corridor bench` prints. An exchange's
share in the cosigning of the logs is a part, for it is signing and verifying too (docs/adr/0061).
Slices of load and rounds of parts take turns, so that a machine that is slow for a while is slow for both.
Load and round trips: `harness.trial.measure`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Final

from harness.clock import SystemClock, seconds
from harness.evidence import records
from harness.evidence.log import EvidenceLog
from harness.exchange import receipt as receipts
from harness.exchange import seal
from harness.exchange.bus import Inlet, Outlet, Record, TopicRights
from harness.exchange.envelope import Envelope
from harness.exchange.seal import Opened, Sealed
from harness.trial.cosigning import cosigning
from harness.trial.measure import MOST, Measurable, Pair

LANE: Final = "budget.alone"
"""The topic on which putting and taking are timed, and the principal who does it."""

REST: Final = 100
"""Turns of the event loop in which the windows finish witnessing, so that they do not work while a part is timed."""

_KEPT: Final = ("raw", "payload", "own")
"""The fields of a record that name bytes kept beside the log."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an exchange, with its seconds in one exchange.

    `seconds` is what it takes when the parts take turns, one message after another; `alone` when it is repeated by
    itself. The second is less, by all signs for the processor's caches, and a window that takes a batch stage by stage
    comes near it (benchmarks/README.md).
    """

    name: str
    what: str
    seconds: float
    alone: float


@dataclass(frozen=True, slots=True)
class Call:
    """A part that is a plain call, given the number of the message it is to be done with."""

    name: str
    what: str
    do: Callable[[int], object]


def possible(parts: Sequence[Part]) -> tuple[float, float]:
    """The exchanges a second that the parts alone would allow: taking turns, and each repeated by itself."""
    return 1 / sum(part.seconds for part in parts), 1 / sum(part.alone for part in parts)


@dataclass
class Alone:
    """Times the parts of a pair's exchanges, a round after each slice of load. Made by `alone`."""

    pair: Pair
    stages: Sequence[Sequence[Call]]
    """What there is to do with one message at one place, before it is another one's turn."""
    outlet: Outlet
    inlet: Inlet
    tokens: Sequence[bytes]
    logs: tuple[_Copy, _Copy]
    repeat: int
    turns: dict[str, list[float]] = field(default_factory=dict)
    """For each part its seconds when the parts take turns, round by round; `apart`: when it is repeated by itself."""
    apart: dict[str, list[float]] = field(default_factory=dict)

    async def round(self, exchanges: int) -> None:
        """Time each part, `exchanges` having been made since the last round."""
        for _ in range(REST):
            await asyncio.sleep(0)
        for stage in self.stages:
            spent = dict.fromkeys((call.name for call in stage), 0.0)
            for number in range(self.repeat):
                for call in stage:
                    begun = seconds()
                    call.do(number)
                    spent[call.name] += seconds() - begun
            for name, total in spent.items():
                self.turns.setdefault(name, []).append(total / self.repeat)
        for call in (call for stage in self.stages for call in stage):
            begun = seconds()
            for number in range(self.repeat):
                call.do(number)
            self.apart.setdefault(call.name, []).append((seconds() - begun) / self.repeat)
        put, taken = await self._bus()
        self.turns.setdefault("produce", []).append(2 * put)
        self.turns.setdefault("consume", []).append(2 * taken)
        for log in self.logs:
            self.turns.setdefault(log.name, []).append(log.again() / exchanges)
        self.turns.setdefault("witness", []).append(cosigning(self.pair) * self.pair.meter.cosigned / exchanges)
        self.pair.meter.forget()

    def parts(self) -> tuple[Part, ...]:
        """Each part with its mean over all rounds."""
        what = {call.name: call.what for stage in self.stages for call in stage}
        what["produce"] = "twice outlet.put, in the batches that occurred"
        what["consume"] = "twice inlet.take and commit, in the batches that occurred"
        what["witness"] = "a cosignature of a log on both sides, timestamps and all, as often as one was given"
        what |= {log.name: "records.record, EvidenceLog.append in as many transactions" for log in self.logs}
        return tuple(
            Part(name, what[name], fmean(spent), fmean(self.apart.get(name, spent)))
            for name, spent in self.turns.items()
        )

    def close(self) -> None:
        """No more rounds."""
        for log in self.logs:
            log.close()

    async def _bus(self) -> tuple[float, float]:
        """Seconds a record to put and to take, in the batches of the last slice."""
        meter = self.pair.meter
        each = max(1, round(sum(meter.put) / len(meter.put)))
        batch = [Record(LANE, b"key", token) for token in islice(self.tokens, each)]
        begun = seconds()
        await self.outlet.put(*batch)
        put = seconds() - begun
        most = min(MOST, max(1, round(sum(meter.taken) / len(meter.taken))))
        begun = seconds()
        left = len(batch)
        while left > 0:
            taken = await self.inlet.take(most)
            await self.inlet.commit(taken)
            left -= len(taken)
        return put / len(batch), (seconds() - begun) / len(batch)


async def alone(pair: Pair, folder: Path, *, repeat: int = 64) -> Alone:
    """Get ready to time the parts of `pair`'s exchanges; some must have been made, and none be under way.

    Args:
        pair: at rest.
        folder: where a second copy of the logs is written.
        repeat: how often a part is called in one round.
    """
    asks, answers = pair.asks, pair.answers
    asker, answerer = pair.seats[asks.party], pair.seats[answers.party]
    at = SystemClock().now()
    sent, answered = _tokens(asks.log, records.SENT, repeat), _tokens(answers.log, records.ANSWERED, repeat)
    came = [seal.unseal(Sealed(token), trust=answerer.trust, at=at) for token in sent]
    heard = [seal.unseal(Sealed(token), trust=asker.trust, at=at) for token in answered]
    fresh = [_unknown(one, number) for number, one in enumerate(came)]
    told = [receipts.parse(one.envelope.data) for one in heard]
    said, said_again = ([dict(one.envelope) for one in opened] for opened in (came, heard))
    n = min(len(sent), len(answered))
    stages = (
        (
            Call(
                "issue",
                "the sender reads and checks the trader's file and writes its national form",
                lambda _: asks.counter.issue(pair.document),
            ),
        ),
        (
            Call(
                "sign message",
                "Envelope(...), seal.seal: to bytes, compact JWS",
                lambda i: seal.seal(Envelope(**said[i % n]), asker.identity),
            ),
        ),
        (
            Call(
                "verify message",
                "seal.unseal: gates, chain, signature, envelope",
                lambda i: seal.unseal(Sealed(sent[i % n]), trust=answerer.trust, at=at),
            ),
            Call(
                "decide",
                "admit, map to the common form and on to the own, validate, decide",
                lambda i: answers.travel(fresh[i % n]),
            ),
            Call("write receipt", "Receipt.said: to JSON values", lambda i: told[i % n].said()),
            Call(
                "sign receipt",
                "Envelope(...), seal.seal",
                lambda i: seal.seal(Envelope(**said_again[i % n]), answerer.identity),
            ),
        ),
        (
            Call(
                "verify receipt",
                "seal.unseal",
                lambda i: seal.unseal(Sealed(answered[i % n]), trust=asker.trust, at=at),
            ),
            Call("read receipt", "receipt.parse", lambda i: receipts.parse(heard[i % n].envelope.data)),
        ),
    )
    bus = pair.meter.bus
    await bus.open_topics([TopicRights(LANE, writer=LANE, reader=LANE)])
    pair.meter.forget()
    return Alone(
        pair=pair,
        stages=stages,
        outlet=await bus.outlet(LANE),
        inlet=await bus.inlet(LANE, [LANE], group=LANE),
        tokens=sent,
        logs=(_Copy(asks, folder), _Copy(answers, folder)),
        repeat=repeat,
    )


class _Copy:
    """A party's log written once more, slice by slice. Owned by `Alone`."""

    def __init__(self, party: Measurable, folder: Path) -> None:
        self.name = f"log of {party.party}"
        self._party = party
        self._size, self._appends = party.log.size, party.log.appends
        self._log = EvidenceLog(folder / f"again-{party.party}.sqlite", party.party)

    def again(self) -> float:
        """The seconds it takes to append what the party appended since the last call, in as many transactions."""
        log = self._party.log
        bodies = [body for _, body in log.records(self._size)]
        each = -(-len(bodies) // max(1, log.appends - self._appends))
        self._size, self._appends = log.size, log.appends
        batches = [bodies[at : at + each] for at in range(0, len(bodies), each)]
        told = [[records.read(body) for body in batch] for batch in batches]
        objects = [[log.object(digest) for digest in _digests(batch)] for batch in told]
        begun = seconds()
        for batch, kept in zip(told, objects, strict=True):
            named = {hashlib.sha256(octets).hexdigest(): octets for octets in kept}
            self._log.append([_written(one) for one in batch], named)
        return seconds() - begun

    def close(self) -> None:
        """Close the copy."""
        self._log.close()


def _written(told: records.Record) -> bytes:
    return records.record(told.event, told.party, told.at, correlation=told.correlation, **told.fields)


def _digests(told: Sequence[records.Record]) -> set[str]:
    found = (one.digest(name) for one in told for name in _KEPT)
    return {digest for digest in found if digest is not None}


def _tokens(log: EvidenceLog, event: str, most: int) -> list[bytes]:
    """The tokens that the log keeps beside its first records of this kind."""
    told = (records.read(body) for _, body in log.records())
    return [log.object(str(one.fields["raw"])) for one in islice((one for one in told if one.event == event), most)]


def _unknown(opened: Opened, number: int) -> Opened:
    """The same message as one that the receiver never had: it would be refused as a duplicate."""
    envelope = opened.envelope.model_copy(update={"id": f"budget-{number}"})
    sealed = Sealed(b"budget.%d." % number)
    return Opened(sealed=sealed, kind=opened.kind, envelope=envelope, signer=opened.signer, algorithm=opened.algorithm)
