"""The container's broker denies whom it must, opens nothing to others, leaves nothing, and says what it lacks."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import socket
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from harness.brokers.access import issue_all
from harness.brokers.container import ContainerBroker
from harness.brokers.detour import Cut, Detour
from harness.brokers.engine import Engine, PortTaken
from harness.brokers.settings import free_ports
from harness.clock import Chance, SystemClock
from harness.errors import Defect, NotReady, RoadFailed
from harness.exchange.bus import NotAllowed, Record, TopicRights, Unreachable
from harness.exchange.kafka import KafkaBus

TOPIC = "qn.in.from.qm"
INBOX = TopicRights(TOPIC, writer="qm", reader="qn")

PROGRAM = """
import asyncio, sys
from pathlib import Path
from harness.brokers.container import ContainerBroker

async def main():
    async with ContainerBroker(Path(sys.argv[1]), ["qm"]) as broker:
        print(broker._now().container.get_container_id(), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def engine(parts_of_a_container: None) -> Iterator[Engine]:
    """The Docker engine, to look into."""
    made = Engine()
    yield made
    made.close()


def of(engine: Engine, process: int) -> list[Any]:  # Any: docker-py has no types
    """The containers that a process owns, running or not."""
    found: list[Any] = engine._client.client.containers.list(all=True, filters={"label": f"corridor.process={process}"})
    return found


def image_of(engine: Engine, **files: str) -> str:
    """An image that holds nothing but these files, imported for one test."""
    with io.BytesIO() as archive:
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for name, content in files.items():
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(content), 0o755
                tar.addfile(entry, io.BytesIO(content.encode()))
        engine._client.client.api.import_image_from_data(archive.getvalue(), repository="corridor-test", tag="empty")
    return "corridor-test:empty"


@pytest_asyncio.fixture
async def closing() -> AsyncIterator[list[KafkaBus]]:
    """Buses put here are closed after the test."""
    buses: list[KafkaBus] = []
    yield buses
    for bus in buses:
        await bus.close()


async def test_third_country_may_not_read_and_the_denial_stands_in_the_log(
    container: ContainerBroker, closing: list[KafkaBus]
) -> None:
    """QP reads no topic of QM and QN, and Kafka's own log names it, what it wanted, and why it was refused."""
    bus = container.bus("denied.")
    closing.append(bus)
    await bus.open_topics([INBOX])
    assert bus.enforces_rights
    inlet = await bus.inlet("qp", [TOPIC], group="window")
    with pytest.raises(NotAllowed, match="'qp' may not read"):
        await inlet.take()
    async with asyncio.timeout(10):
        # Docker brings the log in a moment later, and gives no event: meanwhile the broker is asked something.
        while not any(map(_denies, container.logs[-1].read_text("utf-8").splitlines())):
            await bus.answers()


def _denies(line: str) -> bool:
    return f"denied.{TOPIC}" in line and "Principal = User:qp is Denied operation = DESCRIBE" in line


async def test_certificate_of_another_authority_does_not_come_in(container: ContainerBroker, tmp_path: Path) -> None:
    """A certificate with the right name, from an authority of somebody's own, opens nothing."""
    foreign = issue_all(tmp_path, ("qm",), (), at=SystemClock().now(), chance=Chance().octets)
    (tmp_path / "authority.pem").write_bytes((container.folder / "authority.pem").read_bytes())
    bus = KafkaBus(container.address, credentials=foreign, patience=3)
    with pytest.raises(Unreachable):
        await bus.outlet("qm")
    await bus.close()


async def test_broker_is_published_on_loopback_only(container: ContainerBroker, engine: Engine) -> None:
    """Nobody on the network around sees the broker of a rehearsal."""
    (found,) = of(engine, os.getpid())
    published = {(each["HostIp"], int(each["HostPort"])) for binding in found.ports.values() for each in binding or ()}
    host, _, port = container.address.partition(":")
    _, target = container.detour
    assert published == {(host, int(port)), (host, target)}
    assert host == "127.0.0.1"


async def test_who_comes_by_the_detour_stays_on_it(container: ContainerBroker, closing: list[KafkaBus]) -> None:
    """What the broker tells a client that came by the detour leads over it again: cut there, it reaches nobody."""
    async with Detour(*container.detour) as detour:
        bus = container.bus("detour.", patience=3)
        closing.append(bus)
        await bus.open_topics([INBOX])
        bus.comes_by("qm", detour.address)
        outlet = await bus.outlet("qm")
        (ack,) = await outlet.put(Record(TOPIC, b"k", b"by the detour"))
        detour.cut(Cut.RESET)
        with pytest.raises(Unreachable):
            await outlet.put(Record(TOPIC, b"k", b"to nobody"))
        inlet = await bus.inlet("qn", [TOPIC], group="window")
        assert [(each.value, each.offset) for each in await inlet.take()] == [(b"by the detour", ack.offset)]


async def test_detour_leads_to_a_door_as_guarded_as_the_first(container: ContainerBroker, tmp_path: Path) -> None:
    """There too nobody comes in with another authority's certificate, or in the clear."""
    foreign = issue_all(tmp_path, ("qm",), (), at=SystemClock().now(), chance=Chance().octets)
    (tmp_path / "authority.pem").write_bytes((container.folder / "authority.pem").read_bytes())
    _, target = container.detour
    for credentials in (foreign, None):
        bus = KafkaBus(f"127.0.0.1:{target}", credentials=credentials, patience=3)
        with pytest.raises(Unreachable):
            await bus.outlet("qm")
        await bus.close()


async def test_kafka_in_the_container_is_nobody_in_particular(container: ContainerBroker, engine: Engine) -> None:
    """Kafka runs without root, without capabilities, and cannot get more."""
    (found,) = of(engine, os.getpid())
    ran = found.exec_run(["cat", "/proc/1/status"])
    told = dict(line.split(":", 1) for line in ran.output.decode().splitlines() if ":" in line)
    assert told["Uid"].split() != ["0"] * 4
    assert int(told["CapEff"], 16) == 0
    assert told["NoNewPrivs"].strip() == "1"


@pytest.mark.timeout(90)  # a broker starts inside, twice
async def test_broker_that_falls_comes_back_with_its_records(engine: Engine, tmp_path: Path) -> None:
    """Killed and started again, it has the same address, its records and its rights, and its log goes on."""
    async with ContainerBroker(tmp_path, ("qm", "qn")) as broker:
        address, detour = broker.address, broker.detour
        bus = broker.bus("falls.")
        await bus.open_topics([INBOX])
        await (await bus.outlet("qm")).put(Record(TOPIC, b"k", b"before"))
        await bus.close()
        before = broker.log_text()
        await broker.falls()
        assert (broker.address, broker.detour) == (address, detour)
        bus = broker.bus("falls.")
        inlet = await bus.inlet("qn", [TOPIC], group="window")
        assert [each.value for each in await inlet.take()] == [b"before"]
        with pytest.raises(NotAllowed):
            await (await bus.outlet("qn")).put(Record(TOPIC, b"k", b"v"))
        await bus.close()
        after = broker.log_text()
    assert after.startswith(before)
    assert after.count("Kafka Server started") == 2
    assert len(broker.logs) == 1


@pytest.mark.timeout(60)  # a broker starts inside
def test_ctrl_c_leaves_no_container_behind(engine: Engine, tmp_path: Path) -> None:
    """Interrupted in the middle of a run, the container is removed before the program ends."""
    with started(tmp_path) as program:
        told = said(program)
        assert [each.id for each in of(engine, program.pid)] == [told]
        program.send_signal(signal.SIGINT)
        _, complaint = program.communicate(timeout=20)
    assert "KeyboardInterrupt" in complaint
    assert of(engine, program.pid) == []


@pytest.mark.timeout(60)
def test_container_of_a_killed_process_is_removed_by_the_next_start(engine: Engine, tmp_path: Path) -> None:
    """What SIGKILL left is swept away; what a living process owns is not touched."""
    with started(tmp_path / "killed") as killed, started(tmp_path / "alive") as alive:
        assert said(killed) != said(alive)
        killed.kill()
        killed.communicate(timeout=20)
        assert len(of(engine, killed.pid)) == 1
        engine.sweep()
        assert of(engine, killed.pid) == []
        assert [each.status for each in of(engine, alive.pid)] == ["running"]
        alive.send_signal(signal.SIGINT)
        alive.communicate(timeout=20)
    assert of(engine, alive.pid) == []


def started(folder: Path) -> subprocess.Popen[str]:
    """A program that holds a container's broker until it is ended."""
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def said(program: subprocess.Popen[str]) -> str:
    """The id that it told, once its broker answers."""
    assert program.stdout is not None
    return program.stdout.readline().strip()


async def test_cancelled_while_it_starts(engine: Engine, tmp_path: Path) -> None:
    """A start that is given up half way leaves no container, though Docker went on with it for a while."""
    before = {each.id for each in of(engine, os.getpid())}
    loop = asyncio.get_running_loop()
    starting: asyncio.Task[ContainerBroker]

    def says(words: str) -> None:
        if words.startswith("Starting"):
            loop.call_soon(lambda: loop.call_soon(starting.cancel))

    starting = asyncio.create_task(ContainerBroker(tmp_path, (), say=says).__aenter__())
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert {each.id for each in of(engine, os.getpid())} == before


async def test_port_that_somebody_has(engine: Engine, tmp_path: Path) -> None:
    """A port asked for and taken is told at once, and not tried again."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        broker = ContainerBroker(tmp_path, (), port=port)
        with pytest.raises(PortTaken, match=rf"^port {port} of 127\.0\.0\.1 is taken;"):
            await broker.__aenter__()
    assert broker.logs == ()
    assert not [each for each in of(engine, os.getpid()) if str(port) in str(each.attrs["HostConfig"])]


@pytest.mark.timeout(60)  # a broker starts inside
async def test_port_of_the_detour_that_somebody_has(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port that nobody asked for and somebody took meanwhile is no reason to give up: another one is tried."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = [(0, *free_ports(1), taken.getsockname()[1]), (0, *free_ports(2))]
        monkeypatch.setattr("harness.brokers.container.free_ports", lambda _count: found.pop(0))
        (port,) = free_ports(1)
        async with ContainerBroker(tmp_path, (), port=port) as broker:
            assert broker.address == f"127.0.0.1:{port}"
    assert found == []


async def test_image_that_is_nowhere(engine: Engine, tmp_path: Path) -> None:
    """An image neither here nor in any registry within reach is told with what to do."""
    said_so: list[str] = []
    broker = ContainerBroker(tmp_path, (), image="registry.invalid/kafka:1", say=said_so.append)
    with pytest.raises(NotReady, match=r"^no image registry\.invalid/kafka:1 here, and it cannot be pulled: ") as found:
        await broker.__aenter__()
    assert not isinstance(found.value, RoadFailed)
    assert "CORRIDOR_KAFKA_IMAGE" in found.value.todo
    assert said_so == ["Pulling registry.invalid/kafka:1 (once)"]


async def test_image_without_a_shell(engine: Engine, tmp_path: Path) -> None:
    """An image in which nothing can be started is the road's failure, in Docker's words; three tries, none left."""
    before = {each.id for each in of(engine, os.getpid())}
    with pytest.raises(RoadFailed, match=r"^Docker does not start corridor-test:empty: .*sh.*not found"):
        await ContainerBroker(tmp_path, (), image=image_of(engine, nothing="")).__aenter__()
    assert {each.id for each in of(engine, os.getpid())} == before


@pytest.mark.timeout(60)
async def test_kafka_that_cannot_start_is_told_with_its_log(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three tries, then an error that says what Kafka complained about and where to read on; no container is left."""
    before = {each.id for each in of(engine, os.getpid())}
    monkeypatch.setattr("harness.brokers.container.JVM", ("-Xmx1k",))
    broker = ContainerBroker(tmp_path, ())
    with pytest.raises(RoadFailed, match="ended by itself") as failed:
        await broker.__aenter__()
    assert len(broker.logs) == 3
    assert failed.value.todo == f"read {broker.logs[-1]}"
    assert "Too small maximum heap" in broker.logs[-1].read_text("utf-8")
    assert {each.id for each in of(engine, os.getpid())} == before


async def test_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client without an engine is no Docker."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    with pytest.raises(NotReady, match=r"^no Docker engine answers: ") as found:
        await ContainerBroker(tmp_path, ()).__aenter__()
    assert found.value.todo.startswith("start Docker")
    assert not (tmp_path / "broker").exists()


async def test_engine_on_another_machine(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker published on another machine's loopback would answer nobody here, and is not started."""
    monkeypatch.setattr(type(engine._client), "host", lambda _self: "10.1.2.3")
    with pytest.raises(NotReady, match=r"^the Docker engine is on 10\.1\.2\.3;"):
        await ContainerBroker(tmp_path, ()).__aenter__()


async def test_without_testcontainers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is not installed, that is what is said, and how to install it."""
    monkeypatch.setitem(sys.modules, "testcontainers.core.docker_client", None)
    with pytest.raises(NotReady, match=r"^--bus container needs testcontainers") as found:
        await ContainerBroker(tmp_path, ()).__aenter__()
    assert found.value.todo == "pip install 'corridor[container]'"


def test_broker_outside_its_context_is_a_defect(tmp_path: Path) -> None:
    """An address that is not there yet is not made up."""
    with pytest.raises(Defect):
        ContainerBroker(tmp_path, ()).bus()
