"""A folder that is removed, and the failures for which it stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import RoadFailed
from harness.trial.scratch import Scratch


def ended_well(_scratch: Scratch) -> None:
    """Nothing goes wrong."""


def told(scratch: Scratch) -> None:
    """It failed, and nothing is raised."""
    scratch.fails()


def raised(_scratch: Scratch) -> None:
    """A broker fails."""
    raise RoadFailed("it did not come up")


def interrupted(_scratch: Scratch) -> None:
    """Ctrl-C."""
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("does", "log", "stays"),
    [
        (ended_well, True, False),
        (told, True, True),
        (told, False, False),
        (raised, True, True),
        (raised, False, False),
        (interrupted, True, False),
    ],
)
def test_it_stays_for_the_log_of_a_broker_that_failed(
    does: Callable[[Scratch], None],
    log: bool,  # noqa: FBT001 - a case
    stays: bool,  # noqa: FBT001 - a case
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Then it is said where; in all other cases nothing is left, and nothing said."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    said: list[str] = []
    try:
        with Scratch("corridor-test-", said.append) as scratch:
            assert scratch.folder.stat().st_mode & 0o777 == 0o700
            (scratch.folder / "broker").mkdir()
            if log:
                (scratch.folder / "broker" / "broker-1.log").touch()
            does(scratch)
    except (RoadFailed, KeyboardInterrupt):
        pass
    kept = [f"Kept for the broker's log: {scratch.folder} (broker/broker-1.log)"] if stays else []
    assert said == kept
    assert list(tmp_path.iterdir()) == ([scratch.folder] if stays else [])
