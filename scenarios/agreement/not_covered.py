"""A document that the corridor agreement does not cover."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title="Document not covered by the agreement",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.IgnoresTheAgreement, "refused_with_reason"),),
    pair=("QP", "QN"),
    document="851",
    questions=("I.C.2", "III.A.1"),
)
async def not_covered(stage: Stage) -> None:
    """QP's agreement covers certificates of origin: a phytosanitary one is refused with the clause by both windows."""
    qp, insider = stage.window("QP"), stage.insider("QP")
    await qp.is_refused(stage.sample("phytosanitary.xml"), to="QN", reason=reasons.NOT_COVERED)
    twin = await qp.lodges(stage.sample("origin-certificate-qp.json"), to="QN")
    await stage.answer(twin)
    around = insider.writes(
        stage.sample("phytosanitary.xml"),
        source="QP",
        to="QN",
        corridor="QP-QN",
        doctype="851",
        reference="PC-7001",
        media_type="application/sps+xml",
    )
    await stage.mallory.puts(around)
    await stage.answer_to(stage.identity_of(around), "the document that is not covered")
    stage.promises(
        checks.refused_with_reason,
        of=stage.identity_of(around),
        by="QN",
        reason=reasons.NOT_COVERED.code,
        clause="agreement QP-QN v1, documents",
    )
    stage.promises(checks.five_levels, of=twin.identity)
