"""The outbox: numbers that go on, bytes that are put again as they were, and nothing larger than a topic takes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from harness.errors import BadInput
from harness.exchange.bus import LARGEST_RECORD
from harness.exchange.envelope import Type
from harness.exchange.seal import unseal
from nodes.outbox import Draft, Outbox, own_envelope, put_again

if TYPE_CHECKING:
    from tests.unit.conftest import Corridor


def a_draft(corridor: Corridor, *, kind: Type = Type.DISPUTE, data: object = "said", to: str = "QN") -> Draft:
    """Something to send."""
    expires = corridor.clock.now() + timedelta(days=1)
    return Draft(type=kind, to=to, subject="CO-0001", correlation="trade-1", expires=expires, data=data)


async def test_what_is_posted(corridor: Corridor) -> None:
    """It says who, to whom, on which topic and under which agreement, and its receiver can open it."""
    posted = Outbox(corridor.seat("QM")).post(a_draft(corridor))
    opened = unseal(posted.sealed, trust=corridor.recognised, at=posted.envelope.time)
    assert opened.envelope == posted.envelope
    said = posted.envelope
    assert (said.source, said.receiver, said.topic, said.corridor) == ("QM", "QN", "qn.in.from.qm", "QM-QN")
    assert posted.record.key == b"trade-1"
    assert dict(posted.record.headers)["ce_id"] == said.id.encode()


async def test_numbers_are_counted_by_topic(corridor: Corridor) -> None:
    """Each topic has its own numbers from 1; witness traffic, which is not logged, uses none up."""
    outbox = Outbox(corridor.seat("QN"))
    kinds = [("QM", Type.CHECKPOINT), ("QM", Type.DISPUTE), ("QP", Type.DISPUTE), ("QM", Type.COSIGNATURE)]
    numbers = [outbox.post(a_draft(corridor, kind=kind, to=to)).envelope.sequence for to, kind in kinds]
    assert numbers == [0, 1, 1, 1]
    assert outbox.post(a_draft(corridor, to="QM")).envelope.sequence == 2


async def test_an_outbox_that_learnt_its_own_tokens(corridor: Corridor) -> None:
    """It goes on after the highest number it learnt, in whatever order it learnt them."""
    first = Outbox(corridor.seat("QM"))
    tokens = [first.post(a_draft(corridor)).sealed.token for _ in range(3)]
    second = Outbox(corridor.seat("QM"))
    for token in (tokens[2], tokens[0]):
        second.learn(token)
    assert second.post(a_draft(corridor)).envelope.sequence == 4


async def test_ids_and_nonces_are_never_the_same(corridor: Corridor) -> None:
    """Two messages of one content are two messages."""
    outbox = Outbox(corridor.seat("QM"))
    made = [outbox.post(a_draft(corridor)).envelope for _ in range(20)]
    assert len({one.id for one in made}) == len({one.nonce for one in made}) == 20


async def test_a_token_out_of_the_log(corridor: Corridor) -> None:
    """It is put again as the very same record."""
    posted = Outbox(corridor.seat("QM")).post(a_draft(corridor))
    assert put_again(posted.sealed.token) == posted.record
    assert own_envelope(posted.sealed.token) == posted.envelope


async def test_what_is_too_large(corridor: Corridor) -> None:
    """It is refused with the sizes, and uses up no number."""
    outbox = Outbox(corridor.seat("QM"))
    with pytest.raises(BadInput, match="once it is sealed"):
        outbox.post(a_draft(corridor, data="x" * LARGEST_RECORD))
    assert outbox.post(a_draft(corridor)).envelope.sequence == 1


@pytest.mark.parametrize("spare", [0, 1])
async def test_the_largest_that_fits(corridor: Corridor, spare: int) -> None:
    """Up to the limit it travels; what the outbox lets through, the topic takes."""
    outbox = Outbox(corridor.seat("QM"))
    empty = outbox.post(a_draft(corridor, data="-")).record.size
    room = (LARGEST_RECORD - 1024 - empty) * 3 // 4
    outlet = await corridor.bus.outlet("qm")
    await outlet.put(outbox.post(a_draft(corridor, data="x" * (room - spare))).record)
    with pytest.raises(BadInput, match="once it is sealed"):
        outbox.post(a_draft(corridor, data="x" * (room + 100)))
