"""What the gates cost, measured for a moment: the script runs and tells of every algorithm. No time is asserted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from certs.identity import Algorithm


def test_every_algorithm_is_there(repo_root: Path, tmp_path: Path) -> None:
    """One line for each, with seven times and two shares; the gates are a part of the whole, so below all of it."""
    asked = [sys.executable, str(repo_root / "benchmarks" / "gates.py"), "--rounds", "1"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    told, heading, *lines = done.stdout.splitlines()
    assert told.startswith("an envelope of ")
    assert heading.endswith("in bare  in unseal")
    assert [line.split()[0] for line in lines] == [algorithm.value for algorithm in Algorithm]
    for line in lines:
        figures = [float(each.rstrip("%")) for each in line.split()[1:]]
        assert len(figures) == 9
        assert min(figures) > 0
        assert figures[-1] < 100
