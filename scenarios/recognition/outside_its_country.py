"""An authority that vouches for another country's party (ATTACKS C31)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.OUTSIDE_ITS_NAMES)


@scenario(
    title="Authority outside its country, by its name constraint",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TakesAnyName, "refused_with_reason"),),
    document="864",
    attack="C31",
    questions=("A4.2", "A4.3"),
    recognition="cross-certification",
    refusals=(REFUSED,),
)
async def outside_its_country(stage: Stage) -> None:
    """QM's authority certifies somebody as QP: QN, whose cross-certificate lets it name QM's alone, refuses that."""
    qm, impostor = stage.window("QM"), stage.newly_certified("QM", names="QP")
    forged = impostor.writes(
        stage.sample("origin-certificate.json"),
        source="QP",
        to="QN",
        corridor="QP-QN",
        doctype="864",
        reference="CO-9999",
        media_type="application/vnd.qm.origin+json",
    )
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the certificate in QP's name")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(twin)
    stage.promises(
        checks.refused_with_reason,
        of=stage.identity_of(forged),
        by="QN",
        **REFUSED.told,
    )
    stage.promises(checks.five_levels, of=twin.identity)
