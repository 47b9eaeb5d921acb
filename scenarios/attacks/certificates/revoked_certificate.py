"""Signed with a certificate that was withdrawn before (ATTACKS C27)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.ministry import Ministry
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.REVOKED_CERTIFICATE)


@scenario(
    title="Certificate revoked before signing",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.OverlooksRevocation, "refused_with_reason"),),
    document="864",
    attack="C27",
    questions=("A4.2", "A4.3"),
    refusals=(REFUSED,),
)
async def revoked_certificate(stage: Stage) -> None:
    """QM withdraws a certificate, an insider signs with it: QN has taken the list and refuses; QM's own is accepted."""
    qm, ministry = stage.window("QM"), Ministry(stage, "QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    insider = await ministry.lets_slip("revoked")
    forged = insider.signs(honest, id="qm-revoked", subject="CO-9999")
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the certificate signed after the withdrawal")
    stage.promises(checks.refused_with_reason, of=stage.identity_of(forged), by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
