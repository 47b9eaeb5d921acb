"""`corridor node`: one party as a process, ready, told to go, killed, and asked for what it cannot do."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from jsonschema import Draft202012Validator

from harness.brokers.local import LocalBroker
from harness.clock import SystemClock
from harness.evidence import records
from harness.evidence.log import EvidenceLog
from harness.exchange.kafka_config import write
from harness.trial.founding import rights_of
from harness.trial.remote import Line, RemoteCounter, called
from scenarios import samples
from scenarios.pack import PACK

from .conftest import RunCorridor, environment

PATIENCE = 15.0


@dataclass
class Pilot:
    """Seats of one run, its topics open on the session's broker."""

    command: Path
    folder: Path
    broker: LocalBroker
    properties: Path

    @asynccontextmanager
    async def node(self, party: str, *more: str) -> AsyncIterator[Process]:
        """A party's process, ready; killed at the end if it is still there."""
        options: list[str | Path] = [*more, "--bus", self.broker.address, "--bus-config", self.properties]
        options += ["--seat", self.folder / party, "--control", self.folder / party / "control.sock"]
        process = await asyncio.create_subprocess_exec(
            self.command, "node", party, *options, env=environment(), stdin=DEVNULL, stdout=PIPE, stderr=PIPE
        )
        try:
            assert process.stderr is not None
            async with asyncio.timeout(PATIENCE):
                first = (await process.stderr.readline()).decode()
            assert first.startswith(f"{party} is ready (run {self.folder.name}, process {process.pid})"), first
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    async def line(self, party: str) -> Line:
        """A line to its control socket."""
        return await called(party, self.folder / party / "control.sock")

    def events(self, party: str) -> list[str]:
        """What the party's log holds, once it has gone."""
        log = EvidenceLog(self.folder / party / "log.sqlite", party)
        try:
            return [records.read(body).event for _, body in log.records()]
        finally:
            log.close()


@pytest_asyncio.fixture
async def pilot(broker: LocalBroker, command: Path, run_corridor: RunCorridor, tmp_path: Path) -> AsyncIterator[Pilot]:
    """A run whose parties are not there yet."""
    run = f"pilot-{os.urandom(4).hex()}"
    assert run_corridor("certs", "issue", "--seats", run, "--run", run, folder=tmp_path).code == 0
    properties = broker.folder / "client.properties"
    write(properties)
    bus = broker.bus(f"{run}.")
    await bus.open_topics(rights_of(PACK.corridors))
    yield Pilot(command, tmp_path / run, broker, properties)
    await bus.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_party_told_to_go(pilot: Pilot, number: signal.Signals) -> None:
    """It finishes what it was asked, says that it has left, and ends with exit 0; nothing came on stdout."""
    async with pilot.node("QM") as qm:
        line = await pilot.line("QM")
        document = samples.dated("origin-certificate.json", SystemClock().now())
        sent = await RemoteCounter(lambda: line).lodge(document, to="QN")
        qm.send_signal(number)
        async with asyncio.timeout(PATIENCE):
            out, err = await qm.communicate()
        await line.close()
        assert (qm.returncode, out, err.decode()) == (0, b"", "QM has left\n")
    assert pilot.events("QM") == ["lodged", "sent", "transported"]
    assert sent.topic == "qn.in.from.qm"
    assert not (pilot.folder / "QM" / "control.sock").exists()


async def test_what_programs_are_told(pilot: Pilot, repo_root: Path) -> None:
    """With --json stdout has one line when it is ready and one when it has left, as the schema says."""
    schema = Draft202012Validator(json.loads((repo_root / "docs" / "schemas" / "node.schema.json").read_bytes()))
    async with pilot.node("QM", "--json") as qm:
        assert qm.stdout is not None
        async with asyncio.timeout(PATIENCE):
            told = [json.loads(await qm.stdout.readline())]
            qm.terminate()
            told.append(json.loads(await qm.stdout.readline()))
    for line in told:
        schema.validate(line)
    known = {"party": "QM", "run": pilot.folder.name, "process": qm.pid}
    assert told == [{"kind": "ready", **known}, {"kind": "left", **known}]


async def test_a_party_killed_and_started_again(pilot: Pilot) -> None:
    """It takes up its place at once, answers what came meanwhile, and each message has one effect."""
    document = samples.dated("origin-certificate.json", SystemClock().now())
    async with pilot.node("QM"):
        line = await pilot.line("QM")
        counter = RemoteCounter(lambda: line)
        async with pilot.node("QN") as qn:
            await counter.lodge(document, to="QN")
            await counter.seek_witness("QN")
            qn.send_signal(signal.SIGKILL)
            await qn.wait()
        await counter.lodge(document, to="QN")
        async with pilot.node("QN"), asyncio.timeout(8):  # less than the session of a reader that is gone
            await counter.seek_witness("QN")
        await line.close()
    assert pilot.events("QN") == ["received", "translated", "answered"] * 2


async def test_a_seat_that_is_taken(pilot: Pilot, run_corridor: RunCorridor) -> None:
    """The second process in one seat is sent away with exit 2, and the first one does not notice."""
    async with pilot.node("QM") as qm:
        words = ("node", "QM", "--bus", pilot.broker.address, "--seat", "QM")
        ran = await asyncio.to_thread(run_corridor, *words, folder=pilot.folder)
        assert ran.code == 2
        assert "another process sits" in ran.err
        assert qm.returncode is None


async def test_a_broker_that_is_not_there(pilot: Pilot, run_corridor: RunCorridor) -> None:
    """Exit 3 with one clear message, though its own people could have asked it already."""
    words = ("node", "QM", "--bus", "127.0.0.1:1", "--seat", "QM", "--control", "QM/control.sock")
    ran = await asyncio.to_thread(run_corridor, *words, folder=pilot.folder)
    assert (ran.code, ran.out) == (3, "")
    assert "no Kafka broker answers at 127.0.0.1:1" in ran.err.splitlines()[0]
    assert "Traceback" not in ran.err


@pytest.fixture
def seats(run_corridor: RunCorridor, tmp_path: Path) -> Path:
    """Seats without a bus."""
    assert run_corridor("certs", "issue", "--seats", "seats", folder=tmp_path).code == 0
    return tmp_path


WRONG = [
    (("QM", "--bus", "memory", "--seat", "seats/QM"), "--bus memory ends with the process", 2),
    (("QM", "--bus", "local", "--seat", "seats/QM"), "--bus local ends with the process", 2),
    (("QM", "--bus", "nowhere", "--seat", "seats/QM"), "--bus 'nowhere'", 2),
    (("QM", "--bus", "127.0.0.1:9", "--seat", "seats/QN"), "the seat in seats/QN is QN's", 2),
    (("QM", "--bus", "127.0.0.1:9", "--seat", "nowhere"), "nowhere/seat.json cannot be read", 2),
    (("QM", "--bus", "127.0.0.1:9", "--seat", "seats/QM", "--cast", "nodes.window"), "--cast nodes.window", 2),
    (("QM", "--bus", "127.0.0.1:9", "--seat", "seats/QM", "--cast", "nodes.no:one"), "--cast nodes.no:one", 2),
    (("QM", "--bus", "127.0.0.1:9", "--seat", "seats/QM", "--cast", "nodes.window:MOST"), "is no window but a int", 2),
]


@pytest.mark.parametrize(("words", "found", "code"), WRONG)
def test_a_party_that_cannot_live(
    run_corridor: RunCorridor, seats: Path, words: tuple[str, ...], found: str, code: int
) -> None:
    """One clear message, and no traceback."""
    ran = run_corridor("node", *words, folder=seats)
    assert (ran.code, ran.out) == (code, ""), ran.err
    assert ran.err.startswith(f"corridor: {found}") or found in ran.err.splitlines()[0]
    assert "Traceback" not in ran.err
