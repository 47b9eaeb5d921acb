"""Signed with a certificate that is not valid yet (ATTACKS C26)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.ministry import Ministry
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.CERTIFICATE_NOT_YET_VALID)


@scenario(
    title="Certificate not yet valid",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.OverlooksTheFirstDay, "refused_with_reason"),),
    document="864",
    attack="C26",
    questions=("A4.2", "A4.3"),
    refusals=(REFUSED,),
)
async def certificate_from_tomorrow(stage: Stage) -> None:
    """QM's insider signs with a certificate for later: QN refuses it for that; QM's own is accepted."""
    qm, ministry = stage.window("QM"), Ministry(stage, "QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    insider = await ministry.lets_slip("not-yet-valid")
    forged = insider.signs(honest, id="qm-not-yet-valid", subject="CO-9999")
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the certificate signed too early")
    stage.promises(checks.refused_with_reason, of=stage.identity_of(forged), by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
