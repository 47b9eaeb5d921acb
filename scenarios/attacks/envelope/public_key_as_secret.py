"""The public key taken for a shared secret (ATTACKS A5; CVE-2015-9235)."""

from harness.exchange import reasons
from harness.trial import checks, forging
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.ALGORITHM_MISMATCH)


@scenario(
    title="HS256 with the public key as its secret",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.LetsTheHeaderChoose, "refused_with_reason"),),
    document="864",
    attack="A5",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
)
async def public_key_as_secret(stage: Stage) -> None:
    """Mallory takes QM's public key for a secret: QN refuses an algorithm not the key's; QM's own is accepted."""
    qm = stage.window("QM")
    certificate = stage.sample("origin-certificate.json")
    stage.mallory.alters(forging.public_key_as_secret, sender="QM", receiver="QN")
    sent = await qm.lodges(certificate, to="QN")
    altered = await stage.tampered(on=sent.topic, after=sent)
    await stage.answer_to(altered.sealed.identity, "the copy under HS256")
    twin = await qm.lodges(certificate, to="QN")
    await stage.answer(twin)
    stage.promises(checks.refused_with_reason, of=altered.sealed.identity, by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
