"""Signed by whoever found the key, before the certificate is withdrawn (ATTACKS C28)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.ministry import Ministry
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.KEY_LOST)


@scenario(
    title="Revoked later, key lost before signing",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.OverlooksLostKeys, "refused_with_reason"),),
    document="864",
    attack="C28",
    questions=("A4.2", "A4.3"),
    refusals=(REFUSED,),
)
async def key_lost(stage: Stage) -> None:
    """QM will withdraw a certificate, for its key was lost: QN refuses at once what was signed since the loss."""
    qm, ministry = stage.window("QM"), Ministry(stage, "QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    insider = await ministry.lets_slip("revoked-later")
    forged = insider.signs(honest, id="qm-revoked-later", subject="CO-9999")
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the certificate signed with a lost key")
    stage.promises(checks.refused_with_reason, of=stage.identity_of(forged), by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
