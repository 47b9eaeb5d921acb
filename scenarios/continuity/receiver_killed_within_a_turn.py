"""The receiver's window killed around its log, its answer and its place in the inbox (ATTACKS H78, D54)."""

from harness.trial import continuity
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import mortals


@scenario(
    title="Receiver killed around log, answer and commit",
    checks=continuity.ALL,
    saboteurs=(
        Saboteur("QN", mortals.ForgetsInItsSleep, "one_effect_each"),
        Saboteur("QN", mortals.NumbersAnew, "order_kept"),
    ),
    document="864",
    attack="D54",
    questions=("A3.2.4",),
    cast={"QN": mortals.Mortal},
)
async def receiver_killed_within_a_turn(stage: Stage) -> None:
    """QN is killed before and after each thing that a turn does for good: nothing is lost, nothing happens twice."""
    qm, qn = stage.window("QM"), stage.window("QN")
    for check in continuity.ALL:
        stage.promises(check)
    for moment in mortals.TURN:
        death = qn.will_die(at=moment)
        sent = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
        await qn.comes_back(death)
        await stage.answer(sent)
        await qn.uses(sent, quantity="100.000", declaration=f"QN-IM-{sent.id}")
