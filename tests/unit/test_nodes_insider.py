"""An insider with a good key signs what no window would: nothing of it ends the receiver's life.

A crash is never a detected attack. So whatever is signed, each delivery is taken, the evidence of it can be written,
what leaves fits on its topic, and a window that is opened again from that log knows the same.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certs import jws
from certs.gates import base64url, base64url_encode
from harness.documents import syntax
from harness.evidence import checkpoint as checkpoints
from harness.evidence import records
from harness.evidence.checkpoint import Checkpoint
from harness.exchange import topics
from harness.exchange.bus import Record
from harness.exchange.envelope import Envelope, Type
from harness.exchange.seal import Kind, Sealed
from nodes import mapping
from nodes.profile import load
from nodes.turn import Turn
from nodes.window import Window

if TYPE_CHECKING:
    from tests.unit.conftest import Corridor

INBOX = topics.inbox("QN", "QM")

hunt = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

NASTY = [
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "2026-03-12",
    "2026-03-12T09:00:00",
    "20260312T090000Z",
    "NaN",
    "1e400",
    "-0",
    "\u0000",
    "\u202e",
    "QM\n",
    "0" * 64,
    "L1",
    "accepted",
    "refused",
    "101",
    "====",
    "QUJD\n",
    2**53 - 1,
    -1,
    0,
    True,
    0.5,
    None,
    [],
    {},
    [[[[]]]],
    "x" * 5000,
]

values = st.recursive(
    st.sampled_from(NASTY) | st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
).map(copy.deepcopy)  # a later act may change what an earlier one put there


def leaves(value: object, where: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of everything in a JSON value."""
    if where:
        yield where
    if isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*where, name))


@st.composite
def spoilt(draw: st.DrawFn, good: object) -> object:
    """A good JSON value in which one to three places say something else, say nothing, or stand twice."""
    value = json.loads(json.dumps(good))
    for _ in range(draw(st.integers(1, 3))):
        paths = list(leaves(value))
        if not paths:
            break
        *way, last = draw(st.sampled_from(paths))
        inner: Any = value  # Any: JSON, whichever way leads down it
        for step in way:
            inner = inner[step]
        act = draw(st.sampled_from(["replace", "replace", "replace", "remove", "add"]))
        if act == "remove":
            del inner[last]
        elif act == "add" and isinstance(inner, list):
            inner.append(inner[-1])
        elif act == "add":
            inner[draw(st.text(max_size=8))] = draw(values)
        else:
            inner[last] = draw(values)
    return value


class Insider:
    """QM's key in the wrong hands, and QN's window as what it is tried on."""

    def __init__(self, corridor: Corridor) -> None:
        self.corridor = corridor
        self.window = Window(corridor.seat("QN"))
        self.bus = asyncio.Runner()
        self.bus.run(corridor.open_topics())
        self.outlet = self.bus.run(corridor.bus.outlet(topics.principal("QN")))
        self.offset = 0

    def close(self) -> None:
        """The window is opened once more from its log and knows the same, then all is closed."""
        again = Window(self.corridor.seat("QN"))
        for body in self.window.gives_out():
            again.ledger.apply(records.read(body))
        assert vars(again.ledger) == vars(self.window.ledger)
        for one in (self.window, again):
            one.witnessing.close()
            one.log.close()
        self.bus.close()

    def said(self, kind: Type, *, data: object) -> dict[str, object]:
        """A good envelope of that kind, as JSON."""
        envelope = self.corridor.envelope(type=kind.value, data=data)
        said = json.loads(envelope.octets())
        assert isinstance(said, dict)
        return said

    def sends(self, octets: bytes, *, typ: str) -> list[Record]:
        """Sign any octets as any kind, and let QN take them."""
        return self.takes(self.token(octets, typ))

    def token(self, octets: bytes, typ: str) -> bytes:
        """Any octets, signed with QM's key as any kind."""
        return jws.sign(octets, self.corridor.identities["QM"], typ=typ)

    def takes(self, token: bytes) -> list[Record]:
        """QN takes any bytes: write the evidence, put what leaves, and return that."""
        record = Record(INBOX, b"trade-1", token)
        turn = Turn()
        self.window.take([self.corridor.delivered(record, offset=self.offset)], turn)
        self.offset += 1
        assert turn.records or turn.outgoing
        self.window.log.append(turn.records, turn.objects)
        leaving = [one for one, _ in turn.outgoing]
        self.bus.run(self.outlet.put(*leaving))
        return leaving

    def sends_json(self, said: object) -> list[Record]:
        """Sign a JSON value as the kind that its type calls for."""
        receipt = isinstance(said, dict) and said.get("type") == Type.RECEIPT
        octets = json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return self.sends(octets, typ=Kind.RECEIPT if receipt else Kind.MESSAGE)


@pytest.fixture
def insider(tmp_path: Path, made_corridor: type[Corridor]) -> Iterator[Insider]:
    """An insider at QM. Without an event loop of pytest's own: each example runs to its end."""
    made = Insider(made_corridor(tmp_path))
    yield made
    made.close()


DISPUTE = {"claim": "no-answer", "of": "0" * 64, "dispute": "D-1", "sentence": "never answered"}
RECEIPT = {
    "of": "1" * 64,
    "ofid": "qn-1",
    "after": "2" * 64,
    "form": "corridor-receipt",
    "statements": [
        {"level": "L1", "status": "received", "at": "2026-03-12T09:00:00.000Z"},
        {"level": "L2", "status": "delivered_with_warnings", "at": "2026-03-12T09:00:00.000Z"},
        {"level": "L3", "status": "admitted", "at": "2026-03-12T09:00:00.000Z"},
        {
            "level": "L4",
            "status": "rejected",
            "at": "2026-03-12T09:00:00.000Z",
            "reason": "501",
            "findings": [{"severity": "error", "code": "c", "pointer": "/a", "sentence": "s"}],
        },
    ],
}


@hunt
@given(data=st.data())
def test_envelopes_that_are_spoilt(insider: Insider, data: st.DataObject) -> None:
    """Whatever attribute says something else, the message is answered once and the window lives."""
    good = insider.said(Type.DISPUTE, data=DISPUTE)
    said = data.draw(spoilt(good))
    leaving = insider.sends_json(said)
    kind = said.get("type") if isinstance(said, dict) else None
    if kind not in (Type.RECEIPT, Type.CHECKPOINT, Type.COSIGNATURE):
        assert len([one for one in leaving if one.topic == topics.inbox("QM", "QN")]) == 1


@hunt
@given(data=st.data())
def test_receipts_that_are_spoilt(insider: Insider, data: st.DataObject) -> None:
    """A receipt that cannot be read is refused and not answered."""
    said = insider.said(Type.RECEIPT, data=data.draw(spoilt(RECEIPT)))
    assert insider.sends_json(said) == []


@hunt
@given(data=st.data())
def test_disputes_that_are_spoilt(insider: Insider, data: st.DataObject) -> None:
    """A dispute that lacks something is refused with its reason and answered."""
    said = insider.said(Type.DISPUTE, data=data.draw(spoilt(DISPUTE) | values.filter(lambda value: value is not None)))
    assert len(insider.sends_json(said)) >= 1


@hunt
@given(data=st.data(), kind=st.sampled_from([Type.CHECKPOINT, Type.COSIGNATURE]))
def test_witness_traffic_that_is_spoilt(insider: Insider, data: st.DataObject, kind: Type) -> None:
    """Checkpoints, proofs and cosignatures of any shape are cosigned or refused."""
    owner = insider.corridor.identities["QM"]
    size = data.draw(st.integers(0, 2**53))
    mark = Checkpoint(
        "corridor/unit/QM", size, data.draw(st.binary(min_size=32, max_size=32)), insider.corridor.clock.now()
    )
    token = (checkpoints.sign if kind is Type.CHECKPOINT else checkpoints.cosign)(
        mark, owner, *(() if kind is Type.CHECKPOINT else (insider.corridor.clock.now(),))
    )
    good = {"checkpoint": token.decode(), "cosignature": token.decode(), "since": 0, "proof": ["A" * 43 + "="]}
    if data.draw(st.booleans()):
        good["again_from"] = data.draw(st.integers(0, 2**53))
    said = insider.said(
        kind, data=data.draw(st.just(good) | spoilt(good) | values.filter(lambda value: value is not None))
    )
    insider.sends_json(said)


@hunt
@given(
    octets=st.binary(max_size=200) | values.map(lambda value: json.dumps(value).encode()), typ=st.sampled_from([*Kind])
)
def test_signed_octets_of_any_kind(insider: Insider, octets: bytes, typ: Kind) -> None:
    """What is well signed and no envelope is refused with its reason and answered: it claims to be nothing."""
    assert [one.topic for one in insider.sends(octets, typ=typ)] == [topics.quarantine("QN"), topics.inbox("QM", "QN")]


@pytest.mark.parametrize(
    "octets", [b"[" * 100_000, b'{"a":' * 1000 + b"1" + b"}" * 1000, b'{"n":' + b"9" * 100_000 + b"}"]
)
def test_signed_bombs(insider: Insider, octets: bytes) -> None:
    """Depth and length are looked at before anything is read."""
    assert len(insider.sends(octets, typ=Kind.MESSAGE)) == 2


@hunt
@given(
    changes=st.dictionaries(
        st.sampled_from(["alg", "typ", "x5c", "x5t#S256", "kid", "crit", "b64"]), values, max_size=3
    )
)
def test_headers_that_are_spoilt(insider: Insider, changes: dict[str, object]) -> None:
    """Whatever a header says, and whatever certificate it brings, the token is put aside and answered."""
    head, payload, signature = insider.token(b"{}", Kind.MESSAGE).split(b".")
    header = json.loads(base64url(head, what="header")) | {"more": 1} | changes
    told = base64url_encode(json.dumps(header).encode())
    assert len(insider.takes(b".".join([told, payload, signature]))) == 2


@hunt
@given(place=st.floats(0, 1, exclude_max=True), octets=st.binary(max_size=3), gone=st.integers(0, 3))
def test_tokens_of_other_bytes(insider: Insider, place: float, octets: bytes, gone: int) -> None:
    """A few other bytes anywhere in a good token, its certificate included: put aside and answered, or replayed."""
    token = insider.token(json.dumps(insider.said(Type.DISPUTE, data=DISPUTE)).encode(), Kind.MESSAGE)
    at = int(place * len(token))
    assert 1 <= len(insider.takes(token[:at] + octets + token[at + gone :])) <= 2


@hunt
@given(data=st.data())
def test_documents_that_are_spoilt(insider: Insider, data: st.DataObject) -> None:
    """A certificate in QM's own form in which anything says something else is answered, level by level."""
    corridor = insider.corridor
    document = syntax.read(corridor.certificate()).document
    dialect = load("QM").dialect_for("864")
    national = json.loads(mapping.to_national(document, dialect).octets)
    octets = json.dumps(data.draw(spoilt(national)), ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert answered(insider, octets, "864", dialect.media_type)


@hunt
@given(place=st.floats(0, 1, exclude_max=True), octets=st.binary(max_size=6), gone=st.integers(0, 6))
def test_documents_of_other_bytes(insider: Insider, place: float, octets: bytes, gone: int) -> None:
    """So is an SPS certificate in which a few bytes are others."""
    whole = insider.corridor.certificate("phytosanitary.xml")
    at = int(place * len(whole))
    assert answered(insider, whole[:at] + octets + whole[at + gone :], "851", "application/sps+xml")


def answered(insider: Insider, octets: bytes, doctype: str, media_type: str) -> bool:
    """Whether exactly one thing leaves for a document: its receipt."""
    said: dict[str, object] = {
        **insider.said(Type.DISPUTE, data=DISPUTE),
        "type": Type.DOCUMENT.value,
        "datacontenttype": media_type,
        "doctype": doctype,
        "function": "9",
        "data_base64": base64.b64encode(octets).decode(),
    }
    del said["data"]
    (receipt,) = insider.sends_json(said)
    envelope = Envelope.model_validate_json(jws.read(receipt.value).payload)
    return envelope.type == Type.RECEIPT and Sealed(receipt.value).identity != ""
