"""`--bus container`, as a user types it: an Apache Kafka in Docker that comes and goes with the command."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.brokers.container import image_wanted
from harness.brokers.engine import Engine

from .conftest import Ran, RunCorridor, environment

IMAGE = {"CORRIDOR_KAFKA_IMAGE": image_wanted(os.environ)}

pytestmark = pytest.mark.timeout(120)  # a broker starts and stops inside


@pytest.fixture
def engine(parts_of_a_container: None) -> Iterator[Engine]:
    """The Docker engine, which after each test here has as many containers of ours as before."""
    made = Engine()
    before = containers(made)
    yield made
    assert containers(made) == before
    made.close()


def containers(engine: Engine) -> set[Any]:  # Any: docker-py has no types
    """The ids of all containers of Corridor, running or not."""
    found = engine._client.client.containers.list(all=True, filters={"label": "corridor.process"})
    return {each.id for each in found}


def test_run(engine: Engine, run_corridor: RunCorridor, tmp_path: Path) -> None:
    """An attack is refused, and a document that cannot be read, on a real Kafka in Docker."""
    words = ("run", "attacks/replayed-message", "phytosanitary/unreadable", "--bus", "container", "--json")
    ran = run_corridor(*words, folder=tmp_path, timeout=100, **IMAGE)
    assert ran.code == 0, ran.err
    assert [one["verdict"] for one in ran.lines("scenario")] == ["held"] * 2
    (told,) = ran.lines("run")
    assert told["bus"] == "container"
    assert "--bus container" in told["again"]
    assert f"Starting {IMAGE['CORRIDOR_KAFKA_IMAGE']} in Docker" in ran.err


def test_demo(engine: Engine, run_corridor: RunCorridor, tmp_path: Path) -> None:
    """The first five minutes hold there too."""
    ran = run_corridor("demo", "--bus", "container", "--json", folder=tmp_path, timeout=100, **IMAGE)
    assert ran.code == 0, ran.err
    assert {one["verdict"] for one in ran.lines("scenario")} == {"held"}


def test_send(engine: Engine, run_corridor: RunCorridor, tmp_path: Path) -> None:
    """A document of one's own goes there and back."""
    words = ("send", "sample:phytosanitary.xml", "--from", "QM", "--to", "QN", "--bus", "container")
    ran = run_corridor(*words, folder=tmp_path, timeout=100, **IMAGE)
    assert ran.code == 0, ran.err
    assert "ACCEPTED by QN" in ran.out


def test_doctor(engine: Engine, run_corridor: RunCorridor, tmp_path: Path) -> None:
    """The doctor asks the engine for the image, and starts nothing."""
    ran = run_corridor("doctor", "--bus", "container", "--json", folder=tmp_path, **IMAGE)
    assert ran.code == 0, ran.out
    assert kafka_in_docker(ran) == ("ok", IMAGE["CORRIDOR_KAFKA_IMAGE"])
    ran = run_corridor(
        "doctor", "--bus", "container", "--json", folder=tmp_path, CORRIDOR_KAFKA_IMAGE="registry.invalid/kafka:1"
    )
    assert kafka_in_docker(ran) == ("ok", "registry.invalid/kafka:1 is not here yet: --bus container pulls it once")


def kafka_in_docker(ran: Ran) -> tuple[str, str]:
    """What the doctor found."""
    (part,) = [line for line in ran.lines("part") if line["name"] == "Kafka in Docker"]
    return part["state"], part["found"]


@pytest.mark.parametrize("words", [("run",), ("demo",), ("doctor",)], ids=lambda words: words[0])
def test_no_engine(run_corridor: RunCorridor, words: tuple[str, ...], tmp_path: Path) -> None:
    """Without an engine there is no verdict: exit 3, told in a line with what to do, and no traceback."""
    pytest.importorskip("testcontainers", reason="the container extra is not installed")
    nobody = {"DOCKER_HOST": f"unix://{tmp_path}/docker.sock"}
    ran = run_corridor(*words, "--bus", "container", folder=tmp_path, **nobody)
    assert ran.code == 3
    told = ran.out if words == ("doctor",) else ran.err
    assert "no Docker engine answers" in told
    assert "start Docker" in told
    assert "Traceback" not in ran.err


def test_no_image(engine: Engine, run_corridor: RunCorridor, tmp_path: Path) -> None:
    """Without an image and a registry there is no verdict either: exit 3, and every scenario says why."""
    words = ("run", "-k", "replayed-message", "--bus", "container", "--json")
    ran = run_corridor(*words, folder=tmp_path, CORRIDOR_KAFKA_IMAGE="registry.invalid/k")
    assert ran.code == 3
    assert "no image registry.invalid/k here, and it cannot be pulled" in ran.err
    assert [one["verdict"] for one in ran.lines("scenario")] == ["unknown"]


def test_interrupted(engine: Engine, command: Path, tmp_path: Path) -> None:
    """Ctrl-C ends the run with 130 and takes the container with it."""
    with subprocess.Popen(
        [command, "run", "--bus", "container"],
        cwd=tmp_path,
        env=environment(**IMAGE),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stderr is not None
        while not (line := run.stderr.readline()).startswith("1/"):
            assert line, "the run ended before it began"
        owned = engine._client.client.containers.list(filters={"label": f"corridor.process={run.pid}"})
        assert len(owned) == 1
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "Traceback" not in err


@pytest.fixture
def stock(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a broker in testcontainers' own KafkaContainer, plain as it comes."""
    image = os.environ.get("CORRIDOR_CONFLUENT_IMAGE", "confluentinc/cp-kafka:8.3.0")
    if not engine.has(image):
        pytest.skip(f'no image {image}; eval "$(.ci/images)" builds a stand-in')
    from testcontainers.community.kafka import KafkaContainer  # noqa: PLC0415  an extra
    from testcontainers.core.config import testcontainers_config  # noqa: PLC0415

    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)
    with KafkaContainer(image).with_kraft() as kafka:
        yield str(kafka.get_bootstrap_server())


def test_stock_kafka_container(stock: str, run_corridor: RunCorridor, tmp_path: Path) -> None:
    """Who has testcontainers' own KafkaContainer can rehearse on it, as on any broker that runs."""
    ran = run_corridor("run", "-k", "replayed-message", "--bus", stock, "--json", folder=tmp_path)
    assert ran.code == 0, ran.err
    assert [one["verdict"] for one in ran.lines("scenario")] == ["held"]
