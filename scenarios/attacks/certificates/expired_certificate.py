"""Signed with a certificate that had expired (ATTACKS C25)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.ministry import Ministry
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.EXPIRED_CERTIFICATE)


@scenario(
    title="Certificate expired at signing",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.OverlooksExpiry, "refused_with_reason"),),
    document="864",
    attack="C25",
    questions=("A4.2", "A4.3"),
    refusals=(REFUSED,),
)
async def expired_certificate(stage: Stage) -> None:
    """QM's insider signs with a certificate that had expired an hour before: refused for that; QM's own is accepted."""
    qm, ministry = stage.window("QM"), Ministry(stage, "QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    insider = await ministry.lets_slip("expired")
    forged = insider.signs(honest, id="qm-expired", subject="CO-9999")
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the certificate signed too late")
    stage.promises(checks.refused_with_reason, of=stage.identity_of(forged), by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
