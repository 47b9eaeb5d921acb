"""Gather from a window's log all that an evidence bundle about one transaction holds.

Only looking up: what a bundle is made of and how is `harness.evidence.bundle`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from certs import jws
from certs.revocation import Revocation
from harness.evidence import checkpoint as checkpoints
from harness.evidence import records
from harness.evidence.bundle import BundleParts, Document, Earlier, Entry, entries
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


def with_ages(
    parts: BundleParts, seat: Seat, log: EvidenceLog, *, size: int, earlier: Sequence[tuple[bytes, bytes, int]]
) -> BundleParts:
    """The same, with what an arbiter needs where keys changed on the way.

    The records that say since when the lists in it were known here; and, where a certificate in it is known to be
    withdrawn, the earlier cosignatures that prove how old the signatures are.
    """
    lists = {hashlib.sha256(each).hexdigest() for each in (*parts.crls, *parts.trust.values())}
    known = tuple(
        Entry(index, body, log.inclusion(index, size))
        for index, body in log.records()
        if index < size and (record := records.read(body)).event == records.LISTED and record.digest("raw") in lists
    )
    doubted = {hashlib.sha256(one).hexdigest() for one in (*parts.messages, *parts.receipts) if _withdrawn(seat, one)}
    in_doubt = [one.index for one in parts.entries if records.read(one.record).digest("raw") in doubted]
    ages = tuple(_proving_age(seat, log, in_doubt, size, earlier)) if in_doubt else ()
    return replace(parts, entries=tuple(sorted((*parts.entries, *known), key=lambda one: one.index)), earlier=ages)


def _withdrawn(seat: Seat, token: bytes) -> Revocation | None:
    certificate = jws.read(token).certificate
    return None if certificate is None else seat.trust.revocation(certificate)


def _believed(seat: Seat, pair: tuple[bytes, bytes, int]) -> bool:
    """Whether this pair still proves an age: its witness was not withdrawn, nor its signer before it was cosigned."""
    checkpoint, cosignature, _ = pair
    certificate, known = jws.read(cosignature).certificate, _withdrawn(seat, checkpoint)
    if certificate is None or _withdrawn(seat, cosignature) is not None:
        return False
    return known is None or checkpoints.cosigned(cosignature, certificate).at < known.counts_from


def _proving_age(
    seat: Seat, log: EvidenceLog, indices: Iterable[int], size: int, earlier: Sequence[tuple[bytes, bytes, int]]
) -> Iterator[Earlier]:
    """For each of these records the first checkpoint that holds it, of those that still prove an age."""
    pairs = {pair[2]: pair for pair in reversed(earlier) if pair[2] < size and _believed(seat, pair)}
    first: dict[int, list[int]] = {}
    for index in indices:
        holding = min((held for held in pairs if held > index), default=None)
        if holding is not None:
            first.setdefault(holding, []).append(index)
    for held, proved in first.items():
        checkpoint, cosignature, _ = pairs[held]
        yield Earlier(held, checkpoint, cosignature, {index: log.inclusion(index, held) for index in proved})


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
