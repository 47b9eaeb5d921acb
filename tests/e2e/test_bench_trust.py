"""What trust costs, measured for a moment: that the script runs and tells of everything. No test asserts a time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from certs import hpke, jwe
from certs.identity import Algorithm


@pytest.mark.timeout(60)  # keys for every algorithm, and hundreds of stores that have seen nothing yet
def test_every_row_is_there(repo_root: Path, tmp_path: Path) -> None:
    """Each algorithm, each profile of encryption and both kinds of path have their rows, each with a ratio."""
    asked = [sys.executable, str(repo_root / "benchmarks" / "trust.py"), "--json", "--seconds", "0.01"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    told = {(row["what"], row["of"]) for row in rows}
    seals = ("seal", "both gates", "strict reading", "unseal")
    covers = ("encrypt", "encryption's gates", "decrypt")
    assert told == {
        *((what, algorithm.value) for what in seals for algorithm in Algorithm),
        *((what, profile) for what in covers for profile in (jwe.ECDH, hpke.PROFILE)),
        *((what, "three certificates") for what in ("path, cold", "path, cached")),
    }
    for row in rows:
        assert min(row["per_second"], row["microseconds"], row["bare_microseconds"], row["ratio"]) > 0
        assert row["against"]
