"""A window whose road fails and comes back: nothing is lost, nothing happens twice, and who waits is told the truth."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from harness.errors import RoadFailed
from harness.evidence import records
from harness.exchange import topics
from harness.exchange.bus import Inlet, NotAllowed, Outlet, RangeLost, Unreachable
from harness.trial.passage import Passage
from nodes.asking import LONGEST_TURN
from nodes.road import Outage, StillToLeave
from nodes.window import Window

if TYPE_CHECKING:
    from tests.unit.conftest import Corridor

CUTS = ("before put", "after put", "before commit", "after commit")
INBOX = topics.inbox("QN", "QM")
BACK = topics.inbox("QM", "QN")
GONE = Unreachable("no broker answers")


@dataclass
class Barred(Passage):
    """A bus that nobody comes in at while `barred`."""

    barred: bool = True
    tried: asyncio.Event = field(default_factory=asyncio.Event)

    async def outlet(self, principal: str) -> Outlet:
        """An outlet, or nothing."""
        if self.barred:
            self.tried.set()
            raise GONE
        return await super().outlet(principal)

    async def inlet(self, principal: str, topics: Sequence[str], *, group: str | None) -> Inlet:
        """An inlet, or nothing."""
        if self.barred:
            raise GONE
        return await super().inlet(principal, topics, group=group)


@pytest.mark.parametrize("moment", CUTS)
async def test_a_receivers_road_that_fails_within_a_turn(corridor: Corridor, moment: str) -> None:
    """The same window goes on over the next road: one effect, and the receipt that was logged, whatever left of it."""
    knife = corridor.knife(moment, error=GONE)
    sender, receiver = Window(corridor.seat("QM")), Window(corridor.seat("QN", bus=knife))
    async with corridor.living(sender, receiver):
        sent = await sender.counter.lodge(corridor.certificate(), to="QN")
        await corridor.receipts(sent.identity)
        twin = await sender.counter.lodge(corridor.certificate(), to="QN")
        await corridor.receipts(twin.identity)
        assert knife.fell.is_set()
        noted = [one.fields["identity"] for one in corridor.noted(receiver, records.TRANSLATED)]
        assert noted == [sent.identity, twin.identity]
        about = [one for one in corridor.on(BACK) if one.receipt is not None and one.receipt.of == sent.identity]
        assert len({one.sealed.raw for one in about}) == 1


@pytest.mark.parametrize("moment", ["before put", "after put"])
async def test_a_senders_road_that_fails_while_a_trader_waits(corridor: Corridor, moment: str) -> None:
    """The trader is not told to ask again: it hears that the document is sent, once it is; and it is sent as one."""
    knife = corridor.knife(moment, error=GONE)
    sender, receiver = Window(corridor.seat("QM", bus=knife)), Window(corridor.seat("QN"))
    async with corridor.living(sender, receiver):
        sent = await sender.counter.lodge(corridor.certificate(), to="QN")
        assert knife.fell.is_set()
        await corridor.receipts(sent.identity)
        assert {one.sealed.identity for one in corridor.on(INBOX)} == {sent.identity}
        assert len(corridor.noted(sender, records.TRANSPORTED)) == 1
        assert len(corridor.noted(receiver, records.TRANSLATED)) == 1


async def test_a_request_for_a_cosignature_that_was_lost(corridor: Corridor) -> None:
    """Witness traffic is in no log, and is asked for again all the same: whoever waits for it does not wait in vain."""
    knife = corridor.knife("before put", error=GONE)
    sender, receiver = Window(corridor.seat("QM", bus=knife)), Window(corridor.seat("QN"))
    async with corridor.living(sender, receiver):
        async with asyncio.timeout(5):
            await sender.counter.seek_witness("QN")
        assert knife.fell.is_set()


async def test_a_trader_whose_window_ends_before_the_road_is_back(corridor: Corridor) -> None:
    """It hears that the document stands in the log and leaves by itself: lodged again, there would be two."""
    knife = corridor.knife("before put", error=GONE)
    barred = Barred(knife, barred=False)
    sender = Window(corridor.seat("QM", bus=barred))
    life = asyncio.create_task(sender.run())
    await sender.ready.wait()
    barred.barred = True
    asking = asyncio.create_task(sender.counter.lodge(corridor.certificate(), to="QN"))
    async with asyncio.timeout(5):
        await barred.tried.wait()
        sender.leave()
        await life
        with pytest.raises(StillToLeave, match="in its log"):
            await asking
    async with corridor.living(again := Window(corridor.seat("QM"))):
        (noted,) = corridor.noted(again, records.SENT)
        assert [one.sealed.identity for one in corridor.on(INBOX)] == [noted.fields["identity"]]


async def test_an_outage_longer_than_the_patience(corridor: Corridor) -> None:
    """It ends the window with the error of the road, not before its patience is at an end and not much later."""
    knife = corridor.knife("before commit", error=GONE)
    barred = Barred(knife, barred=False)
    receiver = Window(corridor.seat("QN", bus=barred))
    receiver.patience = 0.5
    life = asyncio.create_task(receiver.run())
    await receiver.ready.wait()
    barred.barred = True
    async with corridor.living(sender := Window(corridor.seat("QM"))):
        await sender.counter.lodge(corridor.certificate(), to="QN")
        with pytest.raises(Unreachable, match="no broker answers"):
            await asyncio.wait_for(life, 5)


async def test_a_window_that_was_never_on_its_road(corridor: Corridor) -> None:
    """A wrong address is told at once; a party with a past waits, for it knows that the road was there."""
    barred = Barred(corridor.bus)
    with pytest.raises(Unreachable, match="no broker answers"):
        await asyncio.wait_for(Window(corridor.seat("QN", bus=barred)).run(), 5)
    async with corridor.living(sender := Window(corridor.seat("QM"))):
        await sender.counter.lodge(corridor.certificate(), to="QN")
    barred.tried.clear()
    again = Window(corridor.seat("QM", bus=barred))
    life = asyncio.create_task(again.run())
    async with asyncio.timeout(5):
        await barred.tried.wait()
        barred.barred = False
        await again.ready.wait()
        again.leave()
        await life


@pytest.mark.parametrize("lasting", [NotAllowed("qn", "read", INBOX), RangeLost(INBOX, 3, 9)], ids=["right", "range"])
async def test_what_no_patience_cures(lasting: RoadFailed) -> None:
    """It is raised at once, however much patience there is."""
    with pytest.raises(type(lasting)):
        await asyncio.wait_for(Outage(1000.0).waits(lasting, asyncio.Event()), 5)


async def test_pauses_grow_and_begin_anew() -> None:
    """Each try waits longer than the one before, never long; once the road bears again, it begins at the shortest."""
    told_to_go = asyncio.Event()
    told_to_go.set()  # so that nobody waits here
    outage = Outage(1000.0)
    pauses = []
    for _ in range(7):
        pauses.append(outage._pause)
        await outage.waits(GONE, told_to_go)
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    outage.over()
    assert outage._pause == 0.1


async def test_a_full_queue_at_a_window_that_ends(corridor: Corridor) -> None:
    """Nobody waits for ever to hand in what nobody will take."""
    window = Window(corridor.seat("QM"))
    waiting = [asyncio.create_task(window.asking.ask(lambda _turn: None)) for _ in range(LONGEST_TURN + 3)]
    await asyncio.sleep(0)
    assert window.asking._work.full()
    window.leave()
    async with asyncio.timeout(5):
        await window.run()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {(type(one), str(one).partition(";")[0]) for one in outcomes} == {
        (RoadFailed, "the window of QM closed before it was done")
    }
