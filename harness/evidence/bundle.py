"""Make an evidence bundle: a plain ZIP that an arbiter can check without us.

Takes plain values and looks at nobody's window. What a bundle says about itself for people is written by
harness.evidence.instructions; whether one verifies is said by harness.evidence.audit alone, which shares no
code with this module and writes the ZIP again to compare.
Format: docs/wire.md, section 8; UNCITRAL Model Law on Electronic Commerce, art. 10.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import struct
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from certs import jws
from certs.gates import strict_object
from certs.identity import Identity
from certs.lists import TrustList
from harness.clock import stamp
from harness.errors import Defect, RoadFailed
from harness.evidence import records
from harness.evidence.instructions import instructions
from harness.evidence.log import EvidenceLog

SCHEMA: Final = "corridor-bundle-1"


@dataclass(frozen=True, slots=True)
class Entry:
    """A log record, where it stands, and the proof that it stands there (lowest hash first)."""

    index: int
    record: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier checkpoint of the same log and its cosignature: how old the records are whose proofs to it stand here.

    `proofs` has, by the record's index, its path to the root of the first `size` records (lowest hash first).
    """

    size: int
    checkpoint: bytes
    cosignature: bytes
    proofs: Mapping[int, tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class Document:
    """A document's bytes and their media type."""

    octets: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Mark:
    """An earlier checkpoint of the log that was cosigned and timestamped: it bounds when a record was made.

    `timestamps` are replies of authorities, by country; `proof` leads from its `size` to that of the bundle's own.
    """

    size: int
    checkpoint: bytes
    cosignature: bytes
    timestamps: Mapping[str, bytes]
    proof: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class BundleParts:
    """All that goes into a bundle, as bytes that already exist. Certificates come from the tokens themselves.

    Attributes:
        party: whose evidence this is.
        run: the run it comes from.
        correlation: the trade transaction it is about.
        made: when.
        messages: message tokens, sent and received.
        receipts: receipt tokens, given and received.
        own: documents as the party's own system holds them after translation.
        lodged: documents as traders lodged them; those that messages carry are taken from the messages.
        earlier: where a certificate among them was withdrawn since: what proves that signatures are older than that.
        agreement: the agreement's exact bytes.
        agreement_tokens: each party's token over them.
        trust: per country, its trust list token.
        crls: revocation lists, DER.
        entries: the log records to show; see `entries`.
        checkpoint: the party's checkpoint token that the proofs lead to.
        cosignatures: per witness, its token over that checkpoint.
        timestamps: per country, its authority's reply about checkpoint and cosignature (RFC 3161).
        marks: earlier stamped checkpoints, those before and after each record shown.
    """

    party: str
    run: str
    correlation: str
    made: datetime
    messages: tuple[bytes, ...]
    receipts: tuple[bytes, ...]
    own: tuple[Document, ...]
    agreement: bytes
    agreement_tokens: Mapping[str, bytes]
    trust: Mapping[str, bytes]
    crls: tuple[bytes, ...]
    entries: tuple[Entry, ...]
    checkpoint: bytes
    cosignatures: Mapping[str, bytes]
    lodged: tuple[Document, ...] = ()
    timestamps: Mapping[str, bytes] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()
    earlier: tuple[Earlier, ...] = ()


def entries(log: EvidenceLog, *, upto: int, correlation: str | None) -> tuple[Entry, ...]:
    """The records of one transaction among the first `upto`, with proofs to that size; all records when None.

    Showing all proves, in addition, that nothing else is in the log.
    """
    return tuple(
        Entry(index, record, log.inclusion(index, upto))
        for index, record in log.records()
        if index < upto and (correlation is None or records.read(record).correlation == correlation)
    )


def make(parts: BundleParts, identity: Identity) -> bytes:
    """The bundle as the bytes of a ZIP, its manifest signed by `identity`; the same parts give the same bytes.

    Raises:
        TrustError: a token among the parts is none.
        Defect: the parts name a certificate that no token brings.
    """
    files = dict(_files(parts))
    for certificate in _certificates(parts, identity):
        name = f"certificates/{certificate.fingerprint(hashes.SHA256()).hex()}.pem"
        files[name] = certificate.public_bytes(Encoding.PEM)
    files["README.md"] = instructions(parts.party, parts.correlation, parts.made, files).encode()
    files["manifest.json"] = _manifest(parts, files)
    files["manifest.jws"] = jws.sign(files["manifest.json"], identity, typ=jws.MANIFEST)
    return zipped(files)


def write(parts: BundleParts, path: Path, identity: Identity) -> Path:
    """Make a bundle and write it to `path`, whole or not at all; returns the path.

    Raises:
        RoadFailed: the disk refused; nothing is left behind.
    """
    bundle = make(parts, identity)
    beside = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(bundle)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).chmod(0o644)
        Path(beside).replace(path)
    except OSError as error:
        if beside is not None:
            Path(beside).unlink(missing_ok=True)
        raise RoadFailed(f"the bundle {path.name} could not be written: {error}", todo="check the disk") from error
    return path


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A ZIP in its one spelling: stored, in the order of the names, 1980-01-01, no extra fields, no comments."""
    bodies, directory = [], []
    offset = 0
    for name in sorted(files):
        content, title = files[name], name.encode("ascii")
        # Version 2.0, no flags, stored, midnight, 1980-01-01; then checksum, two sizes, length of the name, no extra.
        shared = struct.pack(
            "<HHHHHLLLHH", 20, 0, 0, 0, 33, zlib.crc32(content), len(content), len(content), len(title), 0
        )
        bodies.append(b"PK\3\4" + shared + title + content)
        # Made on Unix by version 2.0; no comment, first disk, no internal attributes, a plain file of mode 0644.
        rest = struct.pack("<HHHLL", 0, 0, 0, 0o100644 << 16, offset)
        directory.append(b"PK\1\2" + struct.pack("<H", 3 << 8 | 20) + shared + rest + title)
        offset += len(bodies[-1])
    listed = b"".join(directory)
    end = b"PK\5\6" + struct.pack("<HHHHLLH", 0, 0, len(files), len(files), len(listed), offset, 0)
    return b"".join((*bodies, listed, end))


def _files(parts: BundleParts) -> Iterator[tuple[str, bytes]]:
    carried: list[Document] = []
    for token in parts.messages:
        read = jws.read(token)
        yield f"messages/{read.identity}.jws", token
        carried.extend(_carried(read))
    yield from ((f"receipts/{jws.read(token).identity}.jws", token) for token in parts.receipts)
    yield from _named("original", (*carried, *parts.lodged))
    yield from _named("own", parts.own)
    yield from ((f"crls/{hashlib.sha256(der).hexdigest()}.crl", der) for der in parts.crls)
    yield from ((f"trust/{country}.jws", token) for country, token in parts.trust.items())
    yield "agreement/agreement.json", parts.agreement
    yield from ((f"agreement/{party}.jws", token) for party, token in parts.agreement_tokens.items())
    for entry in parts.entries:
        yield f"log/{entry.index}.json", entry.record
        yield f"log/{entry.index}.proof", _steps(entry.proof)
    for one in parts.earlier:
        yield f"earlier/{one.size}.checkpoint.jws", one.checkpoint
        yield f"earlier/{one.size}.cosignature.jws", one.cosignature
        yield from ((f"earlier/{index}-in-{one.size}.proof", _steps(proof)) for index, proof in one.proofs.items())
    yield "log/checkpoint.jws", parts.checkpoint
    yield from ((f"log/cosignature-{party}.jws", token) for party, token in parts.cosignatures.items())
    yield from ((f"log/timestamp-{country}.tsr", reply) for country, reply in parts.timestamps.items())
    for mark in parts.marks:
        yield f"stamped/{mark.size}.checkpoint.jws", mark.checkpoint
        yield f"stamped/{mark.size}.cosignature.jws", mark.cosignature
        yield f"stamped/{mark.size}.proof", _steps(mark.proof)
        yield from ((f"stamped/{mark.size}.{country}.tsr", reply) for country, reply in mark.timestamps.items())


def _steps(proof: Iterable[bytes]) -> bytes:
    return "".join(base64.b64encode(step).decode("ascii") + "\n" for step in proof).encode()


def _carried(token: jws.Token) -> Iterator[Document]:
    """The document in a message, if it carries one."""
    envelope = strict_object(token.payload)
    encoded, media_type = envelope.get("data_base64"), envelope.get("datacontenttype")
    if isinstance(encoded, str) and isinstance(media_type, str):
        yield Document(base64.b64decode(encoded, validate=True), media_type)


def _named(kind: str, documents: Iterable[Document]) -> Iterator[tuple[str, bytes]]:
    """Each document once, under its digest: what was lodged and what a message carries are often the same bytes."""
    # Later entries of a dict win; the first media type named is the one that crossed the border.
    once = {hashlib.sha256(document.octets).hexdigest(): document for document in reversed(tuple(documents))}
    for digest, document in once.items():
        # RFC 6838, 4.2.8, and the plain types: what follows the "+" or stands alone is the syntax.
        syntax = re.split(r"[/+]", document.media_type)[-1]
        extension = syntax if syntax in {"xml", "json"} else "bin"
        yield f"documents/{kind}-{digest}.{extension}", document.octets


def _certificates(parts: BundleParts, identity: Identity) -> Iterator[x509.Certificate]:
    yield identity.certificate
    tokens = (
        *parts.messages,
        *parts.receipts,
        *parts.agreement_tokens.values(),
        *parts.trust.values(),
        parts.checkpoint,
        *parts.cosignatures.values(),
        *(token for mark in parts.marks for token in (mark.checkpoint, mark.cosignature)),
        *(token for one in parts.earlier for token in (one.checkpoint, one.cosignature)),
    )
    for token in tokens:
        read = jws.read(token)
        if read.certificate is None:
            raise Defect(f"token {read.identity[:16]} does not bring its certificate (x5c)")
        yield read.certificate
    for token in parts.trust.values():
        for authorities in TrustList.parse(jws.read(token).payload).authorities:
            yield authorities.root
            yield from authorities.issuing


def _absent(parts: BundleParts) -> Sequence[str]:
    """What receipts here answer and is not here: named, so that nobody need wonder whether it was taken out."""
    here = {jws.read(token).identity for token in parts.messages}
    answered = set()
    for token in parts.receipts:
        data = strict_object(jws.read(token).payload).get("data")
        if isinstance(data, dict) and isinstance(data.get("of"), str):
            answered.add(str(data["of"]))
    return sorted(answered - here)


def _manifest(parts: BundleParts, files: Mapping[str, bytes]) -> bytes:
    # One line a file, so that `sed` and `sha256sum` can check it: README.md shows how.
    head = {
        "schema": SCHEMA,
        "party": parts.party,
        "run": parts.run,
        "correlation": parts.correlation,
        "made": stamp(parts.made),
        "absent": _absent(parts),
    }
    lines = [f" {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}," for name, value in head.items()]
    listed = [
        f'  {json.dumps(name)}: {{"sha256": "{hashlib.sha256(files[name]).hexdigest()}", "size": {len(files[name])}}}'
        for name in sorted(files)
    ]
    return "\n".join(["{", *lines, ' "files": {', ",\n".join(listed), " }", "}", ""]).encode()
