"""A document without its signature (ATTACKS A3)."""

from harness.exchange import reasons
from harness.trial import checks, forging
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.NO_SIGNATURE)


@scenario(
    title="Signature stripped",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TakesUnsigned, "refused_with_reason"),),
    document="864",
    attack="A3",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
)
async def signature_stripped(stage: Stage) -> None:
    """Mallory takes the signature away: QN refuses what nobody signed; signed, it is accepted."""
    qm = stage.window("QM")
    certificate = stage.sample("origin-certificate.json")
    stage.mallory.alters(forging.without_signature, sender="QM", receiver="QN")
    sent = await qm.lodges(certificate, to="QN")
    altered = await stage.tampered(on=sent.topic, after=sent)
    await stage.answer_to(altered.sealed.identity, "the unsigned copy")
    twin = await qm.lodges(certificate, to="QN")
    await stage.answer(twin)
    stage.promises(checks.refused_with_reason, of=altered.sealed.identity, by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
