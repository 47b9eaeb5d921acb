"""One partner that floods, and another whose certificate has a deadline (ATTACKS D52)."""

from harness.trial import checks, continuity
from harness.trial.script import KAFKA, Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

FLOOD = 1000
"""Records that mean nothing."""


@scenario(
    title="Flood from one partner, deadline of another",
    checks=(continuity.deadline_kept, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.ServesTheLoudest, "deadline_kept"),),
    document="851",
    attack="D52",
    needs=KAFKA,
    questions=("A3.2.4",),
)
async def one_partner_floods(stage: Stage) -> None:
    """QP floods QN with thousands of records; QM's phytosanitary certificate is answered within the agreed time."""
    qm = stage.window("QM")
    async with stage.flooded(by="QP", to="QN", count=FLOOD):
        sent = await qm.lodges(stage.sample("phytosanitary.xml"), to="QN")
        stage.promises(continuity.deadline_kept, of=sent.identity)
        await stage.answered_in_time(sent, by_log_of="QM")
    stage.promises(checks.five_levels, of=sent.identity)
