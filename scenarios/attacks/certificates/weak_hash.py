"""Signed with a certificate that is itself signed over SHA-1 (ATTACKS C38)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.ministry import Ministry
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.BROKEN_ALGORITHM)


@scenario(
    title="Certificate signed over SHA-1",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TakesBrokenHashes, "refused_with_reason"),),
    document="864",
    attack="C38",
    questions=("A4.2", "A4.3"),
    refusals=(REFUSED,),
)
async def weak_hash(stage: Stage) -> None:
    """QM's insider holds a certificate over SHA-1, which can be forged: QN says that it does not check such."""
    qm, ministry = stage.window("QM"), Ministry(stage, "QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    insider = await ministry.lets_slip("weak-hash")
    forged = insider.signs(honest, id="qm-weak-hash", subject="CO-9999")
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the certificate signed over SHA-1")
    stage.promises(checks.refused_with_reason, of=stage.identity_of(forged), by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
