"""What a newcomer sees first: one honest exchange, one refused attack, one dispute decided.

The script is here; how its history is told, in three languages, is `telling`.
"""

from harness.trial import checks
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title="The first five minutes",
    checks=(
        checks.original_untouched,
        checks.five_levels,
        checks.use_reported,
        checks.one_effect,
        checks.claim_ruled,
    ),
    saboteurs=(
        Saboteur("QN", saboteurs.ForgetsWhatItSaw, "one_effect"),
        Saboteur("QN", saboteurs.KeepsUseToItself, "use_reported"),
    ),
    document="864",
    attack="D40",
    questions=("B2.1", "A3.2.4", "A3.3.1", "I.E.1", "IV.C.1"),
)
async def first_five_minutes(stage: Stage) -> None:
    """A certificate goes there and back and is used; its replay has no effect; a false claim about it is refuted."""
    qm, qn = stage.window("QM"), stage.window("QN")
    sent = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    stage.promises(checks.original_untouched, of=sent.identity)
    stage.promises(checks.five_levels, of=sent.identity)
    await stage.answer(sent)
    stage.promises(checks.use_reported, of=sent.identity, quantity="1500.000")
    await qn.uses(sent, quantity="1500.000", declaration="QN-IM-2026-000417")
    await stage.answer(sent, copy=2)
    stage.promises(checks.one_effect, of=sent.identity)
    await stage.mallory.sends_again(await stage.message(sent))
    await stage.answer(sent, copy=3)
    stage.promises(checks.claim_ruled, claimant="QM", respondent="QN", of=sent.identity, outcome="refuted")
    dispute = await qm.disputes(sent, number="D-1", sentence=f"{sent.subject} was never acknowledged")
    await stage.answer(dispute)
    await qm.proves(sent, witness="QN")
    await qn.proves(sent, witness="QM")
