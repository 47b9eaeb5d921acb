"""A broker that takes a certificate and whose word of it is lost on the way back (ATTACKS H84)."""

import asyncio

from harness.trial import checks, continuity
from harness.trial.script import OURS, Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title="Broker's acknowledgement lost",
    checks=(*continuity.ALL, checks.five_levels),
    saboteurs=(Saboteur("QM", saboteurs.WritesItAgain, "one_effect_each"),),
    document="864",
    attack="H84",
    needs=OURS,
    questions=("A3.2.4",),
    detour=("QM",),
)
async def acknowledgement_lost(stage: Stage) -> None:
    """The broker has QM's certificate and QM never hears so: it puts the same one again, and there is one effect."""
    qm, road = stage.window("QM"), stage.the_road()
    for check in continuity.ALL:
        stage.promises(check)
    certificate = stage.sample("origin-certificate.json")
    await stage.answer(await qm.lodges(certificate, to="QN"))
    await qm.seeks_witness("QN")  # once it is cosigned, QM has nothing else under way that waits for the broker
    road.loses_answers()
    lodging = asyncio.ensure_future(qm.lodges(certificate, to="QN"))
    await stage.crossed(2)  # it stands on its topic, and QM waits for the broker's word
    road.heals()
    sent = await lodging
    await stage.answer(sent)
    stage.promises(checks.five_levels, of=sent.identity)
