"""How the countries of a rehearsal come to recognise each other over cross-certificates, where an agreement says so.

Which bounds a cross-certificate gets, and who gives it to whom, as the agreements' recognition models want it; what it
carries: certs.crossing.  A bridge authority exists for one run, and only where an agreement names that model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, TypeVar

from cryptography import x509

from certs.authority import Authority
from certs.crossing import BRIDGE, Bounds, policy_of
from certs.drafts import Octets
from harness.exchange.agreement import Agreement, Recognition
from harness.trial.ground import Ground

LEVEL: Final = "substantial"
"""The level of assurance that a scenario's agreement asks for, where it chooses another model than its draft."""

Model = Literal["trust-lists", "cross-certification", "bridge"]
OnGround = TypeVar("OnGround", bound=Ground)


@dataclass(frozen=True, slots=True)
class Given:
    """What a country publishes besides its own authorities: its cross-certificates, and a bridge's revocation list."""

    crossings: tuple[x509.Certificate, ...] = ()
    crls: tuple[bytes, ...] = ()


def under(model: Model, ground: OnGround, pair: tuple[str, str]) -> OnGround:
    """The same ground, on which the two of `pair` recognise each other by `model`."""
    return replace(
        ground,
        corridors=tuple(_under(model, each) if set(each.parties) == set(pair) else each for each in ground.corridors),
    )


def policies_of(party: str, corridors: tuple[Agreement, ...]) -> tuple[x509.ObjectIdentifier, ...]:
    """The policies that a party's authority issues under, as its agreements name them, each once."""
    named = [each.recognition.policies[party] for each in corridors if party in each.recognition.policies]
    return tuple(x509.ObjectIdentifier(each) for each in dict.fromkeys(named))


def given(
    corridors: tuple[Agreement, ...],
    authorities: Mapping[str, Authority],
    *,
    at: datetime,
    lifetime: timedelta,
    chance: Octets,
) -> dict[str, Given]:
    """For each party with an agreement that asks for it: the cross-certificates by which it recognises the others.

    Args:
        corridors: the agreements.
        authorities: of each party's country.
        at: the first moment of whatever is issued here.
        lifetime: how long it is valid.
        chance: where the bridge's keys come from.
    """
    found: dict[str, Given] = {}
    bridge: Authority | None = None
    for each in corridors:
        if not each.recognition.crosses:
            continue
        if each.recognition.model == "bridge" and bridge is None:
            bridge = Authority.found(BRIDGE, at, chance, lifetime, policies=(policy_of(BRIDGE, LEVEL),))
        for party in each.parties:
            more = _crossed(
                each, party, authorities, None if each.recognition.model != "bridge" else bridge, at, lifetime
            )
            known = found.get(party, Given())
            found[party] = Given((*known.crossings, *more.crossings), tuple(dict.fromkeys((*known.crls, *more.crls))))
    return found


def _crossed(
    agreement: Agreement,
    party: str,
    authorities: Mapping[str, Authority],
    bridge: Authority | None,
    at: datetime,
    lifetime: timedelta,
) -> Given:
    partner = agreement.partner(party)
    own, theirs = (x509.ObjectIdentifier(agreement.recognition.policies[one]) for one in (party, partner))
    other, countries = authorities[partner].root, (partner[:2],)
    if bridge is None:
        bounds = Bounds(policy=own, equals=theirs, countries=countries)
        return Given((authorities[party].cross(other, bounds, at, lifetime=lifetime),))
    between = policy_of(BRIDGE, LEVEL)
    first = Bounds(policy=own, equals=between, countries=countries, below=2, mappings=1)
    second = Bounds(policy=between, equals=theirs, countries=countries)
    return Given(
        (
            authorities[party].cross(bridge.root, first, at, lifetime=lifetime),
            bridge.cross(other, second, at, lifetime=lifetime),
        ),
        (bridge.crls(at, lifetime=lifetime)[0],),
    )


def _under(model: Model, agreement: Agreement) -> Agreement:
    policies = {party: policy_of(party[:2], LEVEL).dotted_string for party in agreement.parties}
    told = Recognition(
        model=model,
        assurance=agreement.recognition.assurance,
        policies={} if model == "trust-lists" else policies,
    )
    return agreement.model_copy(update={"recognition": told})
