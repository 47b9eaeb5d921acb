"""A message that the broker's operator makes vanish (ATTACKS D45)."""

from harness.trial import checks, isolation
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title="Message dropped by the broker's operator",
    checks=(isolation.drop_found_out, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.DoesNotCount, "drop_found_out"),),
    document="864",
    attack="D45",
    questions=("A3.2.4", "IV.C.1"),
)
async def dropped(stage: Stage) -> None:
    """The operator acknowledges QM's certificate and drops it: the next one shows QN the gap, and both logs tell."""
    qm = stage.window("QM")
    held = stage.mallory.holds_back(sender="QM", receiver="QN")
    lost = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.mallory.has(held)
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(twin)
    stage.promises(isolation.drop_found_out, of=lost.identity)
    stage.promises(checks.five_levels, of=twin.identity)
