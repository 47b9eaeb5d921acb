"""Signed with a key whose curve the certificate spells out: CVE-2020-0601 (ATTACKS C34)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.ministry import Ministry
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.EXPLICIT_CURVE)


@scenario(
    title="Explicit curve parameters",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TakesAnyCurve, "refused_with_reason"),),
    document="864",
    attack="C34",
    questions=("A4.2", "A4.3"),
    refusals=(REFUSED,),
)
async def curve_spelt_out(stage: Stage) -> None:
    """QM's insider signs with a key on a curve that its certificate describes: refused for that, not as broken."""
    qm, ministry = stage.window("QM"), Ministry(stage, "QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    insider = await ministry.lets_slip("explicit-curve")
    forged = insider.signs(honest, id="qm-explicit-curve", subject="CO-9999")
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the certificate with a curve of its own")
    stage.promises(checks.refused_with_reason, of=stage.identity_of(forged), by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
