"""A key that comes along with the signature it is to check (ATTACKS A6; CVE-2018-0114)."""

from harness.exchange import reasons
from harness.trial import checks, forging
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.KEY_IN_HEADER)


@scenario(
    title="Key embedded in the header",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TakesTheHeadersKey, "refused_with_reason"),),
    document="864",
    attack="A6",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
)
async def own_key_in_the_header(stage: Stage) -> None:
    """Mallory signs with her own key and sends it along: QN refuses the header that brings it; QM's own is accepted."""
    qm = stage.window("QM")
    certificate = stage.sample("origin-certificate.json")
    stage.mallory.alters(forging.own_key_in_the_header, sender="QM", receiver="QN")
    sent = await qm.lodges(certificate, to="QN")
    altered = await stage.tampered(on=sent.topic, after=sent)
    await stage.answer_to(altered.sealed.identity, "the copy with a key of its own")
    twin = await qm.lodges(certificate, to="QN")
    await stage.answer(twin)
    stage.promises(checks.refused_with_reason, of=altered.sealed.identity, by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
