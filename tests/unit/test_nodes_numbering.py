"""A sender's numbers, as the receiver sees them: gaps, late comers and doubles, through crashes and restarts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.evidence import records
from harness.exchange import topics
from harness.exchange.bus import Record
from harness.exchange.envelope import Envelope, Type
from nodes.numbering import Numbering
from nodes.turn import Turn
from nodes.window import Window

if TYPE_CHECKING:
    from tests.unit.conftest import Corridor

NOTICES = (records.GAP, records.LATE, records.REPEATED)


def noticed(*numbers: tuple[int, str]) -> list[tuple[str, dict[str, int]] | None]:
    """What is noticed of each number as it comes; `w` stands for witness traffic."""
    made, found = Numbering(), []
    for number, identity in numbers:
        counts = identity != "w"
        found.append(made.notices(number, identity, counts=counts))
        if (notice := found[-1]) is not None and notice[0] == records.GAP:
            made.missed(notice[1]["last"])
        if counts:
            made.came(number, identity)
    return found


def test_numbers_in_their_order() -> None:
    """Nothing is noticed of them, nor of witness traffic that repeats the last one, nor of one that comes again."""
    assert noticed((0, "w"), (1, "a"), (1, "w"), (2, "b"), (2, "b"), (1, "a"), (2, "w")) == [None] * 7


def test_a_number_that_is_missing() -> None:
    """The next one shows it, once; when it comes after all, it is late; then it is known."""
    found = noticed((1, "a"), (4, "d"), (5, "e"), (3, "c"), (3, "c"), (2, "b"))
    late = [(records.LATE, {"sequence": number}) for number in (3, 2)]
    assert found == [None, (records.GAP, {"first": 2, "last": 3}), None, late[0], None, late[1]]


def test_a_tail_that_is_missing() -> None:
    """Witness traffic repeats the last number: so it shows what was dropped at the end, though nothing came after."""
    found = noticed((1, "a"), (3, "w"), (3, "w"), (3, "c"))
    assert found == [None, (records.GAP, {"first": 2, "last": 3}), None, (records.LATE, {"sequence": 3})]


def test_a_number_that_stands_for_two() -> None:
    """The second content under it is noticed, each time it comes; the first one keeps it."""
    double = (records.REPEATED, {"sequence": 1})
    assert noticed((1, "a"), (1, "b"), (1, "a"), (1, "b")) == [None, double, None, double]


def message(corridor: Corridor, number: int) -> Record:
    """A dispute of QM's under that number."""
    data = {"of": "0" * 64, "claim": "no-answer", "dispute": f"D-{number}", "sentence": "never answered"}
    return corridor.sealed(corridor.envelope(sequence=number, data=data))


def test_only_witness_traffic_comes_before_the_first(corridor: Corridor) -> None:
    """A message that is numbered 0 is no envelope."""
    assert corridor.envelope(type=Type.CHECKPOINT.value, sequence=0, data={}).sequence == 0
    with pytest.raises(ValueError, match="sequence counts from 1"):
        Envelope.model_validate({**corridor.envelope(data={}).model_dump(), "sequence": 0})


async def test_what_was_missed_is_known_after_a_restart(corridor: Corridor) -> None:
    """A window that was closed in between notices no gap twice, and takes the late comer for one."""
    inbox = topics.inbox("QN", "QM")
    told: list[list[tuple[str, object]]] = []
    for number in (3, 4, 1, 2, 5):
        await corridor.put(message(corridor, number))
        window = Window(corridor.seat("QN"))
        async with corridor.living(window):
            await corridor.seen(lambda one: one.receipt is not None, count=len(told) + 1)
            notes = corridor.noted(window, *NOTICES)
            told.append([(one.event, one.fields.get("sequence", one.fields.get("last"))) for one in notes])
    late = [(records.LATE, 1), (records.LATE, 2)]
    assert told == [[(records.GAP, 2)]] * 2 + [[(records.GAP, 2), late[0]]] + [[(records.GAP, 2), *late]] * 2
    assert len(corridor.on(inbox)) == 5


@pytest.mark.parametrize("moment", ["before put", "after put", "before commit", "after commit"])
async def test_no_gap_where_a_window_died(corridor: Corridor, moment: str) -> None:
    """A sender or a receiver that is killed and opened again loses no number, and blames nobody for one."""
    sender = Window(corridor.seat("QM"))
    async with corridor.living(sender):
        sent = await sender.counter.lodge(corridor.certificate(), to="QN")
        knife = corridor.knife(moment)
        await corridor.dies(Window(corridor.seat("QN", bus=knife)), knife)
        receiver = Window(corridor.seat("QN"))
        async with corridor.living(receiver):
            await corridor.receipts(sent.identity)
            twin = await sender.counter.lodge(corridor.certificate(), to="QN")
            await corridor.receipts(twin.identity)
            await sender.counter.seek_witness("QN")
            await receiver.counter.seek_witness("QM")
            assert corridor.noted(receiver, *NOTICES) == corridor.noted(sender, *NOTICES) == []


async def test_what_cannot_be_opened_is_not_believed(corridor: Corridor) -> None:
    """A spoilt message's number counts for nothing: it stays missing until the genuine one comes."""
    window, turn = Window(corridor.seat("QN")), Turn()
    good = message(corridor, 1)
    spoilt = Record(good.topic, good.key, good.value[:-8] + b"AAAAAAAA", good.headers)
    deliveries = [corridor.delivered(one, offset=at) for at, one in enumerate((spoilt, message(corridor, 2), good))]
    window.take(deliveries, turn)
    events = [one.event for one in map(records.read, turn.records) if one.event in NOTICES]
    refused = [one.fields["sequence"] for one in map(records.read, turn.records) if one.event == records.REFUSED]
    assert (events, refused) == ([records.GAP, records.LATE], [None])
