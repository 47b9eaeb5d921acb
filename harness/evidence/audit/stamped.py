"""Step 7 of the audit, its second half: timestamps on checkpoints, and what they say of when a record was made.

A stamp is one country's authority's word that checkpoint and cosignature existed at its time. The authority is one that
the country's trust list names; what a stamp brings along is not looked at. Reading one: harness.evidence.audit.tokens.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from harness.errors import NotProved
from harness.evidence.audit import logged, reading, tokens
from harness.evidence.audit.case import Case, expect, under
from harness.evidence.audit.found import Audited, CheckpointFound, EntryFound, IntervalFound, MarkFound, StampFound

_STAMP: Final = re.compile(r"log/timestamp-([A-Z]{2})\.tsr")
_EARLIER: Final = re.compile(
    r"stamped/(0|[1-9][0-9]{0,11})\.(?:checkpoint\.jws|cosignature\.jws|proof|([A-Z]{2})\.tsr)"
)


def stamps(case: Case) -> tuple[StampFound, ...]:
    """The stamps on the bundle's own checkpoint, of either side's authority."""
    found = {country[1]: name for name in case.files if (country := _STAMP.fullmatch(name))}
    cosignatures = [name for name in case.files if name.startswith("log/cosignature-")]
    if found and len(cosignatures) != 1:
        raise NotProved(f"{min(found.values())}: stamps a checkpoint with {len(cosignatures)} cosignatures, not one")
    if not found:
        return ()
    octets = _stamped(case, "log/checkpoint.jws", cosignatures[0])
    return tuple(_stamp(case, found[country], country, octets) for country in sorted(found))


def marks(case: Case, main: CheckpointFound) -> tuple[MarkFound, ...]:
    """Earlier stamped checkpoints of the same log, each proved to be continued by the bundle's own."""
    by_size: dict[int, dict[str, str]] = {}
    for name in under(case.files, "stamped"):
        parts = _EARLIER.fullmatch(name)
        if parts is None:
            raise NotProved(f"{name}: a bundle has no such file")
        by_size.setdefault(int(parts[1]), {}).update({parts[2]: name} if parts[2] else {})
    return tuple(_mark(case, size, by_size[size], main) for size in sorted(by_size))


def ages(case: Case, entries: Sequence[EntryFound], marks: Sequence[MarkFound]) -> Mapping[str, datetime]:
    """For each token (by the SHA-256 of its bytes) that a record tells of: by when stamps prove that it existed.

    `marks` are all of them, the bundle's own checkpoint too. Each is proved to be continued by that one, under which
    each record is proved to stand; so a record is under every mark that is larger than its index.
    """
    seen: dict[str, datetime] = {}
    for mark in marks:
        existed = _independent(case, mark.stamps)
        if existed is None:
            continue
        for entry in entries:
            raw = entry.fields.get("raw")
            if entry.index < mark.size and isinstance(raw, str):
                seen[raw] = min(existed, seen.get(raw, existed))
    return seen


def when(audited: Audited, index: int) -> IntervalFound:
    """Between which moments record `index` was made, as far as stamped checkpoints tell.

    Not before the last stamped checkpoint that is without it: its own word for its moment, or a stamp's where that is
    earlier. Not after the first with it: the moment by which *both* authorities say that it existed, or the one that
    said anything; each side trusts its own.
    """
    own = MarkFound(audited.checkpoint.size, audited.checkpoint.at, audited.stamps)
    every = [mark for mark in (*audited.marks, own) if mark.stamps]
    without = [mark for mark in every if mark.size <= index]
    within = [mark for mark in every if mark.size > index]
    last, first = (without[-1:], within[:1])
    return IntervalFound(
        not_before=min((last[0].at, *(each.earliest for each in last[0].stamps))) if last else None,
        not_after=max(each.latest for each in first[0].stamps) if first else None,
        authorities=tuple(each.by for each in first[0].stamps) if first else (),
    )


def _mark(case: Case, size: int, replies: Mapping[str, str], main: CheckpointFound) -> MarkFound:
    name, cosigned, proof = (f"stamped/{size}.{kind}" for kind in ("checkpoint.jws", "cosignature.jws", "proof"))
    for each in (name, cosigned, proof):
        if each not in case.files:
            raise NotProved(f"{each}: is missing; an earlier checkpoint, its cosignature and its proof stand together")
    if not replies:
        raise NotProved(f"{name}: an earlier checkpoint that nobody stamped proves nothing here")
    token = case.token(name, "corridor-checkpoint+jws")
    found = logged.checkpoint_text(name, token.payload)
    expect(name, found.origin, main.origin, "speaks of the log")
    expect(name, str(found.size), str(size), "is of size")
    octets = _stamped(case, name, cosigned)
    stamped = tuple(_stamp(case, replies[country], country, octets) for country in sorted(replies))
    # Both signatures are among what was stamped: whoever lost a key since, has not lost what it signed before.
    existed = _independent(case, stamped)
    signer = case.trust.signer(name, token.certificate, found.at, existed_by=existed)
    expect(name, signer.party, case.manifest.party, "signed by")
    logged.cosignature(case, cosigned, token.payload, existed_by=existed)
    if size >= main.size:
        raise NotProved(f"{name}: is not earlier than log/checkpoint.jws")
    path, root = logged.path(proof, case.files[proof]), bytes.fromhex(found.root)
    # Every log continues the empty one (RFC 9162, 2.1.1).
    nothing = size == 0 and not path and root == hashlib.sha256(b"").digest()
    if not nothing and reading.roots_from(proof, root, size, main.size, path) != bytes.fromhex(main.root):
        raise NotProved(f"{name}: is not continued by log/checkpoint.jws ({proof})")
    return MarkFound(size, found.at, stamped)


def _independent(case: Case, stamps: Sequence[StampFound]) -> datetime | None:
    """By when the stamped octets existed, whoever is asked; the word of the owner's own country alone is none."""
    if all(each.by == case.manifest.party[:2] for each in stamps):
        return None
    return max(each.latest for each in stamps)


def _stamped(case: Case, checkpoint: str, cosignature: str) -> bytes:
    return case.files[checkpoint] + b"\n" + case.files[cosignature]


def _stamp(case: Case, name: str, country: str, octets: bytes) -> StampFound:
    """One stamp, by an authority of `country`, of these octets."""
    signers = case.trust.timestamping(name, country)
    found = tokens.token(name, case.files[name], octets, signers)
    case.trust.stamper(name, found.certificate, country, found.at)
    return StampFound(country, found.at, found.at - found.accuracy, found.at + found.accuracy)


def told(stamped: Sequence[StampFound], marked: Sequence[MarkFound], countries: Sequence[str]) -> Iterator[str]:
    """What step 7 says of stamps, those that are missing included."""
    here = {each.by for each in stamped}
    missing = [country for country in countries if country not in here]
    yield f"stamped by {', '.join(sorted(here)) or 'nobody'}"
    if here and missing:
        yield f"no stamp of {', '.join(missing)}"
    if marked:
        yield f"{len(marked)} earlier stamped"
