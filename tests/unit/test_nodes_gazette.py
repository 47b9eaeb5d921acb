"""What countries publish while a window is open: taken or declined, logged either way, and in force from then on."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs.identity import Algorithm
from certs.lists import Authorities, TrustList
from harness.errors import BadInput
from harness.evidence import records
from harness.evidence.audit import audit
from harness.exchange import agreement as agreements
from harness.exchange import reasons, seating
from harness.exchange.reasons import Refused
from harness.trial.attendant import attending
from harness.trial.remote import RemoteCounter, called
from nodes.window import Window

from .conftest import PATIENCE, START, Corridor

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def digest(octets: bytes) -> str:
    """How the log names it."""
    return hashlib.sha256(octets).hexdigest()


async def test_a_newer_list_is_in_force(corridor: Corridor) -> None:
    """It is logged with its version, and bundles carry it from then on instead of the one before."""
    window = Window(corridor.seat("QN", trust=corridor.trust()))
    newer = corridor.authorities["QM"].trust_list(2, START, START + DAY)
    async with corridor.living(window):
        await window.counter.take(newer)
        (listed,) = corridor.noted(window, records.LISTED)
        assert window.log.object(digest(newer)) == newer
    assert listed.fields == {"raw": digest(newer), "kind": "trust list", "country": "QM", "number": "2"}
    assert window.seat.lists["QM"] == newer


async def test_an_older_list_is_declined(corridor: Corridor) -> None:
    """With its reason, in the log too; the window goes on with what it had."""
    window = Window(corridor.seat("QN", trust=corridor.trust()))
    newer = corridor.authorities["QM"].trust_list(2, START, START + DAY)
    async with corridor.living(window):
        await window.counter.take(newer)
        with pytest.raises(Refused) as refused:
            await window.counter.take(corridor.lists["QM"])
        declined = corridor.noted(window, records.DECLINED)
    assert refused.value.reason is reasons.ROLLED_BACK_TRUST_LIST
    assert [(one.fields["raw"], one.fields["reason"]) for one in declined] == [(digest(corridor.lists["QM"]), "437")]
    assert window.seat.lists["QM"] == newer


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"rubbish", reasons.NOT_A_TOKEN),
        (b"0rubbish", reasons.NOT_A_TOKEN),
        (b"-----BEGIN rubbish", reasons.NOT_A_TOKEN),
    ],
    ids=["no list", "no revocation list", "no certificate"],
)
async def test_rubbish_is_declined(corridor: Corridor, octets: bytes, reason: reasons.Reason) -> None:
    """What cannot be read is refused as that, whatever it pretends to be."""
    window = Window(corridor.seat("QN", trust=corridor.trust()))
    async with corridor.living(window):
        with pytest.raises(Refused) as refused:
            await window.counter.take(octets)
    assert refused.value.reason is reason


async def test_a_list_of_nobody_we_know(corridor: Corridor) -> None:
    """A country without an agreement has no pinned root, so its list is nobody's."""
    window = Window(corridor.seat("QN", trust=corridor.trust()))
    qm = corridor.authorities["QM"]
    own = Authorities("QX authorities", qm.root, (qm.issuing,), START - DAY)
    async with corridor.living(window):
        with pytest.raises(Refused) as refused:
            await window.counter.take(qm.publish(TrustList("QX", 2, START, START + DAY, (own,))))
    assert refused.value.reason is reasons.UNKNOWN_SIGNER


async def test_a_revocation_list_counts_at_once(corridor: Corridor) -> None:
    """What is taken up after it is judged by it; an older list afterwards is declined."""
    window = Window(corridor.seat("QN", trust=corridor.trust()))
    qm = corridor.authorities["QM"]
    before = qm.crls(START)[1]
    qm.revoke(corridor.identities["QM"].certificate, x509.ReasonFlags.superseded, START)
    withdrawn = qm.crls(START + timedelta(milliseconds=1))[1]
    record = corridor.sealed(corridor.envelope(data={}))
    async with corridor.living(window):
        await window.counter.take(withdrawn)
        with pytest.raises(Refused) as refused:
            await window.counter.take(before)
        await corridor.put(record)
        identity = hashlib.sha256(record.value.rpartition(b".")[0]).hexdigest()
        await corridor.receipts(identity)
        (noted,) = corridor.noted(window, records.REFUSED)
    assert refused.value.reason is reasons.ROLLED_BACK_TRUST_LIST
    assert noted.fields["reason"] == reasons.REVOKED_CERTIFICATE.code
    assert withdrawn in window.seat.crls["QM"]


async def test_a_new_signature_of_the_agreement(corridor: Corridor) -> None:
    """The partner's, over these very bytes, takes the place of its old one; nobody else's, and over no other text."""
    window = Window(corridor.seat("QN", trust=corridor.trust()))
    renewed = corridor.authorities["QM"].issue_signing("QM", Algorithm.ES256, START - HOUR)
    octets = corridor.signed["QM-QN"].octets
    token = agreements.sign(octets, renewed)
    async with corridor.living(window):
        await window.counter.take(token)
        with pytest.raises(BadInput, match="over no agreement of ours"):
            await window.counter.take(agreements.sign(octets, corridor.identities["QP"]))
        with pytest.raises(BadInput, match="over no agreement of ours"):
            await window.counter.take(agreements.sign(octets + b" ", renewed))
    assert window.seat.signed["QM"].tokens["QM"] == token
    assert window.seat.signed["QM"].octets == octets


async def test_a_new_certificate_to_encrypt_for(corridor: Corridor) -> None:
    """It is what the window encrypts for from then on; a signer's certificate is none."""
    window = Window(corridor.seat("QM", trust=corridor.trust()))
    opener = corridor.authorities["QP"].issue_opener("QP", START - HOUR)
    async with corridor.living(window):
        await window.counter.take(opener.certificate.public_bytes(Encoding.PEM))
        with pytest.raises(Refused) as refused:
            await window.counter.take(corridor.identities["QP"].certificate.public_bytes(Encoding.PEM))
    assert refused.value.reason is reasons.WRONG_KEY_USAGE
    assert window.seat.readers["QP"] == opener.certificate


async def test_a_new_key(corridor: Corridor) -> None:
    """It lies ready in the seat's folder and is used up; the next message bears it, and the evidence verifies."""
    seat = corridor.seat("QM", trust=corridor.trust())
    window, other = Window(seat), Window(corridor.seat("QN", trust=corridor.trust()))
    renewed = corridor.authorities["QM"].issue_signing("QM", Algorithm.ES256, START - HOUR)
    async with corridor.living(window, other):
        with pytest.raises(BadInput, match="holds no identity"):
            await window.counter.change_key()
        corridor.authorities["QM"].issue_signing("QN", Algorithm.ES256, START - HOUR).save(seat.folder / "signing.next")
        with pytest.raises(BadInput, match="is QN's"):
            await window.counter.change_key()
        first = await window.counter.lodge(corridor.certificate(), to="QN")
        await corridor.receipts(first.identity)
        renewed.save(seat.folder / "signing.next")
        await window.counter.change_key()
        second = await window.counter.lodge(corridor.certificate(), to="QN")
        await corridor.receipts(second.identity)
        bundle = (await window.counter.evidence(first.correlation, partner="QN")).read_bytes()
    assert seat.identity.thumbprint == renewed.thumbprint
    assert not (seat.folder / "signing.next").exists()
    assert first.identity in {one.identity for one in audit(bundle).messages}


async def test_a_seat_in_a_folder_is_kept_as_it_is_now(corridor: Corridor) -> None:
    """Another process that takes it has the newest lists and the new key, and less of them when there are less."""
    seat = corridor.seat("QN", trust=corridor.trust())
    # Nothing that was dropped since may lie there still.
    seating.save(seat, seat.folder)
    stray = seat.folder / "crls" / "QM-9.crl"
    stray.write_bytes(b"of an authority that is on no list any more")
    window = Window(seat)
    newer = corridor.authorities["QM"].trust_list(2, START, START + DAY)
    renewed = corridor.authorities["QN"].issue_signing("QN", Algorithm.ES256, START - HOUR)
    renewed.save(seat.folder / "signing.next")
    async with corridor.living(window):
        await window.counter.take(newer)
        await window.counter.change_key()
    taken = seating.load(seat.folder, bus=corridor.bus, clock=corridor.clock, chance=corridor.chance)
    assert taken.lists["QM"] == newer
    assert taken.identity.thumbprint == renewed.thumbprint
    assert not stray.exists()


async def test_a_party_in_another_process(corridor: Corridor, tmp_path: Path) -> None:
    """What is published reaches it over its control socket, and so does a refusal."""
    seat = corridor.seat("QM", trust=corridor.trust())
    window, path = Window(seat), tmp_path / "control.sock"
    newer = corridor.authorities["QN"].trust_list(2, START, START + DAY)
    corridor.authorities["QM"].issue_signing("QM", Algorithm.ES256, START - HOUR).save(seat.folder / "signing.next")
    async with asyncio.timeout(2 * PATIENCE), attending(window, "unit", path), corridor.living(window):
        line = await called("QM", path)
        counter = RemoteCounter(lambda: line)
        await counter.take(newer)
        await counter.change_key()
        with pytest.raises(Refused) as refused:
            await counter.take(corridor.lists["QN"])
        await line.close()
    assert refused.value.reason is reasons.ROLLED_BACK_TRUST_LIST
    assert seat.lists["QN"] == newer
