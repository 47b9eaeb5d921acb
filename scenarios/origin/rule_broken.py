"""A certificate of origin that is complete, readable, and breaks a rule."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title="Certificate of origin that breaks a rule",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.AcceptsWhatBreaksRules, "refused_with_reason"),),
    document="864",
    questions=("B2.1", "II.B.1"),
)
async def rule_broken(stage: Stage) -> None:
    """A certificate with a gross weight of zero is delivered to QN and refused there; a sound one is accepted."""
    qm = stage.window("QM")
    broken = await qm.lodges(stage.sample("origin-certificate-rule-broken.json"), to="QN")
    await stage.answer(broken)
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(twin)
    stage.promises(checks.refused_with_reason, of=broken.identity, by="QN", reason=reasons.RULE_BROKEN.code)
    stage.promises(checks.five_levels, of=twin.identity)
