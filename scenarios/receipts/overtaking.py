"""A receipt that comes before the one it follows (ATTACKS D53)."""

from harness.trial import checks
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title="Acknowledgement that overtakes its result",
    checks=(checks.early_receipt_kept, checks.use_reported),
    saboteurs=(Saboteur("QM", saboteurs.DropsEarlyReceipts, "early_receipt_kept"),),
    document="864",
    attack="D53",
    questions=("II.C.1",),
)
async def overtaking(stage: Stage) -> None:
    """The report of use reaches QM before the acceptance it follows: QM keeps and matches it, and refuses nothing."""
    qm, qn = stage.window("QM"), stage.window("QN")
    held = stage.mallory.holds_back(sender="QN", receiver="QM")
    sent = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.mallory.has(held)
    await qn.uses(sent, quantity="300.000", declaration="QN-IM-2026-000418")
    early = await stage.answer(sent)
    await stage.mallory.releases(held)
    late = await stage.answer(sent, copy=2)
    stage.promises(checks.early_receipt_kept, receipt=early.sealed.identity, cause=late.sealed.identity, at="QM")
    stage.promises(checks.use_reported, of=sent.identity, quantity="300.000")
