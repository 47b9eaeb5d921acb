"""An encrypted message that the broker's operator carries to a topic it was not signed for (ATTACKS D47, D50)."""

from harness.exchange import reasons, topics
from harness.exchange.receipt import Status
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.ENCRYPTION_NOT_AGREED)


@scenario(
    title="Encrypted message misrouted by the broker's operator",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QP", saboteurs.OpensAnyProfile, "refused_with_reason"),),
    pair=("QM", "QP"),
    document="864",
    attack="D47",
    questions=("A3.2.4", "A4.2"),
    refusals=(REFUSED,),
)
async def misrouted(stage: Stage) -> None:
    """The operator carries what he cannot read to the topic of another pair: QP refuses it there by its cover."""
    qm = stage.window("QM")
    held = stage.mallory.holds_back(sender="QM", receiver="QP")
    await qm.lodges(stage.sample("origin-certificate.json"), to="QP")
    diverted = await stage.mallory.diverts(held, to=topics.inbox("QP", "QN"))
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QP")
    await stage.answer(twin)
    stage.promises(checks.refused_with_reason, of=stage.identity_of(diverted), by="QP", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity, accepted=Status.ACCEPTED_WITH_WARNINGS)
