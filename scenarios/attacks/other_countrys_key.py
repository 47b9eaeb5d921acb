"""A good signature, by the wrong country (ATTACKS C24)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.SIGNER_IS_NOT_SENDER)


@scenario(
    title="Signature by another country's key",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.AnySignerWillDo, "refused_with_reason"),),
    document="864",
    attack="C24",
    questions=("A4.2", "A4.3"),
    refusals=(REFUSED,),
)
async def other_countrys_key(stage: Stage) -> None:
    """QP, whom QN recognises too, signs in QM's name: QN says whose key it was and refuses; QM's own is accepted."""
    qm, insider = stage.window("QM"), stage.insider("QP")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    forged = insider.signs(honest, id="qm-forged-0001", subject="CO-9999")
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the forged certificate")
    stage.promises(
        checks.refused_with_reason,
        of=stage.identity_of(forged),
        by="QN",
        **REFUSED.told,
    )
    stage.promises(checks.five_levels, of=twin.identity)
