"""The seal, held to frozen tokens: what opens, what is refused, and for which reason.

The tokens are in tests/vectors/seal, with the trust lists and revocation lists they are checked against; they were
made by tests/vectors/make_seal_vectors.py.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from certs import jws
from certs.trust import TrustStore
from harness.clock import moment
from harness.exchange import reasons
from harness.exchange import seal as seals
from harness.exchange.envelope import Type
from harness.exchange.reasons import TABLE, Refused
from harness.exchange.receipt import Receipt
from harness.exchange.seal import Kind, Sealed, claims_receipt, unseal

if TYPE_CHECKING:
    from tests.unit.conftest import Corridor

START = datetime(2026, 3, 12, 9, tzinfo=UTC)
VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "seal"
NAMES = sorted(path.stem for path in VECTORS.glob("*.json") if path.stem != "trust")


def vector(name: str) -> dict[str, Any]:  # Any: JSON
    """One file of the vectors."""
    read = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(read, dict)
    return read


@pytest.fixture(scope="module")
def trust() -> TrustStore:
    """The lists that the vectors are checked against."""
    told, store = vector("trust"), TrustStore()
    for country, token in told["lists"].items():
        store.load_list(token.encode(), anchor=told["anchors"][country], at=moment(told["at"]))
    for der in told["crls"]:
        store.load_crl(base64.b64decode(der))
    return store


@pytest.mark.parametrize("name", NAMES)
def test_a_frozen_token(name: str, trust: TrustStore) -> None:
    """It opens, or is refused for the reason that stands beside it and no other."""
    told = vector(name)
    sealed, at = Sealed(told["token"].encode("latin-1")), moment(told["at"])
    if told["reason"] is None:
        opened = unseal(sealed, trust=trust, at=at)
        assert (opened.envelope.id, opened.envelope.source, opened.kind) == ("qm-0001", "QM", Kind.MESSAGE)
        assert opened.signer.party == "QM"
    else:
        with pytest.raises(Refused) as refused:
            unseal(sealed, trust=trust, at=at)
        assert (refused.value.reason.code, refused.value.found != "") == (told["reason"], True)


def test_the_vectors_hold_every_reason_of_a_seal() -> None:
    """Each reason that opening a seal can give has at least one frozen token, but for the path's own tests."""
    reached = {vector(name)["reason"] for name in NAMES} - {None}
    # Paths: tests/unit/test_certs_trust.py, _crossing.py and _worker.py; covers: test_exchange_cover.py; timestamps:
    # test_nodes_stamping.py; wrong certificates and lists: test_certs_misfits.py
    elsewhere = {"409", "410", "418", "419", "425", "426", "427", "430", "431", "437", "438", "439", "440", "441"}
    assert reached | elsewhere == {reason.code for reason in seals.WHY.values()} | {"102", "103", "403"}
    assert reached <= set(TABLE)


def test_two_signatures_of_one_message(trust: TrustStore) -> None:
    """The (r, n-s) twin is another token and the same message: one identity, two raw digests."""
    one, twin = (Sealed(vector(name)["token"].encode()) for name in ("good-es256", "good-twin"))
    assert one.identity == twin.identity
    assert one.raw != twin.raw
    assert unseal(one, trust=trust, at=moment(vector("trust")["at"])).identity == one.identity


def test_a_token_without_its_certificate(corridor: Corridor) -> None:
    """Naming a certificate is not enough: nobody is found to believe."""
    envelope = corridor.envelope(data={})
    bare = seals.seal(envelope, corridor.identities["QM"]).token
    head, payload, _ = bare.split(b".")
    header = json.loads(base64.urlsafe_b64decode(head + b"=="))
    del header["x5c"]
    signing = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=") + b"." + payload
    signature = base64.urlsafe_b64encode(corridor.identities["QM"].sign(signing)).rstrip(b"=")
    with pytest.raises(Refused, match="does not bring it"):
        unseal(Sealed(signing + b"." + signature), trust=corridor.recognised, at=envelope.time)


def test_a_receipt_shown_as_a_message(corridor: Corridor) -> None:
    """The kind stands in the header and follows from the type: both must say the same."""
    said = Receipt.model_validate(
        {"of": "0" * 64, "statements": [{"level": "L1", "status": "received", "at": "2026-03-12T09:00:00Z"}]}
    ).said()
    envelope = corridor.envelope(type=Type.RECEIPT.value, data=said)
    identity = corridor.identities["QM"]
    with pytest.raises(Refused, match="around an envelope of type"):
        unseal(
            Sealed(jws.sign(envelope.octets(), identity, typ=Kind.MESSAGE)), trust=corridor.recognised, at=envelope.time
        )
    opened = unseal(seals.seal(envelope, identity), trust=corridor.recognised, at=envelope.time)
    assert opened.kind is Kind.RECEIPT
    assert claims_receipt(opened.sealed)


def test_a_date_ahead_of_the_bus(corridor: Corridor) -> None:
    """Clocks may be a minute apart; what is dated later than that is refused."""
    envelope = corridor.envelope(data={}, time=START + timedelta(minutes=5))
    sealed = seals.seal(envelope, corridor.identities["QM"])
    unseal(sealed, trust=corridor.recognised, at=envelope.time - seals.CLOCKS_APART)
    with pytest.raises(Refused) as refused:
        unseal(sealed, trust=corridor.recognised, at=envelope.time - seals.CLOCKS_APART - timedelta(milliseconds=1))
    assert refused.value.reason is reasons.DATED_AHEAD


def test_a_date_on_which_nobody_vouched_for_the_signer(corridor: Corridor) -> None:
    """Good when the bus took it is not enough: an arbiter has nothing but the date that the message bears."""
    envelope = corridor.envelope(data={}, time=START - timedelta(hours=2))
    with pytest.raises(Refused, match="on the date it bears") as refused:
        unseal(seals.seal(envelope, corridor.identities["QM"]), trust=corridor.recognised, at=START)
    assert refused.value.reason is reasons.UNKNOWN_SIGNER


@pytest.mark.parametrize("token", [b"", b"text", b"a.b.c", b"..", b"\xff" * 9])
def test_bytes_that_claim_nothing(token: bytes) -> None:
    """They are no receipt, and no two of them are one thing."""
    assert not claims_receipt(Sealed(token))
    assert Sealed(token).identity != Sealed(token + b"x.y").identity
