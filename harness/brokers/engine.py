"""The Docker engine of this machine: whether it is there, has an image, and what of ours still lies on it.

Everything that knows testcontainers or Docker's own errors is here. The Kafka in the container: container.

A container of ours carries two labels, the machine and the process that own it. So the next start finds those whose
process was killed before it could remove them, and leaves those alone that somebody still uses. Testcontainers' own
reaper does that too where its image is there; it is an image more to pull, so nothing here rests on it.
"""

from __future__ import annotations

import atexit
import os
import re
import socket
import sys
import traceback
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from harness.clock import moment
from harness.errors import NotReady, RoadFailed

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

INSTALL: Final = "pip install 'corridor[container]'"
"""What makes `--bus container` possible, beside a Docker engine."""

HOST: Final = "127.0.0.1"
"""Where ports of containers are published: a rehearsal opens nothing to the network around it."""

_MACHINE: Final = "corridor.machine"
_PROCESS: Final = "corridor.process"
_LOCAL: Final = ("localhost", HOST, "::1")
_TAKEN: Final = ("port is already allocated", "address already in use", "Ports are not available")

_ours: dict[str, DockerContainer] = {}
"""Containers that were created and not yet removed, by id. Owned by `Engine.start` and `Engine.remove`."""


class PortTaken(RoadFailed):
    """Somebody else has the port on which a container was to be reached."""

    def __init__(self, port: int) -> None:
        self.port = port
        super().__init__(f"port {port} of {HOST} is taken", expected="a free port", todo="name another, or none")


class Engine:
    """The Docker engine. Its methods wait for Docker: call them in a thread.

    Raises:
        NotReady: testcontainers is not installed, no engine answers, or it is on another machine.
    """

    def __init__(self) -> None:
        try:
            # Here and not above: an extra of ours, and 200 ms that no other bus needs.
            from docker.errors import DockerException  # noqa: PLC0415
            from testcontainers.core.docker_client import DockerClient  # noqa: PLC0415
        except ImportError as error:
            raise NotReady(
                f"--bus container needs testcontainers, and it is not installed ({error})",
                expected="the container extra",
                todo=INSTALL,
            ) from error
        # OSError: what the connection to the engine says, once it has answered.
        self._trouble: tuple[type[Exception], ...] = (DockerException, OSError)
        self._closed = False
        try:
            # The engine is asked, not the client: a client may well be there without one.
            self._client = DockerClient()
            self._client.client.ping()
        except DockerException as error:
            _hang_up(error)
            raise NotReady(
                f"no Docker engine answers: {_short(error)}",
                expected="a running engine that this user may talk to",
                todo="start Docker, or set DOCKER_HOST; `docker info` shows when it answers",
            ) from error
        if (host := self._client.host()) not in _LOCAL:
            self.close()
            raise NotReady(
                f"the Docker engine is on {host}",
                expected="an engine on this machine, since brokers are published on loopback only",
                todo="unset DOCKER_HOST, or start a broker there and say --bus HOST:PORT",
            )

    def has(self, image: str) -> bool:
        """Whether the image is on this machine."""
        from docker.errors import ImageNotFound  # noqa: PLC0415

        try:
            self._client.client.images.get(image)
        except ImageNotFound:
            return False
        return True

    def fetch(self, image: str, say: Callable[[str], None]) -> None:
        """Have the image here, pulled if need be. Raises: NotReady (no such image here or in any registry)."""
        if self.has(image):
            return
        say(f"Pulling {image} (once)")
        name, tag = image.rsplit(":", 1) if ":" in image.rpartition("/")[2] else (image, "latest")
        try:
            for said in self._client.client.api.pull(name, tag, stream=True, decode=True):
                if self._closed:
                    return
                if "error" in said:
                    raise _no_image(image, said["error"])
        except self._trouble as error:
            raise _no_image(image, _short(error)) from error

    def sweep(self) -> None:
        """Remove what processes of this machine left that are no longer alive."""
        found = self._client.client.containers.list(all=True, filters={"label": f"{_MACHINE}={socket.gethostname()}"})
        for container in found:
            if not _alive(int(container.labels.get(_PROCESS, "0") or "0")):
                # Another start may be sweeping too.
                with suppress(*self._trouble):
                    container.remove(force=True, v=True)

    def start(self, image: str, command: str, files: Mapping[str, bytes], ports: Mapping[int, int]) -> DockerContainer:
        """Start a shell command in a new container of ours.

        Args:
            image: what `fetch` has brought here.
            command: for `sh -c`.
            files: content by absolute path. They are copied in before the start, so that they need no folder that
                the engine can mount, and no key leaves the run's folder but into this one container.
            ports: for each port that it listens on, the one on this machine's loopback.

        Raises:
            PortTaken: somebody has one of those on this machine.
            RoadFailed: Docker does not start it.
        """
        from testcontainers.core.config import testcontainers_config  # noqa: PLC0415
        from testcontainers.core.container import DockerContainer  # noqa: PLC0415

        testcontainers_config.ryuk_disabled = testcontainers_config.ryuk_disabled or not self.has(
            testcontainers_config.ryuk_image
        )
        container = DockerContainer(image).with_command([command])
        container.with_kwargs(
            entrypoint=["sh", "-c"],
            labels={_MACHINE: socket.gethostname(), _PROCESS: str(os.getpid())},
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
        )
        # `with_bind_ports` knows no address and would open the port to everybody around.
        for inside, outside in ports.items():
            published: Any = (HOST, outside)  # Any: docker-py takes a pair, which testcontainers' type does not say
            container.ports[f"{inside}/tcp"] = published
        for path, content in files.items():
            # For whatever user the image runs as; nobody but this broker lives in there, and it goes with it.
            container.with_copy_into_container(content, path, 0o444)
        try:
            container.start()
            _ours[container.get_container_id()] = container
        except BaseException as error:
            with suppress(*self._trouble):
                container.stop()
            if not isinstance(error, self._trouble):
                raise
            if any(words in str(error) for words in _TAKEN):
                raise PortTaken(_named(str(error), ports.values())) from error
            raise RoadFailed(
                f"Docker does not start {image}: {_short(error)}", expected="a container", todo=f"docker run {image}"
            ) from error
        return container

    def kill(self, container: DockerContainer) -> None:
        """Kill what runs in a container (SIGKILL), and wait until it is dead. Raises: RoadFailed."""
        try:
            container.get_wrapped_container().kill()
            container.wait()
        except self._trouble as error:
            raise RoadFailed(f"Docker does not kill a container: {_short(error)}") from error

    def start_again(self, container: DockerContainer) -> float:
        """Start a container that has ended, with all that it wrote; return the moment (seconds since 1970).

        Raises:
            RoadFailed: Docker does not start it.
        """
        try:
            wrapped = container.get_wrapped_container()
            wrapped.start()
            wrapped.reload()
            return moment(wrapped.attrs["State"]["StartedAt"][:23] + "Z").timestamp()
        except self._trouble as error:
            raise RoadFailed(f"Docker does not start a container again: {_short(error)}") from error

    def remove(self, container: DockerContainer) -> None:
        """Remove a container, running or not, and all that it wrote."""
        _ours.pop(container.get_container_id(), None)
        with suppress(*self._trouble):
            container.stop()

    def close(self) -> None:
        """Let go of the engine; a `fetch` that another thread waits for ends with the next word about it."""
        self._closed = True
        self._client.client.close()


def _named(words: str, ports: Collection[int]) -> int:
    """Which of these ports Docker's error is about: the first, where it names none."""
    return next((port for port in ports if re.search(rf":{port}\b", words)), next(iter(ports)))


def _hang_up(error: BaseException | None) -> None:
    """Close the sockets that docker-py opened, could not connect, and forgot in the frames of its error."""
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            for value in frame.f_locals.values():
                if isinstance(value, socket.socket):
                    value.close()
        error = error.__context__


def _no_image(image: str, why: str) -> NotReady:
    return NotReady(
        f"no image {image} here, and it cannot be pulled: {why}",
        expected="an Apache Kafka image on this machine, or a registry within reach",
        todo="docker load it from where there is one, or name one that is here in CORRIDOR_KAFKA_IMAGE",
    )


def _alive(process: int) -> bool:
    if process <= 0:
        return False
    if sys.platform == "win32":
        return True  # a signal 0 would be Ctrl-C there; what was left has to be removed by hand
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _short(error: BaseException) -> str:
    """The first line of what Docker says, without the wrapping of its client."""
    told = str(getattr(error, "explanation", None) or error).strip().splitlines()
    return told[0][:300] if told else type(error).__name__


@atexit.register
def _remove_all() -> None:
    """What an interpreter that ends in the middle of a run still has to do."""
    while _ours:
        _, container = _ours.popitem()
        with suppress(Exception):
            container.stop()
