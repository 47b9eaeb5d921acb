"""The Merkle tree: known vectors, and proofs that hold for every small tree and fail for every change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import NotProved
from harness.evidence import merkle

# Any: the vectors are JSON of mixed shape.
VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "merkle_rfc6962.json").read_text())
LEAVES = [merkle.leaf_hash(bytes.fromhex(leaf)) for leaf in VECTORS["leaves"]]


def grown(size: int) -> merkle.Tree:
    """A tree that begins with the reference leaves."""
    tree = merkle.Tree()
    for i in range(size):
        tree.append(LEAVES[i] if i < len(LEAVES) else merkle.leaf_hash(b"%d" % i))
    return tree


def test_roots_of_the_reference_leaves() -> None:
    """Every root of the reference tree, from empty to eight leaves, is the published one."""
    tree = grown(8)
    assert tree.root(0).hex() == VECTORS["empty_root"]
    assert [tree.root(n).hex() for n in range(1, 9)] == VECTORS["roots"]
    assert [grown(n).root().hex() for n in range(1, 9)] == VECTORS["roots"]


@pytest.mark.parametrize("vector", VECTORS["inclusion"])
def test_published_inclusion_proof(vector: dict[str, Any]) -> None:
    """We make the published inclusion proof and follow it to the published root."""
    path = grown(8).inclusion(vector["index"], vector["size"])
    assert [step.hex() for step in path] == vector["path"]
    root = merkle.root_by_inclusion(LEAVES[vector["index"]], vector["index"], vector["size"], path)
    assert root.hex() == VECTORS["roots"][vector["size"] - 1]


@pytest.mark.parametrize("vector", VECTORS["consistency"])
def test_published_consistency_proof(vector: dict[str, Any]) -> None:
    """We make the published consistency proof."""
    assert [step.hex() for step in grown(8).consistency(vector["old"], vector["new"])] == vector["path"]


def test_every_inclusion_proof_of_small_trees() -> None:
    """Each leaf of each tree up to 33 leaves is proved, and by no other index, size or shortened path."""
    tree = grown(33)
    for size in range(1, 34):
        for index in range(size):
            path = tree.inclusion(index, size)
            assert merkle.root_by_inclusion(tree.leaf(index), index, size, path) == tree.root(size)
            assert path == grown(size).inclusion(index, size)
            for wrong in (path[:-1] if path else (b"\0" * 32,), (*path, b"\0" * 32)):
                with pytest.raises(NotProved, match="too"):
                    merkle.root_by_inclusion(tree.leaf(index), index, size, wrong)
            other = (index + 1) % size
            if other != index and len(tree.inclusion(other, size)) == len(path):
                assert merkle.root_by_inclusion(tree.leaf(index), other, size, path) != tree.root(size)


def test_every_consistency_proof_of_small_trees() -> None:
    """Each pair of sizes up to 20 is consistent, and not after any one hash or root is changed."""
    tree = grown(20)
    for new in range(1, 21):
        for old in range(new + 1):
            path = tree.consistency(old, new)
            was, now = (old, tree.root(old)), (new, tree.root(new))
            assert merkle.check_consistency(was, now, path) == tree.root(new)
            with pytest.raises(NotProved):
                merkle.check_consistency(was, now, (*path, b"\0" * 32))
            for i in range(len(path)):
                with pytest.raises(NotProved):
                    merkle.check_consistency(was, now, (*path[:i], b"\1" * 32, *path[i + 1 :]))
            if path:
                with pytest.raises(NotProved):
                    merkle.check_consistency(was, now, path[:-1])
                with pytest.raises(NotProved, match=f"size {new}"):
                    merkle.check_consistency(was, (new, b"\2" * 32), path)


def test_two_roots_for_one_size() -> None:
    """A rebuilt log of the same size is told apart by its root."""
    with pytest.raises(NotProved, match="two different roots for one size, 3"):
        merkle.check_consistency((3, b"a" * 32), (3, b"b" * 32), ())


def test_shrunken_log() -> None:
    """A smaller tree never extends a larger one."""
    with pytest.raises(NotProved, match="cannot extend"):
        merkle.check_consistency((4, grown(4).root()), (3, grown(3).root()), ())


def test_truncated_tree() -> None:
    """After an append that failed the tree is what it was."""
    tree = grown(13)
    tree.truncate(6)
    assert (tree.size, tree.root()) == (6, grown(6).root())
    tree.append(LEAVES[6])
    assert tree.root() == grown(7).root()


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3), (0, 9)])
def test_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    """No proof is made for a leaf or a size that the tree does not have."""
    with pytest.raises(IndexError):
        grown(8).inclusion(index, size)


def test_beyond_the_tree() -> None:
    """No root, leaf or consistency proof is made for a size that the tree does not have."""
    tree = grown(8)
    with pytest.raises(IndexError, match="8 leaves, not 9"):
        tree.root(9)
    with pytest.raises(IndexError, match="no node 8"):
        tree.leaf(8)
    with pytest.raises(IndexError, match="from 5 to 4"):
        tree.consistency(5, 4)
    with pytest.raises(NotProved, match="not inside a tree of 8"):
        merkle.root_by_inclusion(LEAVES[0], 8, 8, ())


def test_consistency_without_a_proof() -> None:
    """A log that grew from a size that is no power of two is not believed without a proof, nor an odd empty tree."""
    tree = grown(8)
    with pytest.raises(NotProved, match="no consistency proof from 3 to 8"):
        merkle.check_consistency((3, tree.root(3)), (8, tree.root()), ())
    with pytest.raises(NotProved, match="empty tree"):
        merkle.check_consistency((0, b"\0" * 32), (8, tree.root()), ())
