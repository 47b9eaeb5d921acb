"""The checks, on one honest history and on that history told otherwise: each sees what it promises to see.

That each check also catches a party that breaks its promise while it lives is tests/saboteurs.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from certs import jws
from certs.gates import base64url, base64url_encode
from certs.identity import Identity
from harness.clock import SystemClock
from harness.evidence import records
from harness.exchange.envelope import Type
from harness.trial import checks
from harness.trial.buses import standing
from harness.trial.checks import CHECKS, Check
from harness.trial.history import History, Scribe, What
from harness.trial.runner import Playbill, judge, play
from harness.trial.verdict import Verdict
from scenarios.pack import PACK

Event = Mapping[str, Any]  # Any: JSON
Told = Callable[[Event], "Event | None"]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> History:
    """A certificate that was accepted and used, as it was written down."""
    scenario = next(one for one in PACK.scenarios if one.id == "origin/accepted-and-used")
    folder = tmp_path_factory.mktemp("honest")

    async def played() -> History:
        clock = SystemClock()
        async with standing("memory", folder, (), clock, lambda _: None) as bus:
            return await play(scenario, Playbill(PACK, bus, "memory", clock, 1), folder / "run")

    return asyncio.run(played())


def promise(history: History, check: Check) -> dict[str, str]:
    """With which arguments the scenario had a check made."""
    made: dict[str, dict[str, str]] = {event["check"]: event["args"] for event in history.of(What.PROMISE)}
    return made.get(check.name, {})


def otherwise(history: History, telling: Told) -> History:
    """The same history, in which some events are told otherwise or (None) not at all."""
    return History(tuple(one for event in history.events if (one := telling(event)) is not None), history.folder)


def without(event: str) -> Told:
    """Leaves out all log records of one event."""
    return lambda told: None if told["what"] == "record" and record_of(told)["event"] == event else told


def saying(event: str, **fields: object) -> Told:
    """Changes fields in all log records of one event."""

    def telling(told: Event) -> Event:
        if told["what"] != "record" or record_of(told)["event"] != event:
            return told
        body = json.dumps({**record_of(told), **fields}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return {**told, "body": body}

    return telling


def record_of(told: Event) -> dict[str, Any]:  # Any: JSON
    """The log record in an event."""
    read = json.loads(told["body"])
    assert isinstance(read, dict)
    return read


def only(what: str) -> Told:
    """Leaves out all events of another kind."""
    return lambda told: told if told["what"] == what else None


def nothing_on(topic: str) -> Told:
    """Leaves out what the tap saw on one topic."""
    return lambda told: None if told["what"] == "delivery" and told["topic"] == topic else told


ONE_WORD = [{"level": "L1", "status": "received", "reason": None}]


@pytest.mark.parametrize(
    ("check", "telling", "verdict"),
    [
        (checks.five_levels, without(records.TRANSPORTED), Verdict.BROKEN),
        (checks.five_levels, nothing_on("qm.in.from.qn"), Verdict.BROKEN),
        (checks.five_levels, without(records.SENT), Verdict.NOT_REACHED),
        (checks.original_untouched, without(records.RECEIVED), Verdict.NOT_REACHED),
        (checks.original_untouched, saying(records.RECEIVED, payload="0" * 64), Verdict.BROKEN),
        (checks.original_untouched, saying(records.SENT, payload="0" * 64), Verdict.BROKEN),
        (checks.original_untouched, without(records.TRANSLATED), Verdict.BROKEN),
        (checks.original_untouched, nothing_on("qn.in.from.qm"), Verdict.NOT_REACHED),
        (checks.use_reported, without(records.USED), Verdict.NOT_REACHED),
        (checks.use_reported, without(records.ACKNOWLEDGED), Verdict.BROKEN),
        (checks.use_reported, nothing_on("qm.in.from.qn"), Verdict.BROKEN),
        (checks.answered_is_logged, without(records.ANSWERED), Verdict.BROKEN),
        (checks.answered_is_logged, saying(records.ANSWERED, raw="0" * 64), Verdict.BROKEN),
        (checks.every_message_answered, nothing_on("qm.in.from.qn"), Verdict.BROKEN),
        (checks.heard_as_said, without(records.ACKNOWLEDGED), Verdict.BROKEN),
        (checks.heard_as_said, saying(records.ACKNOWLEDGED, statements=ONE_WORD), Verdict.BROKEN),
        (checks.logs_hold_together, without(records.LODGED), Verdict.BROKEN),
        (checks.logs_hold_together, saying(records.SENT, subject="CO-0000"), Verdict.BROKEN),
        (checks.logs_hold_together, lambda told: None if told["what"] == "record" else told, Verdict.BROKEN),
    ],
)
def test_a_history_told_otherwise(honest: History, check: Check, telling: Told, verdict: Verdict) -> None:
    """What held in the history as it was written does not hold in this one."""
    args = promise(honest, check)
    assert check(honest, **args).verdict is Verdict.HELD
    judged = check(otherwise(honest, telling), **args)
    assert judged.verdict is verdict, judged.saw


@pytest.mark.parametrize("check", [one for one in CHECKS.values() if one.standing], ids=lambda check: check.name)
@pytest.mark.parametrize("what", ["run", "record", "promise"])
def test_a_history_in_which_nothing_crossed(honest: History, check: Check, what: str) -> None:
    """A promise about every message is not held by there being none."""
    assert check(otherwise(honest, only(what))).verdict is Verdict.NOT_REACHED


@pytest.mark.parametrize("body", ["", "{}", "no record", "\ufffd"])
def test_a_log_with_something_in_it_that_is_no_record(honest: History, body: str) -> None:
    """The judge reads on, and what was signed for that place shows that it is another thing."""

    def telling(told: Event) -> Event:
        return {**told, "body": body} if told["what"] == "record" and told["index"] == 0 else told

    scenario = next(one for one in PACK.scenarios if one.id == "origin/accepted-and-used")
    judged = {one.check: one.verdict for one in judge(scenario, otherwise(honest, telling))}
    assert judged["logs_hold_together"] is Verdict.BROKEN
    assert Verdict.UNKNOWN not in judged.values()


def test_every_check_says_what_it_promises() -> None:
    """In one sentence, under a heading of the report."""
    for name, check in CHECKS.items():
        assert check.name == name
        assert check.promise
        assert not check.promise.endswith(".")
        assert check.topic


def test_what_was_expected_names_the_arguments(honest: History) -> None:
    """A long digest is told by its beginning."""
    judged = checks.use_reported(honest, of="0" * 64, quantity="5")
    assert judged.expected.endswith("(of=000000000000..., quantity=5)")
    assert judged.verdict is Verdict.NOT_REACHED


def test_a_forged_receipt_accuses_nobody(honest: History) -> None:
    """A receipt whose seal does not hold is not its supposed signer's: every promise holds as it did before."""
    given = next(event for event in honest.of(What.DELIVERY) if event["topic"] == "qm.in.from.qn")
    head, payload, signature = base64.b64decode(given["value"]).split(b".")
    said = json.loads(base64url(payload, what="payload"))
    assert said["type"] == Type.RECEIPT
    denied = {"level": "L1", "status": "refused", "at": said["time"], "reason": "401"}
    forged = json.dumps({**said, "data": {**said["data"], "statements": [denied]}}).encode()
    token = b".".join((head, base64url_encode(forged), signature))
    slander = {**given, "offset": 999, "value": base64.b64encode(token).decode()}
    history = History((*honest.events, slander), honest.folder)
    scenario = next(one for one in PACK.scenarios if one.id == "origin/accepted-and-used")
    assert {one.verdict for one in judge(scenario, history)} == {Verdict.HELD}


def test_no_trust_list_no_receipt(honest: History) -> None:
    """Where no country has published its authorities, the judge believes no receipt at all."""
    history = otherwise(honest, lambda told: None if told["what"] == "country" else told)
    judged = checks.five_levels(history, **promise(history, checks.five_levels))
    assert (judged.verdict, judged.saw) == (
        Verdict.BROKEN,
        "L1 is missing: the receipt states L1 -, L2 -, L3 -, L4 -",
    )


def test_nobody_answers_for_another(honest: History) -> None:
    """A receipt that the sender wrote to itself, in its own name or in its partner's place, is no answer."""
    given = next(event for event in honest.of(What.DELIVERY) if event["topic"] == "qm.in.from.qn")
    own = Identity.load(honest.folder / "certs" / "QM" / "window")
    said = json.loads(base64url(base64.b64decode(given["value"]).split(b".")[1], what="payload"))
    mine = json.dumps({**said, "source": "QM", "receiver": "QM", "topic": "qm.in.from.qm"}).encode()
    token = jws.sign(mine, own, typ=jws.RECEIPT)
    alone = otherwise(honest, nothing_on("qm.in.from.qn"))
    forged = {**given, "value": base64.b64encode(token).decode()}
    for topic in ("qm.in.from.qn", "qm.in.from.qm"):
        history = History((*alone.events, {**forged, "topic": topic}), honest.folder)
        for check in (checks.five_levels, checks.every_message_answered):
            assert check(history, **promise(honest, check)).verdict is Verdict.BROKEN


def test_a_line_ends_with_a_line_feed_alone(tmp_path: Path) -> None:
    """What a partner writes into a subject cannot tear a history's line in two."""
    scribe = Scribe(tmp_path / "history.jsonl", SystemClock())
    scribe.write(What.STEP, who="QM", text="CO\u20281\u0085\u2029")
    scribe.close()
    (event,) = History.read(tmp_path / "history.jsonl").events
    assert event["text"] == "CO\u20281\u0085\u2029"
