"""A third country at the broker's door, and at another's group of readers (ATTACKS D49)."""

from harness.trial import checks, isolation
from harness.trial.script import KAFKA, careless, careless_at_the_door, scenario
from harness.trial.stage import Stage
from harness.trial.stranger import FOREIGN_CERTIFICATE, NO_CERTIFICATE
from nodes import saboteurs


@scenario(
    title="Third country at the broker's door",
    checks=(isolation.kept_out, checks.five_levels),
    saboteurs=(
        careless(saboteurs.everybody_reads, "kept_out"),
        careless_at_the_door(saboteurs.nobody_is_asked, "kept_out"),
        careless_at_the_door(saboteurs.any_authority_will_do, "kept_out"),
    ),
    document="864",
    attack="D49",
    needs=KAFKA,
    questions=("A4.2", "A4.3"),
)
async def at_the_door(stage: Stage) -> None:
    """QP can neither join QN's group of readers, nor come in without a certificate or with its own authority's."""
    qm, qp = stage.window("QM"), stage.stranger("QP")
    await qp.tries_to_join("QN")
    await qp.comes_without_a_certificate()
    await qp.comes_with_a_foreign_certificate()
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(twin)
    stage.promises(isolation.kept_out, who="QP", deed="join", what="qn")
    stage.promises(isolation.kept_out, who="QP", deed="connect", what=NO_CERTIFICATE)
    stage.promises(isolation.kept_out, who="QP", deed="connect", what=FOREIGN_CERTIFICATE)
    stage.promises(checks.five_levels, of=twin.identity)
