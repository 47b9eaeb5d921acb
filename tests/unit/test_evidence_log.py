"""The evidence log on disk: durable, append-only, found out when edited."""

from __future__ import annotations

import hashlib
import sqlite3
import stat
from typing import TYPE_CHECKING

import pytest

from harness.errors import BadInput, NotProved, RoadFailed
from harness.evidence import merkle
from harness.evidence.log import EvidenceLog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RECORDS = [b'{"n":%d}' % n for n in range(11)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is, in a folder that is not there yet."""
    return tmp_path / "qm" / "evidence.sqlite3"


@pytest.fixture
def log(path: Path) -> Iterator[EvidenceLog]:
    """An empty log of QM."""
    opened = EvidenceLog(path, "QM")
    yield opened
    opened.close()


def edit(path: Path, *statements: str) -> None:
    """What an insider does with the file in hand: the triggers go first."""
    base = sqlite3.connect(path)
    triggers = [row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
    for name in triggers:
        base.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        base.execute(statement)
    base.commit()
    base.close()


def named(*bodies: bytes) -> dict[str, bytes]:
    """Bytes as the log takes them: under their digests."""
    return {hashlib.sha256(body).hexdigest(): body for body in bodies}


def test_appended_records_survive_reopening(path: Path) -> None:
    """What append returned is there after the log is opened again, with the same root and the objects."""
    log = EvidenceLog(path, "QM")
    assert log.append(RECORDS[:3], named(b"raw token")) == range(3)
    assert log.append(RECORDS[3:]) == range(3, 11)
    root = log.root()
    log.close()
    again = EvidenceLog(path, "QM")
    assert (again.size, again.root()) == (11, root)
    assert list(again.records()) == list(enumerate(RECORDS))
    assert list(again.records(9)) == [(9, RECORDS[9]), (10, RECORDS[10])]
    assert again.record(4) == RECORDS[4]
    assert again.object(hashlib.sha256(b"raw token").hexdigest()) == b"raw token"
    again.close()


def test_append_seen_by_another_reader_at_once(log: EvidenceLog, path: Path) -> None:
    """On return the batch is committed: another connection reads it."""
    log.append(RECORDS[:2])
    other = sqlite3.connect(path)
    assert other.execute("SELECT count(*) FROM records").fetchone() == (2,)
    other.close()


def test_proofs_of_the_log(log: EvidenceLog) -> None:
    """Inclusion and consistency proofs of the log lead to its roots."""
    log.append(RECORDS)
    path = log.inclusion(5, 9)
    assert merkle.root_by_inclusion(merkle.leaf_hash(RECORDS[5]), 5, 9, path) == log.root(9)
    assert merkle.check_consistency((4, log.root(4)), (11, log.root()), log.consistency(4, 11)) == log.root(11)


def test_only_its_owner_may_read_the_file(log: EvidenceLog, path: Path) -> None:
    """The file, its journal and its index are mode 0600."""
    log.append(RECORDS)
    assert {stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()} == {0o600}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET body = x'00' WHERE position = 1",
        "DELETE FROM records WHERE position = 2",
        "DELETE FROM objects",
        "UPDATE objects SET body = x'00'",
        "UPDATE head SET size = 1",
        "DELETE FROM head",
        "UPDATE about SET value = 'QN' WHERE name = 'party'",
    ],
)
def test_statement_that_is_no_append(log: EvidenceLog, path: Path, statement: str) -> None:
    """The database itself refuses to change or delete what was appended."""
    log.append(RECORDS, named(b"object"))
    base = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="evidence log"):
        base.execute(statement)
    base.close()


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE records SET body = x'7b7d' WHERE position = 1", "record 1 .* was changed"),
        ("UPDATE records SET leaf = zeroblob(32) WHERE position = 2", "record 2 .* was changed"),
        ("DELETE FROM records WHERE position = 10", "holds 10 records that do not give its stored root"),
        ("DELETE FROM records WHERE position = 3", "lacks record 3"),
        ("UPDATE head SET root = zeroblob(32)", "holds 11 records that do not give its stored root"),
    ],
)
def test_edited_log_does_not_open(path: Path, statement: str, sentence: str) -> None:
    """A log whose entries were edited or cut is not opened; the sentence names the record."""
    log = EvidenceLog(path, "QM")
    log.append(RECORDS)
    log.close()
    edit(path, statement)
    with pytest.raises(NotProved, match=sentence):
        EvidenceLog(path, "QM")


def test_record_edited_while_the_log_is_open(log: EvidenceLog, path: Path) -> None:
    """Reading a record compares it with the hash held in memory."""
    log.append(RECORDS)
    edit(path, "UPDATE records SET body = x'7b7d' WHERE position = 4")
    with pytest.raises(NotProved, match="record 4"):
        log.record(4)
    with pytest.raises(NotProved, match="record 4"):
        list(log.records())


def test_rotten_object(log: EvidenceLog, path: Path) -> None:
    """Kept bytes that no longer fit their digest are not given out."""
    log.append([], named(b"document"))
    edit(path, "UPDATE objects SET body = x'00'")
    with pytest.raises(NotProved, match="were changed"):
        log.object(hashlib.sha256(b"document").hexdigest())


def test_object_that_was_never_kept(log: EvidenceLog) -> None:
    """An unknown digest is a KeyError, an unknown index an IndexError."""
    with pytest.raises(KeyError):
        log.object("00" * 32)
    with pytest.raises(IndexError):
        log.record(0)


def test_object_kept_twice(log: EvidenceLog) -> None:
    """The same bytes are kept once."""
    log.append(RECORDS[:1], named(b"document"))
    log.append(RECORDS[1:2], named(b"document"))
    assert log.object(hashlib.sha256(b"document").hexdigest()) == b"document"


def test_second_writer_is_refused(log: EvidenceLog, path: Path) -> None:
    """Two processes never write one log: the second to append is refused, and its batch is not there."""
    other = EvidenceLog(path, "QM")
    log.append(RECORDS[:2])
    with pytest.raises(RoadFailed, match="written by another process"):
        other.append(RECORDS[2:4], named(b"not kept"))
    assert other.size == 0
    other.close()
    assert log.append(RECORDS[4:5]) == range(2, 3)
    with pytest.raises(KeyError):
        log.object(hashlib.sha256(b"not kept").hexdigest())


def test_full_disk(log: EvidenceLog, path: Path) -> None:
    """When the disk refuses, nothing of the batch is in the log, and a later batch starts where it stood."""
    log.append(RECORDS[:1])
    root = log.root()
    pages = log._base.execute("PRAGMA page_count").fetchone()[0]
    log._base.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(RoadFailed, match="full"):
        log.append(RECORDS[1:], named(b"x" * 100_000))
    assert (log.size, log.root()) == (1, root)
    log._base.execute("PRAGMA max_page_count = 100000")
    assert log.append(RECORDS[1:2]) == range(1, 2)
    log.close()
    again = EvidenceLog(path, "QM")
    assert again.size == 2
    again.close()


def test_log_of_another_party(log: EvidenceLog, path: Path) -> None:
    """A party does not open the log of another as its own."""
    log.append(RECORDS)
    with pytest.raises(BadInput, match="is the evidence log of QM"):
        EvidenceLog(path, "QN")


def test_log_of_another_version(path: Path) -> None:
    """A log in a form we do not know is not read as if we did."""
    EvidenceLog(path, "QM").close()
    edit(path, "UPDATE about SET value = '2' WHERE name = 'format'")
    with pytest.raises(BadInput, match="no evidence log of this version"):
        EvidenceLog(path, "QM")


def test_file_that_is_no_log(tmp_path: Path) -> None:
    """Some other file is not taken for a log."""
    other = tmp_path / "notes.txt"
    other.write_bytes(b"these are not the records you are looking for\n" * 20)
    with pytest.raises(BadInput, match="is no evidence log"):
        EvidenceLog(other, "QM")


def test_some_other_database(tmp_path: Path) -> None:
    """Some other SQLite database is not taken for a log."""
    other = tmp_path / "other.sqlite3"
    base = sqlite3.connect(other)
    base.execute("CREATE TABLE letters (a)")
    base.close()
    with pytest.raises(BadInput, match="is no evidence log"):
        EvidenceLog(other, "QM")


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A path that the disk refuses is a failed road, with what to do."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RoadFailed, match="check the disk"):
        EvidenceLog(tmp_path / "file" / "evidence.sqlite3", "QM")
