"""A third country at a topic of two others (ATTACKS D49)."""

from harness.exchange import topics
from harness.trial import checks, isolation
from harness.trial.script import careless, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title="Third country at another pair's topic",
    checks=(isolation.kept_out, checks.five_levels),
    saboteurs=(careless(saboteurs.everybody_reads, "kept_out"), careless(saboteurs.everybody_writes, "kept_out")),
    document="864",
    attack="D49",
    questions=("A4.2", "A3.2.4"),
)
async def foreign_topic(stage: Stage) -> None:
    """QP can neither read what QM sends to QN nor write beside it; the broker refuses, and QN itself reads it."""
    qm, qp = stage.window("QM"), stage.stranger("QP")
    inbox = topics.inbox("QN", "QM")
    sent = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(sent)
    await qp.tries_to_read(inbox)
    await qp.tries_to_write(inbox)
    stage.promises(isolation.kept_out, who="QP", deed="read", what=inbox)
    stage.promises(isolation.kept_out, who="QP", deed="write", what=inbox)
    stage.promises(checks.five_levels, of=sent.identity)
