"""One name twice in what was signed (ATTACKS B15; CVE-2017-12635)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.DUPLICATE_NAME)


@scenario(
    title="JSON name given twice",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TakesTheLastOfTwo, "refused_with_reason"),),
    document="864",
    attack="B15",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
)
async def name_twice(stage: Stage) -> None:
    """An insider at QM signs two references in one message: QN refuses to choose; with one, it is accepted."""
    qm, insider = stage.window("QM"), stage.insider("QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    forged = insider.spells(
        honest, '"subject":"CO-0001"', otherwise='"subject":"CO-0001","subject":"CO-9999"', id="qm-twice-0001"
    )
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the certificate with two references")
    stage.promises(checks.refused_with_reason, of=stage.identity_of(forged), by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
