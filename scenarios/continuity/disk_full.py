"""A disk that is full at the receiver's log (ATTACKS H82)."""

from harness.trial import continuity
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import small_disks

EACH = 3
"""Certificates that come while the disk is full."""


@scenario(
    title="Disk full at the receiver's log",
    checks=continuity.ALL,
    saboteurs=(Saboteur("QN", small_disks.AnswersWithoutItsLog, "answered_is_logged"),),
    document="864",
    attack="H82",
    questions=("A3.2.4",),
    cast={"QN": small_disks.SmallDisk},
)
async def disk_full(stage: Stage) -> None:
    """QN cannot log, so it answers nothing and sends nothing; with space again it answers everything, once."""
    qm, qn = stage.window("QM"), stage.window("QN")
    for check in continuity.ALL:
        stage.promises(check)
    certificate = stage.sample("origin-certificate.json")
    await stage.answer(await qm.lodges(certificate, to="QN"))
    qn.disk_fills()
    waiting = [await qm.lodges(certificate, to="QN") for _ in range(EACH)]
    await qn.has_no_space_for(certificate, to="QM")
    qn.disk_frees()
    for sent in waiting:
        await stage.answer(sent)
