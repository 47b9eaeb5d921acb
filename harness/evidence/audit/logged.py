"""Step 7 of the audit: the checkpoint, its cosignatures, and each record in the tree they commit to."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from harness.errors import NotProved
from harness.evidence.audit import reading
from harness.evidence.audit.case import Case, expect, stem, under
from harness.evidence.audit.found import CheckpointFound, CosignatureFound, EntryFound


def checkpoint(case: Case) -> tuple[CheckpointFound, tuple[CosignatureFound, ...]]:
    """The checkpoint and who cosigned it."""
    name, party = "log/checkpoint.jws", case.manifest.party
    token = case.token(name, "corridor-checkpoint+jws")
    found = checkpoint_text(name, token.payload)
    expect(name, found.origin, f"corridor/{case.manifest.run}/{party}", "speaks of the log")
    cosignatures = [
        cosignature(case, each, token.payload) for each in case.files if each.startswith("log/cosignature-")
    ]
    witnessed = min((each.at for each in cosignatures), default=None)
    signer = case.trust.signer(name, token.certificate, found.at, existed_by=witnessed)
    expect(name, signer.party, party, "signed by")
    return found, tuple(cosignatures)


def checkpoint_text(name: str, text: bytes) -> CheckpointFound:
    """The checkpoint that these signed octets are."""
    found = re.fullmatch(rb"([^\n]+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\nat ([^\n]+)\n", text)
    if found is None:
        raise NotProved(f"{name}: signs no checkpoint")
    origin, size, root, at = (part.decode("utf-8", "replace") for part in found.groups())
    hashed = reading.plain_base64(name, root, what="the root")
    return CheckpointFound(origin, int(size), hashed.hex(), reading.moment(name, at))


def cosignature(case: Case, name: str, checkpoint: bytes, *, existed_by: datetime | None = None) -> CosignatureFound:
    """The partner's cosignature in file `name`, over these octets; `existed_by` is when a stamp proves that it was."""
    token = case.token(name, "corridor-cosignature+jws")
    line, _, rest = token.payload.partition(b"\n")
    if not line.startswith(b"cosigned ") or rest != checkpoint:
        other = "log/checkpoint.jws" if name.startswith("log/") else name.replace("cosignature", "checkpoint")
        raise NotProved(f"{name}: cosigns another checkpoint than {other}")
    at = reading.moment(name, line.removeprefix(b"cosigned ").decode("ascii", "replace"))
    witness = case.trust.signer(name, token.certificate, at, existed_by=existed_by)
    if name.startswith("log/"):
        expect(name, witness.party, stem(name).removeprefix("cosignature-"), "signed by")
    if witness.party == case.manifest.party or witness.party not in case.agreement.found.parties:
        raise NotProved(f"{name}: {witness.party} is not the partner, so it cannot be the witness")
    return CosignatureFound(witness.party, at)


def ages(case: Case, entries: Sequence[EntryFound]) -> Mapping[str, datetime]:
    """For each token (by the SHA-256 of its bytes) that a record tells of: by when an earlier cosignature proves it.

    A cosignature proves no more than that its witness saw a root; so each record is proved again to stand under it.
    """
    seen: dict[str, datetime] = {}
    at = {entry.index: entry for entry in entries}
    for name in under(case.files, "earlier"):
        if not name.endswith(".proof"):
            _beside(case, name)
            continue
        index, _, size = stem(name).partition("-in-")
        found, cosigned = _earlier(case, size)
        entry = at.get(int(index))
        if entry is None:
            raise NotProved(f"{name}: proves the age of record {index}, which is not in the bundle")
        leaf, steps = reading.leaf_of(case.files[f"log/{index}.json"]), path(name, case.files[name])
        if int(index) >= found.size or reading.root_from(name, leaf, int(index), found.size, steps).hex() != found.root:
            raise NotProved(f"{name}: log/{index}.json is not record {index} under earlier/{size}.checkpoint.jws")
        raw = entry.fields.get("raw")
        if isinstance(raw, str):
            seen[raw] = min(cosigned, seen.get(raw, cosigned))
    return seen


def _beside(case: Case, name: str) -> None:
    """An earlier checkpoint and its cosignature stand together, and for some record."""
    size = stem(name).partition(".")[0]
    for each in (f"earlier/{size}.checkpoint.jws", f"earlier/{size}.cosignature.jws"):
        if each not in case.files:
            raise NotProved(f"{each}: is missing; an earlier checkpoint and its cosignature stand together")
    if not any(each.endswith(f"-in-{size}.proof") for each in case.files):
        raise NotProved(f"{name}: proves the age of nothing")


def _earlier(case: Case, size: str) -> tuple[CheckpointFound, datetime]:
    name = f"earlier/{size}.checkpoint.jws"
    for each in (name, f"earlier/{size}.cosignature.jws"):
        if each not in case.files:
            raise NotProved(f"{each}: is missing; an earlier checkpoint and its cosignature stand together")
    token = case.token(name, "corridor-checkpoint+jws")
    found = checkpoint_text(name, token.payload)
    expect(name, found.origin, f"corridor/{case.manifest.run}/{case.manifest.party}", "speaks of the log")
    expect(name, str(found.size), size, "is of size")
    cosigned = cosignature(case, f"earlier/{size}.cosignature.jws", token.payload).at
    signer = case.trust.signer(name, token.certificate, found.at, existed_by=cosigned)
    expect(name, signer.party, case.manifest.party, "signed by")
    return found, cosigned


def entries(case: Case, checkpoint: CheckpointFound) -> tuple[EntryFound, ...]:
    """The records, each proved to stand in the log that the checkpoint signs."""
    found = []
    indices = {stem(name) for name in under(case.files, "log") if stem(name).isdigit()}
    for index in sorted(int(each) for each in indices):
        name, proof = f"log/{index}.json", f"log/{index}.proof"
        for each in (name, proof):
            if each not in case.files:
                raise NotProved(f"{each}: is missing; a record and its proof stand together")
        if index >= checkpoint.size:
            raise NotProved(f"{name}: record {index} of a log with {checkpoint.size} records")
        steps = path(proof, case.files[proof])
        root = reading.root_from(proof, reading.leaf_of(case.files[name]), index, checkpoint.size, steps)
        if root.hex() != checkpoint.root:
            raise NotProved(f"{name}: is not record {index} of the log that log/checkpoint.jws signs ({proof})")
        found.append(_entry(name, index, case.files[name], case.manifest.party, checkpoint.at))
    return tuple(found)


def path(name: str, data: bytes) -> tuple[bytes, ...]:
    """The hashes of a proof, one a line."""
    lines = data.decode("ascii", "replace").split("\n")
    if lines.pop() != "":
        raise NotProved(f"{name}: does not end with its line")
    steps = tuple(reading.plain_base64(name, line, what="a hash") for line in lines)
    if any(len(each) != 32 for each in steps):
        raise NotProved(f"{name}: holds a hash that is none")
    return steps


def _entry(name: str, index: int, data: bytes, party: str, signed: datetime) -> EntryFound:
    told = reading.thing(name, data)
    if json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() != data:
        raise NotProved(f"{name}: is not in its one spelling")
    expect(name, reading.text(name, told, "party"), party, "is a record of")
    at = reading.moment_in(name, told, "at")
    if at > signed:
        raise NotProved(f"{name}: tells of a moment after the checkpoint that holds it")
    common = {"at", "event", "party", "correlation"}
    return EntryFound(
        index=index,
        event=reading.text(name, told, "event"),
        at=at,
        correlation=reading.text_or_none(name, told, "correlation"),
        fields={field: value for field, value in told.items() if field not in common},
    )
