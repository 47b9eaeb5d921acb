"""The counter: what a country's own people may ask of their window, and what they hear when it cannot be done."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from harness.documents import syntax
from harness.errors import BadInput, NotProved
from harness.evidence import records
from harness.evidence.audit import audit
from harness.exchange import reasons, topics
from harness.exchange.bus import LARGEST_RECORD
from harness.exchange.reasons import Refused
from nodes import mapping
from nodes.profile import load
from nodes.window import Window

if TYPE_CHECKING:
    from tests.unit.conftest import Corridor

INBOX = topics.inbox("QN", "QM")


async def test_a_document_that_is_lodged(corridor: Corridor) -> None:
    """The file as it came is kept, what leaves is in the national form, and both stand in the log."""
    octets = corridor.certificate()
    async with corridor.living(qm := Window(corridor.seat("QM"))):
        sent = await qm.counter.lodge(octets, to="QN")
        (lodged,), (noted,) = corridor.noted(qm, records.LODGED), corridor.noted(qm, records.SENT)
        assert qm.log.object(str(lodged.fields["raw"])) == octets
        issued = qm.log.object(str(noted.fields["payload"]))
        dialect = load("QM").dialect_for("864")
        assert mapping.from_national(issued, dialect).document == syntax.read(octets).document
        assert (sent.identity, sent.to, sent.topic) == (noted.fields["identity"], "QN", INBOX)
        assert noted.fields["deadline"] == "2026-03-12T09:01:00." + str(noted.fields["deadline"])[-4:]


async def test_a_file_already_in_the_national_form(corridor: Corridor) -> None:
    """It goes on as it is, byte for byte."""
    octets = corridor.certificate("phytosanitary.xml")
    async with corridor.living(qm := Window(corridor.seat("QM"))):
        await qm.counter.lodge(octets, to="QN")
        (noted,) = corridor.noted(qm, records.SENT)
        assert qm.log.object(str(noted.fields["payload"])) == octets


async def test_what_is_not_sent(corridor: Corridor) -> None:
    """No corridor, no document, not covered, too large: the asker hears which, and nothing of it is in the log."""
    async with corridor.living(qm := Window(corridor.seat("QM")), qp := Window(corridor.seat("QP"))):
        with pytest.raises(BadInput, match="no corridor to 'QX'"):
            await qm.counter.lodge(corridor.certificate(), to="QX")
        with pytest.raises(BadInput):
            await qm.counter.lodge(b"no document", to="QN")
        with pytest.raises(Refused) as refused:
            await qp.counter.lodge(corridor.certificate("phytosanitary.xml"), to="QN")
        assert refused.value.reason is reasons.NOT_COVERED
        with pytest.raises(Refused) as refused:
            await qm.counter.lodge(corridor.certificate(), to="QN", function="53")
        assert refused.value.reason is reasons.FUNCTION_NOT_COVERED
        large = {"doctype": "864", "reference": "CO-1", "media_type": "application/vnd.qm.origin+json"}
        with pytest.raises(BadInput, match="once it is sealed"):
            await qm.counter.pass_on(b"x" * LARGEST_RECORD, to="QN", **large)
        assert (qm.log.size, qp.log.size, corridor.on(INBOX)) == (0, 0, [])
        sent = await qm.counter.lodge(corridor.certificate(), to="QN")
        assert [one.sealed.identity for one in corridor.on(INBOX)] == [sent.identity]
        assert corridor.on(INBOX)[0].said["sequence"] == 1


async def test_uses_of_a_certificate(corridor: Corridor) -> None:
    """Each use is told to the issuer, until it is used up; what is too much is told to customs alone."""
    async with corridor.living(qm := Window(corridor.seat("QM")), qn := Window(corridor.seat("QN"))):
        sent = await qm.counter.lodge(corridor.certificate(), to="QN")
        await corridor.receipts(sent.identity)
        await qn.counter.report_use(sent.identity, quantity="1000", declaration="D-1")
        with pytest.raises(BadInput, match="left of 1500"):
            await qn.counter.report_use(sent.identity, quantity="501", declaration="D-2")
        with pytest.raises(BadInput, match="is no quantity"):
            await qn.counter.report_use(sent.identity, quantity="NaN", declaration="D-2")
        await qn.counter.report_use(sent.identity, quantity="500", declaration="D-3")
        receipts = await corridor.receipts(sent.identity, count=3)
        stated = [one.receipt.last for one in receipts if one.receipt is not None]
        assert [(one.status.value, one.quantity) for one in stated] == [
            ("accepted", None),
            ("utilised_partly", "1000"),
            ("utilised", "500"),
        ]
        follows = [one.receipt.after for one in receipts if one.receipt is not None]
        assert follows == [None, receipts[0].sealed.identity, receipts[1].sealed.identity]


async def test_a_use_of_what_was_not_accepted(corridor: Corridor) -> None:
    """What never came, what broke a rule and what could not be read cannot be used."""
    async with corridor.living(qm := Window(corridor.seat("QM")), qn := Window(corridor.seat("QN"))):
        broken = await qm.counter.lodge(corridor.certificate("origin-certificate-rule-broken.json"), to="QN")
        said = {"doctype": "864", "reference": "CO-9", "media_type": "application/vnd.qm.origin+json"}
        unread = await qm.counter.pass_on(b"{", to="QN", **said)
        await corridor.receipts(broken.identity)
        await corridor.receipts(unread.identity)
        for identity in (broken.identity, unread.identity, "0" * 64):
            with pytest.raises(BadInput, match="was accepted at QN"):
                await qn.counter.report_use(identity, quantity="1", declaration="D-1")
        assert corridor.noted(qn, records.USED) == []


async def test_a_dispute_that_is_opened(corridor: Corridor) -> None:
    """It is a message of its own, in both logs with what it claims, and the message it is about stays as it was."""
    async with corridor.living(qm := Window(corridor.seat("QM")), qn := Window(corridor.seat("QN"))):
        sent = await qm.counter.lodge(corridor.certificate(), to="QN")
        opened = await qm.counter.dispute(sent, claim="no-answer", number="D-1", sentence="never answered")
        await corridor.receipts(opened.identity)
        for window in (qm, qn):
            (noted,) = corridor.noted(window, records.DISPUTED)
            told = {name: noted.fields[name] for name in ("of", "claim", "dispute", "by")}
            assert told == {"of": sent.identity, "claim": "no-answer", "dispute": "D-1", "by": "QM"}
            assert noted.correlation == sent.correlation
        assert sent.identity in qn.ledger.received


async def test_evidence_of_one_transaction(corridor: Corridor) -> None:
    """A bundle verifies offline, whichever side makes it; the other's transactions are not in it."""
    async with corridor.living(qm := Window(corridor.seat("QM")), qn := Window(corridor.seat("QN"))):
        sent = await qm.counter.lodge(corridor.certificate(), to="QN")
        other = await qm.counter.lodge(corridor.certificate(), to="QN")
        await corridor.receipts(sent.identity)
        await corridor.receipts(other.identity)
        for window, witness in ((qm, "QN"), (qn, "QM")):
            path = await window.counter.evidence(sent.correlation, partner=witness)
            audited = audit(await asyncio.to_thread(path.read_bytes))
            assert [one.identity for one in audited.messages] == [sent.identity]


async def test_evidence_that_a_third_party_wrote_into(corridor: Corridor) -> None:
    """Another partner that uses the same transaction's name does not spoil the bundle for it."""
    qm, qn, qp = (Window(corridor.seat(code)) for code in ("QM", "QN", "QP"))
    async with corridor.living(qm, qn, qp):
        sent = await qm.counter.lodge(corridor.certificate(), to="QN")
        await corridor.receipts(sent.identity)
        data = {"claim": "mine", "of": sent.identity, "dispute": "D-9", "sentence": "interference"}
        foreign = corridor.sealed(corridor.envelope("QP", "QN", correlationid=sent.correlation, data=data))
        await corridor.put(foreign)
        await corridor.seen(lambda one: one.delivery.topic == topics.inbox("QP", "QN") and one.receipt is not None)
        path = await qn.counter.evidence(sent.correlation, partner="QM")
        audited = audit(await asyncio.to_thread(path.read_bytes))
        assert [one.identity for one in audited.messages] == [sent.identity]


async def test_evidence_that_nobody_cosigned(corridor: Corridor) -> None:
    """Without the partner's witness there is no bundle."""
    async with corridor.living(qm := Window(corridor.seat("QM"))):
        with pytest.raises(NotProved, match="QN never cosigned"):
            qm.witnessing.bundle("trade-1", "QN")


async def test_a_reference_that_fits_no_envelope(corridor: Corridor) -> None:
    """It is the asker's to correct: nothing is noted, no number is used up, and the window lives on."""
    said = {"doctype": "851", "media_type": "application/sps+xml"}
    async with corridor.living(qm := Window(corridor.seat("QM"))):
        with pytest.raises(BadInput, match=r"^'xxx.* cannot be sent: subject: "):
            await qm.counter.pass_on(b"<a/>", to="QN", reference="x" * 841, **said)
        assert qm.log.size == 0
        await qm.counter.pass_on(b"<a/>", to="QN", reference="PC-1", **said)
    assert [one.said["sequence"] for one in corridor.on(INBOX)] == [1]
