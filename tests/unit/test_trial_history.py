"""The history: written as it happens, read as it was written, and nothing in it is believed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.clock import DrivenClock
from harness.errors import BadInput
from harness.evidence import records
from harness.exchange.bus import Delivery
from harness.exchange.envelope import Type
from harness.exchange.seal import Kind
from harness.trial.history import History, Scribe, What, delivery_from, event_of, see, told

if TYPE_CHECKING:
    from tests.unit.conftest import Corridor

AT = datetime(2026, 3, 12, 9, tzinfo=UTC)


def test_events_in_their_order(tmp_path: Path) -> None:
    """They are numbered and dated, on the disk line by line before the next one happens."""
    path = tmp_path / "new" / "history.jsonl"
    scribe = Scribe(path, DrivenClock(AT, step=timedelta(seconds=1)))
    scribe.write(What.STEP, who="QM", text="issues")
    assert json.loads(path.read_text()) == {
        "n": 1,
        "at": "2026-03-12T09:00:01.000Z",
        "what": "step",
        "who": "QM",
        "text": "issues",
    }
    scribe.write(What.STOPPED, waited_for="answer")
    scribe.close()
    history = History.read(path)
    assert [event["n"] for event in history.events] == [1, 2]
    assert [event["text"] for event in history.of(What.STEP)] == ["issues"]
    assert history.run == {}


@pytest.mark.parametrize("line", ["{", "no event", '{"n": 1'])
def test_a_line_that_is_no_event(tmp_path: Path, line: str) -> None:
    """The message names the line: an old or a cut history is not judged in part."""
    path = tmp_path / "history.jsonl"
    path.write_text('{"n": 1, "what": "step"}\n' + line + "\n")
    with pytest.raises(BadInput, match=r"history\.jsonl, line 2"):
        History.read(path)


@given(
    key=st.binary(max_size=20),
    value=st.binary(max_size=200),
    headers=st.lists(st.tuples(st.text(max_size=10), st.binary(max_size=10)), max_size=3),
    offset=st.integers(0, 2**53 - 1),
)
def test_any_delivery_there_and_back(key: bytes, value: bytes, headers: list[tuple[str, bytes]], offset: int) -> None:
    """Every byte of key, value and headers is kept through the file, and whatever it is can be looked at."""
    delivery = Delivery("qn.in.from.qm", 0, offset, key, value, tuple(headers), AT)
    kept = json.loads(json.dumps(event_of(delivery), ensure_ascii=False).encode())
    assert delivery_from(kept) == delivery
    seen = see(delivery)
    assert seen.in_inbox
    assert seen.receipt is None


async def test_what_is_seen_of_a_message(corridor: Corridor) -> None:
    """Its kind and its envelope, signed or forged: the tap checks nothing."""
    record = corridor.sealed(corridor.envelope(data={"of": "x"}))
    head, payload, signature = record.value.split(b".")
    for value in (record.value, b".".join([head, payload, b"A" * len(signature)])):
        seen = see(Delivery(record.topic, 0, 0, record.key, value, record.headers, AT))
        assert (seen.kind, seen.said["source"], seen.receipt) == (Kind.MESSAGE, "QM", None)


async def test_a_receipt_that_cannot_be_read(corridor: Corridor) -> None:
    """It is none, and no reason to stop looking."""
    for data in ({}, {"of": "0" * 64, "statements": [{"level": "L1", "at": "0001-01-01T00:00:00+23:59"}]}, [1]):
        record = corridor.sealed(corridor.envelope(type=Type.RECEIPT.value, data=data))
        seen = see(corridor.delivered(record))
        assert (seen.kind, seen.receipt, seen.statement("L1")) == (Kind.RECEIPT, None, None)


def test_a_log_that_is_given_out() -> None:
    """Its records are found by event and by fields; what is no record tells of nothing."""
    used = {"of": "0" * 64, "quantity": "5", "declaration": "D-1"}
    body = records.record(records.USED, "QN", AT, correlation="trade-1", **used).decode()
    given_out = [{"what": "record", "party": "QN", "index": at, "body": one} for at, one in enumerate([body, "{}"])]
    history = History(tuple(given_out), Path())
    (found,) = history.log("QN", records.USED, quantity="5")
    assert (found.index, found.get("declaration"), found.body) == (0, "D-1", body.encode())
    assert history.log("QN", records.USED, quantity="6") == history.log("QM", records.USED) == ()
    assert history.logs["QN"][1].record == told(b"\xff")
