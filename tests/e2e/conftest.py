"""How the tests run the installed `corridor`: as a process, as a user would, with stdout and stderr apart."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_COMMAND = Path(sys.executable).parent / "corridor"
_DROPPED = ("CORRIDOR_", "FORCE_COLOR", "PYTHONPATH", "KAFKA_HOME")


@dataclass(frozen=True)
class Ran:
    """A finished command: its exit code, what it printed, and the folder it ran in."""

    code: int
    out: str
    err: str
    folder: Path

    def lines(self, kind: str) -> list[Mapping[str, Any]]:  # Any: JSON, as docs/schemas describes it
        """The NDJSON lines of one kind."""
        return [said for line in self.out.splitlines() if (said := json.loads(line))["kind"] == kind]


RunCorridor = Callable[..., Ran]


def environment(**more: str) -> dict[str, str]:
    """The environment of a user who has set nothing for Corridor."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_DROPPED)}
    return kept | {"NO_COLOR": "1", "LC_ALL": "C.UTF-8"} | more


@pytest.fixture(scope="session")
def command() -> Path:
    """The path of the installed `corridor`, or a skip."""
    if not _COMMAND.exists():
        pytest.skip("the command `corridor` is not installed beside this Python: run `make test`")
    return _COMMAND


@pytest.fixture(scope="session")
def run_corridor(command: Path) -> RunCorridor:
    """Run `corridor` with these arguments in a folder; a minute at most, unless said otherwise."""

    def run(*arguments: str | Path, folder: Path, timeout: float = 60, **more: str) -> Ran:
        ran = subprocess.run(
            [command, *arguments],
            cwd=folder,
            env=environment(**more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr, folder)

    return run


FAILS = """\
#!/bin/sh
case "$1" in -version) echo 'openjdk version "21.0.1"' >&2 ;; *) echo 'Exception: no room here'; exit 1 ;; esac
"""


@pytest.fixture
def broken_kafka(tmp_path: Path) -> Mapping[str, str]:
    """An environment in which Java and Kafka are found and Kafka fails; temporary folders are made in TMPDIR."""
    java, clients, temporary = (
        tmp_path / "java" / "bin" / "java",
        tmp_path / "kafka" / "libs" / "kafka-clients-0.jar",
        tmp_path / "temporary",
    )
    for folder in (java.parent, clients.parent, temporary):
        folder.mkdir(parents=True)
    java.write_text(FAILS, "ascii")
    java.chmod(0o755)
    clients.touch()
    found = {"JAVA_HOME": tmp_path / "java", "KAFKA_HOME": tmp_path / "kafka"}
    return {name: str(path) for name, path in {**found, "TMPDIR": temporary, "XDG_CACHE_HOME": tmp_path}.items()}


Answers = Callable[[bytes], tuple[list[dict[str, Any]], subprocess.CompletedProcess[bytes]]]  # Any: JSON
"""Feeds `corridor conformance`: its answers, and how it ended."""


@pytest.fixture
def conformance(command: Path, tmp_path: Path) -> Callable[[str], Answers]:
    """A way to feed each kind of `corridor conformance`, which never shows a traceback."""

    def fed(kind: str) -> Answers:
        def feed(lines: bytes) -> tuple[list[dict[str, Any]], subprocess.CompletedProcess[bytes]]:
            ran = subprocess.run(
                [command, "conformance", kind],
                input=lines,
                cwd=tmp_path,
                env=environment(),
                capture_output=True,
                timeout=18,
                check=False,
            )
            assert b"Traceback" not in ran.stderr + ran.stdout
            return [json.loads(line) for line in ran.stdout.splitlines()], ran

        return feed

    return fed


def ndjson(*cases: object) -> bytes:
    """One JSON text a line."""
    return b"".join(json.dumps(case).encode() + b"\n" for case in cases)


@pytest.fixture(scope="session")
def sent(run_corridor: RunCorridor, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A sample certificate, sent once for all tests that only look at what came of it (`--json`)."""
    arguments = ("send", "sample:phytosanitary.xml", "--from", "QM", "--to", "QN", "--json")
    ran = run_corridor(*arguments, folder=tmp_path_factory.mktemp("sent"))
    assert ran.code == 0, ran.err
    return ran


def bundle(sent: Ran, party: str) -> Path:
    """The path of one side's evidence."""
    (path,) = [str(line["path"]) for line in sent.lines("bundle") if line["party"] == party]
    return sent.folder / path
