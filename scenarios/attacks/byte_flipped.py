"""One byte changed under way (ATTACKS A1)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.BROKEN_SEAL)


@scenario(
    title="One byte of the payload flipped on the wire",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TrustsAnySeal, "refused_with_reason"),),
    document="864",
    attack="A1",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
)
async def byte_flipped(stage: Stage) -> None:
    """Mallory flips a byte of QM's certificate: QN refuses it as a broken seal; sent untouched, it is accepted."""
    qm = stage.window("QM")
    certificate = stage.sample("origin-certificate.json")
    stage.mallory.flips_a_byte(sender="QM", receiver="QN")
    sent = await qm.lodges(certificate, to="QN")
    altered = await stage.tampered(on=sent.topic, after=sent)
    await stage.answer_to(altered.sealed.identity, "the altered copy")
    twin = await qm.lodges(certificate, to="QN")
    await stage.answer(twin)
    stage.promises(checks.refused_with_reason, of=altered.sealed.identity, by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
