"""The claim "I never got an answer", decided from two evidence bundles, offline."""

from harness.trial import checks
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title='"I never got an answer", refuted by the receipt in both logs',
    checks=(checks.claim_ruled,),
    saboteurs=(
        Saboteur("QM", saboteurs.LosesReceipts, "claim_ruled"),
        Saboteur("QN", saboteurs.AnswersOffTheRecord, "answered_is_logged"),
    ),
    document="864",
    questions=("I.E.1", "IV.C.1"),
)
async def no_answer(stage: Stage) -> None:
    """QM claims that its certificate was never answered; both bundles hold QN's receipt, and the claim is refuted."""
    qm, qn = stage.window("QM"), stage.window("QN")
    sent = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(sent)
    dispute = await qm.disputes(sent, number="D-1", sentence="CO-0001 was never acknowledged")
    await stage.answer(dispute)
    await qm.proves(sent, witness="QN")
    await qn.proves(sent, witness="QM")
    stage.promises(checks.claim_ruled, claimant="QM", respondent="QN", of=sent.identity, outcome="refuted")
