"""The witness: what was cut, rebuilt or split is seen; what only came late is not called so."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harness.errors import CorridorError, RoadFailed
from harness.evidence.checkpoint import Checkpoint
from harness.evidence.merkle import Tree, leaf_hash
from harness.evidence.witness import Inconsistent, OtherBase, Overtaken, Witness

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def grown(size: int, *, of: str = "QM") -> Tree:
    """A log of so many records."""
    tree = Tree()
    for n in range(size):
        tree.append(leaf_hash(f"{of} {n}".encode()))
    return tree


LOG = grown(20)
FORK = grown(20, of="other")


def mark(size: int, tree: Tree = LOG, *, minutes: int | None = None, origin: str = "corridor/7f3a/QM") -> Checkpoint:
    """Its checkpoint at that size."""
    return Checkpoint(origin, size, tree.root(size), START + timedelta(minutes=size if minutes is None else minutes))


def show(witness: Witness, checkpoint: Checkpoint, *, since: int = 0, tree: Tree = LOG) -> Checkpoint:
    """Show a checkpoint to the witness as the partner would."""
    proof = tree.consistency(since, checkpoint.size)
    return witness.see("QM", checkpoint, token=checkpoint.text(), since=since, proof=proof)


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    """A witness that saw nothing yet."""
    made = Witness(tmp_path / "witness.sqlite")
    yield made
    made.close()


def test_log_that_grows(witness: Witness) -> None:
    """Each checkpoint that continues the last is returned to be cosigned, and remembered."""
    assert show(witness, mark(3)) == mark(3)
    assert show(witness, mark(8), since=3) == mark(8)
    assert show(witness, mark(8, minutes=9), since=8) == mark(8, minutes=9)
    last = witness.last("QM")
    assert last is not None
    assert (last.checkpoint, last.token) == (mark(8), mark(8).text())
    assert witness.last("QN") is None


def test_checkpoint_shown_again(tmp_path: Path, witness: Witness) -> None:
    """The same log shown again, at whatever moment, is found good and does not grow the store."""
    for minutes in (5, 5, 4, 9):
        assert show(witness, mark(5, minutes=minutes)) == mark(5, minutes=minutes)
    base = sqlite3.connect(tmp_path / "witness.sqlite")
    assert base.execute("SELECT count(*) FROM seen").fetchone() == (1,)
    base.close()


def test_empty_log_first(witness: Witness) -> None:
    """A log may be shown before it holds anything."""
    show(witness, mark(0))
    assert show(witness, mark(5)) == mark(5)


def test_memory_survives_a_restart(tmp_path: Path, witness: Witness) -> None:
    """What was seen is on the disk: after a restart a fork is still a fork."""
    show(witness, mark(5))
    witness.close()
    again = Witness(tmp_path / "witness.sqlite")
    with pytest.raises(Inconsistent):
        show(again, mark(5, FORK), tree=FORK)
    again.close()


def test_split_view(witness: Witness) -> None:
    """Another root for a size seen before is refused, with both checkpoints as evidence."""
    show(witness, mark(5))
    with pytest.raises(Inconsistent, match="two different roots for one size, 5") as caught:
        show(witness, mark(5, FORK, minutes=6), since=5, tree=FORK)
    assert (caught.value.seen, caught.value.shown) == (mark(5).text(), mark(5, FORK, minutes=6).text())


def test_rebuilt_log(witness: Witness) -> None:
    """A longer log that does not begin with what was seen is refused."""
    show(witness, mark(5))
    with pytest.raises(Inconsistent, match="does not continue the one with 5"):
        show(witness, mark(9, FORK), since=5, tree=FORK)


def test_cut_log(witness: Witness) -> None:
    """A shorter log at a later moment has lost its tail."""
    show(witness, mark(9))
    with pytest.raises(Inconsistent, match="shrank from 9 records to 5"):
        show(witness, mark(5, minutes=30))


def test_late_checkpoint(witness: Witness) -> None:
    """A shorter log at an earlier moment is a late letter, not a misdeed."""
    show(witness, mark(9))
    with pytest.raises(Overtaken):
        show(witness, mark(5))


def test_renamed_log(witness: Witness) -> None:
    """A partner does not begin a second log under another name."""
    show(witness, mark(5))
    with pytest.raises(Inconsistent, match="named corridor/other/QM"):
        show(witness, mark(9, origin="corridor/other/QM"), since=5)


def test_proof_from_elsewhere(witness: Witness) -> None:
    """A proof that begins at another size is asked for again from where we stand, and nothing is stored."""
    show(witness, mark(5))
    with pytest.raises(OtherBase) as caught:
        show(witness, mark(9), since=3)
    assert caught.value.size == 5
    last = witness.last("QM")
    assert last is not None
    assert last.checkpoint == mark(5)


def test_first_proof_from_elsewhere(witness: Witness) -> None:
    """Who was never seen begins at nothing."""
    with pytest.raises(OtherBase) as caught:
        show(witness, mark(9), since=5)
    assert caught.value.size == 0


def test_race_of_two_forks(tmp_path: Path) -> None:
    """Two forks shown at once to two connections: one is cosigned, the other refused, never both."""
    for round_ in range(5):
        path = tmp_path / f"{round_}.sqlite"
        first = Witness(path)
        base = grown(3)
        show(first, mark(3, base), tree=base)
        forks = [grown(3), grown(3)]
        for n, fork in enumerate(forks):
            fork.append(leaf_hash(b"fork %d" % n))
        seen: list[str] = []
        start = threading.Barrier(2)

        def race(fork: Tree, path: Path = path, start: threading.Barrier = start, seen: list[str] = seen) -> None:
            own = Witness(path)
            start.wait()
            try:
                show(own, mark(4, fork), since=3, tree=fork)
                seen.append("cosigned")
            except CorridorError as error:
                seen.append(type(error).__name__)
            finally:
                own.close()

        threads = [threading.Thread(target=race, args=(fork,)) for fork in forks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(seen) == ["Inconsistent", "cosigned"]
        first.close()


@pytest.mark.parametrize("statement", ["UPDATE seen SET size = 1", "DELETE FROM seen"])
def test_witness_asked_to_forget(tmp_path: Path, witness: Witness, statement: str) -> None:
    """The store itself refuses to change or forget what was seen."""
    show(witness, mark(5))
    base = sqlite3.connect(tmp_path / "witness.sqlite")
    with pytest.raises(sqlite3.IntegrityError, match="a witness does not"):
        base.execute(statement)
    base.close()


def test_store_that_cannot_be_opened(tmp_path: Path) -> None:
    """A store that the disk refuses is a failed road."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RoadFailed, match="check the disk"):
        Witness(tmp_path / "file" / "witness.sqlite")
