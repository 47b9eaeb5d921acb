"""A message carried to a topic it was not signed for (ATTACKS D47)."""

from harness.exchange import reasons, topics
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.WRONG_TOPIC)


@scenario(
    title="Message on the wrong topic",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.ReadsAnyTopic, "refused_with_reason"),),
    document="864",
    attack="D47",
    questions=("A3.2.4", "A4.2"),
    refusals=(REFUSED,),
)
async def wrong_topic(stage: Stage) -> None:
    """The broker's operator carries QM's message to QP's topic before QN sees it: refused there, accepted at home."""
    qm = stage.window("QM")
    held = stage.mallory.holds_back(sender="QM", receiver="QN")
    sent = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.mallory.diverts(held, to=topics.inbox("QN", "QP"))
    await stage.answer(sent)
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(twin)
    stage.promises(checks.refused_with_reason, of=sent.identity, by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
