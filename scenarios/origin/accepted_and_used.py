"""A certificate of origin, from the exporter to the last kilogram used."""

from harness.trial import checks
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title="Certificate of origin accepted, its use reported back",
    checks=(checks.five_levels, checks.original_untouched, checks.use_reported),
    saboteurs=(
        Saboteur("QN", saboteurs.KeepsUseToItself, "use_reported"),
        Saboteur("QN", saboteurs.MergesLevels, "five_levels"),
        Saboteur("QN", saboteurs.NeverAnswers, "every_message_answered"),
        Saboteur("QN", saboteurs.AnswersOffTheRecord, "answered_is_logged"),
        Saboteur("QN", saboteurs.RewritesItsLog, "logs_hold_together"),
        Saboteur("QN", saboteurs.CutsItsLog, "logs_hold_together"),
        Saboteur("QN", saboteurs.NeverWitnesses, "logs_hold_together"),
    ),
    document="864",
    questions=("B2.1", "A3.3.1", "III.B.1"),
)
async def accepted_and_used(stage: Stage) -> None:
    """QM's certificate of origin is accepted by QN, and what QN's customs uses of it is known to QM."""
    qm, qn = stage.window("QM"), stage.window("QN")
    sent = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(sent)
    await qn.uses(sent, quantity="1500.000", declaration="QN-IM-2026-000417")
    stage.promises(checks.five_levels, of=sent.identity)
    stage.promises(checks.original_untouched, of=sent.identity)
    stage.promises(checks.use_reported, of=sent.identity, quantity="1500.000")
    await stage.answer(sent, copy=2)
