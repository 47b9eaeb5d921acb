"""Signed with a certificate that is too crowded for anybody to look at (ATTACKS C35)."""

from certs.paths import SIZE_ALLOWED
from harness.exchange import reasons
from harness.trial import checks
from harness.trial.ministry import Ministry
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.PATH_TOO_COSTLY, SIZE_ALLOWED)


@scenario(
    title="Pathological chain, stopped by its size",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.GivesUpAndBelieves, "refused_with_reason"),),
    document="864",
    attack="C35",
    questions=("A4.2", "A4.3"),
    refusals=(REFUSED,),
)
async def crowded_certificate(stage: Stage) -> None:
    """QM's authority certifies a key with names beyond measure: QN does not even begin, and serves what comes next."""
    qm, ministry = stage.window("QM"), Ministry(stage, "QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    insider = await ministry.lets_slip("crowded")
    forged = insider.signs(honest, id="qm-crowded", subject="CO-9999")
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the certificate with a hundred names")
    after = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(after)
    stage.promises(checks.refused_with_reason, of=stage.identity_of(forged), by="QN", **REFUSED.told)
    for each in (twin, after):
        stage.promises(checks.five_levels, of=each.identity)
