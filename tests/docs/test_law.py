"""The import law of pyproject.toml is kept, and each rule of it bites."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ("certs", "harness", "nodes", "scenarios")


def keep_the_law(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the packages in `folder`, under the law that stands there."""
    tool = Path(sys.executable).parent / "lint-imports"
    if not tool.exists():
        pytest.skip("import-linter is not installed: run `make test`")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"COLUMNS": "200"}
    return subprocess.run(
        [tool, "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def copy(repo_root: Path, tmp_path: Path) -> Path:
    """The packages and their law, in a folder where the law may be broken."""
    for package in PACKAGES:
        shutil.copytree(repo_root / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(repo_root / "pyproject.toml", tmp_path)
    return tmp_path


def test_law_is_kept(repo_root: Path) -> None:
    """No module imports against the direction of the house."""
    ran = keep_the_law(repo_root)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("module", "line", "rule"),
    [
        ("certs/errors.py", "import harness.errors", "The house"),
        ("harness/errors.py", "import nodes", "The house"),
        ("harness/clock.py", "import harness.exchange.bus", "Inside the harness"),
        ("harness/attic.py", "", "Inside the harness"),
        ("nodes/saboteur_of_the_law.py", "import harness.trial", "A window never imports"),
        ("nodes/saboteur_of_the_law.py", "import harness.exchange.memory", "A window never imports"),
        ("harness/evidence/audit/links.py", "import harness.evidence.log", "The second reader"),
        ("harness/evidence/audit/__init__.py", "def late():\n    import harness.exchange.bus", "The second reader"),
        ("certs/gates.py", "def late():\n    import certs.jws", "No ring"),
    ],
)
def test_broken_law_is_named(copy: Path, module: str, line: str, rule: str) -> None:
    """An import against the law, lazy ones included, fails the contract that forbids it, by name."""
    with (copy / module).open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")
    ran = keep_the_law(copy)
    broken = [row for row in ran.stdout.splitlines() if row.rstrip().endswith("BROKEN")]
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert any(row.startswith(rule) for row in broken), ran.stdout
