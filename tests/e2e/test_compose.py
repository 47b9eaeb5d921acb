"""The compose files, brought up: parties in containers exchange documents, and their borders hold."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka.client import AIOKafkaClient

from harness.brokers.access import issue_all
from harness.clock import Chance, SystemClock, seconds
from harness.evidence import records
from harness.evidence.log import EvidenceLog
from harness.exchange.bus import OPERATOR, Unreachable
from harness.exchange.kafka import Credentials, KafkaBus
from harness.exchange.kafka_link import Link, look_up

from .conftest import environment

pytestmark = pytest.mark.timeout(120)  # containers are made and removed in the fixtures, under deadlines of their own

UP: Final = 180.0  # seconds for everything to be healthy; generous, since brokers share a busy machine
PARTIES: Final = ("qm", "qn", "qp")
KEYS: Final = "grep -rIlsE '^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----' / --exclude-dir=proc --exclude-dir=sys"
"""Finds every private key that a container can read."""

KNOCK: Final = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3)
    print("connected")
except OSError as error:
    print(type(error).__name__)
"""
"""Tries an address from inside a container: ConnectionRefusedError would still mean that somebody is there."""

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

    def health(self, service: str) -> str:
        """What its health check says now."""
        asked = ["docker", "inspect", "--format", "{{.State.Health.Status}}", self.container(service)]
        return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=20).stdout.strip()


Bring = Callable[[str, int], Stack]


@pytest.fixture(scope="module")
def bring(repo_root: Path, compose_command: tuple[str, ...], compose_images: dict[str, str]) -> Iterator[Bring]:
    """Bring a compose file up; everything is taken down and away in the end, whatever happened."""
    up: list[Stack] = []

    def made(name: str, nodes: int) -> Stack:
        ports = _free(nodes)
        numbered = {f"KAFKA_PORT_{number}": str(port) for number, port in enumerate(ports, start=1)}
        told = environment(**compose_images, **numbered, KAFKA_PORT=str(ports[0]), DOCKER_BUILDKIT="0")
        words = (
            *compose_command,
            "--project-name",
            f"corridor-test-{os.getpid()}-{nodes}",
            "--file",
            f"compose/{name}",
        )
        stack = Stack(words, repo_root, ports, told)
        up.append(stack)
        # Built once: a second build could give the image another id, and Compose then replaces what runs on the first.
        for doing in (("build",), ("up", "--detach")) if len(up) == 1 else (("up", "--detach"),):
            ran = stack.run(*doing, limit=400)
            assert ran.returncode == 0, ran.stdout + ran.stderr
        return stack

    yield made
    for stack in up:
        assert stack.run("down", "--volumes", "--timeout", "1").returncode == 0


def _free(count: int) -> tuple[int, ...]:
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = tuple(each.getsockname()[1] for each in taken)
    for each in taken:
        each.close()
    return ports


async def healthy(stack: Stack, *services: str) -> None:
    """Wait until their health checks say so; Docker offers no event that waits for all of them."""
    until = seconds() + UP
    for service in services:
        while (said := stack.health(service)) != "healthy":
            assert seconds() < until, f"{service} is {said}: {stack.run('logs', '--tail', '40', service).stdout}"
            await asyncio.sleep(0.5)


@pytest.fixture(scope="module")
def one(bring: Bring) -> Stack:
    """The stack with one broker, everybody in it healthy."""
    stack = bring("kafka-one.yml", 1)
    asyncio.run(healthy(stack, "kafka-1", *PARTIES))
    return stack


def taken_out(stack: Stack, service: str, path: str, place: Path) -> Path:
    """A folder of a container, running or not, copied to `place`."""
    source = f"{stack.container(service)}:{path}"
    subprocess.run(["docker", "cp", source, str(place)], check=True, timeout=20, capture_output=True)
    return place


@pytest.fixture(scope="module")
def client(one: Stack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the operator and all parties show the broker, taken out of the volumes for a program on this machine."""
    return taken_out(one, "prepare", "/prepared/authorities/tls", tmp_path_factory.mktemp("client") / "tls")


def test_document_crosses_from_container_to_container(one: Stack, repo_root: Path) -> None:
    """QM lodges a certificate; QN's authority decides on it; the evidence that QM wrote is checked in a third place."""
    ran = one.counter("qm", "lodge", "--to", "QN", given=(repo_root / CERTIFICATE).read_bytes())
    assert ran.returncode == 0, ran.stderr
    told = ran.stdout.splitlines()
    assert told[0].startswith("sent QM-PC-2026-000417 to QN, message qm-")
    assert [line.split()[0] for line in told[1:5]] == ["L1", "L2", "L3", "L4"]
    assert told[4].split()[1] == "accepted_with_warnings"
    bundle = told[5].removeprefix("evidence ")
    checked = one.within("qm", "corridor", "verify", bundle, "--json")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_third_country_may_not_read(one: Stack, repo_root: Path) -> None:
    """With its own certificate QP gets nothing of what QN reads, to whom it is addressed; the broker's log tells it."""
    one.counter("qm", "lodge", "--to", "QN", given=(repo_root / CERTIFICATE).read_bytes())
    ours = one.counter("qn", "look", "qn.in.from.qm")
    assert (ours.returncode, bool(re.match(r"[1-9]\d* records, ", ours.stdout))) == (0, True), ours.stderr
    theirs = one.counter("qp", "look", "qn.in.from.qm")
    assert (theirs.returncode, theirs.stdout) == (1, "denied: 'qp' may not read topic 'qn.in.from.qm'\n"), theirs.stderr
    log = one.run("logs", "kafka-1").stdout
    assert re.search(r"User:qp is Denied operation = DESCRIBE .* Topic:LITERAL:pilot\.qn\.in\.from\.qm", log)


def test_party_reaches_the_brokers_and_nobody_else(one: Stack) -> None:
    """From QM's container there is a way to the broker and none to QN's container; neither network leads out."""
    for service, port, found in (("kafka-1", 9092, {"connected"}), ("qn", 9092, {"TimeoutError", "OSError"})):
        asked = ["docker", "inspect", "--format", "{{json .NetworkSettings.Networks}}", one.container(service)]
        networks = json.loads(subprocess.run(asked, capture_output=True, check=True, timeout=20).stdout)
        name = next(name for name in networks if name.endswith("_qm" if service == "kafka-1" else "_qn"))
        knocked = one.within("qm", "python3", "-c", KNOCK, networks[name]["IPAddress"], str(port))
        assert knocked.stdout.strip() in found, service
        inside = ["docker", "network", "inspect", "--format", "{{.Internal}}", name]
        assert subprocess.run(inside, capture_output=True, text=True, check=True, timeout=20).stdout == "true\n"


@pytest.mark.parametrize("service", ["kafka-1", *PARTIES])
def test_nobody_is_root_and_nothing_is_writable(one: Stack, service: str) -> None:
    """In the running containers too: no root, no capability, no way to more, a root file system nobody writes."""
    status = one.within(service, "cat", "/proc/1/status").stdout
    told = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    assert told["Uid"].split() == ["1000"] * 4
    assert int(told["CapEff"], 16) == int(told["CapBnd"], 16) == 0
    assert told["NoNewPrivs"].strip() == "1"
    writes = one.within(service, "touch", "/here")
    assert writes.returncode != 0
    assert "Read-only file system" in writes.stderr


@pytest.mark.parametrize("party", PARTIES)
def test_party_holds_its_own_keys_only(one: Stack, party: str) -> None:
    """In a party's volume are its own certificate and seat; nobody else's key is anywhere in its container."""
    found = one.within(party, "sh", "-c", KEYS)
    assert sorted(found.stdout.split()) == [
        f"/party/{party}.pem",
        *(f"/party/seat/{one}/key.pem" for one in ("opener", "signing")),
    ]
    seat = json.loads(one.within(party, "cat", "/party/seat/seat.json").stdout)
    assert seat["party"] == party.upper()


def test_image_holds_no_key(one: Stack) -> None:
    """Nothing that was built into the image is a private key: keys come with the volumes, and go with them."""
    alone = ("docker", "run", "--rm", "--network", "none", "--entrypoint", "sh", one.environment["CORRIDOR_IMAGE"])
    searched = [*alone, "-c", f"{KEYS}; ls -A /party /prepared/*"]
    ran = subprocess.run(searched, capture_output=True, text=True, timeout=60, check=False)
    places = [line for line in ran.stdout.splitlines() if line and not line.endswith(":")]
    assert places == [], ran.stdout


async def test_program_on_this_machine_needs_a_certificate(one: Stack, client: Path, tmp_path: Path) -> None:
    """The operator's certificate opens the published port; plaintext and another authority's certificate do not."""
    address = f"127.0.0.1:{one.ports[0]}"
    foreign = issue_all(tmp_path / "foreign", ("qm",), (), at=SystemClock().now(), chance=Chance().octets)
    shutil.copy(client / "authority.pem", tmp_path / "foreign")
    for credentials in (None, foreign):
        bus = KafkaBus(address, credentials=credentials, patience=4)
        with pytest.raises(Unreachable):
            await bus.answers()
        await bus.close()
    bus = KafkaBus(address, credentials=Credentials.within(client), patience=15)
    await bus.answers()
    await bus.close()


def test_published_on_loopback_only(one: Stack) -> None:
    """Nobody on the network around sees the broker."""
    asked = ["docker", "inspect", "--format", "{{json .NetworkSettings.Ports}}", one.container("kafka-1")]
    told: dict[str, Any] = json.loads(subprocess.run(asked, capture_output=True, check=True, timeout=20).stdout)
    published = [each for binding in told.values() for each in binding or ()]
    assert published == [{"HostIp": "127.0.0.1", "HostPort": str(one.ports[0])}]


def test_keys_stay_when_everything_starts_again(one: Stack) -> None:
    """A second `up` founds no second authority, and disturbs nobody."""
    before = one.container("qm")
    assert one.run("up", "--detach", limit=100).returncode == 0
    assert "prepared already" in one.run("logs", "prepare").stdout
    assert one.container("qm") == before
    assert one.counter("qm", "ready").stdout == "QM listens\n"


INBOX: Final = "pilot.qn.in.from.qm"


async def leader(stack: Stack, topic: str, tls: Path) -> int:
    """The broker that leads the one partition of a topic, as the cluster tells its operator."""
    address = ",".join(f"127.0.0.1:{port}" for port in stack.ports)
    link = Link(address, "", Credentials.within(tls), 15.0)
    client = AIOKafkaClient(**link.options(OPERATOR))
    try:
        async with link.answered():
            await client.bootstrap()
            (told,) = (await look_up(client, [topic]))[topic]["partitions"]
    finally:
        await client.close()
    return int(told["leader"])


def written(stack: Stack, party: str, event: str, folder: Path) -> list[records.Record]:
    """The records of one kind in the log of a party that has gone."""
    place = folder / party
    if not place.is_dir():
        taken_out(stack, party, "/party/seat", place)
    log = EvidenceLog(place / "log.sqlite", party.upper())
    try:
        return [one for one in (records.read(body) for _, body in log.records()) if one.event == event]
    finally:
        log.close()


@pytest.mark.timeout(420)  # three brokers come up, one goes, and all parties are told to go
async def test_one_broker_of_three_falls(bring: Bring, repo_root: Path, tmp_path: Path) -> None:
    """On three brokers every record is on all of them; the one that leads QN's inbox is killed, documents cross on.

    Who stands at the counter may be told to ask again meanwhile. In the end each certificate that QM's log says was
    sent has exactly one effect at QN, and its answer.
    """
    stack = bring("kafka-three.yml", 3)
    try:
        await healthy(stack, "kafka-1", "kafka-2", "kafka-3", *PARTIES)
        document = (repo_root / CERTIFICATE).read_bytes()
        assert stack.counter("qm", "lodge", "--to", "QN", given=document).returncode == 0
        denied = stack.counter("qp", "look", "qn.in.from.qm")
        assert (denied.returncode, denied.stdout) == (1, "denied: 'qp' may not read topic 'qn.in.from.qm'\n")
        tls = taken_out(stack, "prepare", "/prepared/authorities/tls", tmp_path / "tls")
        stack.run("kill", f"kafka-{await leader(stack, INBOX, tls)}")
        until = seconds() + UP
        while (ran := stack.counter("qm", "lodge", "--to", "QN", given=document)).returncode != 0:
            assert seconds() < until, ran.stdout + ran.stderr
            await asyncio.sleep(1)
        assert "L4" in ran.stdout
        stack.run("stop", "qm", "qn")
        sent = Counter(one.digest("identity") for one in written(stack, "qm", "sent", tmp_path))
        assert sent.total() >= 2
        assert Counter(one.digest("identity") for one in written(stack, "qn", "received", tmp_path)) == sent
        assert {one.digest("of") for one in written(stack, "qm", "acknowledged", tmp_path)} == sent.keys()
    finally:
        stack.run("down", "--volumes", "--timeout", "1")
