"""The cover over a seal: what hides a message from everybody but its receiver, where the agreement asks for it.

Sign first, then encrypt: the receiver is named inside the signature, so nobody can cover another's message anew and
pass it on as meant for a third. Identity, logs and receipts are about what is inside, so an arbiter needs no key.
Outside stays what brings a message to its place: topic, key, source, receiver, and whether it is a receipt.
Format: docs/wire.md, section 3. The token: `certs.jwe`. Who asks for it: `harness.exchange.agreement`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from cryptography import x509

from certs import errors, jwe
from certs.drafts import Octets
from certs.jwe import Opener, looks_encrypted
from harness.exchange import reasons, seal
from harness.exchange.agreement import Agreement
from harness.exchange.bus import Delivery, Record
from harness.exchange.envelope import WITNESS, Type
from harness.exchange.reasons import Reason, Refused
from harness.exchange.seal import Kind, Opened, Sealed

ROUTING: Final = ("content-type", "ce_source", "ce_receiver", "ce_correlationid")
"""The Kafka headers that a covered message keeps. The key says the same as the last."""

WHY: Final[Mapping[type[errors.TrustError], Reason]] = {
    **seal.WHY,
    errors.UnsupportedAlgorithm: reasons.ENCRYPTION_NOT_AGREED,
}
"""As for seals, but an algorithm of encryption is a matter of the agreement."""

_TYP: Final = {Kind.MESSAGE: jwe.MESSAGE, Kind.RECEIPT: jwe.RECEIPT}
_UNCOVERED: Final = tuple(one.value.encode() for one in WITNESS)


def covered_size(plain: int) -> int:
    """Octets of a record of `plain` octets once it is covered: a third more, and a header that HPKE makes long."""
    return plain * 4 // 3 + 2560


def cover(record: Record, reader: x509.Certificate, *, chance: Octets, purpose: str) -> Record:
    """Hide a record of ours from all but the bearer of `reader`; witness traffic tells of logs only and stays plain."""
    kind = dict(record.headers).get("ce_type")
    if kind in _UNCOVERED:
        return record
    typ = jwe.RECEIPT if kind == Type.RECEIPT.value.encode() else jwe.MESSAGE
    hidden = jwe.encrypt(record.value, reader, typ=typ, chance=chance, purpose=purpose)
    return routed(record, hidden)


def routed(record: Record, hidden: bytes) -> Record:
    """What is hidden, with no more outside than brings it to its place."""
    headers = tuple((name, value) for name, value in record.headers if name in ROUTING)
    return Record(record.topic, record.key, hidden, headers)


def uncover(delivery: Delivery, opener: Opener | None, agreement: Agreement | None) -> Delivery:
    """Step 1.0: the delivery with the sealed token in it; as it is when it is not encrypted.

    Raises:
        Refused: with a reason of `WHY`, or ENCRYPTION_NOT_AGREED where none is agreed, or the other profile.
    """
    if not looks_encrypted(delivery.value):
        return delivery
    if agreement is None or not agreement.encrypts or opener is None:
        raise Refused(reasons.ENCRYPTION_NOT_AGREED, "it is encrypted, and no agreement asks for that")
    try:
        closed = jwe.read(delivery.value)
        # Before any key is used: the weaker of two profiles is never opened because somebody chose it.
        if closed.profile != agreement.encryption:
            found = f"encrypted with {closed.profile}; agreed: {agreement.encryption}"
            raise Refused(reasons.ENCRYPTION_NOT_AGREED, found, clause=_clause(agreement))
        return replace(delivery, value=jwe.decrypt(closed, opener))
    except errors.TrustError as error:
        raise Refused(WHY[type(error)], str(error), clause=error.clause) from error


def as_agreed(came: bytes, opened: Opened, agreement: Agreement) -> None:
    """Step 1.9: what came was covered where the agreement asks for it, and said outside what it is inside.

    Raises:
        Refused: NOT_ENCRYPTED, WRONG_KIND.
    """
    if not looks_encrypted(came):
        if agreement.encrypts and opened.envelope.type not in WITNESS:
            found = f"in plain; agreed: {agreement.encryption}"
            raise Refused(reasons.NOT_ENCRYPTED, found, clause=_clause(agreement))
        return
    outside = jwe.read(came).typ
    if outside != _TYP[opened.kind]:
        raise Refused(reasons.WRONG_KIND, f"{outside!r} outside, {opened.kind.value!r} inside")


def claims_receipt(octets: bytes) -> bool:
    """Whether it says of itself that it is a receipt: believed for one thing only, not to answer it."""
    if not looks_encrypted(octets):
        return seal.claims_receipt(Sealed(octets))
    try:
        return jwe.read(octets).typ == jwe.RECEIPT
    except errors.TrustError:
        return False


def _clause(agreement: Agreement) -> str:
    return f"agreement {agreement.id} v{agreement.version}, encryption"
