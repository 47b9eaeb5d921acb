"""Recognition over cross-certificates: a window and the second reader, who share no code, say the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from certs import jws
from certs.authority import Authority
from certs.crossing import BRIDGE, Bounds, policy_of
from certs.errors import OutsideNames, TrustError
from certs.identity import Algorithm
from certs.trust import TrustStore
from harness.errors import NotProved
from harness.evidence.audit import chains, crossings

AT = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
QM, QN, XB, LOW = policy_of("QM", "level"), policy_of("QN", "level"), policy_of(BRIDGE, "level"), policy_of("QM", "low")
TO_QM = Bounds(policy=QN, equals=QM, countries=("QM",))
TO_BRIDGE = Bounds(policy=QN, equals=XB, countries=("QM",), below=2, mappings=1)
BRIDGE_TO_QM = Bounds(policy=XB, equals=QM, countries=("QM",))


@dataclass
class World:
    """QN, who relies, QM, whose signer it is, and a bridge between them."""

    qn: Authority
    qm: Authority
    bridge: Authority
    crossings: tuple[x509.Certificate, ...] = ()
    policies: tuple[x509.ObjectIdentifier, ...] | None = None
    country: str = "QM"

    def signer(self) -> x509.Certificate:
        """A certificate of QM's authority."""
        party, algorithm = self.country, Algorithm.ES256
        issued = self.qm.issue_signing(party, algorithm, AT - DAY, policies=self.policies, country=party)
        return issued.certificate

    def lists(self) -> dict[str, bytes]:
        """Both trust lists, QN's with its cross-certificates."""
        until = AT + 9 * DAY
        own = self.qn.trust_list(1, AT - DAY, until, crossings=self.crossings)
        return {"QN": own, "QM": self.qm.trust_list(1, AT - DAY, until)}

    def crls(self) -> tuple[bytes, ...]:
        """Everybody's revocation lists."""
        own = (*self.qn.crls(AT), *self.qm.crls(AT))
        over = any(each.subject == self.bridge.root.subject for each in self.crossings)
        return (*own, self.bridge.crls(AT)[0]) if over else own

    def window(self) -> str:
        """What QN's trust store says: the signer's party, or the kind of refusal."""
        trust = TrustStore()
        for country, token in self.lists().items():
            trust.load_list(token, anchor={"QN": self.qn, "QM": self.qm}[country].anchor, at=AT)
        for der in self.crls():
            trust.load_crl(der)
        trust.require("QM", by="QN", policy=QN)
        return trust.validate(self.signer(), at=AT).party

    def auditor(self) -> str:
        """What the second reader says."""
        return self.trust().signer("message", self.signer(), AT).party

    def trust(self) -> chains.Trust:
        """What the second reader recognises signers by."""
        anchors = {"QN": self.qn.anchor, "QM": self.qm.anchor}
        authorities = {
            country: chains.authority(country, jws.read(token).payload, country, anchors[country])[0]
            for country, token in self.lists().items()
        }
        revocations = tuple(chains.revocations("crl", der, authorities) for der in self.crls())
        roots, policies = (self.qn.root, self.qm.root), (QN.dotted_string, QM.dotted_string)
        ways = crossings.ways("trust/QN.jws", authorities["QN"].crossings, roots, "QM", policies)
        return chains.Trust(authorities, revocations, {"QM": ways})


@pytest.fixture
def world() -> World:
    """Three authorities; nobody has certified anybody yet."""

    def founded(country: str, policy: x509.ObjectIdentifier) -> Authority:
        chance = random.Random(country)
        return Authority.found(
            country, AT - DAY, lambda count, _: chance.randbytes(count), 30 * DAY, policies=(policy,)
        )

    return World(founded("QN", QN), founded("QM", QM), founded(BRIDGE, XB))


def crossed(world: World, bounds: Bounds = TO_QM) -> None:
    """QN certifies QM's root."""
    world.crossings = (world.qn.cross(world.qm.root, bounds, AT - DAY),)


def bridged(world: World, first: Bounds = TO_BRIDGE, second: Bounds = BRIDGE_TO_QM) -> None:
    """QN certifies the bridge, and that QM's root."""
    one, other = world.qn.cross(world.bridge.root, first, AT - DAY), world.bridge.cross(world.qm.root, second, AT - DAY)
    world.crossings = (one, other)


def under(world: World, *policies: x509.ObjectIdentifier) -> None:
    """The signer's certificate names these policies."""
    crossed(world)
    world.policies = policies


def named(world: World, country: str, bounds: Bounds = TO_QM) -> None:
    """The signer's certificate names another country's party."""
    crossed(world, bounds)
    world.country = country


def withdrawn(world: World) -> None:
    """QN withdraws its cross-certificate."""
    crossed(world)
    world.qn.revoke(world.crossings[0], x509.ReasonFlags.cessation_of_operation, AT - timedelta(hours=1))


def over(world: World) -> None:
    """QN's cross-certificate has expired."""
    world.crossings = (world.qn.cross(world.qm.root, TO_QM, AT - DAY, lifetime=timedelta(hours=1)),)


def bridge_withdrew(world: World) -> None:
    """The bridge withdraws its certificate for QM."""
    bridged(world)
    world.bridge.revoke(world.crossings[1], x509.ReasonFlags.ca_compromise, AT - timedelta(hours=1))


def renewed(world: World, before: Callable[[World], None], bounds: Bounds = TO_QM, *, first: bool = False) -> None:
    """QN certifies QM's root once more, beside what it had; `first`: the new one stands first on its list."""
    before(world)
    again = (world.qn.cross(world.qm.root, bounds, AT - timedelta(hours=2)),)
    world.crossings = again + world.crossings if first else world.crossings + again


def bridged_anew(world: World) -> None:
    """QN withdrew what it gave the bridge, and gave it another."""
    bridged(world)
    world.qn.revoke(world.crossings[0], x509.ReasonFlags.superseded, AT - timedelta(hours=1))
    world.crossings += (world.qn.cross(world.bridge.root, TO_BRIDGE, AT - timedelta(hours=2)),)


def not_yet(world: World) -> None:
    """What QN had has expired, and what takes its place is not valid yet."""
    over(world)
    world.crossings += (world.qn.cross(world.qm.root, TO_QM, AT + timedelta(hours=1)),)


def all_withdrawn(world: World) -> None:
    """QN certified QM's root twice, and withdrew both."""
    renewed(world, withdrawn)
    world.qn.revoke(world.crossings[1], x509.ReasonFlags.cessation_of_operation, AT - timedelta(hours=1))


GOOD: dict[str, Callable[[World], None]] = {
    "cross-certified": crossed,
    "over a bridge": bridged,
    "two policies, one of them the right": lambda world: under(world, LOW, QM),
    "renewed once it had expired": lambda world: renewed(world, over),
    "renewed and withdrawn": lambda world: renewed(world, withdrawn),
    "renewed, and the new one first": lambda world: renewed(world, withdrawn, first=True),
    "a second one, for another country": lambda world: renewed(world, crossed, replace(TO_QM, countries=("QP",))),
    "a first one, for another country": lambda world: renewed(
        world, crossed, replace(TO_QM, countries=("QP",)), first=True
    ),
    "over a bridge, renewed and withdrawn": bridged_anew,
    "over a bridge that withdrew, and from its own root": lambda world: renewed(world, bridge_withdrew),
}
BAD: dict[str, Callable[[World], None]] = {
    "nobody certified": lambda world: None,
    "another policy mapped": lambda world: crossed(world, replace(TO_QM, equals=LOW)),
    "under another policy": lambda world: crossed(world, replace(TO_QM, policy=policy_of("QN", "low"))),
    "for another country": lambda world: crossed(world, replace(TO_QM, countries=("QP",))),
    "a signer at a low level": lambda world: under(world, LOW),
    "a signer at no level": under,
    "a signer in another country's name": lambda world: named(world, "QP"),
    "a signer in a name that the cross-certificate lets pass": lambda world: named(
        world, "QP", replace(TO_QM, countries=("QM", "QP"))
    ),
    "a path longer than allowed": lambda world: crossed(world, replace(TO_QM, below=0)),
    "withdrawn": withdrawn,
    "expired": over,
    "over a bridge, no mapping left": lambda world: bridged(world, replace(TO_BRIDGE, mappings=0)),
    "over a bridge, another policy": lambda world: bridged(world, second=replace(BRIDGE_TO_QM, equals=LOW)),
    "over a bridge, too long": lambda world: bridged(world, replace(TO_BRIDGE, below=1)),
    "over a bridge that withdrew": bridge_withdrew,
    "renewed from tomorrow only": not_yet,
    "renewed, and both withdrawn": all_withdrawn,
    "renewed under another policy": lambda world: renewed(world, withdrawn, replace(TO_QM, equals=LOW)),
}


@pytest.mark.parametrize("case", GOOD)
def test_both_recognise(world: World, case: str) -> None:
    """One root, one way down: the same party for both."""
    GOOD[case](world)
    assert (world.window(), world.auditor()) == ("QM", "QM")


@pytest.mark.parametrize("case", BAD)
def test_neither_recognises(world: World, case: str) -> None:
    """What a window refuses, the second reader finds not proved."""
    BAD[case](world)
    with pytest.raises(TrustError):
        world.window()
    with pytest.raises(NotProved):
        world.auditor()


def test_a_trust_list_stands_under_its_own_root(world: World) -> None:
    """Whoever recognises QM over a cross-certificate, or does no more: who signed QM's list is QM's own matter."""
    all_withdrawn(world)
    trust, publisher = world.trust(), world.qm.publisher.certificate
    assert trust.publisher("trust/QM.jws", publisher, AT).party == "QM trust list"
    with pytest.raises(NotProved, match="withdrawn"):
        trust.signer("trust/QM.jws", publisher, AT)


@pytest.mark.parametrize("way", [crossed, bridged])
def test_the_constraint_says_whose_names(world: World, way: Callable[[World], None]) -> None:
    """It is the constraint on names that the second reader goes by, and not who vouches: so does the window."""
    way(world)
    world.country = "QP"
    with pytest.raises(OutsideNames):
        world.window()
    with pytest.raises(NotProved, match="an authority above CN=QP,C=QP may not vouch for such a name"):
        world.auditor()


@pytest.mark.parametrize(
    "recognition",
    [
        "trust-lists",
        {"model": "word-of-mouth", "assurance": "high"},
        {"model": "bridge", "assurance": "high"},
        {"model": "cross-certification", "assurance": "high", "policies": {"QM": 1}},
    ],
)
def test_an_agreement_that_does_not_say_how(recognition: object) -> None:
    """Recognition by a model that is not known, or over cross-certificates without a policy, is not taken for lists."""
    with pytest.raises(NotProved):
        crossings.wanted("agreement.json", {"recognition": recognition})  # type: ignore[dict-item] # hostile JSON
