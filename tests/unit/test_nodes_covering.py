"""Windows whose agreement asks for encryption: what crosses, what is put aside, and what happens without a key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from certs import hpke, jwe
from certs.identity import Algorithm
from harness.errors import BadInput, RoadFailed
from harness.evidence import records
from harness.exchange import cover, reasons, topics
from harness.exchange.bus import Record
from harness.exchange.envelope import Type
from harness.exchange.seal import Sealed
from harness.trial.history import Seen
from nodes.covering import Covering
from nodes.outbox import LARGEST
from nodes.window import Window
from scenarios.corridors import corridor as draft_of

if TYPE_CHECKING:
    from tests.unit.conftest import Corridor

INBOX = topics.inbox("QP", "QM")
BACK = topics.inbox("QM", "QP")


def from_qm(corridor: Corridor, *, reader: str = "QP", **changes: object) -> Record:
    """A dispute that an insider at QM seals for QP and encrypts for `reader`."""
    data = {"of": "0" * 64, "claim": "no-answer", "dispute": "D-1", "sentence": "never answered"}
    envelope = corridor.envelope("QM", "QP", corridor="QM-QP", data=data, **changes)
    certificate = corridor.openers[reader].certificate
    return cover.cover(corridor.sealed(envelope), certificate, chance=corridor.chance.octets, purpose="test")


def encrypted(one: Seen) -> bool:
    """Whether it crossed under a cover."""
    return jwe.looks_encrypted(one.delivery.value)


async def answers(corridor: Corridor, count: int) -> None:
    """Return once QP has put so many things under cover on its way back."""
    await corridor.seen(lambda one: one.delivery.topic == BACK and encrypted(one), count=count)


async def test_a_document_there_and_a_receipt_back(corridor: Corridor) -> None:
    """Both cross under a cover; both logs hold the signed tokens inside, and hand them over without a key."""
    qm, qp = Window(corridor.seat("QM")), Window(corridor.seat("QP"))
    async with corridor.living(qm, qp):
        sent = await qm.counter.lodge(corridor.certificate(), to="QP")
        await answers(corridor, 1)
        await qp.counter.seek_witness("QM")
        (heard,) = corridor.noted(qm, records.ACKNOWLEDGED)
        (received,) = corridor.noted(qp, records.RECEIVED)
        assert heard.fields["of"] == received.fields["identity"] == sent.identity
        assert {one.said.get("type") for one in corridor.on(BACK) if not encrypted(one)} <= {
            Type.CHECKPOINT,
            Type.COSIGNATURE,
        }
        assert {Sealed(one).raw for one in qm.hands_over()} == {Sealed(one).raw for one in qp.hands_over()}
        assert {Sealed(one).identity for one in qm.hands_over()} == {sent.identity, heard.fields["identity"]}


async def test_only_what_is_encrypted_is_handed_over(corridor: Corridor) -> None:
    """What crossed in plain can be read by who judges anyway."""
    qm, qn = Window(corridor.seat("QM")), Window(corridor.seat("QN"))
    async with corridor.living(qm, qn):
        sent = await qm.counter.lodge(corridor.certificate(), to="QN")
        await corridor.receipts(sent.identity)
        assert (qm.hands_over(), qn.hands_over()) == ((), ())


async def test_what_cannot_be_opened(corridor: Corridor) -> None:
    """It is put aside as it came, logged with its reason, and answered under a cover; a receipt is not answered."""
    record = from_qm(corridor, reader="QN")
    receipt = from_qm(corridor, reader="QN", type=Type.RECEIPT.value)
    await corridor.put(record, receipt)
    qp = Window(corridor.seat("QP"))
    async with corridor.living(qp):
        await answers(corridor, 1)
        aside = await corridor.seen(lambda one: one.delivery.topic == topics.quarantine("QP"), count=2)
        refused = corridor.noted(qp, records.REFUSED)
        answered = corridor.noted(qp, records.ANSWERED)
    assert [one.delivery.value for one in aside] == [record.value, receipt.value]
    assert [one.fields["reason"] for one in refused] == [reasons.OTHER_RECIPIENT.code] * 2
    assert [one.fields["of"] for one in answered] == [Sealed(record.value).identity]


async def test_a_plain_message(corridor: Corridor) -> None:
    """Refused by name, and answered about the identity that its sender knows; its twin under a cover is taken."""
    plain = corridor.sealed(corridor.envelope("QM", "QP", corridor="QM-QP", data={}))
    await corridor.put(plain, from_qm(corridor, sequence=2))
    qp = Window(corridor.seat("QP"))
    async with corridor.living(qp):
        await answers(corridor, 2)
        (refused,) = corridor.noted(qp, records.REFUSED)
        of = [one.fields["of"] for one in corridor.noted(qp, records.ANSWERED)]
        assert len(corridor.noted(qp, records.RECEIVED)) == 1
    assert (refused.fields["reason"], refused.fields["identity"]) == (reasons.NOT_ENCRYPTED.code, of[0])
    assert of[0] == Sealed(plain.value).identity


async def test_a_cover_where_none_was_agreed(corridor: Corridor) -> None:
    """QN has no such agreement with QM: it is refused, and answered in plain."""
    record = replace(from_qm(corridor, reader="QN"), topic=topics.inbox("QN", "QM"))
    await corridor.put(record)
    async with corridor.living(Window(corridor.seat("QN"))):
        (answer,) = await corridor.receipts(Sealed(record.value).identity)
        assert answer.receipt is not None
        assert answer.receipt.last.reason == reasons.ENCRYPTION_NOT_AGREED.code


async def test_a_seat_without_keys(corridor: Corridor) -> None:
    """A window does not even open: half of a secret is none."""
    seat = corridor.seat("QM")
    for lacking in (replace(seat, openers={}), replace(seat, readers={})):
        with pytest.raises(BadInput, match="QM-QP asks for encryption") as told:
            Covering(lacking)
        assert told.value.todo == "issue them, and give the seat both"


async def test_a_partner_whose_key_nobody_vouches_for(corridor: Corridor) -> None:
    """Withdrawn, or somebody else's: nothing is encrypted for it, and nothing goes out in plain instead."""
    seat = corridor.seat("QM")
    record = corridor.sealed(corridor.envelope("QM", "QP", corridor="QM-QP", data={}))
    with pytest.raises(RoadFailed, match="QN's key was published for QP"):
        Covering(replace(seat, readers={"QP": corridor.openers["QN"].certificate})).over(record)
    authority, now = corridor.authorities["QP"], corridor.clock.now()
    authority.revoke(corridor.openers["QP"].certificate, x509.ReasonFlags.key_compromise, now)
    for crl in authority.crls(now):
        seat.trust.load_crl(crl)
    with pytest.raises(RoadFailed, match=r"cannot encrypt for QP: .*withdrawn"):
        Covering(seat).over(record)


async def test_what_fits_in_plain_and_not_under_a_cover(corridor: Corridor) -> None:
    """The asker hears of it before anything is logged: a cover makes a record a third larger."""
    qm = Window(corridor.seat("QM"))
    octets = b"x" * (LARGEST * 9 // 20)
    async with corridor.living(qm, Window(corridor.seat("QN")), Window(corridor.seat("QP"))):
        about = {"doctype": "864", "reference": "CO-1", "media_type": "application/octet-stream"}
        await qm.counter.pass_on(octets, to="QN", **about)
        with pytest.raises(BadInput, match="octets once it is sealed"):
            await qm.counter.pass_on(octets, to="QP", **about)
        assert len(corridor.noted(qm, records.SENT)) == 1


async def test_the_next_version_of_an_agreement(tmp_path: Path, made_corridor: type[Corridor]) -> None:
    """Under the hybrid profile a document and its receipt cross as they do under the first; with QN nothing changes."""
    made = made_corridor(tmp_path, agreements=(draft_of("qm-qp-2.toml"),))
    await made.open_topics()
    qm, qp = Window(made.seat("QM")), Window(made.seat("QP"))
    async with made.living(qm, qp):
        sent = await qm.counter.lodge(made.certificate(), to="QP")
        await answers(made, 1)
        await qp.counter.seek_witness("QM")
        (heard,) = made.noted(qm, records.ACKNOWLEDGED)
        assert heard.fields["of"] == sent.identity
        crossed = [one for topic in (INBOX, BACK) for one in made.on(topic) if encrypted(one)]
        assert {jwe.read(one.delivery.value).profile for one in crossed} == {hpke.PROFILE}
    await made.bus.close()


async def test_a_partners_key_of_the_other_profile(corridor: Corridor) -> None:
    """A seat that has only what the last version of the agreement took does not open."""
    seat, now = corridor.seat("QM"), corridor.clock.now()
    edwards = corridor.authorities["QP"].issue_signing("QP", Algorithm.ED25519, now)
    for lacking in (
        replace(seat, readers={**seat.readers, "QP": corridor.hybrids["QP"].certificate}),
        replace(seat, openers={hpke.PROFILE: corridor.hybrids["QM"]}),
        replace(seat, readers={**seat.readers, "QP": edwards.certificate}),
    ):
        with pytest.raises(BadInput, match="QM-QP asks for encryption") as told:
            Covering(lacking)
        assert "ECDH-ES+A256GCM" in told.value.expected
