"""How the tests of documents find the installed `corridor`, and run it as a reader of the README would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Shell = Callable[[str, Path], subprocess.CompletedProcess[str]]

COLUMNS = "100"
"""The width of the terminal that README's blocks were written on."""


@pytest.fixture(scope="session")
def shell() -> Shell:
    """Run one command line in bash, in a folder; stdout and stderr come back together, as a terminal shows them."""
    if not (Path(sys.executable).parent / "corridor").exists():
        pytest.skip("the command `corridor` is not installed beside this Python: run `make test`")
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not on PATH")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    dropped = ("CORRIDOR_", "FORCE_COLOR", "PYTHONPATH")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    environment |= {"PATH": path, "COLUMNS": COLUMNS, "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}

    def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [bash, "-c", line],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )

    return run
