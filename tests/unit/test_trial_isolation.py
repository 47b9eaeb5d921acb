"""What the checks of isolation make of a history, event by event."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.trial import isolation
from harness.trial.history import History
from harness.trial.verdict import Judged, Verdict

INBOX = "qn.in.from.qm"
RESOURCE = f"run.{INBOX}"
LINE = (
    "INFO kafka.authorizer.logger: Principal = User:{who} is Denied operation = {operation} from host = 127.0.0.1 "
    "on resource = Topic:LITERAL:{resource} for request = Fetch with resourceRefCount = 1 based on rule DefaultDeny"
)
DENIED = LINE.format(who="qp", operation="READ", resource=RESOURCE)
SHUT = "Failed authentication with /127.0.0.1 (channelId=127.0.0.1:9092-127.0.0.1:{port}-1-23) (SSL handshake failed)"

Event = dict[str, Any]  # Any: a JSON object of the history


def attempt(outcome: str = "refused", **error: object) -> Event:
    """QP tried to read the topic."""
    told = {"kind": "not allowed", "said": "no", "principal": "qp", "action": "read", "topic": INBOX} | error
    said = {"what": "attempt", "by": "QP", "principal_of": "qp", "deed": "read", "on": INBOX, "resource": RESOURCE}
    return {**said, "outcome": outcome, "error": told}


def broker(*lines: str, log: str = "read", enforces_rights: bool = True) -> Event:
    """What the broker's log said of it."""
    return {"what": "broker", "log": log, "enforces_rights": enforces_rights, "lines": list(lines)}


def judged(*events: Event, deed: str = "read", what: str = INBOX) -> Judged:
    """The verdict on these events."""
    return isolation.kept_out(History(events, Path()), who="QP", deed=deed, what=what)


@pytest.mark.parametrize(
    ("events", "verdict", "saw"),
    [
        ((attempt(), broker(DENIED)), Verdict.HELD, "Principal = User:qp is Denied"),
        ((attempt(), broker(log="none")), Verdict.HELD, "no authorizer log"),
        ((attempt(), broker(log="none at hand")), Verdict.UNKNOWN, "nobody here can read"),
        ((attempt(), broker(DENIED, enforces_rights=False)), Verdict.UNKNOWN, "enforces no rights"),
        ((attempt(), broker()), Verdict.BROKEN, "holds no denial"),
        ((attempt("let in", said="3 octets"), broker()), Verdict.BROKEN, "was let read"),
        ((attempt("nothing"), broker()), Verdict.UNKNOWN, "no answer"),
        ((attempt(principal="qm"), broker(DENIED)), Verdict.BROKEN, "does not name"),
        ((attempt(action="write"), broker(DENIED)), Verdict.BROKEN, "does not name"),
        ((attempt(topic="other"), broker(DENIED)), Verdict.BROKEN, "does not name"),
        ((attempt(kind="none"), broker(DENIED)), Verdict.BROKEN, "does not name"),
        ((attempt(),), Verdict.NOT_REACHED, "never looked into"),
        ((), Verdict.NOT_REACHED, "never tried"),
    ],
)
def test_both_witnesses_must_say_no(events: tuple[Event, ...], verdict: Verdict, saw: str) -> None:
    """The client's error and the broker's denial, each naming the same; one without the other is not enough."""
    found = judged(*events)
    assert (found.verdict, saw in found.saw) == (verdict, True), found.saw


@pytest.mark.parametrize(
    "line",
    [
        LINE.format(who="qx", operation="READ", resource=RESOURCE),
        LINE.format(who="qp", operation="DESCRIBE", resource=RESOURCE),
        LINE.format(who="qp", operation="READ", resource=f"other.{INBOX}"),
        DENIED.replace("Denied", "Allowed"),
        DENIED.replace("Topic:", "Group:"),
    ],
)
def test_a_denial_of_something_else_proves_nothing(line: str) -> None:
    """Another principal, operation, topic or kind: the log does not speak of this attempt."""
    assert judged(attempt(), broker(line)).verdict is Verdict.BROKEN


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [((SHUT.format(port=4711),), Verdict.HELD), ((SHUT.format(port=4712),), Verdict.BROKEN), ((), Verdict.BROKEN)],
)
def test_a_door_that_was_shut(lines: tuple[str, ...], verdict: Verdict) -> None:
    """The broker's log must tell of a failed handshake on this very connection."""
    how = "without a certificate"
    came = {
        **attempt(said="ALERT"),
        "deed": "connect",
        "on": how,
        "error": {"kind": "tls", "said": "ALERT", "port": 4711},
    }
    assert judged(came, broker(*lines), deed="connect", what=how).verdict is verdict
