"""The claim "I never got an answer", decided from two bundles: every branch of the rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from certs import jws
from harness.errors import BadInput
from harness.evidence import bundle, records
from harness.evidence.audit import Audited, audit
from harness.evidence.dispute import Outcome, Ruling, rule_no_answer

if TYPE_CHECKING:
    from tests.unit.evidence.conftest import Corridor, Sent

Minutes = Callable[[float], datetime]
REFUSED = (
    {"level": "L1", "status": "received"},
    {"level": "L2", "status": "delivered"},
    {"level": "L3", "status": "refused", "reason": "301"},
)
SPOILT = ({"level": "L1", "status": "refused", "reason": "101"},)


def claimed(corridor: Corridor, of: str, *, made: datetime | None = None, cosigned: datetime | None = None) -> Ruling:
    """Both sides make their bundles, and the rule is asked; the claimant's log is cosigned at `cosigned`."""
    claimant = audit(corridor.bundle(corridor.qm, made=made, cosigned=cosigned), roots=corridor.roots)
    return rule_no_answer(claimant, respondent(corridor, made=made), of)


def respondent(corridor: Corridor, *, made: datetime | None = None) -> Audited:
    """QN's bundle, audited."""
    return audit(corridor.bundle(corridor.qn, made=made), roots=corridor.roots)


@pytest.fixture
def at(minutes: Minutes) -> Minutes:
    """The clock of the rehearsal: the answer is due 29 minutes after the message, which goes out in minute 1."""
    return minutes


@pytest.fixture
def sent(corridor: Corridor, at: Minutes) -> Sent:
    """The message in dispute, sent by QM in minute 1."""
    made = corridor.document()
    corridor.send(made, at(1))
    return made


def test_receipt_in_both_logs(corridor: Corridor) -> None:
    """The claim is refuted by the receipt that stands in both logs, and the ruling says where."""
    of = corridor.trade().identity
    ruling = claimed(corridor, of)
    assert (ruling.outcome, ruling.against) == (Outcome.REFUTED, "QM")
    assert ruling.because == "QN's receipt, log 2, cosigned by QM; in QM's log too, at 2"
    receipt = audit(corridor.bundle(corridor.qn)).receipts[0].identity
    assert ruling.evidence == (
        f"QM: receipts/{receipt}.jws",
        f"QN: receipts/{receipt}.jws",
        "QM: log/2.json",
        "QN: log/2.json",
    )


def test_receipt_in_the_claimants_log_alone(corridor: Corridor, sent: Sent, at: Minutes) -> None:
    """The claimant's own log is enough, even when the respondent has lost its records."""
    corridor.hear(corridor.receipt(sent.identity, at(3)), at(4))
    ruling = claimed(corridor, sent.identity)
    assert ruling.outcome is Outcome.REFUTED
    assert ruling.because == "QN's receipt, QM's own log 2, cosigned by QN"


@pytest.mark.parametrize(
    ("event", "how"), [(records.REFUSED, "where it was refused"), (records.KEPT, "where it waits")]
)
def test_receipt_that_came_and_was_not_taken(corridor: Corridor, sent: Sent, at: Minutes, event: str, how: str) -> None:
    """An answer that the claimant refused, or keeps waiting, has come all the same."""
    receipt = corridor.receipt(sent.identity, at(3))
    corridor.qm.receipts.append(receipt.token)
    told: dict[str, object] = {"identity": receipt.identity, "raw": corridor._as_receipt(receipt)["raw"]}
    if event == records.REFUSED:
        told |= {"reason": "101", "step": "verify", "sender": "QN", "topic": "t", "partition": 0, "offset": 0}
        told |= {"sequence": 1}
    else:
        told |= {"waits_for": "0" * 64, "sender": "QN", "sequence": 1, "topic": "t", "partition": 0, "offset": 0}
    corridor.qm.note(event, at(4), **told)
    ruling = claimed(corridor, sent.identity)
    assert ruling.outcome is Outcome.REFUTED
    assert how in ruling.because


def test_late_answer(corridor: Corridor, sent: Sent, at: Minutes) -> None:
    """A late answer is an answer: the claim is refuted, and the ruling says that it was late."""
    corridor.receive(sent, at(2))
    receipt = corridor.receipt(sent.identity, at(40))
    corridor.answer(receipt, at(40))
    corridor.hear(receipt, at(41))
    ruling = claimed(corridor, sent.identity)
    assert ruling.outcome is Outcome.REFUTED
    assert ruling.because.endswith("it was late, 2026-03-02T09:40:00.000Z against 2026-03-02T09:30:00.000Z")


def test_receipt_given_but_not_in_the_claimants_log(corridor: Corridor, sent: Sent, at: Minutes) -> None:
    """A receipt in the respondent's hands proves that it was given, not that it came: undecidable."""
    corridor.receive(sent, at(2))
    corridor.answer(corridor.receipt(sent.identity, at(3)), at(3))
    ruling = claimed(corridor, sent.identity)
    assert (ruling.outcome, ruling.against) == (Outcome.UNDECIDABLE, None)
    assert ruling.because == (
        "QN's receipt was given, log 2, cosigned by QM; its arrival is not proven:"
        " QM shows all of its log, and it is not there"
    )


def test_claimant_that_shows_only_a_part(corridor: Corridor, sent: Sent, at: Minutes) -> None:
    """When the claimant does not show all of its log, the ruling does not say that it did."""
    corridor.receive(sent, at(2))
    corridor.answer(corridor.receipt(sent.identity, at(3)), at(3))
    corridor.qm.log.append(
        [records.record(records.MATCHED, "QM", at(5), correlation="other", identity="0" * 64, waits_for="x")]
    )
    assert "QM shows no record of it" in claimed(corridor, sent.identity).because


def test_receipt_beside_the_log(corridor: Corridor, sent: Sent, at: Minutes) -> None:
    """A receipt that neither log knows counts for nothing: it could have been signed for the dispute."""
    corridor.receive(sent, at(2))
    corridor.answer(corridor.receipt(sent.identity, at(3)), at(3))
    claimant, other = audit(corridor.bundle(corridor.qm)), respondent(corridor)
    forgetful = replace(other, entries=tuple(entry for entry in other.entries if entry.event != records.ANSWERED))
    assert rule_no_answer(claimant, forgetful, sent.identity).outcome is Outcome.PROVEN


def test_received_and_never_answered(corridor: Corridor, sent: Sent, at: Minutes) -> None:
    """The respondent's own log shows the message and, after the deadline, no receipt: proven against it."""
    corridor.receive(sent, at(2))
    ruling = claimed(corridor, sent.identity)
    assert (ruling.outcome, ruling.against) == (Outcome.PROVEN, "QN")
    assert ruling.because.startswith("QN received it, its own log 0, and by 2026-03-02T10:00:00.000Z shows no receipt")
    assert "QN: log/0.json" in ruling.evidence


def test_received_late_and_still_in_time(corridor: Corridor, sent: Sent, at: Minutes) -> None:
    """A message that came late leaves the respondent its whole time: not yet in default."""
    corridor.receive(sent, at(40))
    ruling = claimed(corridor, sent.identity, cosigned=at(41))
    assert ruling.outcome is Outcome.UNDECIDABLE
    assert ruling.because.startswith("QN received it only on 2026-03-02T09:40:00.000Z, its own log 0")


def test_submission_witnessed_in_time(corridor: Corridor, sent: Sent, at: Minutes) -> None:
    """Who cosigns a root sees nothing of the message: a submission witnessed in time convicts nobody."""
    early = replace(corridor.seen(corridor.qm, at(4), cosigned=at(5)), made=at(60))
    claimant = audit(bundle.make(early, corridor.qm.identity))
    ruling = rule_no_answer(claimant, respondent(corridor), sent.identity)
    assert (ruling.outcome, ruling.against) == (Outcome.UNDECIDABLE, None)
    assert ruling.because == "its submission was witnessed before the deadline, its delivery is not proven"


def test_submission_witnessed_too_late(corridor: Corridor, sent: Sent) -> None:
    """A submission that was witnessed only after the deadline decides nothing."""
    ruling = claimed(corridor, sent.identity)
    assert ruling.outcome is Outcome.UNDECIDABLE
    assert "witnessed its submission only on 2026-03-02T09:59:00.000Z, after the deadline" in ruling.because


def test_submission_never_witnessed(corridor: Corridor, sent: Sent, at: Minutes) -> None:
    """A claimant's own log, which nobody cosigned, proves nothing against the other."""
    alone = replace(corridor.seen(corridor.qm, at(4), cosigned=None), made=at(60))
    claimant = audit(bundle.make(alone, corridor.qm.identity))
    ruling = rule_no_answer(claimant, respondent(corridor), sent.identity)
    assert ruling.outcome is Outcome.UNDECIDABLE
    assert ruling.because.endswith("never cosigned QM's log: neither receipt nor submission is proven")


def test_claimed_before_the_deadline(corridor: Corridor, sent: Sent, at: Minutes) -> None:
    """Before the deadline nobody is in default."""
    ruling = claimed(corridor, sent.identity, made=at(20))
    assert ruling.outcome is Outcome.UNDECIDABLE
    assert "had not passed when QN made its bundle" in ruling.because


def test_document_without_a_deadline(corridor: Corridor, at: Minutes) -> None:
    """Where the agreement sets no deadline there is no default."""
    other = corridor.document(doctype="851")
    corridor.send(other, at(1))
    ruling = claimed(corridor, other.identity)
    assert ruling.outcome is Outcome.UNDECIDABLE
    assert ruling.because == "agreement QM-QN sets no deadline for answers to document 851"


def test_claimant_that_never_logged_the_sending(corridor: Corridor, sent: Sent, at: Minutes) -> None:
    """A message that its own sender's log knows only as refused was not shown to be sent."""
    fresh = corridor.document(at(2))
    corridor.qm.messages.append(fresh.token)
    place = {"topic": "t", "partition": 0, "offset": 0}
    corridor.qm.note(
        records.REFUSED,
        at(3),
        identity=fresh.identity,
        raw=corridor._as_message(fresh)["raw"],
        reason="101",
        step="verify",
        sender=None,
        sequence=None,
        **place,
    )
    ruling = claimed(corridor, fresh.identity)
    assert ruling.because == "no record in the log of QM shows that it sent the message"


def test_two_contents_under_one_id(corridor: Corridor, sent: Sent, at: Minutes) -> None:
    """Who signs two contents under one id has made the question unanswerable: misconduct."""
    other = corridor.document(at(2), id=sent.envelope["id"], subject="CO-0002")
    corridor.receive(other, at(3))
    corridor.answer(corridor.receipt(other.identity, at(4)), at(4))
    ruling = claimed(corridor, sent.identity)
    assert (ruling.outcome, ruling.against) == (Outcome.MISCONDUCT, "QM")
    assert f"two contents under one id, {sent.envelope['id']}" in ruling.because
    assert ruling.evidence == (f"QM: messages/{sent.identity}.jws", f"QN: messages/{other.identity}.jws")


def test_two_receipts_that_contradict_each_other(corridor: Corridor, sent: Sent, at: Minutes) -> None:
    """Who signs yes and no to one message is caught by the two receipts together."""
    corridor.receive(sent, at(2))
    corridor.answer(corridor.receipt(sent.identity, at(3)), at(3))
    corridor.hear(corridor.receipt(sent.identity, at(3), REFUSED), at(4))
    ruling = claimed(corridor, sent.identity)
    assert (ruling.outcome, ruling.against) == (Outcome.MISCONDUCT, "QN")
    assert "L3 admitted" in ruling.because
    assert "L3 refused" in ruling.because


def test_spoilt_copy_is_no_contradiction(corridor: Corridor, sent: Sent, at: Minutes) -> None:
    """A spoilt copy has the identity of the good one: the answers to both stand side by side."""
    corridor.receive(sent, at(2))
    for receipt in (corridor.receipt(sent.identity, at(3), SPOILT), corridor.receipt(sent.identity, at(3))):
        corridor.answer(receipt, at(3))
        corridor.hear(receipt, at(4))
    assert claimed(corridor, sent.identity).outcome is Outcome.REFUTED


def test_later_decision_is_no_contradiction(corridor: Corridor, at: Minutes) -> None:
    """An authority that decides anew contradicts nobody: the honest twin of the case above."""
    of = corridor.trade().identity
    later = corridor.receipt(of, at(20), ({"level": "L4", "status": "utilised"},))
    corridor.answer(later, at(20))
    corridor.hear(later, at(21))
    assert claimed(corridor, of).outcome is Outcome.REFUTED


def test_message_that_nobody_shows(corridor: Corridor) -> None:
    """A claim about a message that is in neither bundle is undecidable, and says so."""
    corridor.trade()
    ruling = claimed(corridor, "ab" * 32)
    assert (ruling.outcome, ruling.evidence) == (Outcome.UNDECIDABLE, ())
    assert ruling.because == "message abababababab is in neither bundle"


def test_claim_of_the_wrong_side(corridor: Corridor) -> None:
    """Nobody owes an answer to what it sent itself."""
    of = corridor.trade().identity
    claimant, other = audit(corridor.bundle(corridor.qn)), audit(corridor.bundle(corridor.qm))
    ruling = rule_no_answer(claimant, other, of)
    assert ruling.outcome is Outcome.UNDECIDABLE
    assert "it was not for QM to answer QN" in ruling.because


def test_two_agreements(corridor: Corridor, at: Minutes) -> None:
    """Two bundles under two texts do not speak of one deal."""
    of = corridor.trade().identity
    text = corridor.agreement_text(version=2)
    tokens = {side.party: jws.sign(text, side.identity, typ=jws.AGREEMENT) for side in corridor.sides.values()}
    parts = replace(corridor.seen(corridor.qn, at(58), cosigned=at(59)), agreement=text, agreement_tokens=tokens)
    other = audit(bundle.make(parts, corridor.qn.identity))
    ruling = rule_no_answer(audit(corridor.bundle(corridor.qm)), other, of)
    assert ruling.outcome is Outcome.UNDECIDABLE
    assert "rest on two agreements" in ruling.because


def test_two_transactions(corridor: Corridor) -> None:
    """What one bundle lacks of another transaction, it does not lack."""
    of = corridor.trade().identity
    other = replace(respondent(corridor), correlation="trade-2")
    ruling = rule_no_answer(audit(corridor.bundle(corridor.qm)), other, of)
    assert ruling.outcome is Outcome.UNDECIDABLE
    assert ruling.because == "the two bundles are of two transactions, trade-1 and trade-2"


def test_two_bundles_of_one_party(corridor: Corridor) -> None:
    """Two bundles of one side are not two sides."""
    of = corridor.trade().identity
    one = audit(corridor.bundle(corridor.qm))
    with pytest.raises(BadInput, match="both bundles are QM's"):
        rule_no_answer(one, one, of)


def test_receipt_that_may_be_a_thiefs(corridor: Corridor, sent: Sent, at: Minutes) -> None:
    """Who answered under a key that was lost later is not convicted of silence: nobody can say who answered."""
    corridor.receive(sent, at(2))
    claimant = audit(corridor.bundle(corridor.qm), roots=corridor.roots)
    silent = respondent(corridor)
    assert rule_no_answer(claimant, silent, sent.identity).outcome is Outcome.PROVEN
    receipt = corridor.receipt(sent.identity, at(3))
    corridor.answer(receipt, at(3))
    (answered,) = respondent(corridor).receipts
    doubted = replace(silent, doubted=(replace(answered, doubt="receipts/x.jws: in doubt"),))
    ruling = rule_no_answer(claimant, doubted, sent.identity)
    assert (ruling.outcome, ruling.against, ruling.because) == (Outcome.UNDECIDABLE, None, "receipts/x.jws: in doubt")


def test_message_that_may_be_a_thiefs(corridor: Corridor) -> None:
    """Nobody owes an answer to a message of which nobody can say who signed it."""
    of = corridor.trade().identity
    sides = [audit(corridor.bundle(side), roots=corridor.roots) for side in (corridor.qm, corridor.qn)]
    claimant, other = (
        replace(
            one, messages=(), doubted=tuple(replace(each, doubt="messages/x.jws: in doubt") for each in one.messages)
        )
        for one in sides
    )
    ruling = rule_no_answer(claimant, other, of)
    assert (ruling.outcome, ruling.because) == (Outcome.UNDECIDABLE, "messages/x.jws: in doubt")
