"""A seated party as a script speaks of it: each verb is written down as a step before it is done."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from certs.identity import Identity
from certs.jwe import Opener
from harness.clock import stamp
from harness.errors import RoadFailed
from harness.evidence import records
from harness.exchange import seating
from harness.exchange.reasons import Reason, Refused
from harness.exchange.seat import Sent
from harness.trial.founding import Setting
from harness.trial.history import Scribe, What, sent_of, told
from harness.trial.seated import DISK_FULL, PAUSE, Seated

T = TypeVar("T")

_LOOK: Final = 0.02  # seconds between two looks into a log
_WHY: Final = 1.0  # seconds in which a party that is gone is known to have fallen, if it has


class Stopped(Exception):
    """The script waited for something that did not come in time; the history says for what."""


class Prompter(Protocol):
    """What a party's verbs need of the stage they are spoken on."""

    setting: Setting
    scribe: Scribe

    def step(self, who: str, text: str) -> None:
        """Write down what somebody does now."""

    def stopped(self, what: str) -> Stopped:
        """Write down that something did not come, and return what to raise."""

    def died(self, code: str, deaths: int) -> None:
        """Write down each death of a party, once."""

    async def taken_in(self, window: Window) -> None:
        """Let a window log every receipt on its way to it."""


class Window:
    """A seated party, as a script speaks of it. Each verb is written down as a step before it is done."""

    def __init__(self, party: Seated, stage: Prompter) -> None:
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
