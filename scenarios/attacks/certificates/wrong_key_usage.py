"""Signed with a certificate for TLS (ATTACKS C30)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.ministry import Ministry
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.WRONG_KEY_USAGE)


@scenario(
    title="Certificate for another use",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TakesAnyUsage, "refused_with_reason"),),
    document="864",
    attack="C30",
    questions=("A4.2", "A4.3"),
    refusals=(REFUSED,),
)
async def wrong_key_usage(stage: Stage) -> None:
    """QM's insider signs a document with the key of a TLS client: QN refuses it for that; QM's own is accepted."""
    qm, ministry = stage.window("QM"), Ministry(stage, "QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    insider = await ministry.lets_slip("wrong-usage")
    forged = insider.signs(honest, id="qm-wrong-usage", subject="CO-9999")
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the certificate signed with a TLS key")
    stage.promises(checks.refused_with_reason, of=stage.identity_of(forged), by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
