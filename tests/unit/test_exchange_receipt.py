"""Receipts: levels each once and in order, closed status words, a reason with each negative status."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from harness.documents.model import Finding, Severity
from harness.exchange import reasons, receipt
from harness.exchange.reasons import Refused
from harness.exchange.receipt import NEGATIVE, SAYS, Level, Receipt, Status

AT = "2026-03-12T09:00:00.000Z"
ONE = {"level": "L1", "status": "received", "at": AT}


def said(*statements: dict[str, Any], **more: object) -> dict[str, Any]:  # Any: JSON
    """The data of a receipt."""
    return {"of": "0" * 64, "statements": list(statements), **more}


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("status", Status)
def test_each_status_on_each_level(level: Level, status: Status) -> None:
    """A status is stated on the levels it belongs to, with a reason exactly when it is negative."""
    reason = "101" if status in NEGATIVE else None
    data = said({"level": level.value, "status": status.value, "at": AT, "reason": reason})
    if status in SAYS[level]:
        assert receipt.parse(data).last.status is status
        assert receipt.parse(data).negative is (status in NEGATIVE)
    else:
        with pytest.raises(Refused, match="is no status of level"):
            receipt.parse(data)


@pytest.mark.parametrize("status", Status)
def test_a_reason_where_none_belongs(status: Status) -> None:
    """A refusal without a reason counts for nothing, and an acceptance has none."""
    level = next(level for level in Level if status in SAYS[level])
    reason = None if status in NEGATIVE else "101"
    with pytest.raises(Refused, match="a negative status has one, others none"):
        receipt.parse(said({"level": level.value, "status": status.value, "at": AT, "reason": reason}))


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        said(),
        said(ONE, ONE),
        said({**ONE, "level": "L3", "status": "admitted"}, ONE),
        said({**ONE, "status": "pending"}),
        said({**ONE, "level": "L0"}),
        said({**ONE, "level": "L5"}),
        said({**ONE, "status": "refused", "reason": "999"}),
        said({**ONE, "at": "today"}),
        said({**ONE, "at": "0001-01-01T00:00:00+14:00"}),
        said({**ONE, "findings": [{"severity": "fatal", "code": "c", "pointer": "", "sentence": "s"}]}),
        said({**ONE, "findings": ["none"]}),
        said(ONE, of="0" * 63),
        said(ONE, of="0" * 64 + "\n"),
        said(ONE, after="none"),
        said(ONE, form="another-form"),
    ],
    ids=lambda data: json.dumps(data)[:60],
)
def test_a_receipt_that_cannot_be_read(data: object) -> None:
    """It is refused: an unknown state is a failure, never "pending"."""
    with pytest.raises(Refused) as refused:
        receipt.parse(data)
    assert refused.value.reason is reasons.NOT_AN_ENVELOPE


def test_fields_that_a_later_version_adds() -> None:
    """They are no failure, wherever they stand."""
    finding = {"severity": "warning", "code": "c", "pointer": "/a", "sentence": "s", "since": "2"}
    read = receipt.parse(said({**ONE, "findings": [finding], "operator": "7"}, also="this"))
    assert read.last.findings == (Finding(Severity.WARNING, "c", "/a", "s"),)


def test_what_travels_is_what_was_meant() -> None:
    """A receipt reads back the same; what says nothing does not travel."""
    now = datetime(2026, 3, 12, 9, tzinfo=UTC)
    refused = Refused(reasons.RULE_BROKEN, "net weight zero")
    made = Receipt(
        of="1" * 64,
        ofid="qm-1",
        statements=(
            receipt.statement(Level.TECHNICAL, Status.RECEIVED, now),
            receipt.statement(Level.DELIVERY, Status.DELIVERED, now),
            receipt.statement(Level.APPLICATION, Status.REFUSED, now, refused),
        ),
    )
    travelling = json.loads(json.dumps(made.said()))
    assert receipt.parse(travelling) == made
    assert travelling["form"] == "corridor-receipt"
    assert travelling["statements"][0] == ONE
    assert travelling["statements"][2]["clause"] == reasons.RULE_BROKEN.clause
    assert "after" not in travelling
