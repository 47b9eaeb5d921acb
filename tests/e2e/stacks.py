"""Compose files that are up, for tests: each a project of its own, spoken to as its user would."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.clock import SystemClock

from .conftest import environment

UP: Final = 180.0  # seconds for everything to be healthy; generous, since brokers share a busy machine
PARTIES: Final = ("qm", "qn", "qp")
CERTIFICATE: Final = Path("scenarios/samples/phytosanitary.xml")


@dataclass(frozen=True)
class Stack:
    """A compose file that is up, as a project of its own."""

    command: tuple[str, ...]
    folder: Path
    ports: tuple[int, ...]
    environment: dict[str, str]

    def run(self, *words: str, given: bytes = b"", limit: float = 90) -> subprocess.CompletedProcess[str]:
        """One compose command; what it says comes back as text."""
        ran = subprocess.run(
            [*self.command, *words], cwd=self.folder, env=self.environment, input=given, capture_output=True,
            timeout=limit, check=False,
        )  # fmt: skip
        return subprocess.CompletedProcess(ran.args, ran.returncode, ran.stdout.decode(), ran.stderr.decode())

    def within(self, service: str, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[str]:
        """One command inside a container."""
        return self.run("exec", "-T", service, *words, given=given)

    def counter(self, party: str, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[str]:
        """One request at the counter of a party."""
        return self.within(party, "counter", *words, given=given)

    def container(self, service: str) -> str:
        """The id of a service's container, running or not."""
        return self.run("ps", "--all", "--quiet", service).stdout.strip()


@contextmanager
def brought_up(
    checkout: Path, command: tuple[str, ...], images: Mapping[str, str], name: str, nodes: int
) -> Iterator[Stack]:
    """Bring a compose file up while the block lasts; in the end all of it is taken down and away."""
    ports = _free(nodes)
    numbered = {f"KAFKA_PORT_{number}": str(port) for number, port in enumerate(ports, start=1)}
    told = environment(**images, **numbered, KAFKA_PORT=str(ports[0]), DOCKER_BUILDKIT="0")
    words = (*command, "--project-name", f"corridor-test-{os.getpid()}-{nodes}", "--file", f"compose/{name}")
    stack = Stack(words, checkout, ports, told)
    try:
        for doing in (("build",), ("up", "--detach")):
            ran = stack.run(*doing, limit=400)
            assert ran.returncode == 0, ran.stdout + ran.stderr
        yield stack
    finally:
        went = stack.run("down", "--volumes", "--timeout", "1")
    assert went.returncode == 0, went.stderr


def _free(count: int) -> tuple[int, ...]:
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = tuple(each.getsockname()[1] for each in taken)
    for each in taken:
        each.close()
    return ports


async def healthy(stack: Stack, *services: str) -> None:
    """Return once all their health checks say so: at once, or with the event that tells it."""
    async with asyncio.timeout(UP):
        for service in services:
            await _healthy(stack.container(service))


async def _healthy(container: str) -> None:
    about = ("--filter", f"container={container}", "--filter", "event=health_status")
    # Listening from before it is looked at: what changes in between is heard.
    since = f"{SystemClock().now().timestamp():.3f}"
    telling = await asyncio.create_subprocess_exec(
        "docker", "events", "--since", since, *about, "--format", "{{.Action}}", stdout=asyncio.subprocess.PIPE
    )
    assert telling.stdout is not None
    try:
        asked = ["docker", "inspect", "--format", "{{.State.Health.Status}}", container]
        looked = await asyncio.to_thread(subprocess.run, asked, capture_output=True, check=True, timeout=20)
        if looked.stdout.strip() != b"healthy":
            async for line in telling.stdout:
                if line.strip() == b"health_status: healthy":
                    return
            raise AssertionError(f"Docker told no more of {container}, which was not healthy")
    finally:
        telling.kill()
        await telling.communicate()


def taken_out(stack: Stack, service: str, path: str, place: Path) -> Path:
    """A folder of a container, running or not, copied to `place`."""
    source = f"{stack.container(service)}:{path}"
    subprocess.run(["docker", "cp", source, str(place)], check=True, timeout=20, capture_output=True)
    return place
