"""Files that a user names, and the folder that a run is kept in: read within bounds, written whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import BadInput, NotReady, RoadFailed


def read_file(path: Path, *, largest: int, wanted: str) -> bytes:
    """The bytes of a file that the user named; `wanted` says what it should be, for the message.

    Raises:
        BadInput: missing, no plain file, not readable, empty, or of more than `largest` octets.
    """
    try:
        if path.is_dir():
            raise BadInput(f"{path} is a folder", expected=wanted, todo="name one file in it")
        if path.exists() and not path.is_file():
            raise BadInput(f"{path} is no plain file", expected=wanted, todo="save it as a file first")
        size = path.stat().st_size
        if size > largest:
            found = f"{path} has {size} octets"
            raise BadInput(
                found, expected=f"{wanted}, of at most {largest} octets", todo="check that it is the right file"
            )
        octets = path.read_bytes()
    except FileNotFoundError as error:
        raise BadInput(f"there is no file {path}", expected=wanted, todo="check the path") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        raise BadInput(f"{path} cannot be read: {error}", expected=wanted, todo="check its rights") from error
    if not octets:
        raise BadInput(f"{path} is empty", expected=wanted, todo="check how it was saved")
    return octets


@contextmanager
def new_folder(parent: Path, name: str) -> Iterator[Path]:
    """A fresh folder that takes its place at `parent/name` only when the block has ended well.

    Until then it is `parent/.name.unfinished`. When the block raises, it is removed; only when a broker was started in
    it and did not come up does it stay, because the message points to the broker's log there.

    Raises:
        BadInput: the folder cannot be made.
        RoadFailed: the disk failed while it was filled.
    """
    unfinished = parent / f".{name}.unfinished"
    made = [one for one in (parent, *parent.parents) if not one.exists()]
    try:
        unfinished.mkdir(parents=True, mode=0o700)
    except (OSError, ValueError) as error:
        raise BadInput(
            f"no folder can be made in {parent}: {error}",
            expected="a folder that can be written to",
            todo="choose another --out",
        ) from error
    try:
        yield unfinished
        unfinished.rename(parent / name)
    except NotReady:
        if not any(unfinished.glob("broker/*.log")):
            _remove(unfinished, made)
        raise
    except OSError as error:
        _remove(unfinished, made)
        raise RoadFailed(
            f"the disk refused: {error}", expected="a disk with room", todo="make room, try again"
        ) from error
    except BaseException:
        _remove(unfinished, made)
        raise


def _remove(unfinished: Path, made: list[Path]) -> None:
    """Remove a folder, and those above it that were made for it and hold nothing else."""
    shutil.rmtree(unfinished, ignore_errors=True)
    for folder in made:
        try:
            folder.rmdir()
        except OSError:
            return
