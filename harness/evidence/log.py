"""The evidence log of one party: digest records under a Merkle tree, and the bytes they speak of beside them.

One SQLite file (WAL, synchronous=FULL); what `append` returned is on the disk. The log shows records,
roots and proofs; it does not sign them (harness.evidence.checkpoint), does not know what a record means
(harness.evidence.records) and does not judge (harness.evidence.audit, harness.trial).
Format: docs/wire.md, section 7.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from harness.errors import BadInput, NotProved, RoadFailed
from harness.evidence.merkle import EMPTY_ROOT, Tree, leaf_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

FORMAT: Final = "1"

_MOST_PAGES: Final = 4294967294  # SQLite's own limit, and its default

_SCHEMA: Final = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE records (position INTEGER PRIMARY KEY, leaf BLOB NOT NULL, body BLOB NOT NULL);
CREATE TABLE objects (digest BLOB NOT NULL UNIQUE, body BLOB NOT NULL);
CREATE TABLE head (only INTEGER PRIMARY KEY CHECK (only = 1), size INTEGER NOT NULL, root BLOB NOT NULL);
"""

# Against our own mistakes, not against an insider with the file in hand: that is what checkpoints
# cosigned by the partner are for.
_APPEND_ONLY: Final = "".join(
    f"CREATE TRIGGER {table}_{act.lower()} BEFORE {act} ON {table}"
    f" BEGIN SELECT RAISE(ABORT, 'the evidence log is append-only'); END;\n"
    for table in ("about", "records", "objects")
    for act in ("UPDATE", "DELETE")
) + (
    "CREATE TRIGGER head_delete BEFORE DELETE ON head"
    " BEGIN SELECT RAISE(ABORT, 'the evidence log is append-only'); END;\n"
    "CREATE TRIGGER head_update BEFORE UPDATE ON head WHEN NEW.size <= OLD.size"
    " BEGIN SELECT RAISE(ABORT, 'the evidence log only grows'); END;\n"
)


class EvidenceLog:
    """The append-only log of `party`, in the SQLite file `path` (made, mode 0600, when absent).

    Opening hashes every stored record again and compares with the stored leaf hashes and root.

    Raises:
        BadInput: the file is no evidence log, or another party's.
        NotProved: a stored entry is not what was appended.
        RoadFailed: the disk or the file failed.
    """

    def __init__(self, path: Path, party: str) -> None:
        self.path = path
        self.party = party
        # Owned by append(); the lock lets a window append from a worker thread while others read.
        self._tree = Tree()
        self._lock = threading.Lock()
        self.appends = 0
        """How many transactions were written since this was opened."""
        with _road(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            # autocommit: transactions are begun and ended by append() alone.
            self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            self._open()
        except BaseException:
            self._base.close()
            raise

    @property
    def size(self) -> int:
        """How many records the log holds."""
        return self._tree.size

    def append(self, records: Sequence[bytes], objects: Mapping[str, bytes] = MappingProxyType({})) -> range:
        """Put `records` at the end and keep `objects` beside them, in one transaction.

        Args:
            records: as harness.evidence.records writes them.
            objects: bytes under their SHA-256 (hexadecimal). Who made the record that names them has hashed them
                already; they are not hashed again here, but each time they are read.

        Returns:
            The indices of the records. They and the objects are durable.

        Raises:
            RoadFailed: the disk refused, or another process wrote this log; nothing was appended.
        """
        with self._lock:
            first = self._tree.size
            leaves = [leaf_hash(body) for body in records]
            rows = [(first + i, leaf, body) for i, (leaf, body) in enumerate(zip(leaves, records, strict=True))]
            kept = [(bytes.fromhex(digest), body) for digest, body in objects.items()]
            for leaf in leaves:
                self._tree.append(leaf)
            try:
                with _road(self.path):
                    self._write(first, rows, kept)
            except BaseException:
                self._tree.truncate(first)
                raise
            self.appends += 1
            return range(first, first + len(rows))

    def root(self, size: int | None = None) -> bytes:
        """The Merkle root of the first `size` records (32 octets), of all when None."""
        return self._tree.root(size)

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """The proof that record `index` stands in the log of `size` records, lowest hash first."""
        return self._tree.inclusion(index, size)

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """The proof that the log of `new` records begins with that of `old` records."""
        return self._tree.consistency(old, new)

    def record(self, index: int) -> bytes:
        """The record at `index`. Raises IndexError beyond the end, NotProved when its bytes were changed."""
        with _road(self.path):
            row = self._base.execute("SELECT body FROM records WHERE position = ?", (index,)).fetchone()
        if row is None:
            raise IndexError(f"the log of {self.party} has no record {index}")
        return self._proved(index, row[0])

    def records(self, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """Every record from `start` on with its index, in order, as of the moment of the first step."""
        with _road(self.path):
            found = self._base.execute(
                "SELECT position, body FROM records WHERE position >= ? AND position < ? ORDER BY position",
                (start, self.size),
            )
            for index, body in found:
                yield index, self._proved(index, body)

    def object(self, digest: str) -> bytes:
        """The kept bytes whose SHA-256 is `digest` (hexadecimal).

        Raises:
            KeyError: nothing is kept under that digest.
            NotProved: what is kept under it is not what it names.
        """
        with _road(self.path):
            row = self._base.execute("SELECT body FROM objects WHERE digest = ?", (bytes.fromhex(digest),)).fetchone()
        if row is None:
            raise KeyError(digest)
        body: bytes = row[0]
        if hashlib.sha256(body).hexdigest() != digest:
            raise NotProved(f"the bytes kept as {digest} in the log of {self.party} were changed")
        return body

    def hold(self, *, held: bool) -> None:
        """Let the file take no page more, for rehearsing a disk that is full, or let it grow again.

        SQLite itself refuses then what does not fit (SQLITE_FULL), at the place where it does on a full file system.
        """
        pages = self._base.execute("PRAGMA page_count").fetchone()[0] if held else _MOST_PAGES
        self._base.execute(f"PRAGMA max_page_count = {int(pages)}")

    def close(self) -> None:
        """Close the file. Everything appended is already durable."""
        self._base.close()

    def _write(self, first: int, rows: Sequence[tuple[int, bytes, bytes]], kept: list[tuple[bytes, bytes]]) -> None:
        base = self._base
        base.execute("BEGIN IMMEDIATE")
        try:
            if rows:
                moved = base.execute(
                    "UPDATE head SET size = ?, root = ? WHERE size = ?", (self._tree.size, self._tree.root(), first)
                )
                if moved.rowcount != 1:
                    raise RoadFailed(f"the evidence log {self.path.name} was written by another process meanwhile")
                base.executemany("INSERT INTO records VALUES (?, ?, ?)", rows)
            # Sorted, so that the index is written in one pass; kept twice is kept once.
            base.executemany("INSERT OR IGNORE INTO objects VALUES (?, ?)", sorted(kept))
            base.execute("COMMIT")
        except BaseException:
            if base.in_transaction:
                base.execute("ROLLBACK")
            raise

    def _open(self) -> None:
        base = self._base
        with _road(self.path):
            base.execute("PRAGMA journal_mode = WAL")
            base.execute("PRAGMA synchronous = FULL")
            if base.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                self._make()
            tables = {row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not tables >= {"about", "records", "objects", "head"}:
                raise BadInput(f"{self.path.name} is no evidence log", expected="a database written here")
            about = dict(base.execute("SELECT name, value FROM about"))
            head = base.execute("SELECT size, root FROM head").fetchone()
        if about.get("format") != FORMAT or head is None:
            raise BadInput(f"{self.path.name} is no evidence log of this version", expected=f"format {FORMAT}")
        if about.get("party") != self.party:
            raise BadInput(f"{self.path.name} is the evidence log of {about.get('party')}", expected=self.party)
        self._rebuild(*head)

    def _make(self) -> None:
        base = self._base
        base.execute("BEGIN IMMEDIATE")
        for statement in _statements(_SCHEMA + _APPEND_ONLY):
            base.execute(statement)
        base.execute("INSERT INTO about VALUES ('format', ?), ('party', ?)", (FORMAT, self.party))
        base.execute("INSERT INTO head VALUES (1, 0, ?)", (EMPTY_ROOT,))
        base.execute("COMMIT")

    def _rebuild(self, size: int, root: bytes) -> None:
        """Hash the stored records into the tree; a log that was edited does not open."""
        with _road(self.path):
            for position, leaf, body in self._base.execute("SELECT * FROM records ORDER BY position"):
                if position != self._tree.size:
                    raise NotProved(f"the evidence log of {self.party} lacks record {self._tree.size}")
                if leaf_hash(body) != leaf:
                    raise NotProved(f"record {position} in the evidence log of {self.party} was changed")
                self._tree.append(leaf)
        if (self._tree.size, self._tree.root()) != (size, root):
            raise NotProved(
                f"the evidence log of {self.party} holds {self._tree.size} records that do not give its stored root",
                expected=f"{size} records with root {root.hex()}",
                todo="keep the file as evidence; compare with the last checkpoint the partner cosigned",
            )

    def _proved(self, index: int, body: bytes) -> bytes:
        if leaf_hash(body) != self._tree.leaf(index):
            raise NotProved(f"record {index} in the evidence log of {self.party} was changed")
        return body


def _statements(script: str) -> Iterator[str]:
    """The statements of `script`, one at a time: executescript() would end our transaction."""
    pending = ""
    for line in script.splitlines():
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


@contextmanager
def _road(path: Path) -> Iterator[None]:
    """Turn what the disk says into RoadFailed: without evidence, exchange stops."""
    try:
        yield
    except sqlite3.Error as error:
        if "file is not a database" in str(error):
            raise BadInput(
                f"{path.name} is no evidence log: {error}", expected="an SQLite file written here"
            ) from error
        raise RoadFailed(
            f"the evidence log {path.name} failed: {error}", todo="check the disk; no evidence, no exchange"
        ) from error
    except OSError as error:
        raise RoadFailed(
            f"the evidence log {path.name} failed: {error}", todo="check the disk and the rights on it"
        ) from error
