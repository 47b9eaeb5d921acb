"""From findings to a decision, by severity alone."""

from __future__ import annotations

import pytest

from harness.documents.model import Finding, Severity
from harness.exchange.receipt import Status
from nodes.decision import Decision, decide

NOTE = Finding(Severity.NOTE, "N-1", "", "error: severe, rejected")
WARNING = Finding(Severity.WARNING, "W-1", "/issued", "no error was found")
ERROR = Finding(Severity.ERROR, "E-1", "/status", "accepted")


@pytest.mark.parametrize(
    ("findings", "status"),
    [
        ((), Status.ACCEPTED),
        ((NOTE,), Status.ACCEPTED),
        ((NOTE, WARNING), Status.ACCEPTED_WITH_WARNINGS),
        ((WARNING, ERROR, NOTE), Status.REJECTED),
        ((ERROR,), Status.REJECTED),
    ],
)
def test_worst_finding_decides(findings: tuple[Finding, ...], status: Status) -> None:
    """One error rejects, one warning warns, a note changes nothing, whatever the sentences say."""
    assert decide(findings) == Decision(status, findings)


def test_findings_are_kept_in_their_order() -> None:
    """The decision carries all it rests on, also when they come from a generator."""
    assert decide(finding for finding in (WARNING, NOTE)).findings == (WARNING, NOTE)
