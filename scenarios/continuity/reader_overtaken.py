"""A second reader in the receiver's group, to whom the broker gives its inbox (ATTACKS D54)."""

from harness.trial import continuity
from harness.trial.script import KAFKA, Saboteur, scenario
from harness.trial.stage import Stage
from nodes import pausing


@scenario(
    title="Inbox given to another reader, and back",
    checks=continuity.ALL,
    saboteurs=(Saboteur("QN", pausing.TakesItForNew, "one_effect_each"),),
    document="864",
    attack="D54",
    needs=KAFKA,
    questions=("A3.2.4",),
    cast={"QN": pausing.Pausing},
)
async def reader_overtaken(stage: Stage) -> None:
    """QN loses its inbox before it has moved its place: given back, what it did comes again, and is done once."""
    qm, qn = stage.window("QM"), stage.window("QN")
    for check in continuity.ALL:
        stage.promises(check)
    certificate = stage.sample("origin-certificate.json")
    await stage.answer(await qm.lodges(certificate, to="QN"))
    qn.pauses(at="commit")
    done = await qm.lodges(certificate, to="QN")
    await stage.answer(done)
    async with stage.second_reader(of="QN") as second:
        qn.goes_on()  # too late: the place is no longer its own to move
        left = await qm.lodges(certificate, to="QN")
        await stage.takes(second)
    await stage.answer(left)
