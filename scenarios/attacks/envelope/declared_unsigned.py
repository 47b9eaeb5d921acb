"""A header that says that nothing is signed (ATTACKS A4; CVE-2015-9235)."""

from harness.exchange import reasons
from harness.trial import checks, forging
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.UNSECURED)


@scenario(
    title="Algorithm none",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.BelievesNone, "refused_with_reason"),),
    document="864",
    attack="A4",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
)
async def declared_unsigned(stage: Stage) -> None:
    """Mallory writes alg none and drops the signature: QN refuses what is declared unsigned; signed, it is accepted."""
    qm = stage.window("QM")
    certificate = stage.sample("origin-certificate.json")
    stage.mallory.alters(forging.declared_unsigned, sender="QM", receiver="QN")
    sent = await qm.lodges(certificate, to="QN")
    altered = await stage.tampered(on=sent.topic, after=sent)
    await stage.answer_to(altered.sealed.identity, "the copy without algorithm")
    twin = await qm.lodges(certificate, to="QN")
    await stage.answer(twin)
    stage.promises(checks.refused_with_reason, of=altered.sealed.identity, by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
