"""`pytest scenarios` plays scenarios; every other pytest run does not notice that Corridor is installed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import environment


def run_pytest(folder: Path, *arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run pytest as a process of its own, without this project's settings, from a folder that is not on sys.path."""
    settings = ("-c", "/dev/null", "--rootdir", str(folder), "-p", "no:cacheprovider", "-p", "no:randomly")
    return subprocess.run(
        [sys.executable, "-P", "-m", "pytest", *settings, *arguments],
        cwd=folder,
        env=environment(PYTHONSAFEPATH="1", **more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def sources(repo_root: Path) -> Path:
    """The folder of the scenarios, as a user of the checkout names it."""
    return repo_root / "scenarios"


def test_scenarios_as_items(sources: Path, tmp_path: Path) -> None:
    """Each scenario of a folder is an item by its id, found by a word of its title, and passes when it holds."""
    ran = run_pytest(tmp_path, sources / "attacks", "-v", "-k", "Replayed or payload")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "replayed_message.py::attacks/replayed-message PASSED" in ran.stdout
    assert "byte_flipped.py::attacks/byte-flipped PASSED" in ran.stdout
    assert re.search(r"\b2 passed, \d+ deselected", ran.stdout)


def test_marker(sources: Path, tmp_path: Path) -> None:
    """Items of ours carry a marker that is declared."""
    ran = run_pytest(tmp_path, sources, "--strict-markers", "-m", "not corridor", "--collect-only", "-q")
    assert "deselected" in ran.stdout
    assert ran.returncode == pytest.ExitCode.NO_TESTS_COLLECTED


def test_promise_that_broke(tmp_path: Path) -> None:
    """An item fails with the four lines, and its history is there to look into; the seed is the one given."""
    site = tmp_path / "site"
    info = site / "forgetting-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: forgetting\nVersion: 1\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[corridor.packs]\nforgetting = forgetting.pack:PACK\n", encoding="utf-8")
    (site / "forgetting").mkdir()
    (site / "forgetting" / "__init__.py").touch()
    (site / "forgetting" / "replay_again.py").write_text('"""A scenario."""\n', encoding="utf-8")
    (site / "forgetting" / "pack.py").write_text(
        """
from dataclasses import replace

from nodes.saboteurs import ForgetsWhatItSaw
from nodes.window import Window
from scenarios.attacks.replayed_message import replayed_message
from scenarios.pack import PACK as OURS


def cast(seat):
    return ForgetsWhatItSaw(seat) if seat.party == "QN" else Window(seat)


PACK = replace(OURS, name="f", cast=cast, demo=None, scenarios=(replace(replayed_message, id="replay-again"),))
""",
        encoding="utf-8",
    )
    kept = tmp_path / "kept"
    kept.mkdir()
    more = {"PYTHONPATH": str(site), "TMPDIR": str(kept)}
    ran = run_pytest(tmp_path, site / "forgetting", "--corridor-seed", "9", **more)
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED, ran.stdout + ran.stderr
    told = [line.split() for line in ran.stdout.splitlines()]
    for label in ("expected", "saw", "look"):
        assert any(words[:1] == [label] for words in told), label
    assert ["again", "corridor", "run", "replay-again", "--bus", "memory", "--seed", "9"] in told
    look = next(words for words in told if words[:1] == ["look"])
    assert Path(look[1].rstrip(",")).is_file()


def test_nothing_is_kept_of_what_held(sources: Path, tmp_path: Path) -> None:
    """Where all held, the run's folder goes with the session."""
    kept = tmp_path / "kept"
    kept.mkdir()
    ran = run_pytest(tmp_path, sources / "receipts", TMPDIR=str(kept))
    assert ran.returncode == 0, ran.stdout
    assert not list(kept.glob("corridor-*"))


def test_broker_that_does_not_answer(sources: Path, tmp_path: Path) -> None:
    """Without a bus an item is an error with what to do, and not a failure."""
    ran = run_pytest(tmp_path, sources / "receipts", "--corridor-bus", "127.0.0.1:1")
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED
    assert "no Kafka broker answers at 127.0.0.1:1" in ran.stdout
    assert "1 error" in ran.stdout
    assert "Traceback" not in ran.stdout


def test_other_pytest_runs(tmp_path: Path) -> None:
    """In a project that is not ours, no item is added, and nothing of ours is imported but the plugin."""
    folder = tmp_path / "scenarios"  # a name that ours has, too
    folder.mkdir()
    (folder / "test_theirs.py").write_text(
        """
import sys


def test_theirs():
    ours = {name for name in sys.modules if name.split(".")[0] in ("certs", "harness", "nodes")}
    assert ours <= {"harness", "harness.trial", "harness.trial.pytest_plugin"}
    assert "pydantic" not in sys.modules
    assert "cryptography" not in sys.modules
""",
        encoding="utf-8",
    )
    ran = run_pytest(tmp_path, "-p", "no:asyncio", "-q", "--import-mode=importlib", folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout
