"""What a run says of itself in its first lines: version, revision, seed, and the command that repeats it."""

from __future__ import annotations

import platform
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import datetime
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


def spoken(bus: str, config: Path | None) -> str:
    """What stands after `--bus` in a command that comes to the same bus again."""
    return bus if config is None else f"{bus} --bus-config {shlex.quote(str(config))}"


def again(what: str, bus: str, seed: int, algorithm: str = "ES256", *, processes: bool = False) -> str:
    """The exact command that plays `what` once more: a scenario's id, say, or several words of a selection."""
    signed = "" if algorithm == "ES256" else f" --algorithm {algorithm}"
    apart = " --processes" if processes else ""
    return f"corridor run{f' {what}' if what else ''} --bus {bus}{apart} --seed {seed}{signed}"


def this_run(
    seed: int, bus: str, scenario: str, algorithm: str = "ES256", *, processes: bool = False, config: Path | None = None
) -> dict[str, str | int]:
    """The facts of one scenario's run, as its history begins."""
    return {
        "corridor": corridor_version(),
        "revision": revision(),
        "seed": seed,
        "bus": bus,
        "again": again(scenario, spoken(bus, config), seed, algorithm, processes=processes),
        "python": platform.python_version(),
        "platform": sys.platform,
    }


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts of a run of several scenarios, as its log and every report of it begin."""

    run: str
    seed: int
    bus: str
    algorithm: str
    again: str
    folder: Path
    started: datetime
    corridor: str = field(default_factory=corridor_version)
    revision: str = field(default_factory=revision)
    python: str = field(default_factory=platform.python_version)
    platform: str = sys.platform
