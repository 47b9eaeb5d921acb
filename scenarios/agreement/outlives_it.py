"""A document that wants to be used for longer than the corridor agreement allows."""

from datetime import timedelta

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title="Expiry later than agreed",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.IgnoresTheAgreement, "refused_with_reason"),),
    document="864",
    questions=("I.C.2", "II.C.1"),
)
async def outlives_it(stage: Stage) -> None:
    """A day is agreed, an insider asks for ten: QN refuses it with the clause and accepts the one that kept it."""
    qm, insider = stage.window("QM"), stage.insider("QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    first = await stage.message(twin)
    await stage.answer(twin)
    too_long = insider.signs(first, id="qm-ten-days", expirytime=stage.from_now(timedelta(days=10)))
    await stage.mallory.puts(too_long)
    await stage.answer_to(stage.identity_of(too_long), "the document that asks for ten days")
    stage.promises(
        checks.refused_with_reason,
        of=stage.identity_of(too_long),
        by="QN",
        reason=reasons.EXPIRY_NOT_AGREED.code,
        clause="agreement QM-QN v1, documents[1]",
    )
    stage.promises(checks.five_levels, of=twin.identity)
