"""Messages deeper and larger than any reader should have to bear (ATTACKS B19)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.TOO_MUCH)
LEVELS = 500


@scenario(
    title="Bombs of depth and of size",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(
        Saboteur("QN", saboteurs.ReadsAnyDepth, "refused_with_reason"),
        Saboteur("QN", saboteurs.TakesAnyHeader, "refused_with_reason"),
        Saboteur("QN", saboteurs.CountsLevelsByCalling, "nobody_fell"),
    ),
    document="864",
    attack="B19",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
)
async def bombs(stage: Stage) -> None:
    """An insider signs 500 levels of brackets, and a header of 60 kB: QN refuses both; the plain one is accepted."""
    qm, insider = stage.window("QM"), stage.insider("QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    brackets = f'"subject":"CO-0001","remarks":{"[" * LEVELS}{"]" * LEVELS}'
    deep = insider.spells(honest, '"subject":"CO-0001"', otherwise=brackets, id="qm-deep-0001")
    large = insider.signs_under(honest, {"kid": "7" * 60_000}, id="qm-large-0001")
    for bomb, told in ((deep, "the deep one"), (large, "the large one")):
        stage.promises(checks.refused_with_reason, of=stage.identity_of(bomb), by="QN", **REFUSED.told)
        await stage.mallory.puts(bomb)
        await stage.answer_to(stage.identity_of(bomb), told)
    stage.promises(checks.five_levels, of=twin.identity)
