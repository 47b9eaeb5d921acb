"""The same message, twice (ATTACKS D40)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title="Replayed message",
    checks=(checks.one_effect, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.ForgetsWhatItSaw, "one_effect"),),
    document="864",
    attack="D40",
    questions=("A3.2.4",),
    refusals=(Refusal(reasons.REPLAYED),),
)
async def replayed_message(stage: Stage) -> None:
    """Mallory sends QM's certificate a second time: QN answers with its first receipt, and nothing happens twice."""
    qm = stage.window("QM")
    sent = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(sent)
    await stage.mallory.sends_again(await stage.message(sent))
    await stage.answer(sent, copy=2)
    stage.promises(checks.one_effect, of=sent.identity)
    stage.promises(checks.five_levels, of=sent.identity)
