"""What the second reader found in a bundle that verifies: plain frozen values, digests in hexadecimal.

Nothing here checks anything; harness.evidence.audit.procedure makes these only from what it has checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal


def counted(count: int, noun: str) -> str:
    """`1 receipt`, `2 receipts`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


@dataclass(frozen=True, slots=True)
class MessageFound:
    """A signed message: its identity (SHA-256 of the signing input), what it says of itself, its payload's digest."""

    identity: str
    raw: str
    id: str
    type: str
    sender: str
    receiver: str
    topic: str
    subject: str
    at: datetime
    doctype: str | None
    function: str | None
    payload: str | None
    data: Mapping[str, object] | None
    sequence: int
    doubt: str = ""
    """Why nobody can say who signed it; empty when it is known."""


@dataclass(frozen=True, slots=True)
class StatementFound:
    """One statement of a receipt; `level` is "L1" to "L4"."""

    level: str
    status: str
    at: datetime
    reason: str | None


@dataclass(frozen=True, slots=True)
class ReceiptFound:
    """A signed receipt and the identity (`of`) of the message it answers."""

    identity: str
    raw: str
    id: str
    sender: str
    receiver: str
    at: datetime
    of: str
    sequence: int
    statements: tuple[StatementFound, ...]
    doubt: str = ""
    """As of a message."""


@dataclass(frozen=True, slots=True)
class EntryFound:
    """A log record, proved to stand at `index` in the log that the checkpoint signs."""

    index: int
    event: str
    at: datetime
    correlation: str | None
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class CheckpointFound:
    """The owner's signed word on its log: size, Merkle root, moment."""

    origin: str
    size: int
    root: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CosignatureFound:
    """The witness's signed word that it saw this checkpoint at `at`."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StampFound:
    """The word of a country's timestamping authority: checkpoint and cosignature existed by `latest`."""

    by: str
    at: datetime
    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class MarkFound:
    """A checkpoint of the log that was stamped: its size, its own word for its moment, and its stamps."""

    size: int
    at: datetime
    stamps: tuple[StampFound, ...]


@dataclass(frozen=True, slots=True)
class IntervalFound:
    """Between which moments a record was made; None where nothing tells. `authorities` vouch for the end."""

    not_before: datetime | None
    not_after: datetime | None
    authorities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentFound:
    """Bytes kept: as they came ("original") or as the owner's system holds them ("own")."""

    kind: Literal["original", "own"]
    sha256: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class TermFound:
    """Within how many seconds the receiver answers this document, by the agreement."""

    doctype: str
    sender: str
    receiver: str
    answer_within_seconds: int


@dataclass(frozen=True, slots=True)
class AgreementFound:
    """The agreement that every party named in it has signed; `sha256` is that of its exact bytes."""

    id: str
    version: int
    parties: tuple[str, ...]
    since: datetime
    until: datetime
    terms: tuple[TermFound, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class Audited:
    """A bundle that verifies.

    Attributes:
        party: whose evidence this is.
        roots: per country, the SHA-256 of the root certificate everything was checked against.
        anchored: "given", the roots were handed in; "agreement", the bundle's own agreement named them.
        messages: those whose signer is known; so too `receipts`.
        doubted: messages and receipts signed with a certificate that was withdrawn, of which nothing proves that they
            are older: each may be a thief's. They prove nothing, and take nothing from what stands beside them.
        absent: identities of messages that receipts here answer and that the bundle names as absent.
        entries: the log records shown, by index.
        complete: whether every record of the log is shown, so that what is not here is not in the log.
        checks: the numbered steps that were passed, each with what it covered.
        stamps: timestamps on the checkpoint, at most one of each side's authority.
        marks: earlier checkpoints with timestamps, by size.
    """

    party: str
    run: str
    correlation: str
    made: datetime
    roots: Mapping[str, str]
    anchored: Literal["given", "agreement"]
    agreement: AgreementFound
    messages: tuple[MessageFound, ...]
    receipts: tuple[ReceiptFound, ...]
    documents: tuple[DocumentFound, ...]
    entries: tuple[EntryFound, ...]
    checkpoint: CheckpointFound
    cosignatures: tuple[CosignatureFound, ...]
    absent: tuple[str, ...]
    checks: tuple[str, ...]
    stamps: tuple[StampFound, ...] = ()
    marks: tuple[MarkFound, ...] = ()
    doubted: tuple[MessageFound | ReceiptFound, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every record of the log is shown."""
        return len(self.entries) == self.checkpoint.size
