"""Recognition over cross-certificates: from one's own root, under a policy, within a country's names."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from certs.authority import Authority
from certs.crossing import BRIDGE, Bounds, policy_of
from certs.errors import (
    BrokenPath,
    Expired,
    OutsideNames,
    PolicyNotMapped,
    RevocationUnknown,
    Revoked,
    TrustError,
    UnknownSigner,
)
from certs.identity import KEY_AGREEMENT, Algorithm
from certs.trust import TrustStore

AT = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
LEVEL = "substantial"
QM, QN, XB = (policy_of(each, LEVEL) for each in ("QM", "QN", BRIDGE))
TO_QM = Bounds(policy=QN, equals=QM, countries=("QM",))
TO_BRIDGE = Bounds(policy=QN, equals=XB, countries=("QM",), below=2, mappings=1)
BRIDGE_TO_QM = Bounds(policy=XB, equals=QM, countries=("QM",))


def founded(country: str, *policies: x509.ObjectIdentifier, seed: str = "") -> Authority:
    """A country's authorities, valid for a month."""
    chance = random.Random(country + seed)
    return Authority.found(
        country, AT - DAY, lambda count, purpose: chance.randbytes(count), 30 * DAY, policies=policies
    )


@pytest.fixture
def qm() -> Authority:
    """The partner."""
    return founded("QM", QM)


@pytest.fixture
def qn() -> Authority:
    """Whose window it is."""
    return founded("QN", QN)


@pytest.fixture
def bridge() -> Authority:
    """An authority that both cross to."""
    return founded(BRIDGE, XB)


def store(qn: Authority, qm: Authority, *crossings: x509.Certificate, bridge: Authority | None = None) -> TrustStore:
    """QN's trust store: both lists, QN's with its cross-certificates, and everybody's revocation lists."""
    trust = TrustStore()
    trust.load_list(qn.trust_list(1, AT - DAY, AT + 9 * DAY, crossings=crossings), anchor=qn.anchor, at=AT)
    trust.load_list(qm.trust_list(1, AT - DAY, AT + 9 * DAY), anchor=qm.anchor, at=AT)
    for each in (qn, qm):
        for der in each.crls(AT):
            trust.load_crl(der)
    if bridge is not None:
        trust.load_crl(bridge.crls(AT)[0])
    trust.require("QM", by="QN", policy=QN)
    return trust


def test_a_partner_over_a_cross_certificate(qn: Authority, qm: Authority) -> None:
    """Its signers and the keys that documents are encrypted for are recognised; one's own are as before."""
    trust = store(qn, qm, qn.cross(qm.root, TO_QM, AT - DAY))
    signer, opener = qm.issue_signing("QM", Algorithm.ES256, AT - DAY), qm.issue_opener("QM", AT - DAY)
    assert trust.validate(signer.certificate, at=AT).party == "QM"
    assert trust.validate(opener.certificate, at=AT, usage=KEY_AGREEMENT).party == "QM"
    own = qn.issue_signing("QN", Algorithm.ED25519, AT - DAY)
    assert trust.validate(own.certificate, at=AT).country == "QN"


def test_a_partner_over_a_bridge(qn: Authority, qm: Authority, bridge: Authority) -> None:
    """Two cross-certificates, two mappings: from one's own policy to the bridge's, and from that to the partner's."""
    crossings = qn.cross(bridge.root, TO_BRIDGE, AT - DAY), bridge.cross(qm.root, BRIDGE_TO_QM, AT - DAY)
    signer = qm.issue_signing("QM", Algorithm.ES256, AT - DAY)
    assert store(qn, qm, *crossings, bridge=bridge).validate(signer.certificate, at=AT).party == "QM"
    # Nobody says whether the bridge's own certificate for QM was withdrawn.
    with pytest.raises(RevocationUnknown):
        store(qn, qm, *crossings).validate(signer.certificate, at=AT)


@pytest.mark.parametrize(
    ("bounds", "error"),
    [
        (replace(TO_QM, equals=policy_of("QM", "low")), PolicyNotMapped),
        (replace(TO_QM, policy=policy_of("QN", "low")), PolicyNotMapped),
        (replace(TO_QM, countries=("QP",)), OutsideNames),
    ],
)
def test_a_cross_certificate_that_does_not_reach(
    qn: Authority, qm: Authority, bounds: Bounds, error: type[TrustError]
) -> None:
    """Another policy, on either side of the mapping, or another country: each with its own kind of refusal."""
    signer = qm.issue_signing("QM", Algorithm.ES256, AT - DAY)
    with pytest.raises(error):
        store(qn, qm, qn.cross(qm.root, bounds, AT - DAY)).validate(signer.certificate, at=AT)


def test_a_signer_under_another_policy(qn: Authority, qm: Authority) -> None:
    """Issued by the same authority at another level, or at none: it is not what the agreement asks for."""
    trust = store(qn, qm, qn.cross(qm.root, TO_QM, AT - DAY))
    for policies in ((), (policy_of("QM", "low"),), (x509.ObjectIdentifier("2.5.29.32.0"),)):
        low = qm.issue_signing("QM", Algorithm.ES256, AT - DAY, policies=policies)
        with pytest.raises(PolicyNotMapped):
            trust.validate(low.certificate, at=AT)


def test_a_bridge_that_may_map_no_further(qn: Authority, qm: Authority, bridge: Authority) -> None:
    """Where the first cross-certificate forbids mappings after it, the second's does not count."""
    first = qn.cross(bridge.root, replace(TO_BRIDGE, mappings=0), AT - DAY)
    trust = store(qn, qm, first, bridge.cross(qm.root, BRIDGE_TO_QM, AT - DAY), bridge=bridge)
    with pytest.raises(PolicyNotMapped):
        trust.validate(qm.issue_signing("QM", Algorithm.ES256, AT - DAY).certificate, at=AT)


def test_without_a_cross_certificate(qn: Authority, qm: Authority, bridge: Authority) -> None:
    """A partner on the trust list alone is nobody, and so is one whose bridge one does not cross to."""
    signer = qm.issue_signing("QM", Algorithm.ES256, AT - DAY)
    for crossings in ((), (bridge.cross(qm.root, BRIDGE_TO_QM, AT - DAY),)):
        with pytest.raises(UnknownSigner, match="no cross-certificate leads"):
            store(qn, qm, *crossings).validate(signer.certificate, at=AT)
    # One that somebody else made up under QN's name is found, and does not hold.
    impostor = founded("QN", QN, seed="another")
    trust = store(qn, qm, impostor.cross(qm.root, TO_QM, AT - DAY))
    with pytest.raises(BrokenPath):
        trust.validate(signer.certificate, at=AT)


def test_a_cross_certificate_withdrawn_or_over(qn: Authority, qm: Authority) -> None:
    """It ends recognition like any certificate on the path: by its own date, and by its issuer's list."""
    signer = qm.issue_signing("QM", Algorithm.ES256, AT - DAY)
    short = qn.cross(qm.root, TO_QM, AT - DAY, lifetime=timedelta(hours=1))
    with pytest.raises(Expired):
        store(qn, qm, short).validate(signer.certificate, at=AT)
    held = qn.cross(qm.root, TO_QM, AT - DAY)
    qn.revoke(held, x509.ReasonFlags.cessation_of_operation, AT - timedelta(hours=1))
    with pytest.raises(Revoked):
        store(qn, qm, held).validate(signer.certificate, at=AT)
    assert store(qn, qm, held).validate(signer.certificate, at=AT - timedelta(hours=2)).party == "QM"


def test_policies_are_made_of_words() -> None:
    """The same words give the same identifier, others another, each under the arc that needs no registry."""
    assert policy_of("QM", LEVEL) == QM
    assert len({QM, QN, XB, policy_of("QM", "low")}) == 4
    assert all(each.dotted_string.startswith("2.25.") for each in (QM, QN))
