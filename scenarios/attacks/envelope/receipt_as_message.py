"""A receipt shown as a message (ATTACKS A13)."""

from harness.exchange import reasons
from harness.exchange.receipt import Status
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.WRONG_KIND)


@scenario(
    title="Receipt shown as a message",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.OverlooksKinds, "refused_with_reason"),),
    document="864",
    attack="A13",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
)
async def receipt_as_message(stage: Stage) -> None:
    """An insider at QM signs its receipt anew, as a message: QN refuses the kind; under its own kind it was taken."""
    qn, insider = stage.window("QN"), stage.insider("QM")
    twin = await qn.lodges(stage.sample("origin-certificate-qp.json"), to="QM")
    receipt = await stage.answer(twin)
    shown = insider.signs_under(receipt, {"typ": "corridor-message+jws"})
    stage.promises(checks.refused_with_reason, of=stage.identity_of(shown), by="QN", **REFUSED.told)
    await stage.mallory.puts(shown)
    await stage.answer_to(stage.identity_of(shown), "the receipt shown as a message")
    stage.promises(checks.five_levels, of=twin.identity, accepted=Status.ACCEPTED_WITH_WARNINGS)
