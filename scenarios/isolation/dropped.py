"""An encrypted message that the broker's operator makes vanish (ATTACKS D45, D50)."""

from harness.exchange.receipt import Status
from harness.trial import checks, isolation
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title="Encrypted message dropped by the broker's operator",
    checks=(isolation.drop_found_out, checks.five_levels),
    saboteurs=(Saboteur("QP", saboteurs.DoesNotCount, "drop_found_out"),),
    pair=("QM", "QP"),
    document="864",
    attack="D45",
    questions=("A3.2.4", "IV.C.1"),
)
async def dropped(stage: Stage) -> None:
    """The operator acknowledges QM's certificate and drops it: the next one shows QP the gap, and both logs tell."""
    qm = stage.window("QM")
    held = stage.mallory.holds_back(sender="QM", receiver="QP")
    lost = await qm.lodges(stage.sample("origin-certificate.json"), to="QP")
    await stage.mallory.has(held)
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QP")
    await stage.answer(twin)
    stage.promises(isolation.drop_found_out, of=lost.identity)
    stage.promises(checks.five_levels, of=twin.identity, accepted=Status.ACCEPTED_WITH_WARNINGS)
