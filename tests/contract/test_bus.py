"""What every bus promises, in memory and on a real Apache Kafka alike."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from harness.exchange.bus import (
    LARGEST_RECORD,
    OPERATOR,
    Bus,
    Delivery,
    Inlet,
    NoSuchTopic,
    NotAllowed,
    RangeLost,
    Record,
    TooLarge,
    TopicRights,
    Unreachable,
)

TOPIC = "qn.in.from.qm"
PATIENCE = 10.0


def a_record(value: bytes = b"a message", *, key: bytes = b"consignment-1") -> Record:
    """A record for qn's inbox from qm."""
    return Record(TOPIC, key, value)


async def put(bus: Bus, *values: bytes) -> None:
    """Put these values as qm, who may."""
    outlet = await bus.outlet("qm")
    async with asyncio.timeout(PATIENCE):
        await outlet.put(*(a_record(value) for value in values))


async def take(inlet: Inlet, count: int, *, most: int = 256) -> list[Delivery]:
    """Take exactly `count` records, within the patience of a test."""
    taken: list[Delivery] = []
    async with asyncio.timeout(PATIENCE):
        while len(taken) < count:
            taken += await inlet.take(min(most, count - len(taken)))
    return taken


def values(taken: list[Delivery]) -> list[bytes]:
    """What was delivered, without where and when."""
    return [each.value for each in taken]


async def test_records_of_one_key_arrive_in_the_order_they_were_put(bus: Bus) -> None:
    """One key, one order: over several puts and several takes."""
    outlet = await bus.outlet("qm")
    for start in (0, 40, 80):
        numbers = range(start, start + 40)
        await outlet.put(*(a_record(b"%d" % n, key=b"key-%d" % (n % 2)) for n in numbers))
    taken = await take(await bus.inlet("qn", [TOPIC], group="window"), 120, most=7)
    for key in (b"key-0", b"key-1"):
        in_order = [int(each.value) for each in taken if each.key == key]
        assert in_order == sorted(in_order)
        assert len(in_order) == 60


async def test_acknowledged_record_is_delivered_with_the_same_place_and_time(bus: Bus) -> None:
    """What the broker acknowledged is what the reader sees: partition, offset, the broker's time in UTC."""
    outlet = await bus.outlet("qm")
    (ack,) = await outlet.put(a_record())
    (delivery,) = await take(await bus.inlet("qn", [TOPIC], group="window"), 1)
    assert (delivery.topic, delivery.partition, delivery.offset) == (ack.topic, ack.partition, ack.offset)
    assert delivery.topic == TOPIC
    assert delivery.at == ack.at
    assert ack.at.utcoffset() == timedelta(0)


async def test_bytes_and_headers_arrive_untouched(bus: Bus) -> None:
    """Binary values, an empty header, a repeated header and names beyond ASCII come out as they went in."""
    record = Record(
        TOPIC,
        b"\x00\xffkey",
        bytes(range(256)) * 3,
        (("empty", b""), ("twice", b"1"), ("twice", b"\x00\xfe"), ("größe-重量", "12 кг".encode())),
    )
    outlet = await bus.outlet("qm")
    await outlet.put(record, Record(TOPIC, b"", b""))
    first, second = await take(await bus.inlet("qn", [TOPIC], group="window"), 2)
    assert (first.key, first.value, first.headers) == (record.key, record.value, record.headers)
    assert (second.key, second.value, second.headers) == (b"", b"", ())


async def test_record_of_one_megabyte_passes(bus: Bus) -> None:
    """A scanned certificate of one megabyte is an ordinary record."""
    scan = bytes(range(256)) * 4096
    await put(bus, scan)
    assert values(await take(await bus.inlet("qn", [TOPIC], group="window"), 1)) == [scan]


async def test_record_over_the_limit_is_refused_and_the_next_one_passes(bus: Bus) -> None:
    """Too large is said at once, nothing of it is stored, and the outlet goes on."""
    outlet = await bus.outlet("qm")
    await outlet.put(a_record(b"before"))
    with pytest.raises(TooLarge):
        await outlet.put(a_record(b"x" * (LARGEST_RECORD + 64 * 1024)))
    await outlet.put(a_record(b"after"))
    assert values(await take(await bus.inlet("qn", [TOPIC], group="window"), 2)) == [b"before", b"after"]


async def test_what_was_taken_but_not_committed_is_delivered_again(bus: Bus) -> None:
    """A reader that falls before its commit finds the same records, not the ones after them."""
    await put(bus, b"1", b"2", b"3")
    fallen = await bus.inlet("qn", [TOPIC], group="window")
    taken = await take(fallen, 3)
    await fallen.commit(taken[:1])
    await fallen.close()
    again = await bus.inlet("qn", [TOPIC], group="window")
    assert values(await take(again, 2)) == [b"2", b"3"]


async def test_group_goes_on_at_its_committed_place(bus: Bus) -> None:
    """After a commit and a restart, the next record is the first one that was not done with."""
    await put(bus, b"1", b"2")
    inlet = await bus.inlet("qn", [TOPIC], group="window")
    await inlet.commit(await take(inlet, 2))
    await inlet.close()
    await put(bus, b"3")
    again = await bus.inlet("qn", [TOPIC], group="window")
    assert values(await take(again, 1)) == [b"3"]


async def test_committing_an_older_record_does_not_move_the_place_back(bus: Bus) -> None:
    """A place is a promise already given: it only moves on."""
    await put(bus, b"1", b"2", b"3")
    inlet = await bus.inlet("qn", [TOPIC], group="window")
    taken = await take(inlet, 3)
    await inlet.commit(taken[:2])
    await inlet.commit(taken[:1])
    await inlet.close()
    again = await bus.inlet("qn", [TOPIC], group="window")
    assert values(await take(again, 1)) == [b"3"]


async def test_message_sent_before_its_reader_first_came_is_kept(bus: Bus) -> None:
    """A window that joins late misses nothing: the first reading of a group begins at the first record."""
    await put(bus, b"early")
    inlet = await bus.inlet("qn", [TOPIC], group="window")
    assert values(await take(inlet, 1)) == [b"early"]


async def test_waiting_reader_is_woken_by_a_record(bus: Bus) -> None:
    """A take that found nothing waits, and returns when something comes."""
    inlet = await bus.inlet("qn", [TOPIC], group="window")
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(inlet.take())
        await put(bus, b"at last")
    assert [each.value for each in waiting.result()] == [b"at last"]


async def test_take_returns_no_more_than_it_was_asked_for(bus: Bus) -> None:
    """`most` is a limit, and what lay beyond it comes next."""
    await put(bus, b"1", b"2", b"3")
    inlet = await bus.inlet("qn", [TOPIC], group="window")
    async with asyncio.timeout(PATIENCE):
        assert values(list(await inlet.take(2))) == [b"1", b"2"]
        assert values(list(await inlet.take(2))) == [b"3"]


async def test_two_groups_each_read_everything(bus: Bus) -> None:
    """Groups do not take records from one another."""
    await put(bus, b"1", b"2")
    for group in ("window", "archive"):
        inlet = await bus.inlet("qn", [TOPIC], group=group)
        taken = await take(inlet, 2)
        await inlet.commit(taken)
        assert values(taken) == [b"1", b"2"]


async def test_two_principals_with_one_group_name_do_not_share_a_place(bus: Bus) -> None:
    """Naming another party's group does not move its place."""
    await put(bus, b"1")
    stranger = await bus.inlet(OPERATOR, [TOPIC], group="window")
    await stranger.commit(await take(stranger, 1))
    inlet = await bus.inlet("qn", [TOPIC], group="window")
    assert values(await take(inlet, 1)) == [b"1"]


async def test_second_reader_of_a_group_takes_over_when_the_first_leaves(bus: Bus) -> None:
    """Two open readers of one group never both get a record; the one that waits goes on where the other ended."""
    await put(bus, b"1", b"2")
    first = await bus.inlet("qn", [TOPIC], group="window")
    taken = await take(first, 2)
    await first.commit(taken[:1])
    second = await bus.inlet("qn", [TOPIC], group="window")
    async with asyncio.timeout(2 * PATIENCE), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(second.take())
        await first.close()
    assert [each.value for each in waiting.result()] == [b"2"]


async def test_one_inlet_reads_several_topics(bus: Bus) -> None:
    """A window with two partners waits in one place for both."""
    other = TopicRights("qn.in.from.qx", writer="qx", reader="qn")
    await bus.open_topics([other])
    inlet = await bus.inlet("qn", [TOPIC, other.topic], group="window")
    await put(bus, b"from qm")
    await (await bus.outlet("qx")).put(Record(other.topic, b"k", b"from qx"))
    taken = await take(inlet, 2)
    await inlet.commit(taken)
    assert {(each.topic, each.value) for each in taken} == {(TOPIC, b"from qm"), (other.topic, b"from qx")}


async def test_tap_reads_from_the_first_record_each_time_and_leaves_no_trace(bus: Bus) -> None:
    """The judge's tap sees everything, twice, and moves nobody's place."""
    await put(bus, b"1", b"2")
    for _ in range(2):
        tap = await bus.inlet(OPERATOR, [TOPIC], group=None)
        taken = await take(tap, 2)
        await tap.commit(taken)
        await tap.close()
        assert [(each.offset, each.value) for each in taken] == [(0, b"1"), (1, b"2")]
    inlet = await bus.inlet("qn", [TOPIC], group="window")
    assert values(await take(inlet, 2)) == [b"1", b"2"]


async def test_writer_without_the_right_is_refused(bus: Bus) -> None:
    """Only the party that the topic names may write it: not a third one, and not its own reader."""
    assert bus.enforces_rights
    for principal in ("qx", "qn"):
        outlet = await bus.outlet(principal)
        with pytest.raises(NotAllowed) as refused:
            await outlet.put(a_record(b"forged"))
        assert (refused.value.principal, refused.value.action, refused.value.topic) == (principal, "write", TOPIC)
    await put(bus, b"genuine")
    assert values(await take(await bus.inlet("qn", [TOPIC], group="window"), 1)) == [b"genuine"]


@pytest.mark.parametrize("group", ["window", None])
async def test_reader_without_the_right_is_refused(bus: Bus, group: str | None) -> None:
    """Only the party that the topic names may read it: not a third one, and not its own writer."""
    await put(bus, b"confidential")
    for principal in ("qx", "qm"):
        inlet = await bus.inlet(principal, [TOPIC], group=group)
        with pytest.raises(NotAllowed) as refused:
            await take(inlet, 1)
        assert (refused.value.principal, refused.value.action, refused.value.topic) == (principal, "read", TOPIC)


async def test_right_that_is_not_granted_again_is_withdrawn(bus: Bus) -> None:
    """Opening a topic with other rights leaves exactly those, and keeps the records."""
    await put(bus, b"1")
    await bus.open_topics([TopicRights(TOPIC, writer="qx", reader="qn")])
    outlet = await bus.outlet("qm")
    with pytest.raises(NotAllowed):
        await outlet.put(a_record(b"too late"))
    await (await bus.outlet("qx")).put(a_record(b"2"))
    assert values(await take(await bus.inlet("qn", [TOPIC], group="window"), 2)) == [b"1", b"2"]


async def test_unknown_topic_is_refused_and_not_created(bus: Bus) -> None:
    """Topics are opened on purpose; the operator is told so, and others do not learn what exists."""
    for principal, error in ((OPERATOR, NoSuchTopic), ("qm", NotAllowed)):
        outlet = await bus.outlet(principal)
        with pytest.raises(error):
            await outlet.put(Record("qn.in.from.nobody", b"k", b"v"))
        inlet = await bus.inlet(principal, ["qn.in.from.nobody"], group="window")
        with pytest.raises(error):
            await take(inlet, 1)
    with pytest.raises(NoSuchTopic):
        await bus.trim("qn.in.from.nobody", 1)


async def test_loss_of_records_not_yet_read_is_an_error_and_stays_one(bus: Bus) -> None:
    """A group whose committed place is gone is told so, at each take, with the place and what is left."""
    await put(bus, b"1", b"2", b"3", b"4")
    inlet = await bus.inlet("qn", [TOPIC], group="window")
    taken = await take(inlet, 1, most=1)
    await inlet.commit(taken)
    await inlet.close()
    await bus.trim(TOPIC, 3)
    again = await bus.inlet("qn", [TOPIC], group="window")
    for _ in range(2):
        with pytest.raises(RangeLost) as lost:
            await take(again, 1)
        assert (lost.value.topic, lost.value.wanted, lost.value.first) == (TOPIC, 1, 3)


async def test_loss_after_a_first_reading_without_a_commit_is_an_error_too(bus: Bus) -> None:
    """The place where a group began counts as its own from its first reading on."""
    await put(bus, b"1", b"2")
    fallen = await bus.inlet("qn", [TOPIC], group="window")
    await take(fallen, 1)
    await fallen.close()
    await bus.trim(TOPIC, 1)
    again = await bus.inlet("qn", [TOPIC], group="window")
    with pytest.raises(RangeLost):
        await take(again, 1)


async def test_group_that_never_read_begins_at_the_first_record_left(bus: Bus) -> None:
    """What was trimmed before a group existed was never promised to it."""
    await put(bus, b"1", b"2")
    await bus.trim(TOPIC, 1)
    inlet = await bus.inlet("qn", [TOPIC], group="window")
    (delivery,) = await take(inlet, 1)
    assert (delivery.offset, delivery.value) == (1, b"2")


async def test_trim_past_the_end_empties_the_topic_and_keeps_its_count(bus: Bus) -> None:
    """Offsets are never given twice, even when nothing is left."""
    await put(bus, b"1", b"2")
    await bus.trim(TOPIC, 100)
    outlet = await bus.outlet("qm")
    (ack,) = await outlet.put(a_record(b"3"))
    assert ack.offset == 2
    tap = await bus.inlet(OPERATOR, [TOPIC], group=None)
    assert values(await take(tap, 1)) == [b"3"]


async def test_opening_a_topic_again_keeps_its_records(bus: Bus) -> None:
    """Opening is asked for at every start of a run, and destroys nothing."""
    await put(bus, b"1")
    await bus.open_topics([TopicRights(TOPIC, writer="qm", reader="qn")])
    assert values(await take(await bus.inlet("qn", [TOPIC], group="window"), 1)) == [b"1"]


async def test_closing_a_waiting_inlet_ends_its_wait(bus: Bus) -> None:
    """Nobody waits for ever on something that was closed."""
    inlet = await bus.inlet("qn", [TOPIC], group="window")

    async def wait() -> None:
        with pytest.raises(Unreachable):
            await inlet.take()

    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
        tasks.create_task(wait())
        await asyncio.sleep(0)  # let it begin to wait; no time passes
        await inlet.close()


async def test_closed_ends_say_so(bus: Bus) -> None:
    """Closing twice is harmless, and using what is closed is an error of the road."""
    outlet, inlet = await bus.outlet("qm"), await bus.inlet("qn", [TOPIC], group="window")
    for end in (outlet, inlet):
        await end.close()
        await end.close()
    with pytest.raises(Unreachable):
        await outlet.put(a_record())
    with pytest.raises(Unreachable):
        await inlet.take()
    with pytest.raises(Unreachable):
        await inlet.commit([])


async def test_putting_nothing_is_acknowledged_with_nothing(bus: Bus) -> None:
    """An empty put is no error."""
    assert await (await bus.outlet("qm")).put() == ()


async def test_flood_on_one_topic_leaves_another_its_share(bus: Bus) -> None:
    """What stands on a quiet topic comes with the first that is taken, however much stands on a loud one."""
    flood = 4000
    other = TopicRights("qn.in.from.qp", writer="qp", reader="qn")
    await bus.open_topics([other])
    loud, quiet = await bus.outlet("qm"), await bus.outlet("qp")
    inlet = await bus.inlet("qn", [TOPIC, other.topic], group="window")
    await loud.put(Record(TOPIC, b"k", b"first"))
    await quiet.put(Record(other.topic, b"k", b"first"))
    taken: list[Delivery] = []
    async with asyncio.timeout(10):
        while len(taken) < 2:  # both are assigned, and being read
            taken += await inlet.take()
    await loud.put(*[Record(TOPIC, b"k", b"%d" % number) for number in range(flood)])
    await quiet.put(Record(other.topic, b"k", b"quiet"))
    taken.clear()
    async with asyncio.timeout(10):
        while b"quiet" not in {one.value for one in taken}:
            await loud.put(Record(TOPIC, b"k", b"more"))  # it goes on, and its reader is no faster than that
            taken += await inlet.take(20)
    assert len(taken) < flood
    loudly = [one.value for one in taken if one.topic == TOPIC]
    assert loudly == [b"%d" % number for number in range(len(loudly))]
