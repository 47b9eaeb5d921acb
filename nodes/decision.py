"""From findings to a decision: what the authority answers on level 4.

By severity alone. Never by a word in a sentence: a final state once misread by a substring test was polled for a day,
and an answer with "severe" errors was once accepted. How a decision travels: `harness.exchange.receipt`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.documents.model import Finding, Severity
from harness.exchange.receipt import Status


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided (accepted, accepted_with_warnings or rejected), and on which findings."""

    status: Status
    findings: tuple[Finding, ...]


def decide(findings: Iterable[Finding]) -> Decision:
    """Rejected for one error, accepted with warnings for one warning, else accepted: a note changes nothing."""
    weighed = tuple(findings)
    severities = {finding.severity for finding in weighed}
    if Severity.ERROR in severities:
        return Decision(Status.REJECTED, weighed)
    if Severity.WARNING in severities:
        return Decision(Status.ACCEPTED_WITH_WARNINGS, weighed)
    return Decision(Status.ACCEPTED, weighed)
