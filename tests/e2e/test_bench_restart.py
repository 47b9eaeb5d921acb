"""How long a window takes to come back to a long log: that the script runs and tells. No test asserts a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_every_row_is_there(repo_root: Path, tmp_path: Path) -> None:
    """Written, opened, folded: each with its time for one record."""
    asked = [sys.executable, str(repo_root / "benchmarks" / "restart.py"), "30"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["written", "opened", "folded"]
    assert all("us a record" in line for line in done.stdout.splitlines())
