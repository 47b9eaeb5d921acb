"""A signature of zeros (ATTACKS A9; CVE-2022-21449)."""

from certs.identity import Algorithm
from harness.exchange import reasons
from harness.trial import checks, forging
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.SIGNATURE_OUT_OF_RANGE)


@scenario(
    title="Signature of zeros",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TakesZero, "refused_with_reason"),),
    document="864",
    attack="A9",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
    algorithms={"QM": Algorithm.ES256},
)
async def zero_signature(stage: Stage) -> None:
    """Mallory puts zeros where r and s stand: QN refuses, no key makes such a signature; QM's own is accepted."""
    qm = stage.window("QM")
    certificate = stage.sample("origin-certificate.json")
    stage.mallory.alters(forging.zeros_for_a_signature, sender="QM", receiver="QN")
    sent = await qm.lodges(certificate, to="QN")
    altered = await stage.tampered(on=sent.topic, after=sent)
    await stage.answer_to(altered.sealed.identity, "the copy signed with zeros")
    twin = await qm.lodges(certificate, to="QN")
    await stage.answer(twin)
    stage.promises(checks.refused_with_reason, of=altered.sealed.identity, by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
