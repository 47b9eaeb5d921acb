"""The receiver's window killed at each numbered step of its work (ATTACKS H78)."""

from harness.trial import continuity
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import mortals


@scenario(
    title="Receiver killed at each of its six steps",
    checks=continuity.ALL,
    saboteurs=(
        Saboteur("QN", mortals.CommitsWhatItTakes, "every_answer_exists"),
        Saboteur("QN", mortals.LosesItsBooks, "logs_agree"),
    ),
    document="864",
    attack="H78",
    questions=("A3.2.4",),
    cast={"QN": mortals.Mortal},
)
async def receiver_killed_at_each_step(stage: Stage) -> None:
    """QN is killed at each step and comes back: every certificate of QM has one effect, one answer, and its order."""
    qm, qn = stage.window("QM"), stage.window("QN")
    for check in continuity.ALL:
        stage.promises(check)
    for step in mortals.STEPS:
        death = qn.will_die(at=step)
        sent = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
        await qn.comes_back(death)
        await stage.answer(sent)
