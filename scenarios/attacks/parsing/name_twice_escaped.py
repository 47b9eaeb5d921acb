"""One name twice, once in disguise (ATTACKS B16; CVE-2017-12635)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.ESCAPED_DUPLICATE)


@scenario(
    title="JSON name given twice, once escaped",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.ComparesNamesAsSpelt, "refused_with_reason"),),
    document="864",
    attack="B16",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
)
async def name_twice_escaped(stage: Stage) -> None:
    """An insider hides a second reference's name behind an escape: QN refuses it; with one, it is accepted."""
    qm, insider = stage.window("QM"), stage.insider("QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    forged = insider.spells(
        honest, '"subject":"CO-0001"', otherwise='"subject":"CO-0001","s\\u0075bject":"CO-9999"', id="qm-escaped-0001"
    )
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the certificate with two references")
    stage.promises(checks.refused_with_reason, of=stage.identity_of(forged), by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
