"""A short soak: a few hundred exchanges while parties and broker are killed. The long one: benchmarks/soak.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.clock import SystemClock
from harness.trial.buses import LOCAL, standing
from harness.trial.soak import Kill, Plan, soak
from scenarios.pack import PACK

PLAN = Plan(exchanges=600, every=150, seed=10)


@pytest.mark.long("broker and parties are killed and come back")
@pytest.mark.timeout(120)  # a broker of its own, killed and started again, and two parties likewise
async def test_exchanges_while_everybody_is_killed(parts_of_a_broker: None, tmp_path: Path) -> None:
    """Parties and broker are each killed with exchanges in flight; both logs agree on every one, and each came back."""
    told: list[Kill] = []
    async with standing(LOCAL, tmp_path, ("qm", "qn"), SystemClock(), lambda _: None) as stands:
        came = await soak(PACK, stands, tmp_path / "soak", PLAN, told.append)
    assert came.broken == ()
    assert came.exchanges == PLAN.exchanges + len(came.kills)
    assert [(kill.after, kill.whom) for kill in told] == list(PLAN.kills(("QM", "QN")))
    assert {kill.whom for kill in told} == {"QM", "QN", "broker"}
    assert came.records["QM"] >= 4 * came.exchanges
