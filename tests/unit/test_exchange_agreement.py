"""The corridor agreement: what it covers, and that both sides signed the very same bytes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import TYPE_CHECKING

import pytest

from certs import jws
from certs.identity import Algorithm
from harness.errors import BadInput
from harness.exchange import agreement as agreements
from harness.exchange import reasons
from harness.exchange.agreement import Signed
from harness.exchange.reasons import Reason, Refused
from scenarios.corridors import corridor
from scenarios.pack import PACK

if TYPE_CHECKING:
    from tests.unit.conftest import Corridor

AT = datetime(2026, 3, 12, 9, tzinfo=UTC)
QM_QN = PACK.corridors[0]
QM_QN_TOML = resources.files("scenarios.corridors").joinpath("qm-qn.toml").read_text(encoding="utf-8")
ROOTS = {"QM": "0" * 64, "QN": "1" * 64}


def covered(
    doctype: str = "864",
    function: str = "9",
    *,
    sender: str = "QM",
    receiver: str = "QN",
    algorithm: str = "ES256",
    at: datetime = AT,
) -> agreements.Cover:
    """Ask the agreement."""
    return QM_QN.covers(doctype, function, sender=sender, receiver=receiver, algorithm=algorithm, at=at)


def test_what_is_covered() -> None:
    """The clause that covers it says how long an answer may take and a document may travel."""
    assert covered().answer_within_seconds == 60
    assert agreements.expiry(covered(), AT) == AT + timedelta(days=1)
    assert covered(sender="QN", receiver="QM").functions == ("9",)
    assert (QM_QN.partner("QM"), QM_QN.partner("QN")) == ("QN", "QM")


@pytest.mark.parametrize(
    ("asked", "reason", "clause"),
    [
        ({"doctype": "380"}, reasons.NOT_COVERED, "documents"),
        ({"doctype": "851", "sender": "QN", "receiver": "QM"}, reasons.NOT_COVERED, "documents"),
        ({"sender": "QP"}, reasons.NOT_COVERED, "documents"),
        ({"function": "53"}, reasons.FUNCTION_NOT_COVERED, "documents[1]"),
        ({"function": "1", "sender": "QN", "receiver": "QM"}, reasons.FUNCTION_NOT_COVERED, "documents[3]"),
        ({"algorithm": "RS384"}, reasons.ALGORITHM_NOT_AGREED, "algorithms"),
        ({"at": QM_QN.since - timedelta(milliseconds=1)}, reasons.AGREEMENT_NOT_IN_FORCE, "since/until"),
        ({"at": QM_QN.until}, reasons.AGREEMENT_NOT_IN_FORCE, "since/until"),
    ],
)
def test_what_is_not_covered(asked: dict[str, str], reason: Reason, clause: str) -> None:
    """It is refused for its own reason, resting on the agreement's own clause."""
    with pytest.raises(Refused) as refused:
        covered(**asked)  # type: ignore[arg-type]  # one moment among the texts
    assert refused.value.reason is reason
    assert refused.value.clause == f"agreement QM-QN v1, {clause}"


def test_the_first_and_the_last_moment() -> None:
    """In force from `since`, included, until `until`, excluded."""
    for at in (QM_QN.since, QM_QN.until - timedelta(milliseconds=1)):
        assert covered(at=at).doctype == "864"


def test_an_algorithm_nobody_agreed() -> None:
    """It is refused for what carries no document too."""
    QM_QN.bears(named="QM-QN", algorithm="Ed25519", at=AT)
    later = corridor("qm-qn-after-rsa-and-ecc.toml")
    later.bears(named="QM-QN", algorithm="ML-DSA-65", at=AT)
    with pytest.raises(Refused) as refused:
        later.bears(named="QM-QN", algorithm="ES256", at=AT)
    assert refused.value.reason is reasons.ALGORITHM_NOT_AGREED


def test_what_it_does_not_bear() -> None:
    """A message of any kind that names another agreement, or is dated when this one was not in force."""
    with pytest.raises(Refused) as refused:
        QM_QN.bears(named="QP-QN", algorithm="ES256", at=AT)
    assert refused.value.reason is reasons.NO_AGREEMENT
    with pytest.raises(Refused) as refused:
        QM_QN.bears(named="QM-QN", algorithm="ES256", at=QM_QN.until)
    assert refused.value.reason is reasons.AGREEMENT_NOT_IN_FORCE


def test_how_long_a_document_may_be_used() -> None:
    """Until the moment its clause allows, included; a millisecond more is refused with that clause."""
    cover = covered("851")
    QM_QN.expires_in_time(cover, sent=AT, expires=agreements.expiry(cover, AT))
    with pytest.raises(Refused) as refused:
        QM_QN.expires_in_time(cover, sent=AT, expires=agreements.expiry(cover, AT) + timedelta(milliseconds=1))
    assert refused.value.reason is reasons.EXPIRY_NOT_AGREED
    assert refused.value.clause == "agreement QM-QN v1, documents[2]"


# -------------------------------------------------------------------------------------------------- signatures


def test_an_agreement_that_both_signed(corridor: Corridor) -> None:
    """It is read with the fingerprints of both roots in it."""
    signed = corridor.signed["QM-QN"]
    read = signed.checked(corridor.recognised, AT)
    assert {code: member.root for code, member in read.parties.items()} == {
        code: corridor.authorities[code].anchor for code in ("QM", "QN")
    }
    assert agreements.read(signed.octets) == read
    assert read.documents == QM_QN.documents


def test_an_agreement_that_one_side_signed(corridor: Corridor) -> None:
    """It is none, and the message says whose signature is missing."""
    signed = corridor.signed["QM-QN"]
    with pytest.raises(BadInput, match="one-sided: QN has not signed"):
        Signed(signed.octets, {"QM": signed.tokens["QM"]}).checked(corridor.recognised, AT)


def test_an_agreement_changed_after_signing(corridor: Corridor) -> None:
    """Both signatures are over other bytes then."""
    signed = corridor.signed["QM-QN"]
    other = replace(signed, octets=signed.octets.replace(b'"version": 1', b'"version": 2'))
    assert other.octets != signed.octets
    with pytest.raises(BadInput, match="signed other bytes"):
        other.checked(corridor.recognised, AT)


def test_a_third_country_in_the_place_of_a_party(corridor: Corridor) -> None:
    """A recognised key is not enough: it must be the party's own."""
    signed = corridor.signed["QM-QN"]
    token = agreements.sign(signed.octets, corridor.identities["QP"])
    with pytest.raises(BadInput, match="signed by QP in the place of QN"):
        Signed(signed.octets, {**signed.tokens, "QN": token}).checked(corridor.recognised, AT)


def test_another_kind_of_token_over_the_same_bytes(corridor: Corridor) -> None:
    """A message is no signature under an agreement, whatever it carries."""
    signed = corridor.signed["QM-QN"]
    token = jws.sign(signed.octets, corridor.identities["QN"], typ=jws.MESSAGE)
    with pytest.raises(BadInput, match="does not hold: a token of kind"):
        Signed(signed.octets, {**signed.tokens, "QN": token}).checked(corridor.recognised, AT)


def test_a_signature_that_is_spoilt(corridor: Corridor) -> None:
    """It does not hold."""
    signed = corridor.signed["QM-QN"]
    spoilt = signed.tokens["QN"][:-6] + b"AAAAAA"
    with pytest.raises(BadInput, match="signature of QN does not hold"):
        Signed(signed.octets, {**signed.tokens, "QN": spoilt}).checked(corridor.recognised, AT)


@pytest.mark.parametrize("octets", [b"", b"{}", b"[]", b'{"id":1,"id":1}', b"\xff"])
def test_bytes_that_are_no_agreement(octets: bytes) -> None:
    """They are refused with what was expected."""
    with pytest.raises(BadInput, match="no corridor agreement"):
        agreements.read(octets)


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("", "is no corridor agreement: id: Field required"),
        ("id = ", "is not TOML: Invalid value"),
        ("unknown = 1", "is no corridor agreement: id: Field required"),
    ],
)
def test_a_draft_with_a_mistake(toml: str, told: str) -> None:
    """The message names the file, and the first place that is wrong."""
    with pytest.raises(BadInput, match=rf"^draft\.toml {told}"):
        agreements.draft(toml, name="draft.toml")


def test_all_algorithms_are_agreed() -> None:
    """What our windows can sign with, the shipped agreements allow."""
    for agreement in PACK.corridors:
        assert set(Algorithm) == set(agreement.algorithms)


@pytest.mark.parametrize("name", ["SM2", "SM2-SM3", "SM2withSM3", "GOST3410-2012-256", "gost r 34.10-2012", "GOST"])
def test_a_profile_that_demands_sm2_or_gost(name: str) -> None:
    """It is refused when it is read, as draft and as concluded, under its own code and in three languages."""
    asked = QM_QN_TOML.replace('"ES256"', f'"{name}"', 1)
    concluded = agreements.conclude(QM_QN, ROOTS).replace(b'"ES256"', f'"{name}"'.encode(), 1)
    found = []
    with pytest.raises(BadInput) as refused:
        agreements.draft(asked, name="qm-qn.toml")
    found.append(refused.value)
    with pytest.raises(BadInput) as refused:
        agreements.read(concluded)
    found.append(refused.value)
    reason = reasons.PROFILE_NOT_AVAILABLE
    for one in found:
        assert f"algorithms: {name}: 423 profile not available" in one.found
        assert all(sentence in one.found for sentence in (reason.en, reason.zh, reason.ru))
        assert "ES256" in one.expected


@pytest.mark.parametrize("name", ["SM2", "SM4-GCM", "GOST R 34.12-2015", "Kuznyechik"])
def test_a_national_cover(name: str) -> None:
    """An agreement that demands it for encryption is refused in the same words; any other name as a field is."""
    asked = QM_QN_TOML.replace("algorithms =", f'encryption = "{name}"\nalgorithms =', 1)
    with pytest.raises(BadInput, match=f"encryption: {name}: 423 profile not available") as refused:
        agreements.draft(asked, name="qm-qn.toml")
    assert "ECDH-ES" in refused.value.expected
    with pytest.raises(BadInput, match="no corridor agreement: encryption"):
        agreements.draft(asked.replace(name, "AES"), name="qm-qn.toml")


@pytest.mark.parametrize(
    ("name", "told"), [("ES384", "known here"), ("EdDSA", "Ed25519 is its name"), ("RS1", "broken hash"), ("", "known")]
)
def test_a_profile_with_another_algorithm(name: str, told: str) -> None:
    """It is refused when it is read: an agreement that nobody can keep is none."""
    with pytest.raises(BadInput, match=told):
        agreements.draft(QM_QN_TOML.replace('"ES256"', f'"{name}"', 1), name="qm-qn.toml")


@pytest.mark.parametrize("list_", ["[]", "[7]", '"ES256"', "{}"])
def test_a_profile_that_is_no_list_of_names(list_: str) -> None:
    """The field is named."""
    asked = re.sub(r"(?m)^algorithms = .*$", f"algorithms = {list_}", QM_QN_TOML)
    with pytest.raises(BadInput, match="algorithms"):
        agreements.draft(asked, name="qm-qn.toml")
