"""A corridor in one hand: QM and QN on a memory bus, their windows opened, killed and opened again as a test likes.

No stage, no script and no judge: what a window does is read from the wire and from its evidence log. What stands
between a window and its bus to end its life at a chosen moment is `Knife`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509

from certs import hpke, jwe
from certs.authority import Authority
from certs.identity import Algorithm
from certs.trust import TrustStore
from harness.clock import Chance, DrivenClock
from harness.errors import RoadFailed
from harness.evidence import records
from harness.evidence.records import Record as LogRecord
from harness.exchange import agreement as agreements
from harness.exchange import topics
from harness.exchange.agreement import Agreement, Signed
from harness.exchange.bus import OPERATOR, Ack, Bus, Delivery, Inlet, Outlet, Record
from harness.exchange.envelope import Envelope, Type
from harness.exchange.memory import MemoryBus
from harness.exchange.seal import seal
from harness.exchange.seat import Seat
from harness.trial.ground import under
from harness.trial.history import Seen, see
from harness.trial.passage import Passage
from nodes.road import StillToLeave
from nodes.window import Window
from scenarios import samples
from scenarios.pack import PACK

START = datetime(2026, 3, 12, 9, tzinfo=UTC)
PATIENCE = 5.0
"""Seconds of real time after which what a test waits for counts as not coming."""


@dataclass
class Knife(Passage):
    """A bus that ends the life of the window that stands on it, the `nth` time the moment comes.

    The moments are the awaits of a turn: before put, after put, before commit, after commit. With an `error`, it is
    the road alone that ends there.
    """

    moment: str
    nth: int = 1
    error: RoadFailed | None = None
    fell: asyncio.Event = field(default_factory=asyncio.Event)

    async def outlet(self, principal: str) -> Outlet:
        """An outlet under the knife."""
        return _CutOutlet(await super().outlet(principal), self)

    async def inlet(self, principal: str, topics: Sequence[str], *, group: str | None) -> Inlet:
        """An inlet under the knife."""
        return _CutInlet(await super().inlet(principal, topics, group=group), self)

    async def comes(self, moment: str) -> None:
        """Cut here, if here is where to cut."""
        if moment != self.moment or self.fell.is_set():
            return
        self.nth -= 1
        if self.nth == 0:
            self.fell.set()
            if self.error is not None:
                raise self.error
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)


@dataclass
class _CutOutlet:
    outlet: Outlet
    knife: Knife

    async def put(self, *records: Record) -> tuple[Ack, ...]:
        await self.knife.comes("before put")
        acks = await self.outlet.put(*records)
        await self.knife.comes("after put")
        return acks

    async def close(self) -> None:
        await self.outlet.close()


@dataclass
class _CutInlet:
    inlet: Inlet
    knife: Knife

    async def take(self, most: int = 256) -> tuple[Delivery, ...]:
        return await self.inlet.take(most)

    async def commit(self, deliveries: Sequence[Delivery]) -> None:
        await self.knife.comes("before commit")
        await self.inlet.commit(deliveries)
        await self.knife.comes("after commit")

    async def close(self) -> None:
        await self.inlet.close()


class Corridor:
    """Two countries that recognise each other, one agreement that both signed, one bus."""

    def __init__(
        self, folder: Path, *, algorithm: Algorithm = Algorithm.ES256, agreements: tuple[Agreement, ...] = ()
    ) -> None:
        self.folder = folder
        self.corridors = under(PACK, agreements).corridors
        self.clock = DrivenClock(START, step=timedelta(milliseconds=1))
        self.chance = Chance(7)
        self.bus = MemoryBus(self.clock)
        before = START - timedelta(minutes=1)
        self.authorities = {
            code: Authority.found(code, before, self.chance.octets, timedelta(days=30)) for code in ("QM", "QN", "QP")
        }
        self.identities = {
            code: authority.issue_signing(code, algorithm, before) for code, authority in self.authorities.items()
        }
        self.openers = {code: authority.issue_opener(code, before) for code, authority in self.authorities.items()}
        self.hybrids = {
            code: authority.issue_opener(code, before, profile=hpke.PROFILE)
            for code, authority in self.authorities.items()
        }
        tomorrow = START + timedelta(days=1)
        self.lists = {code: each.trust_list(1, before, tomorrow) for code, each in self.authorities.items()}
        self.crls = {code: authority.crls(before) for code, authority in self.authorities.items()}
        self.signed = {corridor.id: self._conclude(corridor) for corridor in self.corridors}
        self.recognised = self.trust()
        self.agreements = {name: one.checked(self.recognised, START) for name, one in self.signed.items()}

    def _conclude(self, corridor: Agreement) -> Signed:
        octets = agreements.conclude(corridor, {code: self.authorities[code].anchor for code in corridor.parties})
        return Signed(octets, {code: agreements.sign(octets, self.identities[code]) for code in corridor.parties})

    def trust(self, *, revocation: bool = True) -> TrustStore:
        """All three countries' lists; without revocation lists nobody can be believed."""
        store = TrustStore()
        for code, token in self.lists.items():
            store.load_list(token, anchor=self.authorities[code].anchor, at=START)
        for der in (one for both in self.crls.values() for one in both if revocation):
            store.load_crl(der)
        return store

    def seat(self, party: str, *, bus: Bus | None = None, trust: TrustStore | None = None) -> Seat:
        """The party's place; the same folder each time, so that a window comes back to its own log."""
        mine = {each.partner(party): each.id for each in self.corridors if party in each.parties}
        return Seat(
            run="unit",
            party=party,
            identity=self.identities[party],
            trust=trust or self.recognised,
            agreements={code: self.agreements[name] for code, name in mine.items()},
            signed={code: self.signed[name] for code, name in mine.items()},
            lists=self.lists,
            crls=self.crls,
            bus=bus or self.bus,
            clock=self.clock,
            chance=self.chance,
            folder=self.folder / party,
            openers={jwe.ECDH: self.openers[party], hpke.PROFILE: self.hybrids[party]},
            readers={code: self.reader(code, self.agreements[name]) for code, name in mine.items()},
        )

    def reader(self, party: str, agreement: Agreement) -> x509.Certificate:
        """The party's certificate to encrypt for, under this agreement."""
        return (self.hybrids if agreement.encryption == hpke.PROFILE else self.openers)[party].certificate

    async def open_topics(self) -> None:
        """The topics of all corridors, with the rights that the agreements give."""
        await self.bus.open_topics(right for each in self.corridors for right in topics.rights_between(*each.parties))

    @asynccontextmanager
    async def living(self, *windows: Window) -> AsyncIterator[None]:
        """Let windows live while the block lasts. One that dies ends the block with its error."""
        async with asyncio.TaskGroup() as group:
            lives = [group.create_task(window.run()) for window in windows]
            async with asyncio.timeout(PATIENCE):
                for window in windows:
                    await window.ready.wait()
                yield
            for life in lives:
                life.cancel()

    async def seen(self, wanted: Callable[[Seen], bool], *, count: int = 1) -> list[Seen]:
        """The first `count` records on any topic that are wanted, as soon as they are there."""
        names = [right.topic for each in self.corridors for right in topics.rights_between(*each.parties)]
        inlet = await self.bus.inlet(OPERATOR, sorted(set(names)), group=None)
        found: list[Seen] = []
        try:
            async with asyncio.timeout(PATIENCE):
                while len(found) < count:
                    found += [one for one in map(see, await inlet.take()) if wanted(one)]
        finally:
            await inlet.close()
        return found

    async def receipts(self, of: str, *, count: int = 1) -> list[Seen]:
        """The first `count` receipts about the message with this identity."""

        def about(one: Seen) -> bool:
            return one.in_inbox and (receipt := one.receipt) is not None and receipt.of == of

        return await self.seen(about, count=count)

    def on(self, topic: str) -> list[Seen]:
        """All that stands on a topic now."""
        return [see(delivery) for delivery in self.bus._broker.topics[topic].records]

    async def put(self, *records: Record) -> None:
        """Put records as the broker's operator, who can write every topic."""
        outlet = await self.bus.outlet(OPERATOR)
        await outlet.put(*records)
        await outlet.close()

    def certificate(self, name: str = "origin-certificate.json") -> bytes:
        """A sample document, fresh on the day of the rehearsal."""
        return samples.dated(name, START)

    def envelope(self, source: str = "QM", to: str = "QN", **changes: object) -> Envelope:
        """An envelope that `to` accepts from `source`, but for the changes."""
        said = {
            "id": f"{source.lower()}-{self.chance.token('test/id', count=4)}",
            "source": source,
            "type": Type.DISPUTE.value,
            "subject": "CO-0001",
            "time": START,
            "datacontenttype": "application/json",
            "receiver": to,
            "topic": topics.inbox(to, source),
            "corridor": "QP-QN" if "QP" in (source, to) else "QM-QN",
            "correlationid": "trade-1",
            "expirytime": START + timedelta(days=1),
            "sequence": 1,
            "nonce": self.chance.token("test/nonce"),
        }
        return Envelope.model_validate(said | changes)

    def sealed(self, envelope: Envelope) -> Record:
        """What its source would put on the topic it names."""
        token = seal(envelope, self.identities[envelope.source]).token
        return Record(envelope.topic, envelope.correlationid.encode(), token, envelope.hints())

    def delivered(self, record: Record, *, offset: int = 0) -> Delivery:
        """A record as a window takes it from the bus."""
        return Delivery(record.topic, 0, offset, record.key, record.value, record.headers, START)

    def knife(self, moment: str, *, nth: int = 1, error: RoadFailed | None = None) -> Knife:
        """A bus for a window that is to die at that moment, or whose road is to fail there."""
        return Knife(self.bus, moment, nth, error)

    async def dies(self, window: Window, knife: Knife, asked: Awaitable[object] | None = None) -> None:
        """Let the window live until the knife falls; what was asked of it meanwhile is never answered."""
        life = asyncio.create_task(window.run())
        asking = asyncio.ensure_future(asked) if asked is not None else None
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait([life])
            assert knife.fell.is_set()
            assert life.cancelled()
            if asking is not None:
                with pytest.raises(StillToLeave, match="in its log and the broker's word outstanding"):
                    await asking

    def noted(self, window: Window, *events: str) -> list[LogRecord]:
        """What the window's log holds of these events, in order. Ask while the window is open."""
        return [one for body in window.gives_out() if (one := records.read(body)).event in events]


@pytest.fixture
def made_corridor() -> type[Corridor]:
    """How a corridor is made, for a test that has no event loop around it."""
    return Corridor


@pytest_asyncio.fixture
async def corridor(tmp_path: Path) -> AsyncIterator[Corridor]:
    """A corridor between QM and QN (and QP), its topics open, no window yet."""
    made = Corridor(tmp_path)
    await made.open_topics()
    try:
        yield made
    finally:
        await made.bus.close()
