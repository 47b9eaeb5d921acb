"""A country gives another one a new cross-certificate, and withdraws the one before, between two documents."""

from datetime import timedelta

from harness.trial import checks, keys
from harness.trial.ministry import Ministry
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title="Recognition renewed between two documents",
    checks=(checks.five_levels, keys.good_for_all),
    saboteurs=(
        Saboteur("QN", saboteurs.FilesTrustLists, "five_levels"),
        Saboteur("QN", saboteurs.KeepsTheLastCosignature, "good_for_all"),
    ),
    document="864",
    questions=("A4.2", "A4.3", "I.E.1"),
    recognition="cross-certification",
)
async def renewed(stage: Stage) -> None:
    """QN certifies QM's root once more and withdraws what it gave it before: what rested on that stays good."""
    qm, qn = stage.window("QM"), stage.window("QN")
    octets = stage.sample("origin-certificate.json")
    before = await qm.lodges(octets, to="QN")
    await stage.answer(before)
    await qm.seeks_witness("QN")
    await qn.seeks_witness("QM")
    # Lists know whole seconds only: the withdrawal comes in another one than that in which both logs were cosigned.
    await stage.comes(stage.from_now(timedelta(seconds=1)))
    await Ministry(stage, "QN").renews_recognition()
    after = await qm.lodges(octets, to="QN")
    stage.promises(checks.five_levels, of=after.identity)
    await stage.answer(after)
    stage.promises(keys.good_for_all, of=f"{before.identity} {after.identity}")
    for sent in (before, after):
        await qm.proves(sent, witness="QN")
        await qn.proves(sent, witness="QM")
