"""Merkle tree hashing: leaf and node hashes, roots, inclusion and consistency proofs.

Nothing here stores, signs or knows what a record means: harness.evidence.log keeps the tree on disk,
harness.evidence.checkpoint signs its root. harness.evidence.audit has a second implementation of its
own, on purpose; it must not import this one.
Source: RFC 6962, section 2.1; the proof checks follow RFC 9162, sections 2.1.3.2 and 2.1.4.2.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from harness.errors import NotProved

if TYPE_CHECKING:
    from collections.abc import Sequence

HASH = 32
"""Octets in one hash (SHA-256)."""

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a tree without leaves (RFC 6962, 2.1)."""


def leaf_hash(record: bytes) -> bytes:
    """The hash of one log record: SHA-256(0x00 || record)."""
    return hashlib.sha256(b"\x00" + record).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """An append-only Merkle tree in memory: the hashes of all complete subtrees, level by level.

    64 octets a leaf. Any earlier root and any proof costs a logarithmic number of hashes.
    """

    def __init__(self) -> None:
        # _levels[k] holds the roots of all complete subtrees of 2**k leaves, end to end.
        self._levels: list[bytearray] = [bytearray()]

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return len(self._levels[0]) // HASH

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash and every subtree that it completes."""
        levels = self._levels
        node, level = leaf, 0
        while True:
            row = levels[level]
            row += node
            if len(row) % (2 * HASH):
                return
            node = hashlib.sha256(b"\x01" + row[-2 * HASH :]).digest()
            level += 1
            if level == len(levels):
                levels.append(bytearray())

    def truncate(self, size: int) -> None:
        """Forget all leaves from `size` on: only for an append that did not reach the disk."""
        for level, row in enumerate(self._levels):
            del row[(size >> level) * HASH :]

    def leaf(self, index: int) -> bytes:
        """The leaf hash at `index`. Raises IndexError beyond the end."""
        return self._node(0, index)

    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` leaves, all when None. Raises IndexError beyond the end."""
        upto = self.size if size is None else size
        if not 0 <= upto <= self.size:
            raise IndexError(f"the tree has {self.size} leaves, not {upto}")
        return self._subtree(0, upto) if upto else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """The audit path of leaf `index` in the tree of `size` leaves, lowest first (RFC 6962, 2.1.1)."""
        if not 0 <= index < size <= self.size:
            raise IndexError(f"no leaf {index} in a tree of {size} (there are {self.size})")
        path: list[bytes] = []
        start, end = 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._subtree(middle, end))
                end = middle
            else:
                path.append(self._subtree(start, middle))
                start = middle
        return tuple(reversed(path))

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """The proof that the first `old` of `new` leaves are unchanged, lowest first (RFC 6962, 2.1.2)."""
        if not 0 <= old <= new <= self.size:
            raise IndexError(f"no consistency from {old} to {new} in a tree of {self.size}")
        if old in {0, new}:
            return ()
        path: list[bytes] = []
        start, end, known = 0, new, True
        # `known`: the verifier holds the root of [start, old) already, because it is the old root itself.
        while old != end:
            middle = start + _split(end - start)
            if old <= middle:
                path.append(self._subtree(middle, end))
                end = middle
            else:
                path.append(self._subtree(start, middle))
                start, known = middle, False
        if not known:
            path.append(self._subtree(start, end))
        return tuple(reversed(path))

    def _node(self, level: int, index: int) -> bytes:
        row = self._levels[level]
        if not 0 <= index < len(row) // HASH:
            raise IndexError(f"no node {index} at level {level}")
        return bytes(row[index * HASH : (index + 1) * HASH])

    def _subtree(self, start: int, end: int) -> bytes:
        width = end - start
        level = width.bit_length() - 1
        if width == 1 << level:
            return self._node(level, start >> level)
        middle = start + _split(width)
        return node_hash(self._subtree(start, middle), self._subtree(middle, end))


def root_by_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that `path` leads to from `leaf`; the caller compares it with a signed root.

    Raises:
        NotProved: the path has the wrong length for this index and size (RFC 9162, 2.1.3.2).
    """
    if not 0 <= index < size:
        raise NotProved(f"leaf {index} is not inside a tree of {size}")
    node, last, root = index, size - 1, leaf
    for step in path:
        if last == 0:
            raise NotProved(f"the inclusion proof of leaf {index} is too long for a tree of {size}")
        if node & 1 or node == last:
            root = node_hash(step, root)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            root = node_hash(root, step)
        node, last = node >> 1, last >> 1
    if last:
        raise NotProved(f"the inclusion proof of leaf {index} is too short for a tree of {size}")
    return root


def check_consistency(old: tuple[int, bytes], new: tuple[int, bytes], path: Sequence[bytes]) -> bytes:
    """Check that the tree `new` (size, root) extends the tree `old`; returns the new root.

    Raises:
        NotProved: it does not, or the proof is malformed (RFC 9162, 2.1.4.2).
    """
    (old_size, old_root), (new_size, new_root) = old, new
    if old_size > new_size:
        raise NotProved(f"a tree of {new_size} cannot extend one of {old_size}")
    if old_size in {0, new_size}:
        if path:
            raise NotProved("a consistency proof was given where none is due")
        if old_size == 0 and old_root != EMPTY_ROOT:
            raise NotProved("the root of the empty tree is not that of an empty tree")
        if old_size == new_size and old_root != new_root:
            raise NotProved(f"two different roots for one size, {old_size}")
        return new_root
    steps = list(path)
    if old_size & (old_size - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        raise NotProved(f"no consistency proof from {old_size} to {new_size}")
    was, now = _roots_by_consistency(old_size, new_size, steps)
    if was != old_root:
        raise NotProved(f"the consistency proof does not start from the root of size {old_size}")
    if now != new_root:
        raise NotProved(f"the consistency proof does not lead to the root of size {new_size}")
    return new_root


def _roots_by_consistency(old_size: int, new_size: int, steps: Sequence[bytes]) -> tuple[bytes, bytes]:
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    was = now = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise NotProved(f"the consistency proof from {old_size} to {new_size} is too long")
        if node & 1 or node == last:
            was, now = node_hash(step, was), node_hash(step, now)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            now = node_hash(now, step)
        node, last = node >> 1, last >> 1
    if last:
        raise NotProved(f"the consistency proof from {old_size} to {new_size} is too short")
    return was, now


def _split(width: int) -> int:
    """The largest power of two below `width`, which is at least 2."""
    return 1 << ((width - 1).bit_length() - 1)
