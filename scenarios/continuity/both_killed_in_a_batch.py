"""Both windows killed from outside, with a batch of certificates under way in both directions (ATTACKS H78, D54)."""

import asyncio

from harness.trial import continuity
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import mortals

EACH = 8
"""Certificates each way."""


@scenario(
    title="Both windows killed in the middle of a batch",
    checks=continuity.ALL,
    saboteurs=(Saboteur("QN", mortals.LosesItsBooks, "logs_agree"),),
    document="864",
    attack="H78",
    questions=("A3.2.4",),
)
async def both_killed_in_a_batch(stage: Stage) -> None:
    """Certificates cross both ways while first QN and then QM is killed: each has one effect, one answer, its order."""
    qm, qn = stage.window("QM"), stage.window("QN")
    for check in continuity.ALL:
        stage.promises(check)
    certificates = [stage.sample("origin-certificate.json").replace(b"CO-0001", b"CO-%04d" % n) for n in range(EACH)]
    batch = [one.lodges(each, to=other.code) for each in certificates for one, other in ((qm, qn), (qn, qm))]
    lodging = asyncio.gather(*batch)
    await stage.crossed(EACH // 4)
    await qn.is_killed()
    await stage.crossed(EACH)
    await qm.is_killed()
    for sent in await lodging:
        await stage.answer(sent)
