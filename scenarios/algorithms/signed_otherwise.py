"""A downgrade: a good signature under an algorithm that the agreement no longer names (ATTACKS C39)."""

from certs.identity import Algorithm
from harness.exchange import reasons
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs
from scenarios.corridors import corridor

REFUSED = Refusal(reasons.ALGORITHM_NOT_AGREED, clause="agreement QM-QN v2, algorithms")


@scenario(
    title="Signed with an algorithm that the agreement does not name",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TakesAnyAlgorithm, "refused_with_reason"),),
    document="864",
    attack="C39",
    questions=("A3.2.4", "I.C.2"),
    under=(corridor("qm-qn-after-rsa-and-ecc.toml"),),
    algorithms={"QM": Algorithm.ML_DSA_65, "QN": Algorithm.ML_DSA_65},
    refusals=(REFUSED,),
)
async def signed_otherwise(stage: Stage) -> None:
    """QM signs with an older key, ES256, where ML-DSA-65 is agreed: QN refuses it; signed as agreed, it is accepted."""
    qm, insider = stage.window("QM"), stage.insider("QM", algorithm=Algorithm.ES256)
    weaker = insider.writes(
        stage.sample("origin-certificate.json"),
        source="QM",
        to="QN",
        corridor="QM-QN",
        doctype="864",
        reference="CO-0003",
        media_type="application/vnd.qm.origin+json",
    )
    await stage.mallory.puts(weaker)
    await stage.answer_to(stage.identity_of(weaker), "the certificate that was signed otherwise")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(twin)
    stage.promises(
        checks.refused_with_reason,
        of=stage.identity_of(weaker),
        by="QN",
        **REFUSED.told,
    )
    stage.promises(checks.five_levels, of=twin.identity)
