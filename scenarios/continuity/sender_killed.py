"""The sender's window killed while a trader waits at its counter (ATTACKS H78)."""

from harness.trial import continuity
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import mortals


@scenario(
    title="Sender killed around log, sending and answer",
    checks=continuity.ALL,
    saboteurs=(Saboteur("QM", mortals.LosesItsBooks, "logs_agree"),),
    document="864",
    attack="H78",
    questions=("A3.2.4",),
    cast={"QM": mortals.Mortal},
)
async def sender_killed(stage: Stage) -> None:
    """QM is killed with a certificate in its hands and comes back: what it has logged it sends, and no twin of it."""
    qm = stage.window("QM")
    for check in continuity.ALL:
        stage.promises(check)
    for moment in mortals.TURN:
        death = qm.will_die(at=moment)
        sent = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
        await qm.comes_back(death)
        await stage.answer(sent)
