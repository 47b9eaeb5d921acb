"""Gather from a window's log all that an evidence bundle about one transaction holds.

Only looking up: what a bundle is made of and how is `harness.evidence.bundle`.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.evidence import records
from harness.evidence.bundle import BundleParts, Document, Entry, entries
from harness.evidence.log import EvidenceLog
from harness.exchange.seat import Seat
from nodes.outbox import own_envelope
from nodes.profile import Profile

_MESSAGES = frozenset({records.SENT, records.RECEIVED})
_TOKENS = frozenset(
    {records.SENT, records.ANSWERED, records.RECEIVED, records.ACKNOWLEDGED, records.KEPT, records.REFUSED}
)
_RECEIPTS = frozenset({records.ANSWERED, records.ACKNOWLEDGED, records.KEPT})


def tokens_under_cover(seat: Seat, log: EvidenceLog) -> tuple[bytes, ...]:
    """Every token in the log that crossed, or came, under an agreement that asks for encryption; each once."""
    hidden = {partner for partner, agreement in seat.agreements.items() if agreement.encrypts}
    if not hidden:
        return ()
    found: dict[str, bytes] = {}
    for _, body in log.records():
        record = records.read(body)
        raw = record.digest("raw")
        if raw is None or record.event not in _TOKENS:
            continue
        token = log.object(raw)
        partner = record.digest("receiver") or record.digest("sender")
        if (partner or own_envelope(token).receiver) in hidden:
            found[raw] = token
    return tuple(found.values())


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
    shown = _between(entries(log, upto=size, correlation=correlation), log, partner)
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


def _between(shown: Iterable[Entry], log: EvidenceLog, partner: str) -> tuple[Entry, ...]:
    """The entries about what went to or came from `partner`.

    A transaction's name is the sender's to choose: another partner that takes it too would put things into the bundle
    that its reader has no trust list for.
    """
    ours: list[Entry] = []
    known: set[str | None] = set()
    for entry in shown:
        record = records.read(entry.record)
        if record.event == records.LODGED:
            ours.append(entry)
        elif (raw := record.digest("raw")) is not None:
            envelope = own_envelope(log.object(raw))
            if partner in (envelope.source, envelope.receiver):
                known.add(record.digest("identity"))
                ours.append(entry)
        elif {record.digest("identity"), record.digest("of")} & known:
            ours.append(entry)
    return tuple(ours)
