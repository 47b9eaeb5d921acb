"""The broker's operator reads and keeps all that passes, for a machine that he may have one day (ATTACKS D50)."""

from harness.exchange.receipt import Status
from harness.trial import checks, isolation
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs
from scenarios.corridors import corridor


@scenario(
    title="Operator reads along where the hybrid profile was agreed",
    checks=(isolation.operator_learns_nothing, checks.five_levels, checks.original_untouched),
    saboteurs=(
        Saboteur("QM", saboteurs.SendsPlain, "operator_learns_nothing"),
        Saboteur("QP", saboteurs.AnswersPlain, "operator_learns_nothing"),
    ),
    pair=("QM", "QP"),
    document="864",
    attack="D50",
    questions=("A3.2.4", "A4.2"),
    under=(corridor("qm-qp-2.toml"),),
)
async def hybrid_operator_reads(stage: Stage) -> None:
    """Under HPKE with ML-KEM the operator learns nothing of QM's certificate but its way; QP reads it and answers."""
    qm = stage.window("QM")
    sent = await qm.lodges(stage.sample("origin-certificate.json"), to="QP")
    stage.promises(isolation.operator_learns_nothing, of=sent.identity)
    await stage.answer(sent)
    stage.promises(checks.five_levels, of=sent.identity, accepted=Status.ACCEPTED_WITH_WARNINGS)
    stage.promises(checks.original_untouched, of=sent.identity)
