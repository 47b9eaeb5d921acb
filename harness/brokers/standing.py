"""A real Apache Kafka that outlives the command that started it: `corridor broker start`, `status`, `stop`.

The node of `local`, with the same properties, in a folder of its own where its data stay from start to start:

    broker.json           the running one: process, address, since when; from when it is begun until it was stopped
    client.properties     what a client needs to come to it (harness.exchange.kafka_config), certificates beside it
    broker.log, data/     Kafka's own

It is known by its process id and by when that process began: an id alone may be another's by now, and nothing is ever
done to a process that is not ours.

A start is mostly Kafka's own. So Kafka is begun first, and what its clients need is imported and written while it
comes up (`_clients`): that would be another quarter on top.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

from harness.brokers import aot
from harness.brokers.formatting import format_storage
from harness.brokers.jars import Jars, find_jars
from harness.brokers.java import find_java
from harness.brokers.settings import (
    BROKER,
    HOST,
    JVM,
    failed,
    free_ports,
    jvm_log,
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
        self._before = 0
        """Octets of the log that were there before the last try."""

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
        return state if state.began and began(state.pid) == state.began else None

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
        self._alone()
        java, jars = await asyncio.gather(asyncio.to_thread(find_java), asyncio.to_thread(find_jars, self._say))
        _free(port)
        self.folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        with self._claimed():
            return await self._started(java, jars, principals, port, guarded=guarded)

    def _alone(self) -> None:
        if (state := self.running()) is not None:
            raise BadInput(
                f"a broker runs in {self.folder} already: {state.address}, process {state.pid}",
                expected="one broker a folder",
                todo="use it, stop it (corridor broker stop), or name another --folder and --port",
            )

    @contextmanager
    def _claimed(self) -> Iterator[None]:
        """Nobody else starts one in this folder meanwhile. The system itself ends a claim with its process."""
        with (self.folder / "starting").open("wb") as claim:
            try:
                fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise BadInput(
                    f"another start is under way in {self.folder}",
                    expected="one broker a folder",
                    todo="wait for it (corridor broker status), or name another --folder and --port",
                ) from error
            self._alone()
            yield

    async def _started(
        self, java: Path, jars: Jars, principals: Callable[[], Sequence[str]], port: int, *, guarded: bool
    ) -> State:
        if aot.lacking(java, jars, JVM):
            from harness.brokers import warming

            await warming.make(java, jars, self._say)
        if guarded and not (self.folder / f"{BROKER}.pem").is_file():
            await asyncio.to_thread(self._clients, principals, guarded=guarded)
        why: RoadFailed | None = None
        for _ in range(_TRIES):
            try:
                settings = await self._formatted(java, jars, port, guarded=guarded)
                process = self._begin((*self._java(java, jars), "kafka.Kafka", str(settings)))
                state = self._state_of(process.pid, f"{HOST}:{port}", jars, guarded=guarded)
                if await self._up(process, state, principals):
                    return state
            except RoadFailed as error:
                why = error
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
        self._log.unlink(missing_ok=True)
        await format_storage(self._java(java, jars), settings, self._log)
        return settings

    def _begin(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """Begin a process that outlives us."""
        with self._log.open("ab") as words:
            self._before = words.tell()
            # Not asyncio's: that ends its children with its loop.
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT, start_new_session=True
            )

    async def _up(
        self, process: subprocess.Popen[bytes], state: State, principals: Callable[[], Sequence[str]]
    ) -> bool:
        """Return once the broker answers.

        False, and it is ended: it was begun with certificates that turned out to be over, or not all that are wanted.
        """
        up = False
        try:
            # Before it answers, so that it is found and stopped whatever becomes of us.
            self._note(state)
            self._say(f"Starting {state.software} on {state.address}")
            answering = await asyncio.to_thread(self._clients, principals, guarded=state.guarded)
            if answering is not None:
                await self._answers(process, answering(state.address))
                up = True
        finally:
            if not up:
                process.kill()
                process.wait()
                self._state.unlink(missing_ok=True)
        return up

    async def _answers(self, process: subprocess.Popen[bytes], answering: Coroutine[None, None, None]) -> None:
        asking = asyncio.ensure_future(answering)
        try:
            async with asyncio.timeout(_START):
                while not asking.done():
                    if process.poll() is not None:
                        raise failed("ended by itself", self._log, self._before)
                    await asyncio.wait([asking], timeout=_AGAIN)
            await asking
        except TimeoutError as error:
            raise failed(f"did not answer within {_START:g} s", self._log, self._before) from error
        finally:
            asking.cancel()
        # Whoever answered there, it was not this one.
        if process.poll() is not None:
            raise failed("ended by itself", self._log, self._before)

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

    def _state_of(self, pid: int, address: str, jars: Jars, *, guarded: bool) -> State:
        since, software = stamp(SystemClock().now()), f"Apache Kafka {jars.version}"
        return State(pid, began(pid), address, software, since, str(self._log), str(self._config), guarded)

    def _note(self, state: State) -> None:
        written = self._state.with_suffix(".new")
        written.write_text(json.dumps(asdict(state), indent=1), encoding="utf-8")
        written.replace(self._state)

    def _java(self, java: Path, jars: Jars) -> tuple[str, ...]:
        return (str(java), *JVM, *aot.options(java, jars, JVM), *jvm_log(self.folder), "-cp", jars.classpath)


def log_beside(config: Path, address: str) -> Callable[[], str] | None:
    """What the broker at `address` writes in its log from now on, where `config` is what its start wrote; else None."""
    try:
        state = StandingBroker(config.parent).running()
    except BadInput:
        return None
    if state is None or state.address != address or Path(state.config) != config.absolute():
        return None
    log, begins = Path(state.log), Path(state.log).stat().st_size
    return lambda: log.read_bytes()[begins:].decode("utf-8", "replace")


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
