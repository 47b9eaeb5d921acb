"""The cover over a seal: what stays outside, and each way in which a cover is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from certs import jwe
from certs.gates import base64url, base64url_encode
from harness.exchange import cover, reasons
from harness.exchange.bus import Delivery, Record
from harness.exchange.envelope import Envelope, Type
from harness.exchange.reasons import Reason, Refused
from harness.exchange.seal import Opened, Sealed, unseal

if TYPE_CHECKING:
    from tests.unit.conftest import Corridor

WITNESS: dict[str, Any] = {"type": Type.CHECKPOINT.value, "sequence": 0, "data": {}}  # Any: an envelope's attributes
RECEIPT: dict[str, Any] = {"type": Type.RECEIPT.value, "data": {}}


def envelope(corridor: Corridor, **changes: object) -> Envelope:
    """Something of QM's for QP."""
    return corridor.envelope("QM", "QP", **{"corridor": "QM-QP", "data": {"of": "it"}, **changes})


def covered(corridor: Corridor, *, reader: str = "QP", **changes: object) -> Record:
    """The same, sealed, and encrypted for `reader`."""
    record = corridor.sealed(envelope(corridor, **changes))
    certificate = corridor.openers[reader].certificate
    return cover.cover(record, certificate, chance=corridor.chance.octets, purpose="test")


def uncovered(corridor: Corridor, record: Record, agreement: str = "QM-QP") -> Delivery:
    """As QP uncovers it."""
    return cover.uncover(corridor.delivered(record), corridor.openers["QP"], corridor.agreements[agreement])


def opened(corridor: Corridor, octets: bytes) -> Opened:
    """What the seal holds."""
    return unseal(Sealed(octets), trust=corridor.recognised, at=corridor.delivered(Record("t", b"", b"")).at)


def test_what_stays_outside(corridor: Corridor) -> None:
    """Topic, key, source, receiver and transaction; the token inside is the very one that was sealed."""
    plain = corridor.sealed(envelope(corridor))
    record = covered(corridor)
    assert {name for name, _ in record.headers} == set(cover.ROUTING)
    assert (record.topic, record.key) == (plain.topic, plain.key)
    assert jwe.read(record.value).typ == jwe.MESSAGE
    assert opened(corridor, uncovered(corridor, record).value).envelope.receiver == "QP"
    assert record.size <= cover.covered_size(plain.size)


def test_witness_traffic_stays_plain(corridor: Corridor) -> None:
    """It is about logs: the judge and the operator may see that logs grow."""
    record = corridor.sealed(envelope(corridor, **WITNESS))
    certificate = corridor.openers["QP"].certificate
    assert cover.cover(record, certificate, chance=corridor.chance.octets, purpose="test") is record
    cover.as_agreed(record.value, opened(corridor, record.value), corridor.agreements["QM-QP"])


def test_a_receipt_is_known_as_one(corridor: Corridor) -> None:
    """Under its cover too, so that a receipt which cannot be opened is not answered; what is neither claims nothing."""
    receipt = covered(corridor, **RECEIPT)
    assert cover.claims_receipt(receipt.value)
    assert cover.claims_receipt(corridor.sealed(envelope(corridor, **RECEIPT)).value)
    assert not cover.claims_receipt(covered(corridor).value)
    assert not cover.claims_receipt(b"a.b.c.d.e")
    assert not cover.claims_receipt(b"")


def altered(record: Record) -> Record:
    """With one bit of its ciphertext changed."""
    head, tag = record.value.rsplit(b".", 1)
    return replace(record, value=head[:-2] + (b"A" if head[-2:-1] != b"A" else b"B") + head[-1:] + b"." + tag)


def under(record: Record, **changes: object) -> Record:
    """Under another header."""
    head, rest = record.value.split(b".", 1)
    header = {**json.loads(base64url(head, what="header")), **changes}
    return replace(record, value=base64url_encode(json.dumps(header).encode()) + b"." + rest)


def test_covers_that_are_refused(corridor: Corridor) -> None:
    """Each for its own reason: somebody else's, altered, another algorithm, compressed, no token at all."""
    mine = covered(corridor)
    cases: list[tuple[Record, Reason]] = [
        (covered(corridor, reader="QN"), reasons.OTHER_RECIPIENT),
        (altered(mine), reasons.BROKEN_ENCRYPTION),
        (under(mine, enc="A128GCM"), reasons.ENCRYPTION_NOT_AGREED),
        (under(mine, zip="DEF"), reasons.COMPRESSED),
        (under(mine, apu="QQ"), reasons.FORBIDDEN_HEADER),
        (under(mine, typ=None), reasons.WRONG_KIND),
        (replace(mine, value=b"a.b.c.d.e"), reasons.NOT_A_TOKEN),
    ]
    for record, reason in cases:
        with pytest.raises(Refused) as refused:
            uncovered(corridor, record)
        assert refused.value.reason is reason


def test_a_cover_that_nobody_asked_for(corridor: Corridor) -> None:
    """Where the agreement names no encryption there is none, whoever it is for."""
    with pytest.raises(Refused) as refused:
        uncovered(corridor, covered(corridor), agreement="QP-QN")
    assert refused.value.reason is reasons.ENCRYPTION_NOT_AGREED


def test_what_came_in_plain(corridor: Corridor) -> None:
    """It is refused where encryption was agreed, with the agreement's own clause; elsewhere it is as it should be."""
    record = corridor.sealed(envelope(corridor))
    assert uncovered(corridor, record).value == record.value
    with pytest.raises(Refused) as refused:
        cover.as_agreed(record.value, opened(corridor, record.value), corridor.agreements["QM-QP"])
    assert refused.value.reason is reasons.NOT_ENCRYPTED
    assert refused.value.clause == "agreement QM-QP v1, encryption"
    other = corridor.sealed(corridor.envelope(data={}))
    cover.as_agreed(other.value, opened(corridor, other.value), corridor.agreements["QM-QN"])


def test_one_thing_outside_and_another_inside(corridor: Corridor) -> None:
    """A message in the cover of a receipt would never be answered: it is refused as the wrong kind."""
    token = corridor.sealed(envelope(corridor)).value
    reader = corridor.openers["QP"].certificate
    came = jwe.encrypt(token, reader, typ=jwe.RECEIPT, chance=corridor.chance.octets, purpose="test")
    with pytest.raises(Refused) as refused:
        cover.as_agreed(came, opened(corridor, token), corridor.agreements["QM-QP"])
    assert refused.value.reason is reasons.WRONG_KIND


@pytest.mark.parametrize(("agreed", "came"), [("openers", "hybrids"), ("hybrids", "openers")])
def test_the_other_profile(corridor: Corridor, agreed: str, came: str) -> None:
    """Neither is opened in the place of the other, though the reader has a key for it; the clause is named."""
    openers = {"openers": corridor.openers["QP"], "hybrids": corridor.hybrids["QP"]}
    agreement = corridor.agreements["QM-QP"].model_copy(update={"encryption": openers[agreed].profile})
    record = corridor.sealed(envelope(corridor))
    for name, refused_for in ((agreed, None), (came, reasons.ENCRYPTION_NOT_AGREED)):
        reader = openers[name].certificate
        hidden = cover.cover(record, reader, chance=corridor.chance.octets, purpose="test")
        assert hidden.size <= cover.covered_size(record.size)
        if refused_for is None:
            assert cover.uncover(corridor.delivered(hidden), openers[name], agreement).value == record.value
            continue
        with pytest.raises(Refused) as refused:
            cover.uncover(corridor.delivered(hidden), openers[name], agreement)
        assert refused.value.reason is refused_for
        assert refused.value.clause == "agreement QM-QP v1, encryption"
