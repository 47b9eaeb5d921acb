"""Step 7 of the audit: the checkpoint, its cosignatures, and each record in the tree they commit to."""

from __future__ import annotations

import json
import re
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


def cosignature(case: Case, name: str, checkpoint: bytes) -> CosignatureFound:
    """The partner's cosignature in file `name`, over these octets."""
    token = case.token(name, "corridor-cosignature+jws")
    line, _, rest = token.payload.partition(b"\n")
    if not line.startswith(b"cosigned ") or rest != checkpoint:
        raise NotProved(f"{name}: cosigns another checkpoint than log/checkpoint.jws")
    at = reading.moment(name, line.removeprefix(b"cosigned ").decode("ascii", "replace"))
    witness = case.trust.signer(name, token.certificate, at)
    if name.startswith("log/"):
        expect(name, witness.party, stem(name).removeprefix("cosignature-"), "signed by")
    if witness.party == case.manifest.party or witness.party not in case.agreement.found.parties:
        raise NotProved(f"{name}: {witness.party} is not the partner, so it cannot be the witness")
    return CosignatureFound(witness.party, at)


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
