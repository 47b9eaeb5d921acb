"""Signed under an authority that its country withdrew, by date (ATTACKS C36)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.ministry import Ministry
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.AUTHORITY_WITHDRAWN)


@scenario(
    title="Authority withdrawn from the trust list",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.OverlooksWithdrawal, "refused_with_reason"),),
    document="864",
    attack="C36",
    questions=("A4.2", "A4.3"),
    refusals=(REFUSED,),
)
async def authority_withdrawn(stage: Stage) -> None:
    """QM withdrew one of its authorities five minutes ago: QN refuses what it vouches for; QM's own is accepted."""
    qm, ministry = stage.window("QM"), Ministry(stage, "QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    insider = await ministry.lets_slip("withdrawn-authority")
    forged = insider.signs(honest, id="qm-withdrawn-authority", subject="CO-9999")
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the certificate of an authority withdrawn")
    stage.promises(checks.refused_with_reason, of=stage.identity_of(forged), by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
