"""The witness: what a party saw of its partners' logs, so that a rebuilt, cut or split log shows.

Check and store are one step (one immediate transaction), so two checkpoints racing each other cannot both
pass against the same predecessor. Signing what was found good: harness.evidence.checkpoint.cosign.
Format: docs/wire.md, section 7; the refusals follow C2SP tlog-witness.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.clock import moment, stamp
from harness.errors import NotProved, RoadFailed
from harness.evidence.checkpoint import Checkpoint
from harness.evidence.merkle import check_consistency

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS seen (number INTEGER PRIMARY KEY, partner TEXT NOT NULL, origin TEXT NOT NULL,
 size INTEGER NOT NULL, root BLOB NOT NULL, at TEXT NOT NULL, token BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS seen_partner ON seen (partner, number);
CREATE TRIGGER IF NOT EXISTS seen_update BEFORE UPDATE ON seen
 BEGIN SELECT RAISE(ABORT, 'a witness does not change what it saw'); END;
CREATE TRIGGER IF NOT EXISTS seen_delete BEFORE DELETE ON seen
 BEGIN SELECT RAISE(ABORT, 'a witness does not forget what it saw'); END;
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A checkpoint that was found consistent, with the partner's token over it."""

    checkpoint: Checkpoint
    token: bytes


class Inconsistent(NotProved):
    """A partner's checkpoint does not follow from the one seen before.

    `seen` and `shown` are the partner's own two tokens: kept together they are the evidence.
    """

    def __init__(self, found: str, *, seen: bytes, shown: bytes) -> None:
        self.seen, self.shown = seen, shown
        super().__init__(
            found, expected="a log that only grows", todo="keep both checkpoints, cosign nothing, open a dispute"
        )


class Overtaken(NotProved):
    """A checkpoint older than the last one seen, come late; nothing is wrong with the log."""


class OtherBase(NotProved):
    """The consistency proof does not begin at the last checkpoint seen; `size` is where it must begin."""

    def __init__(self, found: str, *, size: int) -> None:
        self.size = size
        super().__init__(
            found, expected=f"a proof from size {size}", todo=f"send the checkpoint with a proof from {size}"
        )


class Witness:
    """What was seen of each partner's log, in the SQLite file `path` (made, mode 0600, when absent).

    Raises:
        RoadFailed: the disk or the file failed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with _road(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.executescript(_SCHEMA)

    def last(self, partner: str) -> Seen | None:
        """The last checkpoint of `partner` that was found consistent."""
        with _road(self.path):
            row = self._base.execute(
                "SELECT origin, size, root, at, token FROM seen WHERE partner = ? ORDER BY number DESC LIMIT 1",
                (partner,),
            ).fetchone()
        return None if row is None else Seen(Checkpoint(row[0], row[1], row[2], moment(row[3])), row[4])

    def see(
        self, partner: str, checkpoint: Checkpoint, *, token: bytes, since: int, proof: Sequence[bytes]
    ) -> Checkpoint:
        """Check `checkpoint` against the last one seen of `partner`, store it if it grew, and return it: cosign that.

        Args:
            partner: whose log it is; the caller has checked the signature of `token`.
            checkpoint: what `token` holds.
            token: the partner's signed checkpoint, kept as evidence.
            since: the size at which `proof` begins; 0 when nothing was ever shown here.
            proof: the consistency proof from `since`, lowest hash first.

        Raises:
            Inconsistent: it does not follow from the last one; carries both tokens.
            Overtaken: it is older than the last one.
            OtherBase: the proof begins elsewhere.
        """
        with _road(self.path), self._step():
            last = self.last(partner)
            if last is not None:
                self._follows(partner, last, Seen(checkpoint, token), since, proof)
                if last.checkpoint.size == checkpoint.size:
                    return checkpoint  # the same log: replays do not grow the store
            elif since != 0 or proof:
                raise OtherBase(f"no checkpoint of {partner} was seen before, the proof begins at {since}", size=0)
            self._base.execute(
                "INSERT INTO seen (partner, origin, size, root, at, token) VALUES (?, ?, ?, ?, ?, ?)",
                (partner, checkpoint.origin, checkpoint.size, checkpoint.root, stamp(checkpoint.at), token),
            )
        return checkpoint

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def _follows(self, partner: str, last: Seen, new: Seen, since: int, proof: Sequence[bytes]) -> None:
        was, now = last.checkpoint, new.checkpoint
        if was.origin != now.origin:
            found = f"{partner} shows a log named {now.origin}, seen before as {was.origin}"
            raise Inconsistent(found, seen=last.token, shown=new.token)
        if now.size < was.size:
            # A late message shows an earlier moment; a log that was cut shows a later one.
            if now.at <= was.at:
                raise Overtaken(f"a checkpoint of {partner} with {now.size} records, {was.size} were seen before")
            found = f"the log of {partner} shrank from {was.size} records to {now.size}"
            raise Inconsistent(found, seen=last.token, shown=new.token)
        if now.size > was.size and since != was.size:
            raise OtherBase(
                f"the proof begins at {since}, the last size seen of {partner} is {was.size}", size=was.size
            )
        try:
            # For one size nothing needs proving: the roots are equal, or there are two logs.
            steps = proof if now.size > was.size else ()
            check_consistency((was.size, was.root), (now.size, now.root), steps)
        except NotProved as error:
            found = (
                f"the log of {partner} with {now.size} records does not continue the one with {was.size}: {error.found}"
            )
            raise Inconsistent(found, seen=last.token, shown=new.token) from error

    @contextmanager
    def _step(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._base.execute("COMMIT")
        except BaseException:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            raise


@contextmanager
def _road(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        todo = "check the disk and the rights on it"
        raise RoadFailed(f"the store of the witness, {path.name}, failed: {error}", todo=todo) from error
