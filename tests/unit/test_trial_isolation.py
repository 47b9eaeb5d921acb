"""What the checks of isolation make of a history, event by event."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.clock import SystemClock
from harness.evidence import records
from harness.trial import checks, isolation
from harness.trial.buses import standing
from harness.trial.checks import Check
from harness.trial.history import History, What
from harness.trial.runner import Playbill, play
from harness.trial.script import Scenario
from harness.trial.verdict import Judged, Verdict
from scenarios.isolation.dropped import dropped
from scenarios.isolation.operator_reads import operator_reads
from scenarios.isolation.reordered import reordered
from scenarios.pack import PACK

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


# ------------------------------------------------------------------------ drop, reorder, read: histories told otherwise

Told = Callable[[Event], "Event | None"]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Scenario], History]:
    """Histories of scenarios with honest windows, each played once."""
    known: dict[str, History] = {}

    def history(scenario: Scenario) -> History:
        if scenario.id not in known:
            folder = tmp_path_factory.mktemp("run")

            async def playing() -> History:
                clock = SystemClock()
                async with standing("memory", folder, (), clock, lambda _: None) as bus:
                    return await play(scenario, Playbill(PACK, bus, "memory", clock, 1), folder / "run")

            known[scenario.id] = asyncio.run(playing())
        return known[scenario.id]

    return history


def without(*events: str, party: str = "") -> Told:
    """Leaves out the log records of some events, of one party or of all."""

    def telling(told: Event) -> Event | None:
        mine = told["what"] == "record" and party in ("", told["party"])
        return None if mine and json.loads(told["body"])["event"] in events else told

    return telling


def without_what(what: str) -> Told:
    """Leaves out all events of a kind."""
    return lambda told: None if told["what"] == what else told


def as_it_was(told: Event) -> Event:
    """Leaves out nothing."""
    return told


def verdict(history: History, check: Check, telling: Told) -> Verdict:
    """What the check finds, as the scenario had it made, when the history is told otherwise."""
    args = next(event["args"] for event in history.of(What.PROMISE) if event["check"] == check.name)
    events = tuple(one for event in history.events if (one := telling(dict(event))) is not None)
    return check(History(events, history.folder), **args).verdict


@pytest.mark.parametrize(
    ("scenario", "check", "telling", "expected"),
    [
        (dropped, isolation.drop_found_out, as_it_was, Verdict.HELD),
        (dropped, isolation.drop_found_out, without(records.GAP), Verdict.BROKEN),
        (dropped, isolation.drop_found_out, without(records.TRANSPORTED), Verdict.NOT_REACHED),
        (dropped, isolation.drop_found_out, without(records.SENT), Verdict.NOT_REACHED),
        (dropped, isolation.drop_found_out, without(records.RECEIVED, records.GAP), Verdict.NOT_REACHED),
        (reordered, isolation.reorder_found_out, as_it_was, Verdict.HELD),
        (reordered, isolation.reorder_found_out, without(records.GAP), Verdict.BROKEN),
        (reordered, isolation.reorder_found_out, without(records.LATE), Verdict.BROKEN),
        (reordered, isolation.reorder_found_out, without(records.SENT), Verdict.NOT_REACHED),
        (operator_reads, isolation.operator_learns_nothing, as_it_was, Verdict.HELD),
        (operator_reads, isolation.operator_learns_nothing, without_what("under cover"), Verdict.NOT_REACHED),
        (operator_reads, isolation.operator_learns_nothing, without_what("delivery"), Verdict.BROKEN),
        (operator_reads, checks.five_levels, without_what("under cover"), Verdict.BROKEN),
        (operator_reads, checks.original_untouched, as_it_was, Verdict.HELD),
    ],
    ids=lambda value: value.id if isinstance(value, Scenario) else getattr(value, "name", None),
)
def test_what_the_logs_must_say(
    played: Callable[[Scenario], History], scenario: Scenario, check: Check, telling: Told, expected: Verdict
) -> None:
    """Without its evidence a promise is broken or not reached, never held."""
    assert verdict(played(scenario), check, telling) is expected


def test_messages_that_came_in_their_order(played: Callable[[Scenario], History]) -> None:
    """Nothing was reordered, so nothing is proved."""
    history = played(reordered)
    args = next(event["args"] for event in history.of(What.PROMISE) if event["check"] == "reorder_found_out")
    found = isolation.reorder_found_out(history, first=args["second"], second=args["first"])
    assert (found.verdict, "came in their order" in found.saw) == (Verdict.NOT_REACHED, True)


def test_a_message_that_did_come(played: Callable[[Scenario], History]) -> None:
    """What came was not dropped."""
    history = played(dropped)
    args = next(event["args"] for event in history.of(What.PROMISE) if event["check"] == "five_levels")
    assert isolation.drop_found_out(history, of=args["of"]).verdict is Verdict.NOT_REACHED


def test_ciphertext_that_its_reader_does_not_know(played: Callable[[Scenario], History]) -> None:
    """What came under a cover and is in no log of its reader breaks the promise to log what came."""

    def telling(told: Event) -> Event | None:
        dropped_record = told["what"] == "record" and told["party"] == "QM"
        return None if dropped_record and json.loads(told["body"])["event"] == records.ACKNOWLEDGED else told

    history = played(operator_reads)
    events = tuple(one for event in history.events if (one := telling(dict(event))) is not None)
    found = checks.heard_as_said(History(events, history.folder))
    assert (found.verdict, "in no log of its reader" in found.saw) == (Verdict.BROKEN, True)
