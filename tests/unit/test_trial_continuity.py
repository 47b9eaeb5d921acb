"""The checks of continuity, on a history in which a party was killed, and on that history told otherwise.

That each check also catches a party that breaks its promise while it lives is tests/saboteurs.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from harness.clock import SystemClock, moment, stamp
from harness.evidence import records
from harness.trial import continuity
from harness.trial.buses import standing
from harness.trial.checks import Check
from harness.trial.history import History
from harness.trial.runner import Playbill, play
from harness.trial.verdict import Verdict
from scenarios.continuity.receiver_killed_within_a_turn import receiver_killed_within_a_turn
from scenarios.pack import PACK

Event = Mapping[str, Any]  # Any: JSON
Retold = Callable[[tuple[Event, ...]], list[Event]]

every_check = pytest.mark.parametrize("check", continuity.ALL, ids=lambda check: check.name)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> History:
    """QN killed five times, and come back as it was."""
    folder = tmp_path_factory.mktemp("killed")

    async def played() -> History:
        clock = SystemClock()
        async with standing("memory", folder, (), clock, lambda _: None) as bus:
            bill = Playbill(PACK, bus, "memory", clock, 1)
            return await play(receiver_killed_within_a_turn, bill, folder / "run")

    return asyncio.run(played())


def record_of(told: Event) -> dict[str, Any]:  # Any: JSON
    """The log record in an event; empty when there is none."""
    read = json.loads(told["body"]) if told["what"] == "record" else {}
    assert isinstance(read, dict)
    return read


def first(events: tuple[Event, ...], event: str) -> int:
    """Where the first log record of one event stands."""
    return next(at for at, told in enumerate(events) if record_of(told).get("event") == event)


def without_first(event: str) -> Retold:
    """Leaves out the first log record of an event."""

    def retold(events: tuple[Event, ...]) -> list[Event]:
        at = first(events, event)
        return [*events[:at], *events[at + 1 :]]

    return retold


def twice(event: str) -> Retold:
    """Tells the first log record of an event once more."""

    def retold(events: tuple[Event, ...]) -> list[Event]:
        at = first(events, event)
        return [*events[: at + 1], *events[at:]]

    return retold


def saying(event: str, **fields: object) -> Retold:
    """Changes fields in the first log record of an event."""

    def retold(events: tuple[Event, ...]) -> list[Event]:
        at = first(events, event)
        body = json.dumps({**record_of(events[at]), **fields}, sort_keys=True, separators=(",", ":"))
        return [*events[:at], {**events[at], "body": body}, *events[at + 1 :]]

    return retold


def without_receipts(events: tuple[Event, ...]) -> list[Event]:
    """Nothing came back to QM."""
    return [told for told in events if told["what"] != "delivery" or told["topic"] != "qm.in.from.qn"]


def answers_backwards(events: tuple[Event, ...]) -> list[Event]:
    """What came back to QM came in the opposite order."""
    back = [told for told in events if told["what"] == "delivery" and told["topic"] == "qm.in.from.qn"]
    return [told for told in events if told not in back] + back[::-1]


def heard_backwards(events: tuple[Event, ...]) -> list[Event]:
    """QM's log was written from its end."""
    log = [told for told in events if told["what"] == "record" and told["party"] == "QM"]
    turned = [{**told, "index": at} for at, told in enumerate(reversed(log))]
    return [told for told in events if told not in log] + turned


def nobody_died(events: tuple[Event, ...]) -> list[Event]:
    """The kills are not told."""
    return [told for told in events if told["what"] != "death"]


def empty_logs(events: tuple[Event, ...]) -> list[Event]:
    """No log was given out."""
    return [told for told in events if told["what"] != "record"]


def senders_log_lost(events: tuple[Event, ...]) -> list[Event]:
    """QM gave out an empty log, and QN what it received."""
    return [told for told in events if told["what"] != "record" or told["party"] != "QM"]


@pytest.mark.parametrize(
    ("check", "retold"),
    [
        (continuity.one_effect_each, twice(records.RECEIVED)),
        (continuity.one_effect_each, twice(records.TRANSLATED)),
        (continuity.one_effect_each, twice(records.ANSWERED)),
        (continuity.one_effect_each, twice(records.LODGED)),
        (continuity.one_effect_each, twice(records.SENT)),
        (continuity.one_effect_each, without_first(records.RECEIVED)),
        (continuity.one_effect_each, without_first(records.TRANSLATED)),
        (continuity.one_effect_each, without_first(records.SENT)),
        (continuity.every_answer_exists, without_first(records.ACKNOWLEDGED)),
        (continuity.every_answer_exists, without_receipts),
        (continuity.order_kept, answers_backwards),
        (continuity.order_kept, heard_backwards),
        (continuity.logs_agree, without_first(records.RECEIVED)),
        (continuity.logs_agree, without_first(records.SENT)),
        (continuity.logs_agree, senders_log_lost),
        (continuity.logs_agree, without_first(records.ANSWERED)),
        (continuity.logs_agree, without_first(records.ACKNOWLEDGED)),
        (continuity.logs_agree, saying(records.RECEIVED, payload="0" * 64)),
        (continuity.logs_agree, saying(records.ACKNOWLEDGED, raw="0" * 64)),
    ],
)
def test_a_history_told_otherwise(honest: History, check: Check, retold: Retold) -> None:
    """What held in the history as it was written does not hold in this one."""
    assert check(honest).verdict is Verdict.HELD
    judged = check(History(tuple(retold(tuple(honest.events))), honest.folder))
    assert judged.verdict is Verdict.BROKEN, judged.saw


@every_check
@pytest.mark.parametrize("retold", [nobody_died, empty_logs], ids=lambda one: one.__name__)
def test_nothing_that_was_put_to_the_test(honest: History, check: Check, retold: Retold) -> None:
    """Where nobody was killed, or no log says that anything was sent, nothing is held."""
    judged = check(History(tuple(retold(tuple(honest.events))), honest.folder))
    assert judged.verdict is Verdict.NOT_REACHED, judged.saw


def test_a_forger_upsets_no_order(honest: History) -> None:
    """What no seal holds together says nothing about the order of anybody's messages."""
    given = next(told for told in honest.events if told["what"] == "delivery" and told["topic"] == "qm.in.from.qn")
    head, payload, signature = base64.b64decode(given["value"]).split(b".")
    broken = b".".join((head, payload, signature[:-4] + b"AAAA"))
    forged = {**given, "value": base64.b64encode(broken).decode()}
    assert continuity.order_kept(History((*honest.events, forged), honest.folder)).verdict is Verdict.HELD


@pytest.mark.parametrize(
    ("pieces", "seconds", "verdict"),
    [
        (10, 0, Verdict.BROKEN),
        (10, 3, Verdict.BROKEN),
        (10, 6, Verdict.HELD),
        (8, 0, Verdict.NOT_REACHED),
        (0, 0, Verdict.NOT_REACHED),
    ],
)
def test_a_flood_held_to_its_rate(honest: History, pieces: int, seconds: int, verdict: Verdict) -> None:
    """Ten pieces of 32 kB, where 16 kB a second were agreed: what no broker that averages could let through so soon."""
    given = next(told for told in honest.events if told["what"] == "delivery" and told["topic"] == "qm.in.from.qn")
    begun, value = moment(given["at"]), base64.b64encode(bytes(32_000)).decode()
    flood = tuple(
        {**given, "topic": "qn.in.from.qx", "value": value, "broker_time": stamp(begun + timedelta(seconds=after))}
        for after in [0] * (pieces - 1) + [seconds] * min(pieces, 1)
    )
    history = History((*honest.events, *flood), honest.folder)
    judged = continuity.held_to_its_rate(history, by="QX", to="QN", bytes_per_second="16384")
    assert judged.verdict is verdict, judged.saw
