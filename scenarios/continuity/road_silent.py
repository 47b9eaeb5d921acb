"""The road of one country that falls silent: nothing gets through, and no connection ends (ATTACKS H81, H83)."""

import asyncio

from harness.trial import continuity
from harness.trial.script import OURS, Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

EACH = 4
"""Certificates each way."""


@scenario(
    title="A road that falls silent",
    checks=continuity.ALL,
    saboteurs=(Saboteur("QM", saboteurs.WritesItAgain, "one_effect_each"),),
    document="864",
    attack="H81",
    needs=OURS,
    questions=("A3.2.4",),
    detour=("QM", "QN"),
)
async def road_silent(stage: Stage) -> None:
    """Nothing gets through between both countries and the broker, and nobody is told; then it does: nothing is lost."""
    qm, qn, road = stage.window("QM"), stage.window("QN"), stage.the_road()
    for check in continuity.ALL:
        stage.promises(check)
    certificate = stage.sample("origin-certificate.json")
    first = await qm.lodges(certificate, to="QN")
    await stage.answer(first)
    await qm.seeks_witness("QN")  # once it is cosigned, QM has nothing under way
    road.falls_silent()
    batch = [one.lodges(certificate, to=other.code) for _ in range(EACH) for one, other in ((qm, qn), (qn, qm))]
    lodging = asyncio.gather(*batch)
    await qm.notes(1 + 1)  # one of them stands in QM's log, and cannot leave
    road.heals()
    for sent in await lodging:
        await stage.answer(sent)
