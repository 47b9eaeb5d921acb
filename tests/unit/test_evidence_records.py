"""Digest records: written strictly, read strictly, canonical."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from harness.errors import Defect, NotProved
from harness.evidence import records

AT = datetime(2026, 3, 2, 9, 15, 0, 250_000, tzinfo=UTC)
D = "ab" * 32
PLACE: dict[str, object] = {"topic": "qn.in.from.qm", "partition": 0, "offset": 7}
MESSAGE: dict[str, object] = {
    "identity": D,
    "raw": D,
    "id": "m-1",
    "topic": "qn.in.from.qm",
    "subject": "COO-1",
    "doctype": "864",
    "function": "9",
    "payload": D,
    "sequence": 1,
}
STATEMENTS = [{"level": "L1", "status": "received", "reason": None}]
ANSWER: dict[str, object] = {"identity": D, "raw": D, "of": D, "statements": STATEMENTS, "sequence": 1}
NUMBERED: dict[str, object] = {"sender": "QM", "came": D, **PLACE}
EXAMPLES: dict[str, dict[str, object]] = {
    records.LODGED: {"raw": D, "doctype": "864", "media_type": "application/sps+xml", "losses": []},
    records.SENT: {**MESSAGE, "receiver": "QN", "deadline": "2026-03-02T11:15:00.000Z"},
    records.TRANSPORTED: {"identity": D, **PLACE},
    records.RECEIVED: {**MESSAGE, **PLACE, "sender": "QM"},
    records.TRANSLATED: {"identity": D, "own": D, "losses": ["remarks"]},
    records.ANSWERED: ANSWER,
    records.ACKNOWLEDGED: {**ANSWER, **PLACE, "sender": "QN"},
    records.REFUSED: {
        "identity": None,
        "raw": D,
        "reason": "bad-signature",
        "step": "verify",
        "sender": "QM",
        **PLACE,
        "sequence": None,
    },
    records.KEPT: {"identity": D, "raw": D, "waits_for": D, **PLACE, "sender": "QN", "sequence": 1},
    records.MATCHED: {"identity": D, "waits_for": D},
    records.USED: {"of": D, "quantity": "12.5", "declaration": "I-2026-1"},
    records.DISPUTED: {"identity": D, "raw": D, "of": D, "claim": "no-answer", "dispute": "D-1", "by": "QM"},
    records.GAP: {**NUMBERED, "first": 2, "last": 3},
    records.LATE: {**NUMBERED, "sequence": 2},
    records.REPEATED: {**NUMBERED, "sequence": 1},
    records.LISTED: {"raw": D, "kind": "trust list", "country": "QM", "number": "2"},
    records.DECLINED: {"raw": D, "kind": "trust list", "reason": "437", "step": "verify"},
}


def test_an_example_for_every_event() -> None:
    """The examples below cover every event of the table."""
    assert EXAMPLES.keys() == records.FIELDS.keys()


@pytest.mark.parametrize("event", EXAMPLES)
def test_record_written_and_read(event: str) -> None:
    """Every event is read back as it was written."""
    data = records.record(event, "QM", AT, correlation="c-1", **EXAMPLES[event])
    back = records.read(data)
    assert (back.event, back.party, back.at, back.correlation) == (event, "QM", AT, "c-1")
    assert back.fields == EXAMPLES[event]
    assert records.recall(data) == back


def test_canonical_bytes() -> None:
    """Keys are sorted and nothing is blank, so that two writers give one hash."""
    data = records.record(records.MATCHED, "QM", AT, correlation=None, identity=D, waits_for="é")
    assert data.decode() == (
        f'{{"at":"2026-03-02T09:15:00.250Z","correlation":null,"event":"matched","identity":"{D}",'
        '"party":"QM","waits_for":"é"}'
    )


@pytest.mark.parametrize("event", EXAMPLES)
def test_field_left_out(event: str) -> None:
    """A record without one of its fields is not written."""
    for name in EXAMPLES[event]:
        fewer = {key: value for key, value in EXAMPLES[event].items() if key != name}
        with pytest.raises(Defect, match=name):
            records.record(event, "QM", AT, correlation=None, **fewer)


def test_field_too_many() -> None:
    """A record with a field that its event does not have is not written."""
    with pytest.raises(Defect, match="colour"):
        records.record(records.MATCHED, "QM", AT, correlation=None, identity=D, waits_for=D, colour="red")


@pytest.mark.parametrize(
    ("event", "name", "wrong"),
    [
        (records.SENT, "identity", D.upper()),
        (records.SENT, "identity", D + "\n"),
        (records.SENT, "deadline", "tomorrow"),
        (records.SENT, "deadline", 7),
        (records.SENT, "deadline", "2026-03-02T11:15:00"),
        (records.TRANSPORTED, "offset", -1),
        (records.TRANSPORTED, "offset", True),
        (records.TRANSPORTED, "offset", 2**53),
        (records.ANSWERED, "statements", [{"level": "L1"}]),
        (records.ANSWERED, "of", None),
        (records.REFUSED, "reason", ""),
        (records.KEPT, "waits_for", "\ud800"),
    ],
)
def test_field_of_the_wrong_kind(event: str, name: str, wrong: object) -> None:
    """A field of the wrong kind is not written."""
    with pytest.raises(Defect):
        records.record(event, "QM", AT, correlation=None, **{**EXAMPLES[event], name: wrong})


def test_unknown_event() -> None:
    """There are no events outside the table."""
    with pytest.raises(Defect, match="painted"):
        records.record("painted", "QM", AT, correlation=None)


def test_unknown_field_of_a_later_version() -> None:
    """A field that a later version wrote is kept when read."""
    data = records.record(records.MATCHED, "QM", AT, correlation=None, identity=D, waits_for=D)
    later = data.replace(b'"party"', b'"later":1,"party"')
    assert records.read(later).fields["later"] == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"event":"matched"}',
        b'{"at": "2026-03-02T09:15:00.250Z"}',
        b'{"event":"painted"}',
        b'{"event":"matched","event":"matched"}',
        b'{"event":["matched"]}',
        b'{"a":NaN}',
        b"[" * 100_000,
    ],
)
def test_bytes_that_are_no_record(data: bytes) -> None:
    """Bytes that are no canonical record are not read."""
    with pytest.raises(NotProved):
        records.read(data)


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff", b"[]", b"{}", b'"matched"', b'{"event":"matched"}', b'{"at":1,"event":"matched"}', b"[" * 100_000],
)
def test_bytes_that_are_no_record_of_our_own(data: bytes) -> None:
    """What a log of our own could never have held is told as such."""
    with pytest.raises(NotProved, match="record of our own log cannot be read"):
        records.recall(data)


def test_digest_of_a_record() -> None:
    """A text field is given by name, an absent one as None."""
    back = records.read(records.record(records.MATCHED, "QM", AT, correlation=None, identity=D, waits_for="x"))
    assert (back.digest("identity"), back.digest("offset")) == (D, None)
