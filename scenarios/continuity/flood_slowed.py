"""One partner that writes faster than it agreed to, and a broker that makes it wait (ATTACKS D52)."""

from harness.exchange.agreement import Limits
from harness.trial import checks, continuity
from harness.trial.script import OURS, careless, scenario
from harness.trial.stage import Stage
from nodes import saboteurs
from scenarios.corridors import corridor

RATE = 8192
"""Bytes that QP may send a second, in each of its two corridors."""

FLOOD, WIDE = 10, 32000
"""Records that mean nothing, and the octets of each: for some seconds more than the broker lets through."""


@scenario(
    title="Flood held to the agreed rate",
    checks=(continuity.held_to_its_rate, continuity.deadline_kept, checks.five_levels),
    saboteurs=(careless(saboteurs.nobody_waits, "held_to_its_rate"),),
    document="851",
    attack="D52",
    needs=OURS,
    questions=("A3.2.4",),
    under=tuple(
        corridor(name).model_copy(update={"limits": Limits(bytes_per_second=RATE)})
        for name in ("qp-qn.toml", "qm-qp.toml")
    ),
)
async def flood_slowed(stage: Stage) -> None:
    """QP writes faster than it agreed to: the broker makes it wait, and QM's certificate is answered in time."""
    qm = stage.window("QM")
    stage.promises(continuity.held_to_its_rate, by="QP", to="QN", bytes_per_second=str(2 * RATE))
    async with stage.flooded(by="QP", to="QN", count=FLOOD, wide=WIDE):
        sent = await qm.lodges(stage.sample("phytosanitary.xml"), to="QN")
        stage.promises(continuity.deadline_kept, of=sent.identity)
        await stage.answered_in_time(sent, by_log_of="QM")
    stage.promises(checks.five_levels, of=sent.identity)
