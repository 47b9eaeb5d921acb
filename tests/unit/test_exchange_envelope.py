"""The envelope: what it must say, what it may not, and that unknown attributes are kept."""

from __future__ import annotations

import base64
import json
import string
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.exchange import reasons
from harness.exchange.envelope import COMPARED, LONGEST_SUBJECT, Envelope, Type, label, parse
from harness.exchange.reasons import Reason, Refused

AT = datetime(2026, 3, 12, 9, tzinfo=UTC)

GOOD: dict[str, Any] = {  # Any: JSON
    "specversion": "1.0",
    "id": "qm-1",
    "source": "QM",
    "type": "corridor.document.v1",
    "subject": "CO-0001",
    "time": "2026-03-12T09:00:00.000Z",
    "datacontenttype": "application/json",
    "receiver": "QN",
    "topic": "qn.in.from.qm",
    "corridor": "QM-QN",
    "correlationid": "trade-1",
    "expirytime": "2026-03-13T09:00:00.000Z",
    "sequence": 1,
    "nonce": "0" * 32,
    "doctype": "864",
    "function": "9",
    "data_base64": "QUJD",
}


def written(**changes: object) -> bytes:
    """The good envelope as JSON with other values; None leaves an attribute out."""
    return json.dumps({name: value for name, value in (GOOD | changes).items() if value is not None}).encode()


def test_a_good_envelope() -> None:
    """It is read as it was written, times as aware moments, the payload as the bytes it came from."""
    read = parse(written())
    assert (read.id, read.source, read.receiver, read.sequence) == ("qm-1", "QM", "QN", 1)
    assert read.time == AT
    assert read.expirytime - read.time == timedelta(days=1)
    assert read.payload == b"ABC"


def test_an_attribute_we_do_not_know() -> None:
    """It is kept, and written again (CloudEvents 1.0, 3.2)."""
    read = parse(written(tariff={"chapter": 51}))
    assert json.loads(read.octets())["tariff"] == {"chapter": 51}


@given(
    subject=st.text(string.printable[:95], min_size=1, max_size=LONGEST_SUBJECT),
    sequence=st.integers(1, 2**53 - 1),
    payload=st.binary(min_size=1, max_size=50),
    since=st.integers(0, 2**40).map(lambda milliseconds: AT + timedelta(milliseconds=milliseconds)),
)
def test_any_envelope_there_and_back(subject: str, sequence: int, payload: bytes, since: datetime) -> None:
    """What is written is read as the same envelope, to the millisecond, and writing it again gives the same bytes."""
    said = GOOD | {"subject": subject, "sequence": sequence, "data_base64": base64.b64encode(payload).decode()}
    made = Envelope.model_validate(said | {"time": since, "expirytime": since})
    assert parse(made.octets()) == made
    assert parse(made.octets()).octets() == made.octets()
    assert made.payload == payload


@pytest.mark.parametrize("name", [name for name in GOOD if name not in ("specversion", "data_base64")])
def test_an_attribute_that_is_missing(name: str) -> None:
    """The refusal names it."""
    with pytest.raises(Refused) as refused:
        parse(written(**{name: None}))
    assert refused.value.reason is reasons.NOT_AN_ENVELOPE
    assert (name if name not in ("doctype", "function") else "doctype, function") in refused.value.found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("specversion", "0.3"),
        ("id", ""),
        ("id", "two words"),
        ("id", "x" * 201),
        ("id", 1),
        ("source", "qm"),
        ("source", "QM\n"),
        ("source", "QMX"),
        ("receiver", ""),
        ("subject", ""),
        ("subject", "x" * (LONGEST_SUBJECT + 1)),
        ("subject", "CO-1\n"),
        ("subject", "CO\t1"),
        ("time", "2026-03-12T09:00:00"),
        ("time", "yesterday"),
        ("time", 1773306000),
        ("time", "0001-01-01T00:00:00+23:59"),
        ("expirytime", "9999-12-31T23:59:59-23:59"),
        ("topic", "a topic"),
        ("sequence", 0),
        ("sequence", "1"),
        ("sequence", True),
        ("nonce", "0" * 31),
        ("nonce", "G" * 32),
        ("nonce", "0" * 32 + "\n"),
        ("traceparent", "00-xyz"),
        ("doctype", "eCO"),
        ("function", "-9"),
        ("data_base64", "QUJ"),
        ("data_base64", "QUJD\n"),
        ("data_base64", "QUK="),
        ("data_base64", "QUJE===="),
        ("data_base64", "QU JD"),
        ("data_base64", ""),
        ("data", {"both": "there"}),
    ],
)
def test_an_attribute_that_says_what_it_may_not(name: str, value: object) -> None:
    """It is refused as no envelope, whichever it is."""
    with pytest.raises(Refused) as refused:
        parse(written(**{name: value}))
    assert refused.value.reason is reasons.NOT_AN_ENVELOPE


def test_neither_data_nor_document() -> None:
    """A message without content is none."""
    with pytest.raises(Refused, match="exactly one of data and data_base64"):
        parse(written(type=Type.RECEIPT.value, data_base64=None))


@pytest.mark.parametrize(
    ("octets", "reason", "clause"),
    [
        (b"", reasons.NOT_STRICT_JSON, ""),
        (b"null ", reasons.NOT_AN_ENVELOPE, ""),
        (b"{", reasons.NOT_STRICT_JSON, ""),
        (b'{"n":NaN}', reasons.NOT_STRICT_JSON, ""),
        (b"\xff", reasons.NOT_STRICT_JSON, ""),
        (b'{"id":1,"id":1}', reasons.DUPLICATE_NAME, ""),
        (b'{"id":1,"i\\u0064":1}', reasons.ESCAPED_DUPLICATE, ""),
        (b'{"id\\n":1,"id\\u000a":1}', reasons.ESCAPED_DUPLICATE, ""),
        (b'{"s":"\\ud800"}', reasons.MISLEADING_TEXT, ""),
        ('{"caf\u00e9":1,"cafe\u0301":2}'.encode(), reasons.MISLEADING_TEXT, ""),
        (b"[" * 99, reasons.TOO_MUCH, ""),
        (b'{"n":9007199254740992}', reasons.LOSSY_NUMBER, ""),
        (b'{"n":1.0}', reasons.LOSSY_NUMBER, ""),
    ],
)
def test_signed_octets_that_are_no_strict_json(octets: bytes, reason: Reason, clause: str) -> None:
    """They are refused before anything is made of them, for the closest reason and on the closest clause."""
    with pytest.raises(Refused) as refused:
        parse(octets)
    assert refused.value.reason is reason
    assert refused.value.clause == (clause or reason.clause)


@pytest.mark.parametrize("name", [name for name in COMPARED if name != "causationid"])
@pytest.mark.parametrize("change", ["\u0421", "\u202e", "\u200b", "e\u0301", "\uff21"])
def test_an_attribute_that_looks_like_another(name: str, change: str) -> None:
    """What is compared holds no letter of another alphabet, no mark and no composed letter: refused for that."""
    with pytest.raises(Refused, match=name) as refused:
        parse(written(**{name: f"{GOOD[name]}{change}"}))
    assert refused.value.reason is reasons.MISLEADING_TEXT


@given(reference=st.text(min_size=1, max_size=70))
def test_a_reference_in_any_script(reference: str) -> None:
    """Its label is ASCII, fits an envelope's subject, and is another one for another reference."""
    told = label(reference)
    assert told.isascii()
    assert len(told) <= LONGEST_SUBJECT
    assert (told if reference.isascii() else json.loads(f'"{told}"')) == reference


@pytest.mark.parametrize("octets", [b"[]", b"5", b'"text"', b"{}"])
def test_signed_json_that_is_no_object(octets: bytes) -> None:
    """It is no envelope."""
    with pytest.raises(Refused) as refused:
        parse(octets)
    assert refused.value.reason is reasons.NOT_AN_ENVELOPE


def test_hints_repeat_what_is_signed() -> None:
    """The Kafka headers say what the envelope says, and nothing that it does not."""
    hints = dict(parse(written()).hints())
    assert hints.pop("content-type") == b"application/jose"
    assert {name.removeprefix("ce_"): value.decode() for name, value in hints.items()} == {
        name: GOOD[name] for name in ("id", "source", "type", "receiver", "correlationid")
    }
