"""A message in plain where encryption was agreed (ATTACKS C39)."""

from harness.exchange import reasons
from harness.exchange.receipt import Status
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.NOT_ENCRYPTED, clause="agreement QM-QP v1, encryption")


@scenario(
    title="Plain message where encryption was agreed",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QP", saboteurs.TakesPlain, "refused_with_reason"),),
    pair=("QM", "QP"),
    document="864",
    attack="C39",
    questions=("A3.2.4", "A4.3"),
    refusals=(REFUSED,),
)
async def downgraded(stage: Stage) -> None:
    """An insider at QM signs a certificate and sends it in plain: QP refuses it for that; encrypted, it is accepted."""
    qm, insider = stage.window("QM"), stage.insider("QM")
    plain = insider.writes(
        stage.sample("origin-certificate.json"),
        source="QM",
        to="QP",
        corridor="QM-QP",
        doctype="864",
        reference="CO-0002",
        media_type="application/vnd.qm.origin+json",
    )
    await stage.mallory.puts(plain)
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QP")
    await stage.answer(twin)
    stage.promises(
        checks.refused_with_reason,
        of=stage.identity_of(plain),
        by="QP",
        **REFUSED.told,
    )
    stage.promises(checks.five_levels, of=twin.identity, accepted=Status.ACCEPTED_WITH_WARNINGS)
