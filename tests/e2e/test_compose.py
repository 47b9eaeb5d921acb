"""The compose files, brought up: parties in containers exchange documents, and their borders hold."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from harness.brokers.access import issue_all
from harness.clock import Chance, SystemClock
from harness.exchange.bus import Unreachable
from harness.exchange.kafka import Credentials, KafkaBus

from .layers import private_keys
from .stacks import CERTIFICATE, PARTIES, Stack, brought_up, healthy, taken_out

pytestmark = [
    pytest.mark.timeout(120),  # containers are made and removed in the fixtures, under deadlines of their own
    pytest.mark.long("brings compose files up"),
]

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


@pytest.fixture(scope="module")
def one(repo_root: Path, compose_command: tuple[str, ...], compose_images: dict[str, str]) -> Iterator[Stack]:
    """The stack with one broker, everybody in it healthy."""
    with brought_up(repo_root, compose_command, compose_images, "kafka-one.yml", 1) as stack:
        asyncio.run(healthy(stack, "kafka-1", *PARTIES))
        yield stack


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


def test_image_holds_no_key(one: Stack, tmp_path: Path) -> None:
    """In none of its layers was a private key built into the image: keys come with the volumes, and go with them."""
    alone = ("docker", "run", "--rm", "--network", "none", "--entrypoint", "sh", one.environment["CORRIDOR_IMAGE"])
    searched = [*alone, "-c", f"{KEYS}; ls -A /party /prepared/*"]
    ran = subprocess.run(searched, capture_output=True, text=True, timeout=60, check=False)
    places = [line for line in ran.stdout.splitlines() if line and not line.endswith(":")]
    assert places == [], ran.stdout
    assert private_keys(one.environment["CORRIDOR_IMAGE"], tmp_path) == []


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
