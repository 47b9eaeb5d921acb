"""The soak's plan and its verdict: drawn from a seed, and each promise broken in turn."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from harness.evidence import records
from harness.trial.soak import LONGEST_CUT, ROADS, Plan, verdict

AT = datetime(2026, 3, 1, tzinfo=UTC)
COUNT = 5


def digest(text: str) -> str:
    """Any digest."""
    return hashlib.sha256(text.encode()).hexdigest()


def asker(number: int) -> list[bytes]:
    """What who asks logs of one exchange."""
    said: dict[str, object] = {
        "identity": digest(f"m{number}"),
        "raw": digest(f"r{number}"),
        "id": f"qm-{number}",
        "subject": "CO",
    }
    said["sequence"] = number + 1
    sent = {**said, "topic": "qn.in.from.qm", "receiver": "QN", "doctype": "864", "function": "9", "deadline": None}
    lodged = {"raw": digest(f"f{number}"), "doctype": "864", "media_type": "application/json", "losses": []}
    heard = {"identity": digest(f"a{number}"), "raw": digest(f"ar{number}"), "of": digest(f"m{number}"), "sender": "QN"}
    where = {"topic": "qm.in.from.qn", "partition": 0, "offset": number, "sequence": number + 1}
    return [
        records.record(records.LODGED, "QM", AT, correlation=f"c{number}", **lodged),
        records.record(records.SENT, "QM", AT, correlation=f"c{number}", **sent, payload=digest(f"p{number}")),
        records.record(records.ACKNOWLEDGED, "QM", AT, correlation=f"c{number}", **heard, **where, statements=[]),
    ]


def answerer(number: int) -> list[bytes]:
    """What who answers logs of it."""
    said: dict[str, object] = {
        "identity": digest(f"m{number}"),
        "raw": digest(f"r{number}"),
        "id": f"qm-{number}",
        "subject": "CO",
    }
    said["sequence"] = number + 1
    place = {"topic": "qn.in.from.qm", "partition": 0, "offset": number}
    came = {**said, **place, "doctype": "864", "function": "9", "payload": digest(f"p{number}"), "sender": "QM"}
    own = {"identity": digest(f"m{number}"), "own": digest("o")}
    answer = {"identity": digest(f"a{number}"), "raw": digest(f"ar{number}"), "of": digest(f"m{number}")}
    counted = {"sequence": number + 1}
    return [
        records.record(records.RECEIVED, "QN", AT, correlation=f"c{number}", **came),
        records.record(records.TRANSLATED, "QN", AT, correlation=f"c{number}", **own, losses=[]),
        records.record(records.ANSWERED, "QN", AT, correlation=f"c{number}", **answer, **counted, statements=[]),
    ]


Logs = tuple[list[bytes], list[bytes]]


def honest() -> Logs:
    """Both logs of five exchanges."""
    return [one for n in range(COUNT) for one in asker(n)], [one for n in range(COUNT) for one in answerer(n)]


def test_logs_that_agree() -> None:
    """Nothing is found."""
    assert verdict(*honest(), exchanges=COUNT) == ()


def _never_sent(logs: Logs) -> None:
    logs[0].append(asker(9)[0])


def _lodged_twice(logs: Logs) -> None:
    logs[0].insert(0, asker(0)[0])


def _sent_twice(logs: Logs) -> None:
    logs[0].insert(2, asker(0)[1])


def _never_received(logs: Logs) -> None:
    del logs[1][-3:]


def _received_twice(logs: Logs) -> None:
    logs[1].append(answerer(COUNT - 1)[0])


def _never_sent_by_anybody(logs: Logs) -> None:
    logs[1].extend(answerer(9))


def _other_content(logs: Logs) -> None:
    logs[1][0] = logs[1][0].replace(digest("p0").encode(), digest("p1").encode())


def _worked_on_twice(logs: Logs) -> None:
    logs[1].append(answerer(0)[1])


def _never_answered(logs: Logs) -> None:
    del logs[1][-1]


def _answered_twice(logs: Logs) -> None:
    logs[1].append(answerer(0)[2])


def _never_heard(logs: Logs) -> None:
    del logs[0][-1]


def _heard_otherwise(logs: Logs) -> None:
    logs[0][2] = logs[0][2].replace(digest("ar0").encode(), digest("ar1").encode())


def _out_of_order(logs: Logs) -> None:
    logs[1][0], logs[1][3] = logs[1][3], logs[1][0]


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (_never_sent, "(1) lodged and not sent"),
        (_lodged_twice, "(1) lodged twice"),
        (_sent_twice, "(1) sent twice"),
        (_never_received, "(2) sent or received"),
        (_received_twice, "(2) sent or received"),
        (_never_sent_by_anybody, "(2) sent or received"),
        (_other_content, "(2) received with another content"),
        (_worked_on_twice, "(3) worked on"),
        (_never_answered, "(3) worked on"),
        (_answered_twice, "(3) worked on"),
        (_never_heard, "(4) answered, and the answer not known"),
        (_heard_otherwise, "(4) known otherwise"),
        (_out_of_order, "(5) taken in out of order"),
    ],
    ids=lambda value: getattr(value, "__name__", "").strip("_"),
)
def test_logs_that_do_not(spoil: Callable[[Logs], None], found: str) -> None:
    """What does not hold is found, by the promise that it breaks."""
    logs = honest()
    spoil(logs)
    assert any(one.startswith(found) for one in verdict(*logs, exchanges=COUNT)), verdict(*logs, exchanges=COUNT)


def test_an_exchange_that_nobody_logged() -> None:
    """The logs agree, and hold fewer exchanges than were made."""
    assert verdict(*honest(), exchanges=COUNT + 1) == (
        f"(6) other than the exchanges made: 1 time(s), first {COUNT} messages, {COUNT + 1} exchanges",
    )


def test_a_plan_of_faults() -> None:
    """The same seed does the same at the same moments, another one does not; all within the soak, in order."""
    plan = Plan(exchanges=20_000, every=400, seed=7)
    faults = list(plan.faults(("QM", "QN")))
    assert faults == list(plan.faults(("QM", "QN")))
    assert faults != list(Plan(20_000, 400, 8).faults(("QM", "QN")))
    places = [0, *(drawn.after for drawn in faults)]
    assert all(200 <= later - earlier < 600 for earlier, later in pairwise(places))
    assert places[-1] < 20_000
    assert all((drawn.lasts > 0) <= (drawn.what in ROADS) for drawn in faults)
    assert LONGEST_CUT - 5 < max(drawn.lasts for drawn in faults) <= LONGEST_CUT
    assert {drawn.what for drawn in faults} == {"QM", "QN", "broker", *ROADS}
