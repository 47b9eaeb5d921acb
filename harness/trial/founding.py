"""What a rehearsal is founded on: countries with their authorities, agreements that both sides signed, and seats.

All of it is made afresh for each run. Keys live in the run's folder, mode 0600.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from certs import jwe, paths
from certs.authority import Authority
from certs.identity import Algorithm, Identity
from certs.jwe import Opener
from certs.trust import TrustStore
from harness.clock import Chance, Clock
from harness.exchange import agreement as agreements
from harness.exchange import seating, topics
from harness.exchange.agreement import Agreement, Signed
from harness.exchange.bus import Bus, TopicRights
from harness.exchange.seat import Seat
from harness.trial import recognition
from harness.trial.ground import Ground
from harness.trial.recognition import Given
from harness.trial.stamping import Desk

LIFETIME: Final = timedelta(hours=24)
"""How long a rehearsal's throw-away authorities are valid."""

PATIENCE: Final = 20.0
"""Seconds of real time that a script waits for what must come, before it goes down as not reached."""


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
