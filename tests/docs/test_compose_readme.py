"""The commands of compose/README.md, typed as they stand there, print what stands there."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from .test_readme import Command, commands, holds

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONTEXT = ("certs", "harness", "nodes", "scenarios", "requirements", "compose")
FILES = ("pyproject.toml", "README.md", "LICENSE", ".dockerignore")


@pytest.fixture
def checkout(repo_root: Path, tmp_path: Path) -> Path:
    """As much of the checkout as these commands may need, in a place of its own."""
    for name in CONTEXT:
        shutil.copytree(repo_root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(repo_root / name, tmp_path)
    return tmp_path


@pytest.fixture
def port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found: int = taken.getsockname()[1]
    return found


def typed_in(readme: str) -> list[Command]:
    """Every command of the README, in order."""
    return [one for body in BLOCK.findall(readme) for one in commands(body)]


@pytest.mark.long("brings compose files up")
@pytest.mark.timeout(420)  # an image is built, and a broker and its parties come and go
def test_commands_of_the_compose_readme(
    checkout: Path, port: int, compose_images: dict[str, str], compose_command: tuple[str, ...]
) -> None:
    """Up, a certificate from container to container, a third country denied, a program of this machine, down."""
    told = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CORRIDOR_")},
        **compose_images,
        "CORRIDOR_IMAGE": "corridor-test:readme",  # other tests' containers run on their own
        "DOCKER_BUILDKIT": "0",
        "KAFKA_PORT": str(port),
        "COMPOSE_PROJECT_NAME": f"corridor-test-readme-{os.getpid()}",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "NO_COLOR": "1",
    }
    words = " ".join(compose_command)

    def typed(line: str) -> subprocess.CompletedProcess[str]:
        line = line.replace("docker-compose", words).replace(":9092", f":{port}")
        return subprocess.run(
            ["bash", "-c", line], cwd=checkout, env=told, capture_output=True, text=True, timeout=300, check=False
        )

    lines = typed_in((checkout / "compose/README.md").read_text("utf-8"))
    assert lines[0].line.endswith("up --build --detach")
    try:
        for command in lines:
            ran = typed(command.line)
            assert ran.returncode == command.exit_code, f"{command.line}\n{ran.stdout}{ran.stderr}"
            assert not command.shown or holds(command.shown, ran.stdout), f"{command.line}\n{ran.stdout}"
    finally:
        typed("docker-compose -f compose/kafka-one.yml down --volumes")
    assert lines[-1].line.endswith("down --volumes")
