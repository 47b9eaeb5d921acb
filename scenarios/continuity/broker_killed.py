"""The broker killed and started again on its data, with a batch under way in both directions (ATTACKS H79, D54)."""

import asyncio

from harness.trial import continuity
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

EACH = 8
"""Certificates each way."""


@scenario(
    title="Broker killed in the middle of a batch",
    checks=continuity.ALL,
    saboteurs=(Saboteur("QN", saboteurs.LosesReceipts, "every_answer_exists"),),
    document="864",
    attack="H79",
    questions=("A3.2.4",),
    kills_the_broker=True,
)
async def broker_killed(stage: Stage) -> None:
    """The broker is killed while certificates cross both ways: each has one effect, one answer, and its order."""
    qm, qn = stage.window("QM"), stage.window("QN")
    for check in continuity.ALL:
        stage.promises(check)
    certificates = [stage.sample("origin-certificate.json").replace(b"CO-0001", b"CO-%04d" % n) for n in range(EACH)]
    batch = [one.lodges(each, to=other.code) for each in certificates for one, other in ((qm, qn), (qn, qm))]
    lodging = asyncio.gather(*batch)
    await stage.crossed(EACH // 2)
    await stage.kills_the_broker()
    for sent in await lodging:
        await stage.answer(sent)
