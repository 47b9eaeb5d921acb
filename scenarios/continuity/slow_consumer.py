"""A receiver that is slow, while its partner is not (ATTACKS H83)."""

from harness.trial import continuity
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import pausing

MANY = 24
"""Certificates that come while it takes up nothing."""


@scenario(
    title="Slow receiver",
    checks=continuity.ALL,
    saboteurs=(Saboteur("QN", pausing.SkipsWhatIsOld, "one_effect_each"),),
    document="864",
    attack="H83",
    questions=("A3.2.4",),
    cast={"QN": pausing.Pausing},
)
async def slow_consumer(stage: Stage) -> None:
    """QN takes up nothing while certificates pile up with the broker; going on, it answers each, once and in order."""
    qm, qn = stage.window("QM"), stage.window("QN")
    for check in continuity.ALL:
        stage.promises(check)
    certificate = stage.sample("origin-certificate.json")
    await stage.answer(await qm.lodges(certificate, to="QN"))
    qn.pauses(at="turn")
    waiting = [await qm.lodges(certificate, to="QN") for _ in range(MANY)]
    await stage.crossed(1 + MANY)
    qn.goes_on()
    for sent in waiting:
        await stage.answer(sent)
