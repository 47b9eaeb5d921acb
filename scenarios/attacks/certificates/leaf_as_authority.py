"""Signed with a certificate that a window issued (ATTACKS C33)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.ministry import Ministry
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.LEAF_AS_AUTHORITY)


@scenario(
    title="Leaf acting as authority",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.LetsPartiesVouch, "refused_with_reason"),),
    document="864",
    attack="C33",
    questions=("A4.2", "A4.3"),
    refusals=(REFUSED,),
)
async def leaf_as_authority(stage: Stage) -> None:
    """A window of QM's issues a certificate as if it were an authority: a party is none, and QN says so."""
    qm, ministry = stage.window("QM"), Ministry(stage, "QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    insider = await ministry.lets_slip("leaf-as-authority")
    forged = insider.signs(honest, id="qm-leaf-as-authority", subject="CO-9999")
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the certificate that a window vouches for")
    stage.promises(checks.refused_with_reason, of=stage.identity_of(forged), by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
