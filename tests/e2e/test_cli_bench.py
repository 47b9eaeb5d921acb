"""`corridor bench`: that it measures and tells. How fast it is, no test asserts: a busy machine would fail it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from harness.brokers.local import LocalBroker
from harness.exchange.kafka_config import write

from .conftest import Ran, RunCorridor


@pytest.fixture(scope="module")
def measured(run_corridor: RunCorridor, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The shortest measurement there is, without a broker."""
    arguments = ("bench", "--quick", "--seconds", "0.2", "--bus", "memory", "--json")
    return run_corridor(*arguments, folder=tmp_path_factory.mktemp("bench"))


def test_lines_are_as_the_schema_says(repo_root: Path, measured: Ran) -> None:
    """Every line of `bench --json` fits the published schema, and every figure of the issue is among them."""
    schema = json.loads((repo_root / "docs" / "schemas" / "bench.schema.json").read_bytes())
    Draft202012Validator.check_schema(schema)
    assert measured.code == 0, measured.err
    for line in measured.out.splitlines():
        Draft202012Validator(schema).validate(json.loads(line))
    assert [one["algorithm"] for one in measured.lines("exchanges")] == ["ES256", "Ed25519"]
    assert [one["bus"] for one in measured.lines("round_trip")] == ["memory"]
    assert [one["command"] for one in measured.lines("process")] == ["corridor --help", "corridor demo"]


def test_budget_is_the_sum_of_its_parts(measured: Ran) -> None:
    """Both budgets follow from the parts that are printed beside them, and the ratios from the budgets."""
    for told in measured.lines("exchanges"):
        parts = [part for part in measured.lines("part") if part["algorithm"] == told["algorithm"]]
        alone, in_turns = (1e6 / sum(part[name] for part in parts) for name in ("alone_us", "in_turns_us"))
        assert told["budget_per_second"] == pytest.approx(alone, rel=0.01)
        assert told["budget_in_turns_per_second"] == pytest.approx(in_turns, rel=0.01)
        assert told["ratio"] == pytest.approx(told["per_second"] / alone, rel=0.01)
        assert told["ratio_in_turns"] == pytest.approx(told["per_second"] / in_turns, rel=0.01)
        assert all(part["alone_us"] > 0 for part in parts)
        assert [part["name"] for part in parts].count("witness") == 1


def test_slowest_round_trips_are_not_below_the_median(measured: Ran) -> None:
    """The percentiles of a round trip are in their order."""
    (told,) = measured.lines("round_trip")
    assert told["p99_ms"] >= told["p50_ms"]


def test_broker_asked_for_by_name_must_be_there(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """Where nothing listens, the environment is not ready: one message, no traceback, before anything is measured."""
    arguments = ("bench", "--bus", "127.0.0.1:1")
    ran = run_corridor(*arguments, folder=tmp_path)
    assert ran.code == 3
    assert "127.0.0.1:1" in ran.err
    assert "Traceback" not in ran.err
    assert "round trip" not in ran.out
    assert "achieved" not in ran.out


def test_client_properties_are_for_an_address(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """With none of the buses at an address they have no meaning."""
    ran = run_corridor("bench", "--bus", "memory", "--bus-config", "client.properties", folder=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert "--bus-config client.properties with --bus memory" in ran.err


@pytest.mark.long("measures on a broker, and kills a party")
@pytest.mark.timeout(120)  # four windows, and one of them killed
async def test_a_guarded_broker_at_an_address(broker: LocalBroker, run_corridor: RunCorridor, tmp_path: Path) -> None:
    """Its client properties open it: round trips, parties as processes, and a kill are measured there too."""
    write(broker.folder / "client.properties")
    reached = ("--bus", broker.address, "--bus-config", broker.folder / "client.properties")
    words = ("bench", "--quick", "--seconds", "0.2", *reached, "--json")
    ran = await asyncio.to_thread(run_corridor, *words, folder=tmp_path, timeout=100)
    assert ran.code == 0, ran.err
    assert [one["bus"] for one in ran.lines("round_trip")] == [broker.address]
    assert [one["of"] for one in ran.lines("recovery")] == ["party"]


def test_measuring_leaves_nothing_behind(measured: Ran) -> None:
    """What a benchmark writes is gone when it ends: the folder it ran in stays as it was."""
    assert not list(measured.folder.iterdir())


def test_log_of_a_broker_that_failed_stays(
    run_corridor: RunCorridor, broken_kafka: Mapping[str, str], tmp_path: Path
) -> None:
    """The error names a log, and the log is there to be read; stderr says which folder it keeps."""
    ran = run_corridor("bench", "--quick", "--bus", "local", folder=tmp_path, **broken_kafka)
    assert ran.code == 3
    (kept,) = Path(broken_kafka["TMPDIR"]).glob("corridor-bench-*")
    (log,) = kept.rglob("broker-3.log")
    assert "Exception: no room here" in log.read_text("utf-8")
    assert f"read {log}" in ran.err
    assert f"Kept for the broker's log: {kept} (" in ran.err


@pytest.mark.long("measures all that needs no broker once more")
@pytest.mark.timeout(60)
def test_log_of_a_broker_whose_figures_were_skipped_stays(
    run_corridor: RunCorridor, broken_kafka: Mapping[str, str], tmp_path: Path
) -> None:
    """So it is where the rest is measured, and the broker's figures alone are told as skipped."""
    ran = run_corridor("bench", "--quick", "--seconds", "0.2", "--json", folder=tmp_path, **broken_kafka)
    assert ran.code == 0, ran.err
    (kept,) = Path(broken_kafka["TMPDIR"]).glob("corridor-bench-*")
    assert f"Kept for the broker's log: {kept} (" in ran.err
    reasons = [one["reason"] for one in ran.lines("skipped")]
    assert [Path(one.rpartition("read ")[2]).is_file() for one in reasons] == [True] * 3, reasons


@pytest.mark.long("measures on brokers of its own, and kills one")
@pytest.mark.timeout(150)  # two brokers, four windows, and each killed once
def test_parties_as_processes(
    parts_of_a_broker: None, repo_root: Path, run_corridor: RunCorridor, tmp_path: Path
) -> None:
    """On a broker, one process and two are held against the memory bus of the same run, and kills are timed."""
    ran = run_corridor("bench", "--quick", "--seconds", "0.2", "--bus", "local", "--json", folder=tmp_path, timeout=120)
    assert ran.code == 0, ran.err
    schema = json.loads((repo_root / "docs" / "schemas" / "bench.schema.json").read_bytes())
    for line in ran.out.splitlines():
        Draft202012Validator(schema).validate(json.loads(line))
    one, two = ran.lines("processes")
    assert (one["processes"], two["processes"]) == (1, 2)
    for told in (one, two):
        assert told["ratio"] == pytest.approx(told["per_second"] / told["memory_per_second"], rel=0.01)
    assert [(told["of"], told["kills"]) for told in ran.lines("recovery")] == [("party", 1), ("broker", 1)]
    assert [(told["starts"], told["p50_s"] <= told["slowest_s"]) for told in ran.lines("broker_start")] == [(1, True)]
