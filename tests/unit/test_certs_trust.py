"""Whom a party recognises, and when: the honest twin is accepted, each fault falls for its own reason. ATTACKS C."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from certs import drafts, jws, paths
from certs.authority import Authority
from certs.drafts import Draft, Issuer
from certs.errors import (
    BadSignature,
    BrokenAlgorithm,
    BrokenPath,
    Compromised,
    Expired,
    ExplicitCurve,
    LeafAsAuthority,
    MalformedList,
    MalformedToken,
    NotStrictJson,
    NotYetValid,
    OutsideNames,
    RevocationUnknown,
    Revoked,
    RolledBackTrustList,
    StaleTrustList,
    TrustError,
    UnknownSigner,
    UnsupportedAlgorithm,
    WithdrawnAuthority,
    WrongKind,
    WrongUsage,
)
from certs.identity import DOCUMENT_SIGNING, Algorithm, Identity
from certs.lists import Authorities, TrustList
from certs.question import Question
from certs.trust import TrustStore
from harness.clock import Chance

AT = datetime(2026, 3, 1, 9, 0, 0, 123000, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
YEARS = timedelta(days=3650)
NEXT = AT + 30 * DAY


def founded(country: str, seed: int = 1) -> Authority:
    """The authorities of a country."""
    return Authority.found(country, AT, Chance(seed).octets, YEARS)


def trusting(*authorities: Authority, at: datetime = AT) -> TrustStore:
    """A store with the trust list and the fresh revocation lists of each."""
    store = TrustStore()
    for each in authorities:
        store.load_list(each.trust_list(1, AT, NEXT), anchor=each.anchor, at=at)
        for crl in each.crls(at):
            store.load_crl(crl)
    return store


@pytest.fixture
def qm() -> Authority:
    """The authorities of QM."""
    return founded("QM")


@pytest.fixture
def signer(qm: Authority) -> Identity:
    """QM's window."""
    return qm.issue_signing("QM", Algorithm.ES256, AT)


def drafted(qm: Authority, key: ec.EllipticCurvePrivateKey, common: str = "QM", **changes: object) -> Draft:
    """A signing certificate as the profile has it, before changes."""
    draft = Draft(
        name=drafts.name("QM", common),
        key=key.public_key(),
        serial=4711,
        since=qm.issuing.not_valid_before_utc,
        until=qm.issuing.not_valid_after_utc,
        extensions=drafts.for_signing(),
    )
    return dataclasses.replace(draft, **changes)  # type: ignore[arg-type] # each test changes another field


# Signers


@pytest.mark.parametrize("algorithm", Algorithm)
def test_an_honest_signer_is_recognised(qm: Authority, algorithm: Algorithm) -> None:
    """The honest twin of all below: party, country and root come from the chain."""
    signer = qm.issue_signing("QM", algorithm, AT)
    seen = trusting(qm).validate(signer.certificate, at=AT)
    assert (seen.party, seen.country, seen.root_thumbprint) == ("QM", "QM", qm.anchor)
    assert seen.certificate == signer.certificate


async def test_validation_runs_inside_a_running_loop(qm: Authority, signer: Identity) -> None:
    """A window is one loop; checking a chain neither needs nor starts another."""
    assert asyncio.get_running_loop().is_running()
    assert trusting(qm).validate(signer.certificate, at=AT).party == "QM"


def test_other_countrys_key_is_unknown(qm: Authority) -> None:
    """C24: a right signature by a country that nobody here recognises."""
    stranger = founded("QN", 2).issue_signing("QN", Algorithm.ES256, AT)
    with pytest.raises(UnknownSigner):
        trusting(qm).validate(stranger.certificate, at=AT)


def test_an_authority_of_the_same_name_is_unknown(qm: Authority) -> None:
    """Names prove nothing: somebody else's `QM issuing authority` is recognised by nobody."""
    impostor = founded("QM", 666).issue_signing("QM", Algorithm.ES256, AT)
    with pytest.raises(UnknownSigner):
        trusting(qm).validate(impostor.certificate, at=AT)


def test_two_countries_are_told_apart(qm: Authority, signer: Identity) -> None:
    """With both lists loaded, each signer is found under its own root."""
    qn = founded("QN", 2)
    store = trusting(qm, qn)
    other = qn.issue_signing("QN", Algorithm.ED25519, AT)
    assert store.validate(signer.certificate, at=AT).root_thumbprint == qm.anchor
    assert store.validate(other.certificate, at=AT).root_thumbprint == qn.anchor


def test_a_forged_issuer_breaks_the_path(qm: Authority) -> None:
    """A certificate that claims our authority's name and key, signed by another key."""
    key = drafts.p256_key(Chance(5).octets, "forger")
    genuine = drafted(qm, key).signed(Issuer(qm.issuing.subject, qm._issuing_key))
    der = bytearray(genuine.public_bytes(Encoding.DER))
    place = bytes(der).index(b"\x02\x02\x12\x67") + 3  # the serial number 4711
    der[place] ^= 1
    with pytest.raises(BrokenPath, match="did not sign"):
        trusting(qm).validate(x509.load_der_x509_certificate(bytes(der)), at=AT)


def test_expired_at_signing_is_refused(qm: Authority) -> None:
    """C25: valid an hour, asked about after two; accepted within the hour."""
    signer = qm.issue_signing("QM", Algorithm.ES256, AT, lifetime=HOUR)
    store = trusting(qm)
    assert store.validate(signer.certificate, at=AT + HOUR / 2).party == "QM"
    with pytest.raises(Expired):
        store.validate(signer.certificate, at=AT + 2 * HOUR)


def test_not_yet_valid_is_refused(qm: Authority) -> None:
    """C26: a certificate from tomorrow does not sign today; tomorrow it does."""
    signer = qm.issue_signing("QM", Algorithm.ES256, AT + HOUR)
    store = trusting(qm)
    with pytest.raises(NotYetValid):
        store.validate(signer.certificate, at=AT)
    assert store.validate(signer.certificate, at=AT + 2 * HOUR).party == "QM"


def test_dates_are_looked_at_with_each_call(qm: Authority) -> None:
    """A verdict that is remembered does not outlive the certificate, in either order of asking."""
    signer = qm.issue_signing("QM", Algorithm.ES256, AT + HOUR, lifetime=HOUR)
    store = trusting(qm)
    for _ in range(2):
        assert store.validate(signer.certificate, at=AT + 1.5 * HOUR).party == "QM"
        with pytest.raises(NotYetValid):
            store.validate(signer.certificate, at=AT)
        with pytest.raises(Expired):
            store.validate(signer.certificate, at=AT + 3 * HOUR)


def test_revoked_before_signing_is_refused(qm: Authority, signer: Identity) -> None:
    """C27: withdrawn at one, used at two; what it signed before one stays good."""
    qm.revoke(signer.certificate, x509.ReasonFlags.superseded, AT + HOUR)
    store = trusting(qm, at=AT + HOUR)
    with pytest.raises(Revoked, match="superseded"):
        store.validate(signer.certificate, at=AT + 2 * HOUR)
    assert store.validate(signer.certificate, at=AT + HOUR / 2).party == "QM"


def test_a_new_revocation_list_ends_a_remembered_verdict(qm: Authority, signer: Identity) -> None:
    """A verdict holds for one epoch: the next list is asked again."""
    store = trusting(qm)
    assert store.validate(signer.certificate, at=AT + 2 * HOUR).party == "QM"
    qm.revoke(signer.certificate, x509.ReasonFlags.key_compromise, AT + HOUR)
    before = store.epoch
    store.load_crl(qm.crls(AT + HOUR)[1])
    assert store.epoch == before + 1
    with pytest.raises(Revoked):
        store.validate(signer.certificate, at=AT + 2 * HOUR)


def test_compromised_earlier_counts_from_the_compromise(qm: Authority, signer: Identity) -> None:
    """C28: withdrawn at three, the key lost at one: two o'clock is not good any more, half past twelve is."""
    qm.revoke(signer.certificate, x509.ReasonFlags.key_compromise, AT + 3 * HOUR, invalid_since=AT + HOUR)
    store = trusting(qm, at=AT + 3 * HOUR)
    with pytest.raises(Compromised):
        store.validate(signer.certificate, at=AT + 2 * HOUR)
    with pytest.raises(Revoked):
        store.validate(signer.certificate, at=AT + 3 * HOUR)
    assert store.validate(signer.certificate, at=AT + HOUR / 2).party == "QM"
    known = store.revocation(signer.certificate)
    assert known is not None
    assert known.known_since == (AT + 3 * HOUR).replace(microsecond=0)


def test_the_issuing_authority_withdrawn_takes_its_signers_along(qm: Authority, signer: Identity) -> None:
    """The root's list is asked about the issuing authority."""
    qm.revoke(qm.issuing, x509.ReasonFlags.ca_compromise, AT + HOUR)
    with pytest.raises(Revoked, match="issuing authority"):
        trusting(qm, at=AT + HOUR).validate(signer.certificate, at=AT + 2 * HOUR)


@pytest.mark.parametrize("missing", [0, 1], ids=["of the root", "of the issuing authority"])
def test_a_missing_revocation_list_leaves_it_unknown(qm: Authority, signer: Identity, missing: int) -> None:
    """C29: without a list nothing is known, and unknown is not good."""
    store = TrustStore()
    store.load_list(qm.trust_list(1, AT, NEXT), anchor=qm.anchor, at=AT)
    store.load_crl(qm.crls(AT)[1 - missing])
    with pytest.raises(RevocationUnknown):
        store.validate(signer.certificate, at=AT)
    store.load_crl(qm.crls(AT)[missing])
    assert store.validate(signer.certificate, at=AT).party == "QM"


def test_a_stale_revocation_list_leaves_it_unknown(qm: Authority, signer: Identity) -> None:
    """C29: past its next update a list says nothing about today; a fresh one does."""
    store = trusting(qm)
    assert store.validate(signer.certificate, at=AT).party == "QM"
    with pytest.raises(RevocationUnknown):
        store.validate(signer.certificate, at=AT + 2 * DAY)
    for crl in qm.crls(AT + 2 * DAY):
        store.load_crl(crl)
    assert store.validate(signer.certificate, at=AT + 2 * DAY).party == "QM"


def test_a_list_newer_than_the_question_is_an_answer(qm: Authority, signer: Identity) -> None:
    """A message may be older than the newest list, which knows at least as much about it."""
    assert trusting(qm, at=AT + DAY).validate(signer.certificate, at=AT + HOUR).party == "QM"


def test_a_tls_certificate_signs_no_documents(qm: Authority) -> None:
    """C30: wrong extended key usage, though the right authority issued it."""
    _, chain = qm.issue_tls("QM", [], AT)
    with pytest.raises(WrongUsage):
        trusting(qm).validate(x509.load_pem_x509_certificate(chain), at=AT)


@pytest.mark.parametrize(
    "usages",
    [None, ["2.5.29.37.0"], ["1.3.6.1.5.5.7.3.36", "2.5.29.37.0"], ["1.3.6.1.5.5.7.3.8"]],
    ids=["none", "any", "document signing and any", "time stamping"],
)
def test_the_usage_must_be_named_outright(qm: Authority, usages: list[str] | None) -> None:
    """Any usage, or none said, is not document signing."""
    basic, key_usage, _ = drafts.for_signing()
    named = [] if usages is None else [(x509.ExtendedKeyUsage([x509.ObjectIdentifier(each) for each in usages]), False)]
    draft = drafted(qm, drafts.p256_key(Chance(5).octets, "key"), extensions=(basic, key_usage, *named))
    with pytest.raises(WrongUsage):
        trusting(qm).validate(draft.signed(Issuer(qm.issuing.subject, qm._issuing_key)), at=AT)


def test_an_authority_signs_no_documents(qm: Authority) -> None:
    """The issuing authority's own certificate is no signer's."""
    with pytest.raises(UnknownSigner):
        trusting(qm).validate(qm.issuing, at=AT)
    below = drafted(qm, drafts.p256_key(Chance(5).octets, "key"), extensions=drafts.for_authority(below=0))
    with pytest.raises(WrongUsage):
        trusting(qm).validate(below.signed(Issuer(qm.issuing.subject, qm._issuing_key)), at=AT)


def test_an_authority_outside_its_country_breaks_the_path(qm: Authority) -> None:
    """C31: QM's authority vouches for QM, not for QN."""
    stray = drafted(qm, drafts.p256_key(Chance(5).octets, "key"), name=drafts.name("QN", "QN"))
    with pytest.raises(OutsideNames, match="vouched for somebody in QN"):
        trusting(qm).validate(stray.signed(Issuer(qm.issuing.subject, qm._issuing_key)), at=AT)


def test_a_leaf_acting_as_authority(qm: Authority, signer: Identity) -> None:
    """C33: a signer that issues a certificate vouches for nobody, and is told apart from a stranger by its name."""
    assert isinstance(signer.key, ec.EllipticCurvePrivateKey)
    below = drafted(qm, drafts.p256_key(Chance(5).octets, "key")).signed(Issuer(signer.certificate.subject, signer.key))
    with pytest.raises(LeafAsAuthority):
        trusting(qm).validate(below, at=AT)


def test_an_unknown_critical_extension_breaks_the_path(qm: Authority) -> None:
    """RFC 5280, 4.2: what is critical and not understood is refused; by the full algorithm, and remembered."""
    strange = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\x05\x00")
    draft = drafted(qm, drafts.p256_key(Chance(5).octets, "key"), extensions=(*drafts.for_signing(), (strange, True)))
    certificate = draft.signed(Issuer(qm.issuing.subject, qm._issuing_key))
    store = trusting(qm)
    for _ in range(2):
        with pytest.raises(BrokenPath):
            store.validate(certificate, at=AT)


def test_a_subject_with_two_parties_breaks_the_path(qm: Authority) -> None:
    """A certificate names one party; who reads the first and who reads the last would differ."""
    both = x509.Name([*drafts.name("QM", "QM"), *drafts.name("QM", "QN")][:2] + [*drafts.name("QM", "QN")][1:])
    draft = drafted(qm, drafts.p256_key(Chance(5).octets, "key"), name=both)
    with pytest.raises(BrokenPath, match="one party"):
        trusting(qm).validate(draft.signed(Issuer(qm.issuing.subject, qm._issuing_key)), at=AT)


def test_a_key_on_another_curve_or_too_short_has_its_own_reason(qm: Authority) -> None:
    """C38: a key we do not check with, and one that anybody could have, are told apart, and from a bad signature."""
    cases: list[tuple[ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, type[TrustError]]] = [
        (ec.generate_private_key(ec.SECP384R1()), UnsupportedAlgorithm),
        (rsa.generate_private_key(65537, 1024), BrokenAlgorithm),  # noqa: S505 - that it is too short is the point
    ]
    for key, kind in cases:
        builder = (
            x509.CertificateBuilder()
            .subject_name(drafts.name("QM", "QM"))
            .issuer_name(qm.issuing.subject)
            .public_key(key.public_key())
            .serial_number(4711)
            .not_valid_before(AT)
            .not_valid_after(NEXT)
        )
        with pytest.raises(kind):
            trusting(qm).validate(builder.sign(qm._issuing_key, hashes.SHA256()), at=AT)


def test_explicit_curve_parameters_are_unsupported(qm: Authority, tmp_path: Path) -> None:
    """C34, CVE-2020-0601: a curve spelt out in parameters is no named curve, whatever it equals."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not on PATH")
    key = ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-param_enc", "explicit", "-out", "key.pem"]
    request = ["req", "-x509", "-new", "-key", "key.pem", "-subj", "/C=QM/CN=QM", "-outform", "DER", "-out", "c.der"]
    for words in (key, request):
        subprocess.run([openssl, *words], cwd=tmp_path, check=True, capture_output=True, timeout=15)
    certificate = x509.load_der_x509_certificate((tmp_path / "c.der").read_bytes())
    with pytest.raises(ExplicitCurve, match="spells its curve out"):
        trusting(qm).validate(certificate, at=AT)


def test_what_held_for_one_store_is_not_worked_out_for_another(
    qm: Authority, signer: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stores of a process share it, as long as they are asked about the same octets."""
    walked: list[bytes] = []
    settle, leaf = paths.settle, signer.certificate.public_bytes(Encoding.DER)

    def counted(question: Question, *, within: float) -> None:
        walked.append(question.leaf)
        settle(question, within=within)

    monkeypatch.setattr(paths, "settle", counted)
    monkeypatch.setattr("certs.paths._HELD", set())
    trusting(qm).validate(signer.certificate, at=AT)
    assert walked.count(leaf) == 1
    walked.clear()
    trusting(qm).validate(signer.certificate, at=AT + HOUR)
    assert walked == []
    trusting(qm, at=AT + HOUR).validate(signer.certificate, at=AT + HOUR)  # newer lists
    assert walked == [leaf]


def test_a_flood_of_strangers_is_forgotten(qm: Authority, signer: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a stranger sends is remembered in bounded room, and changes nobody else's verdict."""
    monkeypatch.setattr("certs.trust.MOST_REMEMBERED", 3)
    store, stranger = trusting(qm), founded("QN", 2)
    for _ in range(10):
        with pytest.raises(UnknownSigner):
            store.validate(stranger.issue_signing("QN", Algorithm.ED25519, AT).certificate, at=AT)
        assert store.validate(signer.certificate, at=AT).party == "QM"
        assert len(store._places) <= 3


# Trust lists


def listed(qm: Authority, **changes: object) -> TrustList:
    """The trust list of QM, with changes."""
    own = Authorities("QM authorities", qm.root, (qm.issuing,), AT)
    return dataclasses.replace(TrustList("QM", 1, AT, NEXT, (own,)), **changes)  # type: ignore[arg-type] # as above


def test_a_trust_list_is_read_as_published(qm: Authority) -> None:
    """Country, version, dates and authorities come out as they went in."""
    found = TrustStore().load_list(qm.trust_list(3, AT, NEXT, until=AT + DAY), anchor=qm.anchor, at=AT)
    assert (found.country, found.version, found.issued, found.next_update) == ("QM", 3, AT, NEXT)
    (own,) = found.authorities
    assert (own.root, own.issuing, own.until) == (qm.root, (qm.issuing,), AT + DAY)
    assert TrustList.parse(found.payload()) == found


def test_an_authority_withdrawn_by_date_vouches_no_more(qm: Authority, signer: Identity) -> None:
    """C36: recognised until one o'clock: what was signed before stays good, later is unknown."""
    store = trusting(qm)
    store.load_list(qm.trust_list(2, AT, NEXT, until=AT + HOUR), anchor=qm.anchor, at=AT)
    assert store.validate(signer.certificate, at=AT + HOUR / 2).party == "QM"
    with pytest.raises(WithdrawnAuthority, match="recognised until"):
        store.validate(signer.certificate, at=AT + HOUR)


def test_an_authority_recognised_later_vouches_not_yet(qm: Authority, signer: Identity) -> None:
    """Recognition begins by date too."""
    store = trusting(qm)
    store.load_list(qm.trust_list(2, AT, NEXT, since=AT + HOUR), anchor=qm.anchor, at=AT)
    with pytest.raises(UnknownSigner, match="recognised from"):
        store.validate(signer.certificate, at=AT)
    assert store.validate(signer.certificate, at=AT + HOUR).party == "QM"


def test_a_rolled_back_list_is_refused(qm: Authority) -> None:
    """C37: version 1 after version 2, and the store keeps version 2."""
    store = TrustStore()
    store.load_list(qm.trust_list(2, AT, NEXT), anchor=qm.anchor, at=AT)
    with pytest.raises(RolledBackTrustList):
        store.load_list(qm.trust_list(1, AT, NEXT), anchor=qm.anchor, at=AT)
    assert store.versions == {qm.anchor: 2}


def test_a_list_rolled_back_over_a_restart_is_refused(qm: Authority) -> None:
    """C37: the versions seen before a restart are handed in again."""
    store = TrustStore(seen={qm.anchor: 5})
    with pytest.raises(RolledBackTrustList):
        store.load_list(qm.trust_list(4, AT, NEXT), anchor=qm.anchor, at=AT)
    assert store.load_list(qm.trust_list(5, AT, NEXT), anchor=qm.anchor, at=AT).version == 5


def test_the_same_list_again_changes_nothing(qm: Authority) -> None:
    """A list that is simply read again is no new epoch."""
    store = trusting(qm)
    before = store.epoch
    store.load_list(qm.trust_list(1, AT, NEXT), anchor=qm.anchor, at=AT)
    assert store.epoch == before


def test_another_list_under_the_same_version_is_refused(qm: Authority) -> None:
    """C37: one version, two contents: one of them is hidden from somebody."""
    with pytest.raises(RolledBackTrustList, match="same version"):
        trusting(qm).load_list(qm.trust_list(1, AT, NEXT + DAY), anchor=qm.anchor, at=AT)


def test_a_stale_list_is_refused_on_loading(qm: Authority) -> None:
    """C37: a frozen list shows by its next update."""
    with pytest.raises(StaleTrustList):
        TrustStore().load_list(qm.trust_list(1, AT, NEXT), anchor=qm.anchor, at=NEXT + DAY)


def test_a_list_that_went_stale_vouches_for_nobody(qm: Authority, signer: Identity) -> None:
    """C37: loaded in time, never replaced: past its next update the partner is asked for a new one."""
    store = trusting(qm)
    with pytest.raises(StaleTrustList):
        store.validate(signer.certificate, at=NEXT + DAY)


def test_a_list_from_the_future_is_refused(qm: Authority) -> None:
    """A list says when it was issued; that moment has come."""
    with pytest.raises(NotYetValid):
        TrustStore().load_list(qm.trust_list(1, AT + HOUR, NEXT), anchor=qm.anchor, at=AT)


def test_a_list_under_another_root_is_unknown(qm: Authority) -> None:
    """The agreement pins the root; a list that describes another one, however well signed, is not the partner's."""
    impostor = founded("QM", 666)
    with pytest.raises(UnknownSigner):
        TrustStore().load_list(impostor.trust_list(1, AT, NEXT), anchor=qm.anchor, at=AT)


def test_a_list_that_mentions_the_root_but_is_signed_elsewhere_is_unknown(qm: Authority) -> None:
    """Copying the pinned root into one's own list does not make one its publisher."""
    impostor = founded("QM", 666)
    with pytest.raises(UnknownSigner, match="no authority under the pinned root"):
        TrustStore().load_list(impostor.publish(listed(qm)), anchor=qm.anchor, at=AT)
    smuggled = Authorities("QM authorities", qm.root, (impostor.issuing,), AT)
    with pytest.raises(BrokenPath):
        TrustStore().load_list(impostor.publish(listed(qm, authorities=(smuggled,))), anchor=qm.anchor, at=AT)


def test_a_window_publishes_no_trust_list(qm: Authority, signer: Identity) -> None:
    """A document signer of the same country is not the publisher of its list."""
    token = jws.sign(listed(qm).payload(), signer, typ=jws.TRUST_LIST)
    with pytest.raises(UnknownSigner, match="publisher"):
        TrustStore().load_list(token, anchor=qm.anchor, at=AT)


def test_a_publisher_for_any_usage_publishes_nothing(qm: Authority) -> None:
    """C30: the publisher's certificate is for document signing alone, like every signer's."""
    basic, key_usage, _ = drafts.for_signing()
    anything = x509.ExtendedKeyUsage([DOCUMENT_SIGNING, x509.ObjectIdentifier("2.5.29.37.0")])
    key = drafts.p256_key(Chance(5).octets, "key")
    draft = drafted(qm, key, "QM trust list", extensions=(basic, key_usage, (anything, False)))
    certificate = draft.signed(Issuer(qm.issuing.subject, qm._issuing_key))
    token = jws.sign(listed(qm).payload(), Identity("QM trust list", "QM", key, certificate), typ=jws.TRUST_LIST)
    with pytest.raises(WrongUsage):
        TrustStore().load_list(token, anchor=qm.anchor, at=AT)


def test_a_publisher_withdrawn_publishes_no_more(qm: Authority) -> None:
    """Once a revocation list says so, the next trust list of that publisher is refused."""
    store = trusting(qm)
    qm.revoke(qm.publisher.certificate, x509.ReasonFlags.key_compromise, AT + HOUR)
    store.load_crl(qm.crls(AT + HOUR)[1])
    with pytest.raises(Revoked):
        store.load_list(qm.trust_list(2, AT + 2 * HOUR, NEXT), anchor=qm.anchor, at=AT + 2 * HOUR)


def test_an_expired_publisher_publishes_no_more(qm: Authority) -> None:
    """The publisher's certificate is valid when the list is issued, or the list is none."""
    late = AT + YEARS + DAY
    with pytest.raises(Expired):
        TrustStore().load_list(qm.trust_list(1, late, late + DAY), anchor=qm.anchor, at=late)


def test_a_leaf_on_the_list_is_no_authority(qm: Authority, signer: Identity) -> None:
    """C33: listing a leaf as an issuing authority breaks the list, not just the leaf."""
    own = Authorities("QM authorities", qm.root, (qm.issuing, signer.certificate), AT)
    with pytest.raises(LeafAsAuthority, match="no authority"):
        TrustStore().load_list(qm.publish(listed(qm, authorities=(own,))), anchor=qm.anchor, at=AT)


def test_a_list_stays_in_its_country(qm: Authority) -> None:
    """C31: QM's publisher cannot recognise authorities of QN in everybody's name."""
    qn = founded("QN", 2)
    foreign = Authorities("QN authorities", qn.root, (qn.issuing,), AT)
    both = listed(qm, authorities=(*listed(qm).authorities, foreign))
    with pytest.raises(OutsideNames, match="outside its country"):
        TrustStore().load_list(qm.publish(both), anchor=qm.anchor, at=AT)


def test_a_list_for_another_country_is_refused(qm: Authority) -> None:
    """The publisher of QM's list publishes no list of QN."""
    with pytest.raises(UnknownSigner, match="QN"):
        TrustStore().load_list(qm.publish(listed(qm, country="QN")), anchor=qm.anchor, at=AT)


def test_a_message_is_no_trust_list(qm: Authority) -> None:
    """The kind is looked at before the content."""
    token = jws.sign(listed(qm).payload(), qm.publisher, typ=jws.MESSAGE)
    with pytest.raises(WrongKind):
        TrustStore().load_list(token, anchor=qm.anchor, at=AT)


def test_an_altered_list_is_refused(qm: Authority) -> None:
    """One changed bit of the payload, and the bytes are not those that were signed."""
    head, payload, signature = qm.trust_list(1, AT, NEXT).split(b".")
    damaged = payload[:-3] + (b"A" if payload[-3:-2] != b"A" else b"B") + payload[-2:]
    with pytest.raises(BadSignature):
        TrustStore().load_list(b".".join((head, damaged, signature)), anchor=qm.anchor, at=AT)


Change = Callable[[dict[str, object]], object]


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.pop("version"),
        lambda found: found.update(version=0),
        lambda found: found.update(version=True),
        lambda found: found.update(version="1"),
        lambda found: found.update(issued="yesterday"),
        lambda found: found.update(issued="2026-03-01T09:00:00"),
        lambda found: found.update(nextupdate="2026-03-01T08:00:00.000Z"),
        lambda found: found.update(country=None),
        lambda found: found.update(authorities={}),
        lambda found: found.update(authorities=[7]),
        lambda found: found.update(authorities=[{"name": "x"}]),
        lambda found: found.update(
            authorities=[{"name": "x", "root": "x", "issuing": [], "since": "2026-03-01T09:00:00Z", "until": None}]
        ),
        lambda found: found.update(
            authorities=[{"name": "x", "root": 7, "issuing": [], "since": "2026-03-01T09:00:00Z", "until": None}]
        ),
    ],
)
def test_a_malformed_list_is_refused(qm: Authority, change: Change) -> None:
    """A list without its fields, or with fields of another form, is none, even from its rightful publisher."""
    found = json.loads(listed(qm).payload())
    change(found)
    token = jws.sign(json.dumps(found).encode(), qm.publisher, typ=jws.TRUST_LIST)
    with pytest.raises(MalformedList):
        TrustStore().load_list(token, anchor=qm.anchor, at=AT)


def test_a_list_with_two_readings_is_refused(qm: Authority) -> None:
    """B15: duplicate names in a rightly signed list."""
    token = jws.sign(b'{"version":2,' + listed(qm).payload()[1:], qm.publisher, typ=jws.TRUST_LIST)
    with pytest.raises(NotStrictJson):
        TrustStore().load_list(token, anchor=qm.anchor, at=AT)


def test_a_list_without_its_publishers_certificate_is_malformed(qm: Authority) -> None:
    """Nobody keeps publishers' certificates: the list brings its own."""
    bare = json.dumps(
        {
            "alg": "ES256",
            "typ": jws.TRUST_LIST,
            "x5t#S256": base64.urlsafe_b64encode(qm.publisher.thumbprint).rstrip(b"=").decode(),
        }
    )
    parts = [base64.urlsafe_b64encode(each).rstrip(b"=") for each in (bare.encode(), listed(qm).payload())]
    signature = qm.publisher.sign(b".".join(parts))
    token = b".".join((*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")))
    with pytest.raises(MalformedToken, match="x5c"):
        TrustStore().load_list(token, anchor=qm.anchor, at=AT)


def test_a_refused_list_changes_nothing(qm: Authority, signer: Identity) -> None:
    """A store that refused a list goes on with the one it has."""
    store = trusting(qm)
    with pytest.raises(TrustError):
        store.load_list(qm.trust_list(2, AT, AT - DAY), anchor=qm.anchor, at=AT)
    assert store.versions == {qm.anchor: 1}
    assert store.validate(signer.certificate, at=AT).party == "QM"


# Revocation lists


def test_a_revocation_list_of_a_stranger_is_refused(qm: Authority) -> None:
    """Only authorities on a trust list say what is withdrawn."""
    with pytest.raises(UnknownSigner):
        trusting(qm).load_crl(founded("QN", 2).crls(AT)[1])
    with pytest.raises(UnknownSigner):
        trusting(qm).load_crl(founded("QM", 666).crls(AT)[1])


def test_an_altered_revocation_list_is_refused(qm: Authority) -> None:
    """One changed bit, and the list is not the authority's."""
    der = bytearray(qm.crls(AT)[1])
    der[-1] ^= 1
    with pytest.raises(BadSignature):
        trusting(qm).load_crl(bytes(der))


def test_a_revocation_list_does_not_go_back(qm: Authority, signer: Identity) -> None:
    """An older list that arrives late, or is replayed, does not undo a withdrawal."""
    old = qm.crls(AT)[1]
    qm.revoke(signer.certificate, x509.ReasonFlags.superseded, AT)
    store = trusting(qm, at=AT + HOUR)
    kept = store.load_crl(old)
    assert signer.certificate.serial_number in kept.revocations
    with pytest.raises(Revoked):
        store.validate(signer.certificate, at=AT + HOUR)


@pytest.mark.parametrize("der", [b"", b"rubbish", b"\x30\x03\x02\x01\x01"])
def test_rubbish_is_no_revocation_list(qm: Authority, der: bytes) -> None:
    """What cannot be read is refused as that."""
    with pytest.raises(MalformedList):
        trusting(qm).load_crl(der)


def test_a_partial_revocation_list_is_refused(qm: Authority) -> None:
    """A delta or partial list would be read as if it were complete, so it is not read at all."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(qm.issuing.subject)
        .last_update(AT)
        .next_update(NEXT)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(qm._issuing_key.public_key()), critical=False)
        .add_extension(x509.CRLNumber(2**80), critical=False)
        .add_extension(x509.DeltaCRLIndicator(1), critical=True)
    )
    der = builder.sign(qm._issuing_key, hashes.SHA256()).public_bytes(Encoding.DER)
    with pytest.raises(MalformedList, match="critical"):
        trusting(qm).load_crl(der)


def test_what_is_in_force_can_be_handed_on(qm: Authority, signer: Identity) -> None:
    """The lists come out as they came in: another store that takes them says the same."""
    store, other = trusting(qm), TrustStore()
    for token in store.lists:
        other.load_list(token, anchor=qm.anchor, at=AT)
    for der in store.crls:
        other.load_crl(der)
    assert other.validate(signer.certificate, at=AT) == store.validate(signer.certificate, at=AT)


# An authority that hands over to another


def test_a_successor_takes_over_by_date(qm: Authority, signer: Identity) -> None:
    """Both issuing authorities stand on the list under one root; the former vouches until it is withdrawn, by date."""
    store, after = trusting(qm), qm.successor(AT + HOUR)
    new = after.issue_signing("QM", Algorithm.ES256, AT + HOUR)
    listed = (
        Authorities("QM authorities", qm.root, (after.issuing,), AT),
        Authorities("QM former authorities", qm.root, (qm.issuing,), AT, AT + 2 * HOUR),
    )
    store.load_list(after.publish(TrustList("QM", 2, AT + HOUR, NEXT, listed)), anchor=qm.anchor, at=AT + HOUR)
    for der in after.crls(AT + HOUR):
        store.load_crl(der)
    assert store.validate(new.certificate, at=AT + 3 * HOUR).party == "QM"
    assert store.validate(signer.certificate, at=AT + HOUR).party == "QM"
    with pytest.raises(WithdrawnAuthority, match="former"):
        store.validate(signer.certificate, at=AT + 2 * HOUR)


def test_a_successor_is_another_authority(qm: Authority) -> None:
    """Same root, other name, other key, other publisher; what was withdrawn before is withdrawn still."""
    after = qm.successor(AT + HOUR)
    assert (after.root, after.anchor) == (qm.root, qm.anchor)
    assert after.issuing.subject != qm.issuing.subject
    assert after.publisher.thumbprint != qm.publisher.thumbprint
    qm.revoke(qm.issuing, x509.ReasonFlags.superseded, AT + HOUR)
    root_list = x509.load_der_x509_crl(after.crls(AT + HOUR)[0])
    assert root_list.get_revoked_certificate_by_serial_number(qm.issuing.serial_number) is not None


def test_what_a_country_published(qm: Authority) -> None:
    """Its list and its revocation lists in force, each as it came, and nothing of another country's."""
    qn = founded("QN", 2)
    store = trusting(qm, qn)
    assert store.published_by("QM") == (qm.trust_list(1, AT, NEXT), qm.crls(AT))
    with pytest.raises(UnknownSigner, match="no trust list of QP"):
        store.published_by("QP")
    qm.revoke(qm.issuing, x509.ReasonFlags.superseded, AT)
    newer = qm.crls(AT + HOUR)
    store.load_crl(newer[0])
    assert store.published_by("QM")[1] == (newer[0], qm.crls(AT)[1])
