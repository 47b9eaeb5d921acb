"""A real Apache Kafka in Docker, for one run: `--bus container`.

Our own class and not testcontainers' `KafkaContainer`: that one fits Confluent's images only, knows no certificates and
denies nobody anything. Here it is the node of local, guarded by the same properties, in an `apache/kafka` image:

    (1) find the engine and the image            engine
    (2) issue certificates for this broker       access
    (3) write the properties, start a container  (three tries: a port may be taken in between)
    (4) wait until Kafka answers a request
    (5) remove the container, whatever happened inside

An image will do that has `java` on its PATH and Kafka's jars in /opt/kafka/libs, as `apache/kafka` has. Kafka's own
words go to `broker-N.log` in the run's folder as they come; denied requests stand there too.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from harness.brokers.access import issue_all
from harness.brokers.engine import HOST, Engine, PortTaken
from harness.brokers.jars import KAFKA
from harness.brokers.settings import (
    BROKER,
    JVM,
    LOG4J,
    LOG_LINE,
    cluster_id,
    failed,
    free_ports,
    properties,
    with_detour,
)
from harness.clock import Chance, SystemClock
from harness.errors import Defect, RoadFailed
from harness.exchange.bus import Unreachable
from harness.exchange.kafka import Credentials, KafkaBus

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

IMAGE: Final = f"apache/kafka:{KAFKA}"
"""The image, unless CORRIDOR_KAFKA_IMAGE names another."""

_TRIES: Final = 3
_START: Final = 120.0  # seconds, generous: a busy machine
_KNOCK: Final = 5.0  # seconds for one question: Docker opens the port long before Kafka listens behind it
_AGAIN: Final = 0.1
_FOLDER: Final = Path("/corridor")  # in the container
_PORT: Final = 9092  # in the container, as the controller's
_CONTROLLER: Final = 9093
_DETOUR: Final = 9094


def image_wanted(environment: Mapping[str, str]) -> str:
    """The image that a run asks for."""
    return environment.get("CORRIDOR_KAFKA_IMAGE") or IMAGE


class ContainerBroker:
    """Apache Kafka in Docker as an asynchronous context: started on entry, removed on exit. The face of `LocalBroker`.

    Args:
        folder: the run's folder; certificates and logs are kept in `folder/broker`, data in the container only.
        principals: the parties that may come, as harness.exchange.topics names them.
        image: the image; by default the one of CORRIDOR_KAFKA_IMAGE, else `IMAGE`.
        port: where on 127.0.0.1 it is to be reached; by default on a free port.
        say: told in a sentence what takes long.
    """

    def __init__(
        self,
        folder: Path,
        principals: Sequence[str],
        *,
        image: str = "",
        port: int = 0,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.folder = folder.absolute() / "broker"
        self.image = image or image_wanted(os.environ)
        self._principals = tuple(principals)
        self._wanted = port
        self._say = say
        self._credentials: Credentials | None = None
        self._engine: Engine | None = None
        self._running: _Running | None = None

    @property
    def address(self) -> str:
        """HOST:PORT where clients come."""
        return self._now().address

    @property
    def software(self) -> str:
        """What runs: `apache/kafka:4.3.1 in Docker`."""
        return f"{self.image} in Docker"

    @property
    def logs(self) -> tuple[Path, ...]:
        """Kafka's own logs, oldest try first."""
        return tuple(sorted(self.folder.glob("broker-*.log")))

    @property
    def detour(self) -> tuple[int, int]:
        """The port from which a detour leads here, as clients that come by it are told, and the one it leads to."""
        return self._now().detour

    def bus(self, prefix: str = "", *, patience: float = 15.0, instance: str | None = None) -> KafkaBus:
        """A bus on this broker; `prefix` keeps runs apart that share it, `instance` names its readers (`KafkaBus`)."""
        return KafkaBus(
            self.address,
            prefix=prefix,
            credentials=self._credentials,
            patience=patience,
            instance=instance,
            log=self.log_text,
            relayed=True,
        )

    def log_text(self) -> str:
        """What the broker that runs now has written in its log, as far as Docker has brought it in."""
        return self.logs[-1].read_text("utf-8", "replace") if self.logs else ""

    async def __aenter__(self) -> Self:
        """Start. Raises: NotReady (no engine, no image, no testcontainers), RoadFailed (Kafka does not start)."""
        # (1) In threads, as all that asks Docker.
        self._engine = engine = await asyncio.to_thread(Engine)
        try:
            await asyncio.to_thread(engine.fetch, self.image, self._say)
            await asyncio.to_thread(engine.sweep)
            # (2) The machine's own clock and chance, in driven runs too: the JVM knows no other.
            at, chance = SystemClock().now(), Chance().octets
            self._credentials = issue_all(self.folder, self._principals, (HOST, "localhost"), at=at, chance=chance)
            self._say(f"Starting {self.software}")
            self._running = await self._first_that_answers(engine)
        except BaseException:
            await asyncio.to_thread(engine.close)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """(5) Remove."""
        running, self._running = self._running, None
        engine, self._engine = self._engine, None
        if running is not None:
            await running.end()
        if engine is not None:
            await asyncio.to_thread(engine.close)

    async def falls(self) -> None:
        """Kill the broker (SIGKILL) and start it again on the same data and port; return once it answers.

        Raises:
            RoadFailed: it does not come up again.
        """
        # Kept before it answers, so that it is removed with the rest if it never does.
        self._running = await self._now().again()
        await self._answering(self._running)

    async def _first_that_answers(self, engine: Engine) -> _Running:
        why: RoadFailed | None = None
        for number in range(1, _TRIES + 1):
            # (3) Ports are found here, not earlier: each try has its own.
            port, *detour = free_ports(3)
            try:
                return await self._start(
                    engine, self._wanted or port, (detour[0], detour[1]), self.folder / f"broker-{number}.log"
                )
            except PortTaken as error:
                if error.port == self._wanted:
                    raise
                why = error
            except RoadFailed as error:
                why = error
        raise why or Defect("a broker that was never tried")

    async def _start(self, engine: Engine, port: int, detour: tuple[int, int], log: Path) -> _Running:
        files = {
            f"{_FOLDER}/{name}": (self.folder / name).read_bytes() for name in (f"{BROKER}.pem", "authority.pem")
        } | {
            f"{_FOLDER}/server.properties": _written(_told(port, detour[0])),
            f"{_FOLDER}/log4j2.properties": LOG4J.encode("ascii"),
        }
        ports = {_PORT: port, _DETOUR: detour[1]}
        starting = asyncio.create_task(asyncio.to_thread(engine.start, self.image, _command(), files, ports))
        try:
            container = await asyncio.shield(starting)
        except asyncio.CancelledError:
            # The thread goes on, and may bring a container up that nobody would know of.
            with suppress(Exception):
                await asyncio.to_thread(engine.remove, await starting)
            raise
        # From here on there is a container to remove.
        running = _Running(engine, container, f"{HOST}:{port}", detour, log)
        try:
            await self._answering(running)
        except BaseException:
            await running.end()
            raise
        return running

    async def _answering(self, running: _Running) -> None:
        """(4) Wait until Kafka answers, or ends, or the time is up."""
        asking = asyncio.create_task(self._ask(running.address))
        ending = asyncio.create_task(running.ended.wait())
        try:
            await asyncio.wait((asking, ending), timeout=_START, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                what = "ended by itself" if ending.done() else f"did not answer within {_START:g} s"
                raise failed(f"in {self.image} {what}", running.log)
            await asking
        finally:
            asking.cancel()
            ending.cancel()
            await asyncio.wait((asking, ending))

    async def _ask(self, address: str) -> None:
        while True:
            bus = KafkaBus(address, credentials=self._credentials, patience=_KNOCK)
            try:
                return await bus.answers()
            except Unreachable:
                await asyncio.sleep(_AGAIN)
            finally:
                await bus.close()

    def _now(self) -> _Running:
        if self._running is None:
            raise Defect("the container's broker is used outside its `async with`")
        return self._running


class _Running:
    """A container that was started, with its log on the way to a file. Make it inside the event loop."""

    def __init__(
        self,
        engine: Engine,
        container: DockerContainer,
        address: str,
        detour: tuple[int, int],
        log: Path,
        *,
        since: float | None = None,
    ) -> None:
        self.address = address
        self.detour = detour
        self.log = log
        self.ended = asyncio.Event()
        self._engine = engine
        self.container = container
        self._since = since
        self._loop = asyncio.get_running_loop()
        # A daemon, not a worker of the loop's: those are waited for at the end, and this one ends with the container.
        self._follower = threading.Thread(target=self._follow, name=f"log of {address}", daemon=True)
        self._follower.start()

    def _follow(self) -> None:
        """Write Kafka's words down until the container ends."""
        with self.log.open("ab", buffering=0) as file, suppress(Exception):
            for words in self.container.get_wrapped_container().logs(stream=True, follow=True, since=self._since):
                file.write(words)
        with suppress(RuntimeError):  # the loop was closed before
            self._loop.call_soon_threadsafe(self.ended.set)

    async def again(self) -> _Running:
        """Kill what runs in the container, start it again, and return it with its log going on in the same file."""
        since = await asyncio.shield(asyncio.to_thread(self._fall))
        return _Running(self._engine, self.container, self.address, self.detour, self.log, since=since)

    def _fall(self) -> float:
        self._engine.kill(self.container)
        self._follower.join()
        return self._engine.start_again(self.container)

    async def end(self) -> None:
        """Remove the container; nothing in it is kept. A cancellation meanwhile does not keep it alive."""
        await asyncio.shield(asyncio.to_thread(self._end))

    def _end(self) -> None:
        self._engine.remove(self.container)
        self._follower.join()


def _told(port: int, detour: int) -> Mapping[str, str]:
    """The properties of local, for one that listens in a container and is reached from outside it."""
    own = properties(_FOLDER, Path("/tmp/corridor"), _PORT, _CONTROLLER)  # noqa: S108  in a container of its own
    reached = {
        "listeners": f"CORRIDOR://0.0.0.0:{_PORT},CONTROLLER://{HOST}:{_CONTROLLER}",
        "advertised.listeners": f"CORRIDOR://{HOST}:{port},CONTROLLER://{HOST}:{_CONTROLLER}",
    }
    return with_detour({**own, **reached}, told=detour, listens=f"0.0.0.0:{_DETOUR}")


def _written(told: Mapping[str, str]) -> bytes:
    return "".join(f"{key}={value}\n" for key, value in told.items()).encode("ascii")


def _command() -> str:
    java = " ".join(("java", *JVM, f"'{LOG_LINE}'", f"-Dlog4j2.configurationFile={_FOLDER}/log4j2.properties"))
    java += " -cp '/opt/kafka/libs/*'"
    settings = f"{_FOLDER}/server.properties"
    formatted = f"{java} kafka.tools.StorageTool format --standalone --ignore-formatted -t {cluster_id()} -c {settings}"
    return f"{formatted} && exec {java} kafka.Kafka {settings}"
