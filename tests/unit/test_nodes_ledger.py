"""The ledger: what a window knows is what its log says, folded in any life to the same."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from harness.evidence import records
from nodes.ledger import Ledger

AT = datetime(2026, 3, 12, 9, tzinfo=UTC)
PLACE = {"topic": "qn.in.from.qm", "partition": 0, "offset": 0}


def name(number: int) -> str:
    """An identity or a raw digest."""
    return f"{number:064x}"


def ledger(*told: tuple[str, dict[str, object]]) -> Ledger:
    """A ledger that learnt these records."""
    made = Ledger()
    for event, fields in told:
        made.apply(records.read(records.record(event, "QN", AT, correlation="trade-1", **fields)))
    return made


def received(identity: int, *, message_id: str = "qm-1") -> tuple[str, dict[str, object]]:
    """A message came."""
    fields = {"identity": name(identity), "raw": name(100 + identity), "id": message_id, "sender": "QM", **PLACE}
    return records.RECEIVED, {
        **fields,
        "subject": "CO-1",
        "doctype": "864",
        "function": "9",
        "payload": None,
        "sequence": identity,
    }


def refused(identity: int, raw: int) -> tuple[str, dict[str, object]]:
    """Something did not open."""
    fields = {"identity": name(identity), "raw": name(raw), "reason": "401", "step": "verify", "sender": "QM"}
    return records.REFUSED, {**fields, **PLACE, "sequence": None}


def answered(of: int, receipt: int, *said: str) -> tuple[str, dict[str, object]]:
    """A receipt left."""
    told = [{"level": one.split()[0], "status": one.split()[1], "reason": None} for one in said]
    return records.ANSWERED, {
        "identity": name(receipt),
        "raw": name(100 + receipt),
        "of": name(of),
        "statements": told,
        "sequence": 1,
    }


def kept(receipt: int, waits_for: int) -> tuple[str, dict[str, object]]:
    """A receipt came too early."""
    fields = {"identity": name(receipt), "raw": name(100 + receipt), "waits_for": name(waits_for)}
    return records.KEPT, {**fields, **PLACE, "sender": "QN", "sequence": receipt}


def test_a_message_that_was_received() -> None:
    """It is known by its identity and by its sender's id; the first answer is the one it keeps."""
    known = ledger(received(1), answered(1, 11, "L1 received", "L4 accepted"), answered(1, 12, "L4 utilised"))
    assert known.seen(name(1))
    assert not known.seen(name(2))
    assert known.under_id("QM", "qm-1") == name(1)
    assert known.under_id("QP", "qm-1") is None
    assert known.first_answer(name(1), name(101)) == name(111)
    assert known.received[name(1)].last_answer == name(12)
    assert known.received[name(1)].accepted


def test_an_id_that_stands_for_two() -> None:
    """The first content keeps the id."""
    known = ledger(received(1), received(2))
    assert known.under_id("QM", "qm-1") == name(1)
    assert known.seen(name(2))


@pytest.mark.parametrize("status", ["L4 rejected", "L3 refused", "L2 not_readable", "L4 utilised"])
def test_a_message_that_was_not_accepted(status: str) -> None:
    """Only an acceptance on level 4 makes it so."""
    assert not ledger(received(1), answered(1, 11, status)).received[name(1)].accepted


def test_what_was_refused_unread() -> None:
    """Its bytes are known with their answer; the identity that they name is still free."""
    known = ledger(refused(1, 51), answered(1, 11, "L1 refused"))
    assert known.first_answer(name(1), name(51)) == name(111)
    assert known.first_answer(name(1), name(52)) is None
    assert not known.seen(name(1))
    other = ledger(refused(1, 51), answered(1, 11, "L1 refused"), refused(1, 52), answered(1, 12, "L1 refused"))
    assert [other.first_answer(name(1), name(raw)) for raw in (51, 52)] == [name(111), name(112)]


def test_a_message_between_its_spoilt_copies() -> None:
    """Copies before and after it change nothing of what it was answered."""
    known = ledger(
        refused(1, 51),
        answered(1, 11, "L1 refused"),
        refused(1, 51),
        received(1),
        answered(1, 12, "L1 received", "L4 accepted"),
        refused(1, 53),
        answered(1, 13, "L4 utilised"),
    )
    assert known.received[name(1)].answers == [name(112), name(113)]
    assert known.first_answer(name(1), name(53)) == name(112)


def test_a_receipt_that_waits() -> None:
    """It came, and is not taken in before that which it waits for."""
    known = ledger(kept(2, 1), kept(3, 2))
    assert known.has_receipt(name(3))
    assert not known.heard
    acknowledged = {
        "identity": name(2),
        "raw": name(102),
        "of": name(9),
        "sender": "QN",
        "statements": [],
        "sequence": 2,
    }
    for event, fields in (
        (records.MATCHED, {"identity": name(2), "waits_for": name(1)}),
        (records.ACKNOWLEDGED, acknowledged | PLACE),
    ):
        known.apply(records.read(records.record(event, "QM", AT, correlation=None, **fields)))
    assert known.heard == {name(2)}
    assert list(known.kept) == [name(2)]


def test_what_the_broker_never_confirmed() -> None:
    """Messages of ours, and later receipts that no redelivery would send again; first answers are not among them."""
    fields = {"identity": name(5), "raw": name(105), "id": "qn-5", "topic": "qm.in.from.qn", "receiver": "QM"}
    sent: dict[str, object] = {
        **fields,
        "subject": "CO-5",
        "doctype": None,
        "function": None,
        "payload": None,
        "deadline": None,
        "sequence": 1,
    }
    told: list[tuple[str, dict[str, object]]]
    told = [(records.SENT, sent), received(1), answered(1, 11, "L4 accepted"), answered(1, 12, "L4 utilised")]
    assert {one: out.raw for one, out in ledger(*told).untransported().items()} == {
        name(5): name(105),
        name(12): name(112),
    }
    proof: tuple[str, dict[str, object]] = (records.TRANSPORTED, {"identity": name(12), **PLACE})
    assert list(ledger(*told, proof).untransported()) == [name(5)]
