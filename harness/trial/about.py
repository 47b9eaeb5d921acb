"""What a run says of itself in its first lines: version, revision, seed, and the command that repeats it."""

from __future__ import annotations

import platform
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


@cache
def corridor_version() -> str:
    """The version of the installed distribution, or "unknown" when it is not installed."""
    try:
        return version("corridor")
    except PackageNotFoundError:
        return "unknown"


@cache
def revision() -> str:
    """The git revision of the checkout that the run was started in, or "none"."""
    git = ["git", "-C", str(Path.cwd()), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        found = subprocess.run(git, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "none"
    return found.stdout.strip() or "none"


def again(scenario: str, bus: str, seed: int) -> str:
    """The exact command that plays this scenario once more."""
    return f"corridor run {scenario} --bus {bus} --seed {seed}"


def this_run(seed: int, bus: str, scenario: str) -> dict[str, str | int]:
    """The facts of one run."""
    return {
        "corridor": corridor_version(),
        "revision": revision(),
        "seed": seed,
        "bus": bus,
        "again": again(scenario, bus, seed),
        "python": platform.python_version(),
        "platform": sys.platform,
    }
