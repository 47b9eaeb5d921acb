"""Signed under an authority that publishes no revocation list (ATTACKS C29)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.ministry import Ministry
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.REVOCATION_UNKNOWN)


@scenario(
    title="Revocation list missing",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TakesSilenceForGood, "refused_with_reason"),),
    document="864",
    attack="C29",
    questions=("A4.2", "A4.3"),
    refusals=(REFUSED,),
)
async def no_revocation_list(stage: Stage) -> None:
    """No list says whether a certificate of QM's was withdrawn: unknown is not good, and QN refuses it."""
    qm, ministry = stage.window("QM"), Ministry(stage, "QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    insider = await ministry.lets_slip("no-crl")
    forged = insider.signs(honest, id="qm-no-crl", subject="CO-9999")
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the certificate of which nobody knows whether it was withdrawn")
    stage.promises(checks.refused_with_reason, of=stage.identity_of(forged), by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
