"""A short soak: some hundred exchanges while all are killed and cut off. The long one: benchmarks/soak.py."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.clock import SystemClock
from harness.trial.buses import LOCAL, standing
from harness.trial.soak import ROADS, Fault, Plan, soak
from scenarios.pack import PACK

from .conftest import environment

PLAN = Plan(exchanges=900, every=150, seed=2726)


def test_log_of_a_broker_that_failed_stays(repo_root: Path, broken_kafka: Mapping[str, str], tmp_path: Path) -> None:
    """Without --out the script keeps its folder for it, and says where."""
    asked = [sys.executable, str(repo_root / "benchmarks" / "soak.py"), "300", "--every", "150"]
    told = environment(**broken_kafka)
    done = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=tmp_path, env=told, timeout=60)
    assert done.returncode == 3, done.stderr
    (kept,) = Path(broken_kafka["TMPDIR"]).glob("corridor-soak-*")
    (log,) = kept.rglob("broker-3.log")
    assert f"read {log}" in done.stderr
    assert f"Kept for the broker's log: {kept} (" in done.stderr


@pytest.mark.long("broker and parties are killed and come back, and a road is cut")
@pytest.mark.timeout(120)  # a broker of its own, killed and started again, and two parties likewise
async def test_exchanges_while_everybody_is_killed_and_cut_off(parts_of_a_broker: None, tmp_path: Path) -> None:
    """Each is killed and the road cut in each way with exchanges in flight: both logs agree on every one after it."""
    told: list[Fault] = []
    async with standing(LOCAL, tmp_path, ("qm", "qn"), SystemClock(), lambda _: None) as stands:
        came = await soak(PACK, stands, tmp_path / "soak", PLAN, told.append)
    assert came.broken == ()
    assert came.exchanges == PLAN.exchanges + len(came.faults)
    assert [fault.drawn for fault in told] == list(PLAN.faults(("QM", "QN")))
    assert {fault.drawn.what for fault in told} == {"QM", "QN", "broker", *ROADS}
    assert came.records["QM"] >= 4 * came.exchanges
