"""The stage: builds a rehearsal, seats its parties, and gives the script its verbs.

Everything a run needs is made here afresh: authorities, trust lists, agreements signed by both sides, topics with their
rights, the tap and the wire. The parties are strangers to each other and to the judge; what they share is the bus.
Keys live in the run's folder, mode 0600. Nothing here judges.
"""

from __future__ import annotations

import asyncio
import base64
import shutil
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs import jwe, paths
from certs.authority import Authority
from certs.identity import Algorithm, Identity
from certs.jwe import Opener, looks_encrypted
from certs.trust import TrustStore
from harness.clock import Chance, Clock, DrivenClock, moment, stamp
from harness.errors import BadInput, RoadFailed
from harness.evidence import records
from harness.exchange import agreement as agreements
from harness.exchange import cover, seating, topics
from harness.exchange.agreement import Agreement, Signed
from harness.exchange.bus import Bus, Guarded, Inlet, Outlet, Record, TopicRights
from harness.exchange.envelope import Type
from harness.exchange.reasons import Reason, Refused
from harness.exchange.seal import Kind, Sealed
from harness.exchange.seat import Seat, Sent
from harness.trial import door, recognition, under_cover
from harness.trial.buses import Fallible
from harness.trial.checks import Check
from harness.trial.door import Door
from harness.trial.faults import Insider, Mallory, Wire
from harness.trial.ground import Cast, Grants, Ground
from harness.trial.history import Scribe, Seen, What, sent_of, told
from harness.trial.processes import Way
from harness.trial.recognition import Given
from harness.trial.roads import Road
from harness.trial.seated import DISK_FULL, PAUSE, House, InHouse, Seated, cause_of
from harness.trial.stamping import Desk, answering
from harness.trial.stranger import Stranger
from harness.trial.tap import Tap
from harness.trial.wiring import wired

T = TypeVar("T")

LIFETIME: Final = timedelta(hours=24)
"""How long a rehearsal's throw-away authorities are valid."""

PATIENCE: Final = 20.0
"""Seconds of real time that a script waits for what must come, before it goes down as not reached."""


_POURED: Final = 64 * 1024  # octets of a flood that are put at once
_LOOK: Final = 0.02  # seconds between two looks into a log
_WHY: Final = 1.0  # seconds in which a party that is gone is known to have fallen, if it has


class Stopped(Exception):
    """The script waited for something that did not come in time; the history says for what."""


@dataclass(frozen=True)
class Country:
    """One country of the run: its authorities, and the signing identity of its window."""

    code: str
    authority: Authority
    identity: Identity
    trust_list: bytes
    crls: tuple[bytes, ...]
    openers: Mapping[str, Opener]
    """The keys that open what is encrypted for it, by profile."""
    desk: Desk

    def published(self) -> dict[str, object]:
        """What anybody can look up: trust list (a token), root's fingerprint, CRLs and certificates to encrypt for."""
        return {
            "country": self.code,
            "anchor": self.authority.anchor,
            "trust_list": self.trust_list.decode(),
            "crls": [base64.b64encode(crl).decode() for crl in self.crls],
            "readers": {
                profile: base64.b64encode(opener.certificate.public_bytes(Encoding.DER)).decode()
                for profile, opener in self.openers.items()
            },
        }


@dataclass(frozen=True)
class Setting:
    """What a run is played with: the same setting and seed on the memory bus write the same bytes."""

    run: str
    folder: Path
    clock: Clock
    chance: Chance
    algorithm: Algorithm = Algorithm.ES256
    patience: float = PATIENCE
    luck: Chance = field(default_factory=Chance)
    """Where the script's own choices come from (what an adversary makes up): seeded, so that a run can be repeated."""
    lifetime: timedelta = LIFETIME
    algorithms: Mapping[str, Algorithm] = field(default_factory=dict)
    """Parties that sign with another algorithm than the run's own."""


def parties_of(corridors: tuple[Agreement, ...]) -> tuple[str, ...]:
    """Every party that any of these corridors names, in order of appearance."""
    return tuple(dict.fromkeys(party for corridor in corridors for party in corridor.parties))


def rights_of(corridors: tuple[Agreement, ...]) -> tuple[TopicRights, ...]:
    """The topics of these corridors with their rights, each once."""
    found: dict[str, TopicRights] = {}
    for corridor in corridors:
        one, other = corridor.parties
        limit = corridor.limits.bytes_per_second
        found |= {rights.topic: rights for rights in topics.rights_between(one, other, bytes_per_second=limit)}
    return tuple(found.values())


class Window:
    """A seated party, as a script speaks of it. Each verb is written down as a step before it is done."""

    def __init__(self, party: Seated, stage: Stage) -> None:
        self._party = party
        self._stage = stage
        self._lodged: set[str] = set()
        """The transactions that a trader has heard of."""
        self.fallen = asyncio.Event()
        """Set once it fell of a defect of its own."""
        self.code = party.party

    async def lodges(self, octets: bytes, *, to: str) -> Sent:
        """A trader lodges a document with this window, which sends it to `to`.

        A window that is killed meanwhile is asked, once it is up again, what became of the document; only when it does
        not know it is it lodged again.
        """
        self._stage.step(self.code, f"issues a document of {len(octets)} bytes to {to}")
        await self._bounded(self._party.up(), f"{self.code} to listen")
        deaths = self._party.deaths
        try:
            sent = await self._bounded(self._party.counter.lodge(octets, to=to), f"{self.code} to send")
        except RoadFailed:
            await self.comes_back(deaths + 1)
            self._stage.step(self.code, "is asked what became of the document")
            known = sent_of(octets, await self.gives_out(), self._lodged)
            if known is None:
                return await self.lodges(octets, to=to)
            sent = known
        self._lodged.add(sent.correlation)
        return sent

    async def is_refused(self, octets: bytes, *, to: str, reason: Reason) -> None:
        """The trader lodges a document that this window itself refuses to send, for `reason`."""
        self._stage.step(self.code, f"is asked to send what it may not: {reason.name}")
        try:
            sent = await self._bounded(self._party.counter.lodge(octets, to=to), f"{self.code} to refuse")
        except Refused as refused:
            if refused.reason is not reason:
                raise
            self._stage.step(self.code, f"refuses to send it: {refused.found} ({refused.clause})")
            return
        raise self._stage.stopped(f"{self.code} to refuse {sent.subject} itself; it sent it")

    async def passes_on(self, octets: bytes, *, to: str, doctype: str, reference: str, media_type: str) -> Sent:
        """The window sends bytes that another system answers for, without reading them."""
        self._stage.step(self.code, f"passes on {reference} to {to}, unread")
        doing = self._party.counter.pass_on(octets, to=to, doctype=doctype, reference=reference, media_type=media_type)
        return await self._bounded(doing, f"{self.code} to send")

    async def uses(self, sent: Sent, *, quantity: str, declaration: str) -> None:
        """Customs of this country uses a certificate for a declaration, and the window tells its issuer."""
        self._stage.step(self.code, f"customs uses {quantity} of {sent.subject} for declaration {declaration}")
        doing = self._party.counter.report_use(sent.identity, quantity=quantity, declaration=declaration)
        await self._bounded(doing, f"{self.code} to report the use")

    async def disputes(self, sent: Sent, *, number: str, sentence: str, claim: str = "no-answer") -> Sent:
        """This party opens a dispute about a message it sent."""
        self._stage.step(self.code, f"opens dispute {number}: {sentence}")
        doing = self._party.counter.dispute(sent, claim=claim, number=number, sentence=sentence)
        return await self._bounded(doing, f"{self.code} to open dispute {number}")

    async def proves(self, sent: Sent, *, witness: str, when: str = "") -> Path:
        """This party has its log cosigned by `witness` and writes an evidence bundle about the transaction.

        With `when`, it is laid aside under that name, so that a later one about the same does not take its place.
        """
        self._stage.step(self.code, f"writes its evidence about {sent.subject}, cosigned by {witness}")
        await self._stage.taken_in(self)
        doing = self._party.counter.evidence(sent.correlation, partner=witness)
        path = await self._bounded(doing, f"{witness} to cosign the log of {self.code}")
        # Another process may name it from the root.
        if when:
            aside = self._stage.setting.folder / "evidence" / f"{self.code}-{sent.id}-{when}.zip"
            aside.parent.mkdir(exist_ok=True)
            path = Path(shutil.copy(path, aside))
        told = path.absolute().relative_to(self._stage.setting.folder.absolute())
        self._stage.scribe.write(What.BUNDLE, party=self.code, path=str(told), of=sent.identity)
        return path

    async def takes(self, published: bytes, what: str) -> None:
        """This party takes what a country published."""
        self._stage.step(self.code, f"takes {what}")
        await self._bounded(self._party.counter.take(published), f"{self.code} to take {what}")

    async def turns_down(self, published: bytes, what: str, *, reason: Reason) -> None:
        """This party is shown what it must not take, and refuses it for `reason`."""
        self._stage.step(self.code, f"is shown {what}")
        try:
            await self._bounded(self._party.counter.take(published), f"{self.code} to say no")
        except Refused as refused:
            if refused.reason is not reason:
                raise
            self._stage.step(self.code, f"refuses it: {refused.found} ({refused.clause})")

    async def changes_key(self, identity: Identity, opener: Opener | None = None) -> None:
        """This party signs with a new key from now on, which its country has put into its folder."""
        self._stage.step(
            self.code, f"signs with a new key, valid until {stamp(identity.certificate.not_valid_after_utc)}"
        )
        seating.put_ready(self._party.folder, identity, opener)
        await self._bounded(self._party.counter.change_key(), f"{self.code} to change its key")

    async def seeks_witness(self, partner: str) -> None:
        """Have the log cosigned by `partner`."""
        await self._bounded(self._party.counter.seek_witness(partner), f"{partner} to cosign the log of {self.code}")

    async def gives_out(self) -> tuple[bytes, ...]:
        """The records of its evidence log."""
        return await self._party.gives_out()

    async def is_killed(self) -> None:
        """This window is killed, now and without farewell, and started again."""
        self._stage.step("stage", f"kills {self.code}")
        deaths = self._party.deaths
        self._party.kill()
        await self.comes_back(deaths + 1)

    def will_die(self, *, at: str) -> int:
        """This window will be killed when it next comes to that moment; return which of its deaths that is."""
        self._stage.step("stage", f"will kill {self.code} at {at}")
        self._party.dies_at(at)
        return self._party.deaths + 1

    def disk_fills(self) -> None:
        """From now on there is no space left for its log: only a party with a small disk has one that can be filled."""
        self._stage.step("stage", f"fills the disk of {self.code}")
        self._stage.scribe.write(What.CUT, parties=[self.code], how="disk full")
        (self._party.folder / DISK_FULL).touch()

    def disk_frees(self) -> None:
        """There is space again."""
        self._stage.step("stage", f"frees the disk of {self.code}")
        (self._party.folder / DISK_FULL).unlink()

    def pauses(self, *, at: str) -> None:
        """From now on it stops at that moment of a turn: only a pausing party has such moments."""
        self._stage.step("stage", f"has {self.code} pause at {at}")
        self._stage.scribe.write(What.CUT, parties=[self.code], how=f"pauses at {at}")
        written = self._party.folder / f"{PAUSE}.new"
        written.write_text(at, encoding="ascii")
        written.replace(self._party.folder / PAUSE)

    def goes_on(self) -> None:
        """It does what it had stopped before."""
        self._stage.step("stage", f"lets {self.code} go on")
        (self._party.folder / PAUSE).unlink()

    async def has_no_space_for(self, octets: bytes, *, to: str) -> None:
        """A trader lodges a document, and hears that nothing was done, because nothing can be logged."""
        self._stage.step(self.code, f"is asked to send a document to {to}")
        try:
            sent = await self._bounded(self._party.counter.lodge(octets, to=to), f"{self.code} to say no")
        except RoadFailed as failed:
            self._stage.step(self.code, f"does nothing: {failed.found}")
            return
        raise self._stage.stopped(f"{self.code} to have no space for {sent.subject}; it sent it")

    async def comes_back(self, death: int) -> None:
        """Wait until this window has died that often and is up again; the history says so."""
        await self._bounded(self._party.up(death), f"{self.code} to die and come back")
        self._stage.died(self.code, self._party.deaths)

    async def hands_over(self) -> tuple[bytes, ...]:
        """The signed tokens behind what crossed encrypted."""
        return await self._party.hands_over()

    async def notes(self, count: int) -> None:
        """Wait until its log says that it sent so many messages, whether or not they could leave."""

        async def noted() -> None:
            while sum(told(body).event == records.SENT for body in await self.gives_out()) < count:  # noqa: ASYNC110 - a log gives no event to who only reads it
                await asyncio.sleep(_LOOK)

        await self._bounded(noted(), f"{self.code} to write down {count} message(s)")

    async def _bounded(self, doing: Awaitable[T], what: str) -> T:
        next_life = self._party.deaths + 1
        asked = asyncio.ensure_future(doing)
        falling = asyncio.ensure_future(self.fallen.wait())
        try:
            await _first_of(asked, falling, within=self._stage.setting.patience)
            if asked.done() and not asked.cancelled() and isinstance(asked.exception(), RoadFailed):
                # Who waits at the counter hears first that a window is gone; whether it was killed or fell comes next.
                reborn = asyncio.ensure_future(self._party.up(next_life))
                await _first_of(falling, reborn, within=_WHY)
                reborn.cancel()
            if asked.done() and not falling.done():
                return asked.result()
            raise self._stage.stopped(f"{what}; it fell" if falling.done() else what)
        finally:
            asked.cancel()
            falling.cancel()


async def _first_of(*waiting: asyncio.Future[Any], within: float) -> None:  # Any: whatever is waited for
    await asyncio.wait(waiting, timeout=within, return_when=asyncio.FIRST_COMPLETED)


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
        return Stranger(
            code,
            self.bus,
            self.scribe,
            clock=setting.clock,
            chance=setting.chance.octets,
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
            async with asyncio.timeout(left + _WHY):
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


def _founded(code: str, authority: Authority, setting: Setting, given: Given, profiles: Sequence[str]) -> Country:
    """One country: its authorities, what they publish, its window's identity, and a key to open each profile."""
    at = setting.clock.now()
    algorithm = setting.algorithms.get(code, setting.algorithm)
    identity = authority.issue_signing(code, algorithm, at - timedelta(minutes=1), lifetime=setting.lifetime)
    authority.save(setting.folder / "certs" / code / "authority")
    identity.save(setting.folder / "certs" / code / "window")
    openers = {}
    for each in profiles:
        openers[each] = authority.issue_opener(code, at - timedelta(minutes=1), profile=each, lifetime=setting.lifetime)
        openers[each].save(setting.folder / "certs" / code / seating.OPENERS[each])
    return Country(
        code=code,
        authority=authority,
        identity=identity,
        trust_list=authority.trust_list(1, at - timedelta(minutes=1), at + setting.lifetime, crossings=given.crossings),
        crls=(*authority.crls(at - timedelta(minutes=1), lifetime=setting.lifetime), *given.crls),
        openers=openers,
        desk=Desk(authority.timestamping, setting.clock, setting.chance),
    )


def _conclude(corridor: Agreement, countries: Mapping[str, Country]) -> Signed:
    """Have both sides sign the agreement's final bytes."""
    octets = agreements.conclude(corridor, {code: countries[code].authority.anchor for code in corridor.parties})
    tokens = {code: agreements.sign(octets, countries[code].identity) for code in corridor.parties}
    return Signed(octets, tokens)


def found(setting: Setting, ground: Ground) -> dict[str, Country]:
    """Found every country of the ground's corridors, with keys of its own."""
    paths.prepare()
    # A minute back, so that two machines' clocks may differ a little.
    since, chance, corridors = setting.clock.now() - timedelta(minutes=1), setting.chance.octets, ground.corridors
    authorities = {
        code: Authority.found(code, since, chance, setting.lifetime, policies=recognition.policies_of(code, corridors))
        for code in parties_of(corridors)
    }
    given = recognition.given(corridors, authorities, at=since, lifetime=setting.lifetime, chance=chance)
    return {
        code: _founded(code, one, setting, given.get(code, Given()), _profiles(code, ground))
        for code, one in authorities.items()
    }


def _profiles(code: str, ground: Ground) -> tuple[str, ...]:
    """What a party must be able to open. Everybody has a key for the first profile, agreed on or not."""
    agreed = (one.encryption for one in ground.corridors if code in one.parties and one.encrypts)
    return tuple(dict.fromkeys((jwe.ECDH, *agreed)))


def seat(
    setting: Setting, ground: Ground, countries: Mapping[str, Country], bus: Bus, *, at: Path | None = None
) -> dict[str, Seat]:
    """A seat on `bus` for every party, under corridors that both of their sides sign here.

    Each party's folder is made in `at`, or in `parties` of the run's folder.
    """
    place = at or setting.folder / "parties"
    signed: dict[str, dict[str, Signed]] = {code: {} for code in countries}
    for corridor in ground.corridors:
        one, other = corridor.parties
        signed[one][other] = signed[other][one] = _conclude(corridor, countries)
    return {code: _seat(setting, countries, bus, place / code, signed[code]) for code in countries}


def _seat(
    setting: Setting, countries: Mapping[str, Country], bus: Bus, folder: Path, signed: Mapping[str, Signed]
) -> Seat:
    """What one party gets: only its own key, and of its partners only what they publish."""
    code = folder.name
    known = {one for other in signed for one in (code, other)} | {code}
    trust = TrustStore()
    for one in sorted(known):
        trust.load_list(countries[one].trust_list, anchor=countries[one].authority.anchor, at=setting.clock.now())
    for one in sorted(known):
        for crl in countries[one].crls:
            trust.load_crl(crl)
    for concluded in signed.values():
        agreements.read(concluded.octets).recognised_by(code, trust)
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    agreed = {other: one.checked(trust, setting.clock.now()) for other, one in signed.items()}
    return Seat(
        run=setting.run,
        party=code,
        identity=countries[code].identity,
        trust=trust,
        agreements=agreed,
        signed=signed,
        lists={one: countries[one].trust_list for one in sorted(known)},
        crls={one: countries[one].crls for one in sorted(known)},
        bus=bus,
        clock=setting.clock,
        chance=setting.chance,
        folder=folder,
        openers=countries[code].openers,
        stamper=countries[code].desk,
        readers={
            other: countries[other].openers[one.encryption if one.encrypts else jwe.ECDH].certificate
            for other, one in agreed.items()
        },
    )


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

    Raises:
        RoadFailed: the bus or a disk failed while the run was on.
    """
    stage = Stage(setting, ground, bus, scribe)
    stage.countries = found(setting, ground)
    for country in stage.countries.values():
        scribe.write(What.COUNTRY, **country.published())
    seats = seat(setting, ground, stage.countries, stage.wire)
    rights = grants(rights_of(ground.corridors))
    await bus.open_topics(rights)
    async with stage.tap.listening(bus, [one.topic for one in rights]), housed(stage, way) as house:
        players = {code: house((cast or {}).get(code, ground.cast), place) for code, place in seats.items()}
        stage.windows = {code: Window(party, stage) for code, party in players.items()}
        async with living(players, setting.patience, fell=stage.fell):
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


@asynccontextmanager
async def living(
    players: Mapping[str, Seated], patience: float, *, fell: Callable[[str, str], None] | None = None
) -> AsyncIterator[None]:
    """Let the parties live while the block lasts.

    A party whose road failed for good ends the block with its error. One that falls of a defect of its own ends alone
    where `fell` takes its code and the reason, once all are up; else it ends the block too.
    """
    all_up = asyncio.Event()

    async def lives_on(code: str, party: Seated) -> None:
        try:
            await party.run()
        except RoadFailed:
            raise
        except Exception as error:
            if fell is None or not all_up.is_set():
                raise
            frame = traceback.extract_tb(error.__traceback__)[-1]
            fell(code, f"{type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})")

    try:
        async with asyncio.TaskGroup() as group:
            lives = [group.create_task(lives_on(code, party), name=code) for code, party in players.items()]
            try:
                async with asyncio.timeout(patience):
                    for party in players.values():
                        await party.up()
                all_up.set()
            except TimeoutError as error:
                raise RoadFailed("a party did not come up", expected=f"all ready within {patience:.0f} s") from error
            yield
            for life in lives:
                life.cancel()
    except BaseExceptionGroup as group_error:
        raise cause_of(group_error) from group_error
