"""Two encrypted messages that the broker's operator hands on in the wrong order (ATTACKS D43, D50)."""

from harness.exchange.receipt import Status
from harness.trial import checks, isolation
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title="Encrypted messages reordered by the broker's operator",
    checks=(isolation.reorder_found_out, checks.five_levels),
    saboteurs=(Saboteur("QP", saboteurs.DoesNotCount, "reorder_found_out"),),
    pair=("QM", "QP"),
    document="864",
    attack="D43",
    questions=("A3.2.4", "IV.C.1"),
)
async def reordered(stage: Stage) -> None:
    """The operator lets QM's second certificate overtake the first: QP accepts both, and says which came late."""
    qm = stage.window("QM")
    held = stage.mallory.holds_back(sender="QM", receiver="QP")
    first = await qm.lodges(stage.sample("origin-certificate.json"), to="QP")
    await stage.mallory.has(held)
    second = await qm.lodges(stage.sample("origin-certificate.json"), to="QP")
    await stage.answer(second)
    await stage.mallory.releases(held)
    await stage.answer(first)
    stage.promises(isolation.reorder_found_out, first=first.identity, second=second.identity)
    stage.promises(checks.five_levels, of=second.identity, accepted=Status.ACCEPTED_WITH_WARNINGS)
