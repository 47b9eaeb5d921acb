"""`corridor certs misfit`: what it writes is wrong as its note says, to an independent reader too."""

from __future__ import annotations

import re
import shlex
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from certs.misfits import CATALOGUE
from harness.cli.misfits import page

from .conftest import RunCorridor


@pytest.mark.timeout(60)  # some twenty processes
def test_every_misfit_is_made(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """Each writes its folder, keys for their owner alone, and the openssl command of its note finds what it says."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on PATH")
    for name, misfit in CATALOGUE.items():
        ran = run_corridor("certs", "misfit", name, "--json", folder=tmp_path)
        assert ran.code == 0, ran.err
        (told,) = ran.lines("misfit")
        folder = tmp_path / told["path"]
        note = (folder / "note.txt").read_text(encoding="utf-8")
        assert told["reason"] in note
        assert told["rule"] in note
        assert all(stat.S_IMODE(each.stat().st_mode) == 0o600 for each in folder.glob("*key.pem"))
        if misfit.openssl is None:
            continue
        commands = re.findall(r"^(?:look|check) +(openssl .*)$", note, re.MULTILINE)
        assert len(commands) == 2
        for command in commands:
            checked = subprocess.run(shlex.split(command), cwd=folder, capture_output=True, text=True, check=False)
        found = re.search(r"error (\d+) at", checked.stderr)
        assert (int(found[1]) if found else checked.returncode) == misfit.openssl, name


def test_they_are_listed(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """Without a name all are listed, each with its reason."""
    ran = run_corridor("certs", "misfit", folder=tmp_path)
    assert ran.code == 0
    assert [line.split()[0] for line in ran.out.splitlines()] == list(CATALOGUE)
    assert run_corridor("certs", "misfit", "--list", folder=tmp_path).out == ran.out
    assert not list(tmp_path.iterdir())


def test_no_such_misfit_and_no_second_one(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """An unknown name is wrong usage, and so is a folder that is there already: keys are never written over."""
    assert run_corridor("certs", "misfit", "nonsense", folder=tmp_path).code == 2
    assert run_corridor("certs", "misfit", "expired", folder=tmp_path).code == 0
    again = run_corridor("certs", "misfit", "expired", folder=tmp_path)
    assert again.code == 2
    assert "is there already" in again.err


def test_the_published_page(repo_root: Path) -> None:
    """docs/misfits.md is what the catalogue says."""
    assert (repo_root / "docs" / "misfits.md").read_text(encoding="utf-8") == page()
