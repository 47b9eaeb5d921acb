"""Signed with a GOST key, which this software cannot check (ATTACKS C38)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.ministry import Ministry
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.NATIONAL_ALGORITHM)


@scenario(
    title="GOST R 34.10-2012 key",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TakesWhatItCannotCheck, "refused_with_reason"),),
    document="864",
    attack="C38",
    questions=("A4.2", "A4.3"),
    refusals=(REFUSED,),
)
async def gost_key(stage: Stage) -> None:
    """QM's insider signs with GOST: QN says that it cannot check it, which says nothing about the signature."""
    qm, ministry = stage.window("QM"), Ministry(stage, "QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    insider = await ministry.lets_slip("gost")
    forged = insider.signs(honest, id="qm-gost", subject="CO-9999")
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the certificate signed with GOST")
    stage.promises(checks.refused_with_reason, of=stage.identity_of(forged), by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
