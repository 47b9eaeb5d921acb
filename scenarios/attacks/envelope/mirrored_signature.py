"""The other good signature of the same message (ATTACKS A11)."""

from certs.identity import Algorithm
from harness.exchange import reasons
from harness.trial import checks, forging
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title="Mirrored signature (r, n-s)",
    checks=(checks.one_effect, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.IdentifiesByEveryByte, "one_effect"),),
    document="864",
    attack="A11",
    questions=("A3.2.4",),
    refusals=(Refusal(reasons.REPLAYED),),
    algorithms={"QM": Algorithm.ES256},
)
async def mirrored_signature(stage: Stage) -> None:
    """Mallory mirrors QM's signature, which stays good: to QN it is the same message, and no second content."""
    qm = stage.window("QM")
    sent = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(sent)
    await stage.mallory.sends_altered(await stage.message(sent), forging.mirrored)
    await stage.answer(sent, copy=2)
    stage.promises(checks.one_effect, of=sent.identity)
    stage.promises(checks.five_levels, of=sent.identity)
