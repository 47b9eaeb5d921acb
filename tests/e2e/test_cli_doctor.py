"""`corridor doctor`: what is here, what is missing, and which commands need it."""

from __future__ import annotations

import socket
from importlib import metadata
from pathlib import Path

import pytest

from harness.cli import examination

from .conftest import Ran, RunCorridor


def part(ran: Ran, name: str) -> tuple[str, str]:
    """The state of one part, and what was found."""
    (line,) = [line for line in ran.lines("part") if line["name"] == name]
    return line["state"], line["found"]


def test_ready(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """Where the memory bus can run, the doctor says so and exits 0; every part that is absent says who needs it."""
    ran = run_corridor("doctor", "--json", folder=tmp_path)
    assert ran.code == 0, ran.out
    (total,) = ran.lines("total")
    assert total["ready"]
    absent = [line for line in ran.lines("part") if line["state"] != "ok"]
    assert [line["name"] for line in absent] == total["missing"]
    assert all(line["needed_by"] and line["todo"] and not line["essential"] for line in absent)
    names = {line["name"] for line in ran.lines("part")}
    assert names >= {"Python", "corridor", "package certs", "pydantic", "Java", "Apache Kafka", "docker engine"}
    assert not list(tmp_path.iterdir())


def test_text(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """The same for people."""
    ran = run_corridor("doctor", folder=tmp_path)
    assert ran.code == 0
    assert ran.out.splitlines()[-1] == "READY for --bus memory"


def test_nothing_optional(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """Without any program on PATH the memory bus is ready all the same, and what is absent is told."""
    ran = run_corridor("doctor", "--json", folder=tmp_path, PATH=str(tmp_path))
    assert ran.code == 0, ran.out
    for name in ("openssl", "node", "git", "docker engine"):
        assert part(ran, name)[0] == "absent"


def test_shadowed_package(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """A folder that stands before one of our four packages is found out: exit 3, with both places."""
    shadow = tmp_path / "nodes" / "__init__.py"
    shadow.parent.mkdir()
    shadow.write_text("")
    ran = run_corridor("doctor", "--json", folder=tmp_path, PYTHONPATH=str(tmp_path))
    assert ran.code == 3
    state, found = part(ran, "package nodes")
    assert state == "missing"
    assert str(shadow) in found
    assert part(ran, "package certs")[0] == "ok"


def test_kafka_home_without_kafka(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """A KAFKA_HOME that holds no Kafka matters only to who asks for the local bus."""
    for bus, code, state in (("memory", 0, "absent"), ("local", 3, "missing")):
        ran = run_corridor("doctor", "--bus", bus, "--json", folder=tmp_path, KAFKA_HOME=str(tmp_path))
        assert (ran.code, part(ran, "Apache Kafka")[0]) == (code, state)


def test_unreachable_broker(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """A broker that was asked about and is not there is exit 3."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody can answer there
        ran = run_corridor("doctor", "--bus", f"127.0.0.1:{taken.getsockname()[1]}", folder=tmp_path)
    assert ran.code == 3
    assert ran.out.splitlines()[-1].startswith("NOT READY: broker")


def test_no_bus(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """A bus of an unknown name is the user's mistake: exit 2."""
    ran = run_corridor("doctor", "--bus", "carrier-pigeon", folder=tmp_path)
    assert (ran.code, ran.out) == (2, "")


def test_options_that_mean_nothing_here(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """A run, or client properties, of brokers that were not named: told, not passed over."""
    for option in ("--run", "--bus-config"):
        ran = run_corridor("doctor", option, "pilot", folder=tmp_path)
        assert (ran.code, ran.out, f"{option} pilot with --bus memory" in ran.err) == (2, "", True)


def test_a_bound_that_stands_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """`aiokafka<0.15,>=0.14`: an older one is told, and with a broker asked for nothing is ready without it."""
    monkeypatch.setattr(metadata, "requires", lambda _: ["aiokafka<0.15,>=0.14"])
    monkeypatch.setattr(metadata, "version", lambda _: "0.12.0")
    (told,) = examination._dependencies(frozenset({"aiokafka"}))
    assert (told.there, told.found, told.state) == (False, "0.12.0, older than 0.14", "missing")
