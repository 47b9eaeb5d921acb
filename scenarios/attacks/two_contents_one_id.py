"""Two contents under one message id, both well signed (ATTACKS D42)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.EQUIVOCATION)


@scenario(
    title="Two contents under one id",
    checks=(checks.equivocation_proved, checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.ForgetsWhatItSaw, "equivocation_proved"),),
    document="864",
    attack="D42",
    questions=("A3.2.4", "IV.C.1"),
    refusals=(REFUSED,),
)
async def two_contents_one_id(stage: Stage) -> None:
    """An insider at QM signs a second content under a used id: QN keeps both as proof and acts on the first."""
    qm, insider = stage.window("QM"), stage.insider("QM")
    sent = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    first = await stage.message(sent)
    await stage.answer(sent)
    second = insider.signs(first, subject="CO-0001-B")
    await stage.mallory.puts(second)
    await stage.answer_to(stage.identity_of(second), "the second content")
    stage.promises(checks.equivocation_proved, first=sent.identity, second=stage.identity_of(second))
    stage.promises(checks.refused_with_reason, of=stage.identity_of(second), by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=sent.identity)
