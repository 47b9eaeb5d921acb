"""Timestamps between two windows: each asks its own authority; what happens when one is silent, or lies."""

from __future__ import annotations

import asyncio
import base64
import json
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from structlog.testing import capture_logs

from certs import stamps
from certs.stamping import request
from harness.errors import RoadFailed
from harness.evidence import records
from harness.evidence.audit import audit, when
from harness.evidence.checkpoint import stamped_octets
from harness.exchange import reasons
from harness.exchange.seat import Seat, Stamper
from harness.trial.stamping import AtSocket, Desk, answering
from nodes.stamping import PAUSE, Stamping
from nodes.window import Window

if TYPE_CHECKING:
    from tests.unit.conftest import Corridor


def desk(corridor: Corridor, country: str) -> Desk:
    """A country's authority at work."""
    return Desk(corridor.authorities[country].timestamping, corridor.clock, corridor.chance)


def seat(corridor: Corridor, party: str, stamper: Stamper | None, timestamps: str = "asked") -> Seat:
    """A seat from which this authority is asked, under an agreement that says this of timestamps."""
    plain = corridor.seat(party)
    agreements = {
        partner: one.model_copy(update={"witnessing": one.witnessing.model_copy(update={"timestamps": timestamps})})
        for partner, one in plain.agreements.items()
    }
    return replace(plain, stamper=stamper, agreements=agreements)


def stamped(window: Window, partner: str) -> dict[str, str]:
    """The timestamps on the last checkpoint that `partner` cosigned, by country."""
    kept = json.loads((window.seat.folder / f"cosigned-by-{partner}.json").read_bytes())
    found: dict[str, str] = kept["timestamps"]
    return found


async def traded(corridor: Corridor, qm: Window) -> str:
    """One document sent and answered; its transaction."""
    sent = await qm.counter.lodge(corridor.certificate(), to="QN")
    await corridor.receipts(sent.identity)
    return sent.correlation


async def test_both_authorities_stamp(corridor: Corridor) -> None:
    """A cosigned checkpoint carries a stamp of each side's own authority, and so does the bundle."""
    qm = Window(seat(corridor, "QM", desk(corridor, "QM")))
    qn = Window(seat(corridor, "QN", desk(corridor, "QN")))
    async with corridor.living(qm, qn):
        await qm.counter.seek_witness("QN")
        first = await traded(corridor, qm)
        await qm.counter.seek_witness("QN")
        second = await traded(corridor, qm)
        path = await qm.counter.evidence(second, partner="QN")
        checkpoint, cosignature, _ = qm.witnessing.pair("QN") or (b"", b"", 0)
        octets = stamped_octets(checkpoint, cosignature)
        for country, reply in stamped(qm, "QN").items():
            stamps.believed(base64.b64decode(reply), of=octets, country=country, trust=corridor.recognised)
        assert {one.by for one in audit(path.read_bytes()).stamps} == {"QM", "QN"}
        assert corridor.noted(qm, records.REFUSED) == corridor.noted(qn, records.REFUSED) == []
        found = audit(path.read_bytes())
        assert found.marks
        for entry in found.entries:
            bounds = when(found, entry.index)
            assert bounds.not_before is not None
            assert bounds.not_after is not None
            assert bounds.not_before <= entry.at <= bounds.not_after
        earlier = audit((await qm.counter.evidence(first, partner="QN")).read_bytes())
        assert earlier.marks[0].size == 0
        first_record, main = when(earlier, 0), earlier.checkpoint.at
        assert first_record.not_before is not None
        assert first_record.not_after is not None
        assert first_record.not_before <= earlier.entries[0].at <= first_record.not_after < main


async def test_a_mark_outlives_its_witness(corridor: Corridor) -> None:
    """What was stamped before the witness lost its key goes into evidence; what was stamped after it does not."""
    qm = Window(seat(corridor, "QM", desk(corridor, "QM")))
    qn = Window(seat(corridor, "QN", desk(corridor, "QN")))
    async with corridor.living(qm, qn):
        await traded(corridor, qm)
        await qm.counter.seek_witness("QN")
        corridor.clock.advance(2 * PAUSE)
        lost = corridor.clock.now()
        corridor.clock.advance(2 * PAUSE)
        await traded(corridor, qm)
        await qm.counter.seek_witness("QN")
        await traded(corridor, qm)
        size, stamping = qm.log.size, Stamping(qm.seat)
        both = [mark.size for mark in stamping.around("QN", qm.log, range(size), size)]
        authority, now = corridor.authorities["QN"], corridor.clock.now()
        key_lost = x509.ReasonFlags.key_compromise
        authority.revoke(corridor.identities["QN"].certificate, key_lost, now, invalid_since=lost)
        for der in authority.crls(now):
            await qm.counter.take(der)
        left = [mark.size for mark in stamping.around("QN", qm.log, range(size), size)]
    assert len(both) > len(left) > 0
    assert left == both[: len(left)]


async def test_a_silent_authority(corridor: Corridor) -> None:
    """Cosignatures go on without its stamp, it is told once, and it is asked again after a pause."""
    silent = desk(corridor, "QN")
    silent.silent = True
    qm = Window(seat(corridor, "QM", desk(corridor, "QM")))
    qn = Window(seat(corridor, "QN", silent))
    async with corridor.living(qm, qn):
        with capture_logs() as told:
            await traded(corridor, qm)
            await qm.counter.seek_witness("QN")
        assert set(stamped(qm, "QN")) == {"QM"}
        said = {(one["party"], one["authority"]) for one in told if one["event"] == "no timestamp"}
        assert said == {("QN", "QN"), ("QM", "QN")}
        silent.silent = False
        await traded(corridor, qm)
        await qm.counter.seek_witness("QN")
        assert set(stamped(qm, "QN")) == {"QM"}
        corridor.clock.advance(2 * PAUSE)
        await traded(corridor, qm)
        await qm.counter.seek_witness("QN")
        assert set(stamped(qm, "QN")) == {"QM", "QN"}


async def test_nobody_to_ask(corridor: Corridor) -> None:
    """A window that reaches no authority cosigns all the same; its bundle says that nobody stamped it."""
    qm, qn = (Window(seat(corridor, party, None)) for party in ("QM", "QN"))
    async with corridor.living(qm, qn):
        path = await qm.counter.evidence(await traded(corridor, qm), partner="QN")
    assert audit(path.read_bytes()).stamps == ()


async def test_none_agreed(corridor: Corridor) -> None:
    """Where the agreement wants no timestamps, nobody is asked for one."""
    qm, qn = (Window(seat(corridor, party, desk(corridor, party), "none")) for party in ("QM", "QN"))
    async with corridor.living(qm, qn):
        await traded(corridor, qm)
        await qm.counter.seek_witness("QN")
        assert stamped(qm, "QN") == {}


async def test_a_stamp_that_is_required(corridor: Corridor) -> None:
    """Under such an agreement a cosignature without the partner's stamp is refused, and nothing is kept of it."""
    silent = desk(corridor, "QN")
    silent.silent = True
    qm = Window(seat(corridor, "QM", desk(corridor, "QM"), "required"))
    qn = Window(seat(corridor, "QN", silent, "required"))
    async with corridor.living(qm, qn):
        await traded(corridor, qm)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await qm.counter.seek_witness("QN")
        (refused, *_) = corridor.noted(qm, records.REFUSED)
        assert refused.fields["reason"] == reasons.MISSING_TIMESTAMP.code
        assert qm.witnessing.pair("QN") is None


@dataclass
class Liar:
    """Somebody at the desk of QN's authority who stamps with another one's key, or something else."""

    other: Desk
    octets: bytes = b""

    def __call__(self, asked: bytes) -> bytes:
        """A genuine reply, to another question or of another authority."""
        return self.other(request(stamps.digest_of(self.octets), nonce=1) if self.octets else asked)


async def test_an_authority_that_lies_to_its_own_window(corridor: Corridor) -> None:
    """Each window checks what its own authority says before anything of it goes into evidence."""
    liars = Liar(desk(corridor, "QP")), Liar(desk(corridor, "QN"), b"something else")
    for liar in liars:
        qm = Window(seat(corridor, "QM", None))
        qn = Window(seat(corridor, "QN", liar))
        async with corridor.living(qm, qn):
            await traded(corridor, qm)
            await qm.counter.seek_witness("QN")
            assert stamped(qm, "QN") == {}
            assert corridor.noted(qm, records.REFUSED) == []


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("of another authority", reasons.UNKNOWN_SIGNER),
        ("of something else", reasons.OTHER_TIMESTAMP),
        ("no timestamp", reasons.MALFORMED_TIMESTAMP),
        ("no base64", reasons.MALFORMED_TIMESTAMP),
    ],
)
async def test_a_partner_that_sends_a_bad_stamp(
    corridor: Corridor, monkeypatch: pytest.MonkeyPatch, fault: str, reason: reasons.Reason
) -> None:
    """F70: what is not the partner's own authority's stamp on just this is refused for its own reason, and not kept."""
    qm = Window(seat(corridor, "QM", desk(corridor, "QM")))
    qn = Window(seat(corridor, "QN", None))

    def bad(octets: bytes, _partner: str) -> dict[str, str]:
        replies = {
            "of another authority": desk(corridor, "QP")(request(stamps.digest_of(octets), nonce=1)),
            "of something else": desk(corridor, "QN")(request(stamps.digest_of(octets + b"x"), nonce=1)),
            "no timestamp": b"0\x03\x02\x01\x00",
        }
        return {"timestamp": base64.b64encode(replies[fault]).decode() if fault in replies else "?"}

    monkeypatch.setattr(qn.witnessing._stamping, "beside", bad)
    async with corridor.living(qm, qn):
        await traded(corridor, qm)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await qm.counter.seek_witness("QN")
        assert {one.fields["reason"] for one in corridor.noted(qm, records.REFUSED)} == {reason.code}
        assert qm.witnessing.pair("QN") is None


async def test_an_authority_at_a_socket(corridor: Corridor, tmp_path: Path) -> None:
    """Another process asks at a Unix socket, as RFC 3161, 3.3 has it, and gets what a call would give."""
    path = tmp_path / "timestamps.sock"
    office = desk(corridor, "QM")
    asked = request(stamps.digest_of(b"x"), nonce=9)
    async with answering({path: office}):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        reply = await asyncio.to_thread(AtSocket(path), asked)
        stamps.believed(reply, of=b"x", country="QM", trust=corridor.recognised, nonce=9)
        office.silent = True
        with pytest.raises(RoadFailed, match="silent"):
            await asyncio.to_thread(AtSocket(path), asked)
    assert not path.exists()
    with pytest.raises(RoadFailed, match="silent"):
        AtSocket(path)(asked)


async def test_an_authority_that_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes the request and never answers is given up after its time."""
    monkeypatch.setattr("harness.trial.stamping.PATIENCE", 0.05)
    path = tmp_path / "deaf.sock"

    async def deaf(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    gone = asyncio.Event()
    async with await asyncio.start_unix_server(deaf, path):
        with pytest.raises(RoadFailed, match="silent"):
            await asyncio.to_thread(AtSocket(path), b"x")
        gone.set()
