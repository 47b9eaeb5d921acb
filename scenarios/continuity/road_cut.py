"""One country cut off from the broker while certificates are under way in both directions (ATTACKS H81)."""

import asyncio

from harness.trial import continuity
from harness.trial.script import OURS, Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

EACH = 4
"""Certificates each way."""


@scenario(
    title="One country cut off from the broker",
    checks=continuity.ALL,
    saboteurs=(Saboteur("QM", saboteurs.WritesItAgain, "one_effect_each"),),
    document="864",
    attack="H81",
    needs=OURS,
    questions=("A3.2.4",),
    detour=("QM",),
)
async def road_cut(stage: Stage) -> None:
    """QM is cut off while certificates cross both ways, and connected again: one effect, one answer, order kept."""
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
    await stage.crossed(1 + EACH)  # what QN sends comes on its topic meanwhile; QM hears of none of it
    await qm.notes(1 + 1)  # one of them stands in QM's log, and cannot leave
    road.is_cut()  # only now: a window that knows of a cut takes no more in until it is over
    road.heals()
    for sent in await lodging:
        await stage.answer(sent)
