"""The stage: sets a rehearsal up, lets its parties live, and gives the script its verbs.

On what it is founded (`harness.trial.founding`) come topics with their rights, the tap and the wire; what a script
asks of one party is in `harness.trial.acting`. The parties are strangers to each other and to the judge; what they
share is the bus. Nothing here judges.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs.identity import Algorithm
from certs.jwe import looks_encrypted
from harness.clock import DrivenClock, moment, stamp
from harness.errors import BadInput
from harness.evidence import records
from harness.exchange import cover, topics
from harness.exchange.bus import Bus, Guarded, Inlet, Outlet, Record
from harness.exchange.envelope import Type
from harness.exchange.seal import Kind, Sealed
from harness.exchange.seat import Sent
from harness.trial import door, under_cover
from harness.trial.acting import Stopped, Window
from harness.trial.buses import Fallible
from harness.trial.checks import Check
from harness.trial.door import Door
from harness.trial.faults import Insider, Mallory, Wire
from harness.trial.founding import Country, Setting, found, rights_of, seat
from harness.trial.ground import Cast, Grants, Ground
from harness.trial.history import Scribe, Seen, What, told
from harness.trial.processes import Way
from harness.trial.roads import Road
from harness.trial.seated import House, InHouse, living
from harness.trial.stamping import answering
from harness.trial.stranger import Stranger
from harness.trial.tap import Tap
from harness.trial.wiring import wired

_POURED: Final = 64 * 1024  # octets of a flood that are put at once
_OVER: Final = 1.0  # seconds after a deadline in which nobody waits for its answer any more


class Stage:
    """One rehearsal, set up and running. Made by `staged`; scripts get it as their only argument."""

    def __init__(self, setting: Setting, ground: Ground, bus: Bus, scribe: Scribe) -> None:
        self.setting = setting
        self.ground = ground
        self.scribe = scribe
        self.bus = bus
        self.tap = Tap(scribe)
        self.wire = Wire(bus, setting.clock)
        self.countries: dict[str, Country] = {}
        self.windows: dict[str, Window] = {}
        self._died: dict[str, int] = {}
        """How many deaths of each party the history tells of."""
        self.broker: Fallible | None = None
        """The broker under the bus, where it is ours to kill. Set by who plays the scenario."""
        self.road: Road | None = None
        """The road of the parties that the scenario names for it. Set by who opened it."""
        self.mallory = Mallory(bus, self.wire, lambda act: self.step("Mallory", act))

    # ------------------------------------------------------------------------------- what a script asks for

    def window(self, code: str) -> Window:
        """The party in seat `code`."""
        if code not in self.windows:
            raise BadInput(f"no seat {code!r} in this run", expected=f"one of {', '.join(self.windows)}")
        return self.windows[code]

    def insider(self, code: str, *, algorithm: Algorithm | None = None) -> Insider:
        """Somebody in country `code` who can use its signing key, or another good one of it, for `algorithm`."""
        country, setting = self.countries[code], self.setting
        identity = country.identity
        if algorithm is not None:
            since = setting.clock.now() - timedelta(minutes=1)
            identity = country.authority.issue_signing(code, algorithm, since, lifetime=setting.lifetime)
        return Insider(identity, setting.clock, setting.luck)

    def covered(self, record: Record, *, reader: str, profile: str) -> Record:
        """What an insider wrote, encrypted for `reader` with a profile of the insider's choice."""
        certificate = self.countries[reader].openers[profile].certificate
        return cover.cover(record, certificate, chance=self.setting.luck.octets, purpose="insider/cover")

    def newly_certified(
        self, code: str, *, names: str | None = None, policies: Sequence[x509.ObjectIdentifier] | None = None
    ) -> Insider:
        """Somebody in country `code` with a certificate fresh from its authority.

        Args:
            code: the country whose authority issues.
            names: whom the certificate names, with its country; the country's own party when None.
            policies: under which it is issued; the authority's own when None.
        """
        setting, party = self.setting, names or code
        identity = self.countries[code].authority.issue_signing(
            party, setting.algorithm, setting.clock.now() - timedelta(minutes=1), policies=policies, country=party[:2]
        )
        self.step(code, f"its authority issues a certificate for {party}")
        return Insider(identity, setting.clock, setting.luck)

    def stranger(self, code: str) -> Stranger:
        """Somebody who comes to the broker as party `code`, and tries what no agreement gives it."""
        setting = self.setting
        if code not in self.countries:
            raise BadInput(f"no country {code!r} in this run", expected=f"one of {', '.join(self.countries)}")
        return Stranger(
            code,
            self.bus,
            self.scribe,
            authority=self.countries[code].authority,
            clock=setting.clock,
            folder=setting.folder / "certs" / "strangers",
            patience=setting.patience,
        )

    def door(self) -> AbstractContextManager[Door]:
        """Open a door on this machine that nobody may come to, while the block lasts."""
        self.step("Mallory", "opens a door on this machine, and waits who will come and fetch from it")
        return door.opened(self.scribe, self.setting.luck.octets)

    def sample(self, name: str) -> bytes:
        """A document of the pack's own, freshly dated."""
        return self.ground.sample(name, self.setting.clock.now())

    def identity_of(self, record: Record) -> str:
        """The identity of the message in a record that is not on a topic yet."""
        return Sealed(record.value).identity

    def from_now(self, by: timedelta) -> datetime:
        """The moment of the rehearsal that lies `by` ahead."""
        return self.setting.clock.now() + by

    async def comes(self, at: datetime) -> None:
        """Return once it is `at` in the rehearsal: a driven clock is moved there, the world's own is waited for."""
        self.step("stage", f"lets the time come to {stamp(at)}")
        clock = self.setting.clock
        left = at - clock.now()
        if isinstance(clock, DrivenClock):
            clock.advance(max(left, timedelta(0)))
        else:
            await asyncio.sleep(left.total_seconds())

    def step(self, who: str, text: str) -> None:
        """Write down what somebody does now."""
        self.scribe.write(What.STEP, who=who, text=text)

    def the_road(self) -> Road:
        """The road of the parties that come by a detour."""
        if self.road is None:
            raise self.stopped("a road that can be cut: this bus has none")
        return self.road

    async def kills_the_broker(self) -> None:
        """Kill the broker, now and without farewell, and start it again on the same data."""
        if self.broker is None:
            raise self.stopped("a broker that can be killed: this bus has none")
        self.step("stage", "kills the broker and starts it again")
        await self.broker.falls()
        self.died("broker", self._died.get("broker", 0) + 1)

    def died(self, code: str, deaths: int) -> None:
        """Write down each death of a party, once."""
        for number in range(self._died.get(code, 0) + 1, deaths + 1):
            self.scribe.write(What.DEATH, party=code, number=number)
            self._died[code] = number

    def fell(self, code: str, why: str) -> None:
        """Write down that a party fell of a defect of its own. The others go on, and are judged."""
        self.scribe.write(What.FALL, party=code, why=why)
        self.windows[code].fallen.set()

    def promises(self, check: Check, **args: str) -> None:
        """Write down that `check` is to be made with these arguments once the run is over."""
        self.scribe.write(What.PROMISE, check=check.name, args=args)

    async def message(self, sent: Sent, *, copy: int = 1) -> Seen:
        """The message as the tap saw it, the `copy`th time; where it crossed encrypted, as the operator saw it."""

        def it(seen: Seen) -> bool:
            return seen.in_inbox and seen.sealed.identity == sent.identity

        def under_its_cover(seen: Seen) -> bool:
            # One transaction has one message here, and whoever tampers with it keeps its key.
            same_road = seen.delivery.topic == sent.topic and seen.delivery.key == sent.correlation.encode()
            return same_road and looks_encrypted(seen.delivery.value)

        wanted = under_its_cover if self._encrypted(sent) else it
        return await self._seen(wanted, f"{sent.subject} on the wire", copy)

    async def answer(self, sent: Sent, *, copy: int = 1) -> Seen:
        """The `copy`th receipt about this message that came over the wire, or, where that is encrypted, was heard."""
        if self._encrypted(sent):
            return await self._answer_under_cover(sent, copy)
        return await self.answer_to(sent.identity, sent.subject, copy=copy)

    async def answer_to(self, identity: str, what: str, *, copy: int = 1) -> Seen:
        """The `copy`th receipt about the message with this identity."""

        def about(seen: Seen) -> bool:
            receipt = seen.receipt
            return seen.in_inbox and receipt is not None and receipt.of == identity

        return await self._seen(about, f"answer {copy} to {what}", copy)

    async def crossed(self, count: int) -> None:
        """Wait until that many documents were seen on inboxes."""

        def document(seen: Seen) -> bool:
            return seen.in_inbox and seen.said.get("type") == Type.DOCUMENT

        await self._seen(document, f"{count} document(s) on their way", count)

    async def _answer_under_cover(self, sent: Sent, copy: int) -> Seen:
        """The same where the wire shows nothing: from the log of who sent it, and the token it hands over.

        Between two looks the pair witness each other once, in which each takes what is on its topics. No sleep.
        """
        sender = self._sender_of(sent)
        window, other = self.window(sender), self.window(sent.to)
        try:
            async with asyncio.timeout(self.setting.patience):
                while True:
                    given, handed = await window.gives_out(), await window.hands_over()
                    answers = under_cover.answers(sent.identity, given, handed, self.tap.seen)
                    if len(answers) >= copy:
                        return answers[copy - 1]
                    await other.seeks_witness(sender)
                    await window.seeks_witness(sent.to)
        except TimeoutError as error:
            raise self.stopped(f"{sender} to hear answer {copy} to {sent.subject}") from error

    def _sender_of(self, sent: Sent) -> str:
        return next(code for code in self.windows if topics.inbox(sent.to, code) == sent.topic)

    def _encrypted(self, sent: Sent) -> bool:
        pair = {sent.to, self._sender_of(sent)}
        return any(corridor.encrypts and pair == set(corridor.parties) for corridor in self.ground.corridors)

    async def tampered(self, *, on: str, after: Sent) -> Seen:
        """What came on topic `on` of this transaction under another identity than its sender gave it."""

        def other(seen: Seen) -> bool:
            same_road = seen.delivery.topic == on and seen.delivery.key == after.correlation.encode()
            return same_road and seen.sealed.identity != after.identity

        return await self._seen(other, f"an altered copy of {after.subject}", 1)

    async def _seen(self, wanted: Callable[[Seen], bool], what: str, count: int) -> Seen:
        try:
            async with asyncio.timeout(self.setting.patience):
                return (await self.tap.until(wanted, count=count))[-1]
        except TimeoutError as error:
            raise self.stopped(what) from error

    @asynccontextmanager
    async def flooded(self, *, by: str, to: str, count: int, wide: int = 512) -> AsyncIterator[None]:
        """Party `by` puts `count` records of `wide` octets that mean nothing on its inbox at `to`.

        Half of them before the block, the rest meanwhile.
        """
        self.step(by, f"floods {to} with {count} records that mean nothing")
        inbox = topics.inbox(to, by)
        flood = [Record(inbox, b"flood", b"%d " % number + bytes(wide)) for number in range(count)]
        outlet = await self.bus.outlet(topics.principal(by))
        half = count // 2
        try:
            await _pour(outlet, flood[:half])
            async with asyncio.TaskGroup() as group:
                group.create_task(_pour(outlet, flood[half:]))
                yield
        finally:
            await outlet.close()
        await self._seen(lambda seen: seen.delivery.topic == topics.quarantine(to), f"{to} to put it aside", count)

    async def answered_in_time(self, sent: Sent, *, by_log_of: str) -> None:
        """Return with the first answer to this message, or once none can keep the agreed deadline any more."""
        (noted,) = [
            record
            for body in await self.window(by_log_of).gives_out()
            if (record := told(body)).event == records.SENT and record.fields["identity"] == sent.identity
        ]
        left = (moment(str(noted.fields["deadline"])) - self.setting.clock.now()).total_seconds()
        with suppress(TimeoutError):
            async with asyncio.timeout(left + _OVER):
                await self.tap.until(
                    lambda seen: seen.in_inbox and (receipt := seen.receipt) is not None and receipt.of == sent.identity
                )

    @asynccontextmanager
    async def second_reader(self, *, of: str) -> AsyncIterator[Inlet]:
        """Somebody else reads in the group of `of` while the block lasts: has taken something, and never commits it."""
        if not isinstance(self.bus, Guarded):
            raise self.stopped("a second reader: this bus gives no topic from one reader to another")
        inboxes = [topics.inbox(of, one.partner(of)) for one in self.ground.corridors if of in one.parties]
        self.step("stage", f"lets a second reader into the group of {of}")
        self.scribe.write(What.CUT, parties=[of], how="a second reader of its group")
        inlet = await self.bus.second_reader(topics.principal(of), sorted(inboxes), group=topics.principal(of))
        try:
            await self.takes(inlet)
            yield inlet
        finally:
            await inlet.close()
        self.step("stage", f"sees the second reader leave the group of {of}")

    async def takes(self, inlet: Inlet) -> None:
        """Return once a reader of ours has taken something more."""
        try:
            async with asyncio.timeout(self.setting.patience):
                await inlet.take()
        except TimeoutError as error:
            raise self.stopped("something for a second reader to take") from error

    def stopped(self, what: str) -> Stopped:
        """Write down that something did not come, and return what to raise."""
        self.scribe.write(What.STOPPED, waited_for=what, seconds=self.setting.patience)
        return Stopped(what)

    # ------------------------------------------------------------------------------------- how a run ends

    async def settle(self) -> None:
        """Let what is under way arrive, let every pair witness each other, then write down what each log gives out."""
        await self._tapped_all()
        for window in self.windows.values():
            await self.taken_in(window)
        for corridor in self.ground.corridors:
            one, other = corridor.parties
            for owner, witness in ((one, other), (other, one)):
                if self.window(owner).fallen.is_set() or self.window(witness).fallen.is_set():
                    continue
                try:
                    await self.window(owner).seeks_witness(witness)
                except Stopped:
                    continue  # written down; a log without its witness shows in the checks
        for code, window in self.windows.items():
            for token in await window.hands_over():
                self.scribe.write(What.UNDER_COVER, party=code, token=token.decode("latin-1"))
            for index, body in enumerate(await window.gives_out()):
                self.scribe.write(What.RECORD, party=code, index=index, body=body.decode(errors="backslashreplace"))

    async def taken_in(self, window: Window) -> None:
        """Let a window log every receipt that the tap saw on its way to it.

        A window that loses receipts must not hold up the run: after a while we go on, and the checks will show it.
        """
        try:
            async with asyncio.timeout(self.setting.patience / 4):
                while await self._on_their_way(window):
                    # One more round between the two, in which the window takes what is on its topics. No sleep.
                    for corridor in self.ground.corridors:
                        if window.code in corridor.parties:
                            await self.window(corridor.partner(window.code)).seeks_witness(window.code)
        except (TimeoutError, Stopped):
            self.step("stage", f"goes on, though {window.code} has not logged every receipt that came to it")

    async def _on_their_way(self, window: Window) -> set[str]:
        """The receipts (raw digests) on this window's own topics that its log does not know."""
        known = {str(told(body).fields.get("raw")) for body in await window.gives_out()}
        mine = f"{topics.principal(window.code)}.in.from."
        seen = (one for one in self.tap.seen if one.delivery.topic.startswith(mine) and one.kind is Kind.RECEIPT)
        return {one.sealed.raw for one in seen} - known

    async def _tapped_all(self) -> None:
        """Wait until the tap has seen all that the logs say was put, but for what Mallory kept from the topics."""
        wanted = {
            str(record.fields["raw"])
            for window in self.windows.values()
            for body in await window.gives_out()
            if (record := told(body)).event in (records.SENT, records.ANSWERED)
        }
        wanted -= {Sealed(value).raw for value in self.wire.kept_away}
        # Under a cover the tap cannot tell them apart: there it has seen enough when it saw the places that logs name.
        wanted -= {Sealed(token).raw for window in self.windows.values() for token in await window.hands_over()}
        places = {
            place for one in self.windows.values() for place in under_cover.taken(one.code, await one.gives_out())
        }
        try:
            async with asyncio.timeout(self.setting.patience / 4):
                await self.tap.until_all(wanted)
                await self.tap.until_places(places)
        except TimeoutError:
            self.stopped("the tap to see all that the logs say was put")


async def _pour(outlet: Outlet, flood: Sequence[Record]) -> None:
    at_once = max(1, _POURED // len(flood[-1].value))
    for start in range(0, len(flood), at_once):
        await outlet.put(*flood[start : start + at_once])


@asynccontextmanager
async def staged(
    setting: Setting,
    ground: Ground,
    bus: Bus,
    scribe: Scribe,
    *,
    cast: Mapping[str, Cast] | None = None,
    way: Way | None = None,
    grants: Grants = tuple,
    keeps: Callable[[tuple[bytes, ...]], Awaitable[None]] | None = None,
) -> AsyncIterator[Stage]:
    """Set a rehearsal up, run it while the block lasts, and take it down.

    Args:
        setting: where, when and by which chance.
        ground: corridors, countries and who usually plays a window.
        bus: an open bus; closing it is the caller's.
        scribe: where the history goes.
        cast: who plays which seat instead of the usual window: saboteurs, say.
        way: how a party comes to the same bus from a process of its own; None when all live in this one.
        grants: what the operator makes of the rights that the agreements give; an honest one grants just these.
        keeps: what the operator does about the broker's door, told the roots (PEM) of all countries; an honest one,
            nothing.

    Raises:
        RoadFailed: the bus or a disk failed while the run was on.
    """
    stage = Stage(setting, ground, bus, scribe)
    stage.countries = found(setting, ground)
    for country in stage.countries.values():
        scribe.write(What.COUNTRY, **country.published())
    seats = seat(setting, ground, stage.countries, stage.wire)
    if keeps is not None:
        await keeps(tuple(one.authority.root.public_bytes(Encoding.PEM) for one in stage.countries.values()))
    rights = grants(rights_of(ground.corridors))
    await bus.open_topics(rights)
    async with stage.tap.listening(bus, [one.topic for one in rights]), housed(stage, way) as house:
        players = {code: house((cast or {}).get(code, ground.cast), place) for code, place in seats.items()}
        stage.windows = {code: Window(party, stage) for code, party in players.items()}
        async with living(players, fell=stage.fell):
            yield stage


@asynccontextmanager
async def housed(stage: Stage, way: Way | None) -> AsyncIterator[House]:
    """Where the parties of a stage live: in this process, or each in its own with the stage's wire carried to it."""
    if way is None:
        yield InHouse
        return
    path = stage.setting.folder / "wire.sock"
    sockets = {code: stage.setting.folder / f"timestamps-{code}.sock" for code in stage.countries}
    desks = {sockets[code]: country.desk for code, country in stage.countries.items()}
    async with wired(stage.wire, path), answering(desks):
        yield replace(way, wire=path, stampers=sockets).house
