"""An extension that the reader must understand, and does not (ATTACKS A8)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.UNKNOWN_EXTENSION)


@scenario(
    title="Unknown critical extension",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.IgnoresCrit, "refused_with_reason"),),
    document="864",
    attack="A8",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
)
async def unknown_extension(stage: Stage) -> None:
    """An insider at QM signs under an extension that nobody agreed: QN refuses it; without, it is accepted."""
    qm, insider = stage.window("QM"), stage.insider("QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    forged = insider.signs_under(honest, {"crit": ["escrow"], "escrow": "QX"}, id="qm-escrow-0001")
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the certificate under escrow")
    stage.promises(checks.refused_with_reason, of=stage.identity_of(forged), by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
