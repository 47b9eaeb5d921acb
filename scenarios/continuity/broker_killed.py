"""The broker killed in the middle of a batch, and started again on the same data (ATTACKS H79)."""

import asyncio

from harness.trial import continuity
from harness.trial.script import OURS, Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

EACH = 6
"""Certificates each way."""


@scenario(
    title="Broker killed in the middle of a batch",
    checks=continuity.ALL,
    saboteurs=(Saboteur("QM", saboteurs.WritesItAgain, "one_effect_each"),),
    document="864",
    attack="H79",
    needs=OURS,
    questions=("A3.2.4",),
)
async def broker_killed(stage: Stage) -> None:
    """The broker is killed with certificates under way both ways: each has one effect, one answer, and its order."""
    qm, qn = stage.window("QM"), stage.window("QN")
    for check in continuity.ALL:
        stage.promises(check)
    certificate = stage.sample("origin-certificate.json")
    first = await qm.lodges(certificate, to="QN")
    await stage.message(first)
    killing = asyncio.ensure_future(stage.kills_the_broker())
    batch = [one.lodges(certificate, to=other.code) for _ in range(EACH) for one, other in ((qm, qn), (qn, qm))]
    lodging = asyncio.gather(*batch)
    await killing
    for sent in (first, *await lodging):
        await stage.answer(sent)
