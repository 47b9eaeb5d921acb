"""Gather from a window's log all that an evidence bundle about one transaction holds.

Only looking up: what a bundle is made of and how is `harness.evidence.bundle`.
"""

from __future__ import annotations

from harness.evidence import records
from harness.evidence.bundle import BundleParts, Document, entries
from harness.evidence.log import EvidenceLog
from harness.exchange.seat import Seat
from nodes.profile import Profile

_MESSAGES = frozenset({records.SENT, records.RECEIVED})
_RECEIPTS = frozenset({records.ANSWERED, records.ACKNOWLEDGED, records.KEPT})


def gather(
    seat: Seat,
    profile: Profile,
    log: EvidenceLog,
    *,
    correlation: str,
    partner: str,
    size: int,
    checkpoint: bytes,
    cosignature: bytes,
) -> BundleParts:
    """Everything about `correlation` among the first `size` records, under the checkpoint that `partner` cosigned."""
    shown = entries(log, upto=size, correlation=correlation)
    messages: dict[str, bytes] = {}
    receipts: dict[str, bytes] = {}
    own: dict[str, Document] = {}
    lodged: dict[str, Document] = {}
    doctypes: dict[str, str] = {}
    for entry in shown:
        record = records.read(entry.record)
        raw, identity = record.digest("raw"), record.digest("identity") or ""
        if record.event in _MESSAGES and raw is not None:
            messages[raw] = log.object(raw)
            doctypes[identity] = record.digest("doctype") or ""
        elif record.event in _RECEIPTS and raw is not None:
            receipts[raw] = log.object(raw)
        elif record.event == records.LODGED and raw is not None:
            lodged[raw] = Document(log.object(raw), record.digest("media_type") or "")
        elif record.event == records.TRANSLATED:
            digest = record.digest("own") or ""
            media_type = profile.dialect_for(doctypes[identity]).media_type
            own[digest] = Document(log.object(digest), media_type)
    signed = seat.signed[partner]
    return BundleParts(
        party=seat.party,
        run=seat.run,
        correlation=correlation,
        made=seat.clock.now(),
        messages=tuple(messages.values()),
        receipts=tuple(receipts.values()),
        own=tuple(own.values()),
        lodged=tuple(lodged.values()),
        agreement=signed.octets,
        agreement_tokens=signed.tokens,
        trust={code: seat.lists[code] for code in (seat.party, partner)},
        crls=tuple(crl for code in (seat.party, partner) for crl in seat.crls[code]),
        entries=shown,
        checkpoint=checkpoint,
        cosignatures={partner: cosignature},
    )
