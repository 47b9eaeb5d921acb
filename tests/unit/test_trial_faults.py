"""The adversaries: what Mallory does to records under way, and what an insider signs."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from certs.gates import base64url
from harness.exchange import reasons, topics
from harness.exchange.bus import Record
from harness.exchange.reasons import Refused
from harness.exchange.seal import Sealed, unseal
from harness.trial.faults import Insider, Mallory, Wire
from harness.trial.history import see

if TYPE_CHECKING:
    from tests.unit.conftest import Corridor

INBOX = topics.inbox("QN", "QM")
AT = datetime(2026, 3, 12, 9, tzinfo=UTC)


class Scene:
    """QM's outlet, with Mallory on the wire behind it."""

    def __init__(self, corridor: Corridor) -> None:
        self.corridor = corridor
        self.wire = Wire(corridor.bus, corridor.clock)
        self.acts: list[str] = []
        self.mallory = Mallory(corridor.bus, self.wire, self.acts.append)

    async def put(self, *records: Record) -> list[int]:
        """Put as QM; return the offsets it was told."""
        outlet = await self.wire.outlet("qm")
        return [ack.offset for ack in await outlet.put(*records)]

    def record(self) -> Record:
        """A good message of QM's."""
        return self.corridor.sealed(self.corridor.envelope(data={}))

    def arrived(self, topic: str = INBOX) -> list[bytes]:
        """What stands on a topic."""
        return [one.delivery.value for one in self.corridor.on(topic)]


@pytest.fixture
def scene(corridor: Corridor) -> Scene:
    """Mallory has done nothing yet."""
    return Scene(corridor)


async def test_a_wire_without_faults(scene: Scene) -> None:
    """It changes nothing, and answers as the bus does."""
    one, other = scene.record(), scene.record()
    assert await scene.put(one, other) == [0, 1]
    assert scene.arrived() == [one.value, other.value]
    assert scene.wire.kept_away == set()
    assert scene.wire.enforces_rights


async def test_a_flipped_byte(scene: Scene) -> None:
    """One message has one other byte, in what is signed and still an envelope: only the seal tells."""
    scene.mallory.flips_a_byte(sender="QM", receiver="QN")
    one, other = scene.record(), scene.record()
    await scene.put(one, other)
    altered, untouched = scene.arrived()
    assert untouched == other.value
    before, after = (base64url(value.split(b".")[1], what="payload") for value in (one.value, altered))
    assert sum(was != now for was, now in zip(before, after, strict=True)) == 1
    assert json.loads(after)["subject"] == "CO-0000"
    with pytest.raises(Refused) as refused:
        unseal(Sealed(altered), trust=scene.corridor.recognised, at=AT)
    assert refused.value.reason is reasons.BROKEN_SEAL
    assert scene.wire.kept_away == {one.value}


async def test_a_header_that_is_rewritten(scene: Scene) -> None:
    """The signed body stays as it is."""
    scene.mallory.rewrites_header("ce_receiver", b"QP", sender="QM", receiver="QN")
    one = scene.record()
    await scene.put(one)
    (seen,) = scene.corridor.on(INBOX)
    assert seen.delivery.value == one.value
    assert dict(seen.delivery.headers) == dict(one.headers) | {"ce_receiver": b"QP"}


async def test_a_record_that_is_held_back(scene: Scene) -> None:
    """Its sender is told that the broker has it; it comes when it is released, after what it should precede."""
    held = scene.mallory.holds_back(sender="QM", receiver="QN")
    one, other = scene.record(), scene.record()
    assert len(await scene.put(one, other)) == 2
    await asyncio.wait_for(scene.mallory.has(held), 1)
    assert scene.arrived() == [other.value]
    await scene.mallory.releases(held)
    assert scene.arrived() == [other.value, one.value]


async def test_a_record_that_is_diverted(scene: Scene) -> None:
    """It comes on another topic, as it was, and not on its own."""
    held = scene.mallory.holds_back(sender="QM", receiver="QN")
    one = scene.record()
    await scene.put(one)
    await scene.mallory.diverts(held, to=topics.inbox("QN", "QP"))
    assert (scene.arrived(), scene.arrived(topics.inbox("QN", "QP"))) == ([], [one.value])


async def test_a_record_that_is_sent_again(scene: Scene) -> None:
    """The same bytes, key and headers come twice."""
    one = scene.record()
    await scene.put(one)
    (seen,) = scene.corridor.on(INBOX)
    await scene.mallory.sends_again(seen)
    again = scene.corridor.on(INBOX)[1].delivery
    assert (again.key, again.value, again.headers) == (one.key, one.value, one.headers)


async def test_each_act_is_written_down(scene: Scene) -> None:
    """A history says what was done, before it is done."""
    scene.mallory.flips_a_byte(sender="QM", receiver="QN")
    scene.mallory.rewrites_header("ce_id", b"x", sender="QM", receiver="QN")
    await scene.mallory.puts(scene.record())
    assert len(scene.acts) == 3


async def test_what_an_insider_signs(scene: Scene) -> None:
    """A second content under the first one's id, or a message of its own: each opens as its country's."""
    corridor = scene.corridor
    insider = Insider(corridor.identities["QM"], corridor.clock, corridor.chance)
    first = scene.record()
    second = insider.signs(see(corridor.delivered(first)), subject="CO-0002")
    new = insider.writes(
        b"<xml/>", source="QM", to="QN", corridor="QM-QN", doctype="851", reference="PC-1", media_type="application/xml"
    )
    one, two, three = (unseal(Sealed(each.value), trust=corridor.recognised, at=AT) for each in (first, second, new))
    assert one.envelope.id == two.envelope.id
    assert one.identity != two.identity
    assert (three.envelope.payload, three.envelope.topic, three.signer.party) == (b"<xml/>", INBOX, "QM")
