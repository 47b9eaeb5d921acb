"""Signed under an authority whose revocation list is out of date (ATTACKS C29)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.ministry import Ministry
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.REVOCATION_UNKNOWN)


@scenario(
    title="Revocation list stale",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TakesSilenceForGood, "refused_with_reason"),),
    document="864",
    attack="C29",
    questions=("A4.2", "A4.3"),
    refusals=(REFUSED,),
)
async def stale_revocation_list(stage: Stage) -> None:
    """The list of one of QM's authorities is a day too old: QN refuses what rests on it, and nothing else."""
    qm, ministry = stage.window("QM"), Ministry(stage, "QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    insider = await ministry.lets_slip("stale-crl")
    forged = insider.signs(honest, id="qm-stale-crl", subject="CO-9999")
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the certificate of which an old list speaks")
    stage.promises(checks.refused_with_reason, of=stage.identity_of(forged), by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
