"""A record of which half arrives (ATTACKS A14)."""

from harness.exchange import reasons
from harness.trial import checks, forging
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.NOT_A_TOKEN)


@scenario(
    title="Record cut short",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.SkipsFragments, "refused_with_reason"),),
    document="864",
    attack="A14",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
)
async def truncated(stage: Stage) -> None:
    """Half of QM's certificate arrives: QN refuses it as no token, so that QM hears of it; whole, it is accepted."""
    qm = stage.window("QM")
    certificate = stage.sample("origin-certificate.json")
    stage.mallory.alters(forging.cut_short, sender="QM", receiver="QN")
    sent = await qm.lodges(certificate, to="QN")
    altered = await stage.tampered(on=sent.topic, after=sent)
    stage.promises(checks.refused_with_reason, of=altered.sealed.identity, by="QN", **REFUSED.told)
    await stage.answer_to(altered.sealed.identity, "the fragment")
    twin = await qm.lodges(certificate, to="QN")
    await stage.answer(twin)
    stage.promises(checks.five_levels, of=twin.identity)
