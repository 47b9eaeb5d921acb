"""A real Apache Kafka that outlives the command that started it: `corridor broker start`, `status`, `stop`.

The node of `local`, with the same properties, in a folder of its own where its data stay from start to start:

    broker.json           the running one: process, address, since when; gone when it was stopped
    client.properties     what a client needs to come to it (harness.exchange.kafka_config), certificates beside it
    broker.log, data/     Kafka's own

It is known by its process id and by when that process began: an id alone may be another's by now, and nothing is ever
done to a process that is not ours.

A start is mostly Kafka's own. So Kafka is begun first, and what its clients need is imported and written while it
comes up (`_clients`): that would be another quarter on top.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

from harness.brokers import aot
from harness.brokers.jars import Jars, find_jars
from harness.brokers.java import find_java
from harness.brokers.settings import (
    BROKER,
    HOST,
    JVM,
    LOG_LINE,
    cluster_id,
    failed,
    free_ports,
    plain_properties,
    properties,
    write,
)
from harness.clock import Chance, SystemClock, stamp
from harness.errors import BadInput, NotReady, RoadFailed

PORT: Final = 9092
_TRIES: Final = 3
_START: Final = 90.0  # seconds, generous: a busy machine
_STOP: Final = 20.0
_AGAIN: Final = 0.05


@dataclass(frozen=True, slots=True)
class State:
    """A broker that runs: `began` is when its process began, in the system's own count."""

    pid: int
    began: str
    address: str
    software: str
    since: str
    log: str
    config: str
    guarded: bool


class StandingBroker:
    """The broker in `folder`.

    Args:
        folder: its own; made for its owner only.
        say: told in a sentence what takes long.
    """

    def __init__(self, folder: Path, say: Callable[[str], None] = lambda _: None) -> None:
        self.folder = folder.absolute()
        self._say = say
        self._state = self.folder / "broker.json"
        self._log = self.folder / "broker.log"
        self._config = self.folder / "client.properties"

    def running(self) -> State | None:
        """The one that runs; None when none does."""
        try:
            told = json.loads(self._state.read_bytes())
            state = State(**told)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise BadInput(
                f"{self._state} does not say what runs: {error}",
                expected="what `corridor broker start` wrote",
                todo="see whether a Kafka still runs (ps), end it, and remove the file",
            ) from error
        return state if began(state.pid) == state.began else None

    async def start(self, principals: Callable[[], Sequence[str]], *, port: int = PORT, guarded: bool = True) -> State:
        """Start it and return once it answers.

        Args:
            principals: tells the parties that may come, as harness.exchange.topics names them; asked in a thread, for
                who looks into the packs takes half a second.
            port: where on 127.0.0.1 it listens.
            guarded: mutual TLS, and all denied that was not granted; False for plaintext and no authorizer.

        Raises:
            BadInput: it runs already.
            NotReady: no Java, no jars, or the port is taken.
            RoadFailed: Kafka does not start; where its log is.
        """
        if (state := self.running()) is not None:
            raise BadInput(
                f"a broker runs in {self.folder} already: {state.address}, process {state.pid}",
                expected="one broker a folder",
                todo="use it, stop it (corridor broker stop), or name another --folder and --port",
            )
        java, jars = await asyncio.gather(asyncio.to_thread(find_java), asyncio.to_thread(find_jars, self._say))
        _free(port)
        self.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        if aot.lacking(java, jars, JVM):
            from harness.brokers import warming

            await warming.make(java, jars, self._say)
        if guarded and not (self.folder / f"{BROKER}.pem").is_file():
            await asyncio.to_thread(self._clients, principals, guarded=guarded)
        self._say(f"Starting Apache Kafka {jars.version} on {HOST}:{port}")
        command = (*_java(java, jars), "kafka.Kafka", str(await self._formatted(java, jars, port, guarded=guarded)))
        why: RoadFailed | None = None
        for _ in range(_TRIES):
            try:
                pid = await self._up(command, f"{HOST}:{port}", principals, guarded=guarded)
            except RoadFailed as error:
                why = error
                continue
            if pid is not None:
                return self._note(pid, f"{HOST}:{port}", f"Apache Kafka {jars.version}", guarded=guarded)
        raise why or failed("did not start", self._log)

    async def stop(self) -> State | None:
        """End it by its own process id, asked first, then made to; return what ran, None when none did."""
        state = self.running()
        if state is not None:
            for number in (signal.SIGTERM, signal.SIGKILL):
                with suppress(ProcessLookupError):
                    os.kill(state.pid, number)
                if await self._ends(state):
                    break
        self._state.unlink(missing_ok=True)
        return state

    async def _ends(self, state: State) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOP):
                while began(state.pid) == state.began:  # noqa: ASYNC110 - the end of a stranger's process gives no event
                    await asyncio.sleep(_AGAIN)
                return True
        return False

    async def _formatted(self, java: Path, jars: Jars, port: int, *, guarded: bool) -> Path:
        """Write the properties; format the storage the first time."""
        # Another port each time: the controller's listener is the broker's own business.
        (controller,) = free_ports(1)
        data, settings = self.folder / "data", self.folder / "broker.properties"
        chosen = (properties if guarded else plain_properties)(self.folder, data, port, controller)
        write(settings, chosen)
        if (data / "meta.properties").is_file():
            return settings
        shutil.rmtree(data, ignore_errors=True)
        tool = ("kafka.tools.StorageTool", "format", "--standalone", "-t", cluster_id(), "-c", str(settings))
        with self._log.open("wb") as words:
            formatting = await asyncio.create_subprocess_exec(
                *_java(java, jars), *tool, stdout=words, stderr=subprocess.STDOUT
            )
            if await formatting.wait() != 0:
                raise failed("could not format its storage", self._log)
        return settings

    async def _up(
        self, command: Sequence[str], address: str, principals: Callable[[], Sequence[str]], *, guarded: bool
    ) -> int | None:
        """Begin a process that outlives us; return its id once the broker answers.

        None, and it is ended: it was begun with certificates that turned out to be over, or not all that are wanted.
        """
        with self._log.open("ab") as words:
            # Not asyncio's: that ends its children with its loop.
            process = subprocess.Popen(  # noqa: ASYNC220 - it forks and returns
                command, stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT, start_new_session=True
            )
        up = False
        try:
            answering = await asyncio.to_thread(self._clients, principals, guarded=guarded)
            if answering is not None:
                await self._answers(process, answering(address))
                up = True
        finally:
            if not up:
                process.kill()
                process.wait()
        return process.pid if up else None

    async def _answers(self, process: subprocess.Popen[bytes], answering: Coroutine[None, None, None]) -> None:
        asking = asyncio.ensure_future(answering)
        try:
            async with asyncio.timeout(_START):
                while not asking.done():
                    if process.poll() is not None:
                        raise failed("ended by itself", self._log)
                    await asyncio.wait([asking], timeout=_AGAIN)
            await asking
        except TimeoutError as error:
            raise failed(f"did not answer within {_START:g} s", self._log) from error
        finally:
            asking.cancel()

    def _clients(
        self, principals: Callable[[], Sequence[str]], *, guarded: bool
    ) -> Callable[[str], Coroutine[None, None, None]] | None:
        """Write what clients need to come, and return what tells, given an address, when a broker answers there.

        None: the certificates are new ones, and a broker that was begun before does not know them.
        """
        from harness.brokers.access import keep_or_issue
        from harness.brokers.local import answering
        from harness.exchange import kafka_config

        kafka_config.write(self._config, guarded=guarded)
        if not guarded:
            return partial(answering, credentials=None)
        now = SystemClock().now()
        credentials, kept = keep_or_issue(
            self.folder, principals(), (HOST, "localhost"), at=now, chance=Chance().octets
        )
        return partial(answering, credentials=credentials) if kept else None

    def _note(self, pid: int, address: str, software: str, *, guarded: bool) -> State:
        since = stamp(SystemClock().now())
        state = State(pid, began(pid), address, software, since, str(self._log), str(self._config), guarded)
        written = self._state.with_suffix(".new")
        written.write_text(json.dumps(asdict(state), indent=1), encoding="utf-8")
        written.replace(self._state)
        return state


def _java(java: Path, jars: Jars) -> tuple[str, ...]:
    return (str(java), *JVM, *aot.options(java, jars, JVM), LOG_LINE, "-cp", jars.classpath)


def began(pid: int) -> str:
    """When the process with that id began, in the system's own count; empty when there is none (or it is a zombie)."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").is_file():
        try:
            # After the name in brackets, which may hold anything: field 3 is the state, field 22 the moment (proc(5)).
            fields = stat.read_text("ascii", "replace").rpartition(")")[2].split()
        except OSError:
            return ""
        return "" if fields[0] == "Z" else fields[19]
    ran = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S607
    return ran.stdout.strip()


def _free(port: int) -> None:
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        raise NotReady(
            f"port {port} on {HOST} cannot be had: {error.strerror}",
            expected="a port that nobody uses",
            todo="stop what listens there, or choose another --port",
        ) from error
