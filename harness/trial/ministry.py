"""Who holds a country's authorities in a rehearsal: publishes lists, issues keys, withdraws them; and lets some slip.

What is published goes to every window that knows the country, its own among them, as its people would bring it; and
into the history, by which the judge knows it too. Making keys and lists: `certs.authority`. What is wrong on purpose:
`certs.misfits`. What a window does with a list: its counter's `take`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs import jws, misfits
from certs.authority import Authority
from certs.identity import Identity
from certs.lists import TrustList
from certs.misfits import Made, Workshop
from harness.exchange import agreement as agreements
from harness.exchange.bus import Record
from harness.exchange.envelope import Envelope, parse
from harness.exchange.seal import Sealed, kind_of
from harness.exchange.seat import Sent
from harness.trial import recognition
from harness.trial.acting import Window
from harness.trial.faults import Insider
from harness.trial.founding import Country
from harness.trial.history import What
from harness.trial.stage import Stage

EARLIER: Final = timedelta(minutes=1)
"""How far back what is issued begins to be valid, so that two machines' clocks may differ a little."""


class Ministry:
    """One country's, in one rehearsal."""

    def __init__(self, stage: Stage, code: str) -> None:
        self._stage = stage
        self.code = code
        self._version = 1

    @property
    def country(self) -> Country:
        """What it has published so far."""
        return self._stage.countries[self.code]

    async def publishes(self, *, lists: Iterable[bytes] = (), crls: Iterable[bytes] = ()) -> None:
        """Publish trust lists, then revocation lists; return once every window that knows the country took them."""
        lists, crls = tuple(lists), tuple(crls)
        self._says(f"publishes {len(lists)} trust list(s) and {len(crls)} revocation list(s)")
        for window in self._windows():
            for token in lists:
                await window.takes(token, f"a trust list of {self.code}")
            for der in crls:
                await window.takes(der, f"a revocation list of {self.code}")
        known = (*self.country.crls, *crls)
        self._stage.countries[self.code] = replace(
            self.country, trust_list=lists[-1] if lists else self.country.trust_list, crls=known
        )
        self._stage.scribe.write(What.COUNTRY, **self.country.published())

    async def lets_slip(self, name: str) -> Insider:
        """Let an insider have the misfit of that name, and publish what belongs to it."""
        now = self._stage.setting.clock.now()
        return await self._slipped(
            misfits.CATALOGUE[name].make(self.country.authority, now, self._stage.setting.chance.octets), name
        )

    async def vouches_for(self, party: str) -> Insider:
        """Issue, against all rules, a certificate in the name of another country's party."""
        setting = self._stage.setting
        shop = Workshop(self.country.authority, setting.clock.now(), setting.chance.octets)
        return await self._slipped(misfits.outside_country(shop, party=party), f"outside-country for {party}")

    def trust_list(self, *, next_update: datetime | None = None) -> bytes:
        """The country's next trust list, still unpublished."""
        self._version += 1
        now = self._stage.setting.clock.now()
        until = next_update or now + self._stage.setting.lifetime
        return self.country.authority.trust_list(self._version, now, until, crossings=self._crossings())

    async def issues_key(self, *, lifetime: timedelta | None = None, to_encrypt_for: bool = False) -> Identity:
        """Issue its window a new key, have the window change over to it and sign its agreements anew; return the old.

        With `to_encrypt_for`, one that others encrypt for too, and publish its certificate.
        Every window that has one of these agreements takes the new signature. The old key goes on being good until it
        expires or is withdrawn: that is the overlap.
        """
        setting, old = self._stage.setting, self.country.identity
        now = setting.clock.now()
        since, lasting = (now - EARLIER, setting.lifetime) if lifetime is None else (now, lifetime)
        algorithm = setting.algorithms.get(self.code, setting.algorithm)
        new = self.country.authority.issue_signing(self.code, algorithm, since, lifetime=lasting)
        self._says("issues its window a new key")
        opener = self.country.authority.issue_opener(self.code, since, lifetime=lasting) if to_encrypt_for else None
        await self._stage.window(self.code).changes_key(new, opener)
        openers = {} if opener is None else {opener.profile: opener}
        self._stage.countries[self.code] = replace(
            self.country, identity=new, openers={**self.country.openers, **openers}
        )
        if opener is not None:
            for window in self._windows():
                await window.takes(opener.certificate.public_bytes(Encoding.PEM), f"{self.code}'s key to encrypt for")
        for corridor in self._stage.ground.corridors:
            if self.code in corridor.parties:
                roots = {code: self._stage.countries[code].authority.anchor for code in corridor.parties}
                token = agreements.sign(agreements.conclude(corridor, roots), new)
                for party in corridor.parties:
                    await self._stage.window(party).takes(token, f"{self.code}'s new signature of {corridor.id}")
        return old

    def finder(self, key: Identity) -> Insider:
        """Whoever has found a key that its window signs with no more."""
        return Insider(key, self._stage.setting.clock, self._stage.setting.luck)

    async def revokes(self, identity: Identity, *, reason: x509.ReasonFlags, lost: datetime | None = None) -> None:
        """Withdraw a certificate, and publish that; `lost` is since when its key may be in other hands."""
        authority, now = self.country.authority, self._stage.setting.clock.now()
        self._says(f"withdraws a certificate of {identity.party}: {reason.value}")
        authority.revoke(identity.certificate, reason, now, invalid_since=lost)
        await self.publishes(crls=authority.crls(now, lifetime=self._stage.setting.lifetime))

    async def founds_another_authority(self) -> Authority:
        """Found a second issuing authority under the same root, publish that; return the one before."""
        setting, before = self._stage.setting, self.country.authority
        now = setting.clock.now()
        after = before.successor(now - EARLIER)
        self._says("founds another issuing authority")
        self._stage.countries[self.code] = replace(self.country, authority=after)
        await self.publishes(lists=[self._both(before, None)], crls=after.crls(now, lifetime=setting.lifetime))
        self.country.desk.authority = after.timestamping
        return before

    async def withdraws_authority(self, before: Authority, *, until: datetime) -> None:
        """Recognise the issuing authority that was there before no longer than `until`, and publish that."""
        self._says("withdraws its former issuing authority from its trust list, by date")
        await self.publishes(lists=[self._both(before, until)])

    async def renews_recognition(self) -> None:
        """Cross-certify the others once more, publish that beside what was there, then withdraw what was there."""
        setting, before = self._stage.setting, self._crossings()
        authority, now = self.country.authority, setting.clock.now()
        authorities = {code: each.authority for code, each in self._stage.countries.items()}
        ours = tuple(each for each in self._stage.ground.corridors if self.code in each.parties)
        anew = recognition.given(ours, authorities, at=now, lifetime=setting.lifetime, chance=setting.chance.octets)
        self._version += 1
        until = now + setting.lifetime
        self._says("recognises its partners anew, and withdraws the cross-certificates it gave before")
        both = (*before, *anew[self.code].crossings)
        token = authority.trust_list(self._version, now, until, crossings=both)
        for one in before:
            authority.revoke(one, x509.ReasonFlags.superseded, now)
        await self.publishes(lists=[token], crls=authority.crls(now, lifetime=setting.lifetime))

    def _both(self, before: Authority, until: datetime | None) -> bytes:
        self._version += 1
        now, authority = self._stage.setting.clock.now(), self.country.authority
        listed = authority.listed(), before.listed(until=until, name=f"{self.code} former authorities")
        until = now + self._stage.setting.lifetime
        return authority.publish(TrustList(self.code, self._version, now, until, listed, self._crossings()))

    def _crossings(self) -> tuple[x509.Certificate, ...]:
        return TrustList.parse(jws.read(self.country.trust_list).payload).crossings

    async def _slipped(self, made: Made, name: str) -> Insider:
        if made.lists or made.crls:
            await self.publishes(lists=made.lists, crls=made.crls)
        self._says(f"lets an insider have a certificate that is wrong: {name}")
        setting = self._stage.setting
        return Insider(made.signer or self.country.identity, setting.clock, setting.luck, sealed=_sealed_anyway)

    def _windows(self) -> list[Window]:
        """Those that hold this country's lists: its own, and its partners'."""
        pairs = (corridor.parties for corridor in self._stage.ground.corridors if self.code in corridor.parties)
        return [self._stage.window(code) for code in dict.fromkeys(code for pair in pairs for code in pair)]

    def _says(self, text: str) -> None:
        self._stage.step(f"{self.code}'s authorities", text)


def _sealed_anyway(envelope: Envelope, identity: Identity) -> Sealed:
    return Sealed(misfits.sign(envelope.octets(), identity, typ=kind_of(envelope)))


def as_sent(record: Record) -> Sent:
    """What an insider's message can be named by, as if its window had sent it."""
    envelope = parse(jws.read(record.value).payload)
    return Sent(
        identity=Sealed(record.value).identity,
        id=envelope.id,
        correlation=envelope.correlationid,
        subject=envelope.subject,
        topic=envelope.topic,
        to=envelope.receiver,
    )
