"""A good certificate, of a country that nobody here recognises (ATTACKS C24)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.ministry import Ministry
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.UNKNOWN_SIGNER)


@scenario(
    title="Certificate of a stranger",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TakesAnyIssuer, "refused_with_reason"),),
    document="864",
    attack="C24",
    questions=("A4.2", "A4.3"),
    refusals=(REFUSED,),
)
async def stranger(stage: Stage) -> None:
    """An insider of QM's signs as a window of a country that is on nobody's list: QN knows no authority of it."""
    qm, ministry = stage.window("QM"), Ministry(stage, "QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    insider = await ministry.lets_slip("other-country")
    forged = insider.signs(honest, id="qm-stranger", subject="CO-9999")
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the stranger's certificate")
    stage.promises(checks.refused_with_reason, of=stage.identity_of(forged), by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
