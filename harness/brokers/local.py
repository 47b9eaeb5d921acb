"""A real Apache Kafka on this machine's JVM, for one run: `--bus local`.

One node in KRaft mode on two free loopback ports, mutual TLS on both, every right denied that was not granted.

    (1) find Java and the jars                      java, jars
    (2) issue certificates for this broker          access
    (3) write the properties, format the storage
    (4) start, and wait until it answers a request  (three tries: a busy machine can fail once)
    (5) stop it by its own process id, whatever happened inside

What runs over it: harness.exchange.kafka. Kafka's own words go to `broker-N.log` in the run's folder; denied
requests stand there too ("is Denied operation").
"""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.brokers.access import issue_all
from harness.brokers.aot import options
from harness.brokers.formatting import format_storage
from harness.brokers.jars import Jars, find_jars
from harness.brokers.java import find_java
from harness.brokers.settings import HOST, JVM, failed, free_ports, jvm_log, properties, with_detour, write
from harness.clock import Chance, SystemClock
from harness.errors import Defect, RoadFailed
from harness.exchange.bus import Doorway
from harness.exchange.kafka import Credentials, KafkaBus

_TRIES = 3
_START = 90.0  # seconds, generous: a busy machine
_STOP = 15.0
_AGAIN = 0.05  # seconds between two knocks at a port that is not open yet

_children: set[Process] = set()
"""Processes that were started and not yet stopped. Owned by `_run` and `_stop`."""


@dataclass(frozen=True, slots=True)
class _Running:
    process: Process
    address: str
    command: tuple[str, ...]
    told: Mapping[str, str]
    settings: Path
    log: Path
    data: Path
    detour: tuple[int, int]


class LocalBroker:
    """Apache Kafka as an asynchronous context: started on entry, stopped on exit.

    Args:
        folder: the run's folder; the broker keeps certificates, data and logs in `folder/broker`.
        principals: the parties that may come, as harness.exchange.topics names them.
        say: told in a sentence what takes long.
    """

    def __init__(self, folder: Path, principals: Sequence[str], *, say: Callable[[str], None] = lambda _: None) -> None:
        self.folder = folder.absolute() / "broker"
        self._principals = tuple(principals)
        self._say = say
        self._jars: Jars | None = None
        self._credentials: Credentials | None = None
        self._running: _Running | None = None

    @property
    def address(self) -> str:
        """HOST:PORT where clients come."""
        return self._now().address

    @property
    def software(self) -> str:
        """What runs: `Apache Kafka 4.3.1`."""
        return f"Apache Kafka {self._jars.version}" if self._jars else "Apache Kafka"

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
        )

    def log_text(self) -> str:
        """What the broker that runs now has written in its log."""
        return self.logs[-1].read_text("utf-8", "replace") if self.logs else ""

    async def __aenter__(self) -> Self:
        """Start. Raises: NotReady (no Java, no jars), RoadFailed (Kafka does not start; where its log is)."""
        # (1) In threads: both look into files, and the jars may have to come over the network first.
        java = await asyncio.to_thread(find_java)
        self._jars = await asyncio.to_thread(find_jars, self._say)
        # (2) The machine's own clock and chance, in driven runs too: the JVM knows no other.
        self._credentials = self._issue()
        self._say(f"Starting {self.software} on this machine")
        why: RoadFailed | None = None
        for number in range(1, _TRIES + 1):
            try:
                self._running = await self._start(java, self._jars, number)
            except RoadFailed as error:
                why = error
            else:
                return self
        raise why or Defect("a broker that was never tried")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        running, self._running = self._running, None
        if running is not None:
            await _stop(running.process)

    async def falls(self, meanwhile: Callable[[Path], None] = lambda _data: None) -> None:
        """Kill the broker (SIGKILL) and start it again on the same data and ports; return once it answers.

        Args:
            meanwhile: done while it is dead, told where its data lies.

        Raises:
            RoadFailed: it does not come up again.
        """
        running = self._now()
        _kill(running.process)
        await _stop(running.process)
        await asyncio.to_thread(meanwhile, running.data)
        process = await _run(running.log, *running.command)
        # Kept before it answers, so that it is stopped with the rest if it never does.
        self._running = replace(running, process=process)
        await self._answering(process, int(running.address.rpartition(":")[2]), running.log)

    async def opens(self, doorway: Doorway) -> None:
        """Be killed, and started again with another doorway; return once it answers.

        Raises:
            RoadFailed: it does not come up again.
        """
        running, trusted = self._now(), self.folder / "trusted.pem"
        own = await asyncio.to_thread((self.folder / "authority.pem").read_bytes)
        await asyncio.to_thread(trusted.write_bytes, b"".join((own, *doorway.roots)))
        asked = "required" if doorway.asks else "requested"
        told = {"ssl.client.auth": asked, "ssl.truststore.location": trusted.as_posix()}
        write(running.settings, {**running.told, **told})
        await self.falls()

    def _issue(self) -> Credentials | None:
        at, chance = SystemClock().now(), Chance().octets
        return issue_all(self.folder, self._principals, (HOST, "localhost"), at=at, chance=chance)

    def _properties(self, data: Path, port: int, controller: int) -> Mapping[str, str]:
        return properties(self.folder, data, port, controller)

    async def _start(self, java: Path, jars: Jars, number: int) -> _Running:
        log = self.folder / f"broker-{number}.log"
        settings = self.folder / f"broker-{number}.properties"
        port, controller, *detour = free_ports(4)
        # (3) Ports are found here, not earlier: each try has its own.
        data = self.folder / f"data-{number}"
        own = self._properties(data, port, controller)
        chosen = with_detour(own, told=detour[0], listens=f"{HOST}:{detour[1]}")
        write(settings, chosen)
        flags = (*JVM, *options(java, jars, JVM), *jvm_log(self.folder))
        command = (*_bound_to_us(), str(java), *flags, "-cp", jars.classpath)
        await format_storage(command, settings, log)
        # (4) From here on there is a broker to stop.
        serving = (*command, "kafka.Kafka", str(settings))
        process = await _run(log, *serving)
        try:
            await self._answering(process, port, log)
        except BaseException:
            await _stop(process)
            raise
        return _Running(process, f"{HOST}:{port}", serving, chosen, settings, log, data, (detour[0], detour[1]))

    async def _answering(self, process: Process, port: int, log: Path) -> None:
        """Wait until Kafka answers, or ends, or the time is up."""
        asking = asyncio.create_task(answering(f"{HOST}:{port}", self._credentials))
        ending = asyncio.create_task(process.wait())
        try:
            await asyncio.wait((asking, ending), timeout=_START, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise failed("ended by itself" if ending.done() else f"did not answer within {_START:g} s", log)
            await asking
        finally:
            asking.cancel()
            ending.cancel()
            await asyncio.wait((asking, ending))

    def _now(self) -> _Running:
        if self._running is None:
            raise Defect("the local broker is used outside its `async with`")
        return self._running


async def answering(address: str, credentials: Credentials | None) -> None:
    """Return once a broker that is just starting answers at HOST:PORT. Bound the wait with a deadline."""
    host, _, port = address.rpartition(":")
    # An open port is not an answer, but without one there is no point in asking.
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection(host, int(port))
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            break
        await asyncio.sleep(_AGAIN)
    bus = KafkaBus(address, credentials=credentials, patience=_START)
    try:
        await bus.answers()
    finally:
        await bus.close()


def _bound_to_us() -> tuple[str, ...]:
    """On Linux, a prefix by which the kernel ends the child when we are killed; elsewhere only `atexit` does."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return () if setpriv is None else (setpriv, "--pdeathsig", "TERM", "--")


async def _run(log: Path, *command: str) -> Process:
    """Start a process of ours; what it says goes to the log."""
    with log.open("ab") as said:
        # A group of its own: Ctrl-C in the terminal is for us, and we stop the broker after its clients.
        process = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=said, stderr=STDOUT, process_group=0
        )
    _children.add(process)
    return process


async def _stop(process: Process) -> None:
    """(5) End the process: asked first, then made to. Nothing is done to one that has ended."""
    try:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
            with suppress(TimeoutError):
                async with asyncio.timeout(_STOP):
                    await process.wait()
    finally:
        # Reached by a second Ctrl-C too.
        _kill(process)
        _children.discard(process)
        await process.wait()


def _kill(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


@atexit.register
def _kill_all() -> None:
    """What an interpreter that ends in the middle of a run still has to do."""
    for process in _children:
        _kill(process)
