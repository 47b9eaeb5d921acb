"""Characters that mislead who compares by eye, and who compares by code (ATTACKS B18)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.MISLEADING_TEXT)

SAID = {
    "the reference with a Cyrillic letter": '"subject":"\u0421O-0001"',
    "the reference that turns around": '"subject":"CO-\u202e1000\u202c"',
    "the name in two normal forms": '"subject":"CO-0001","caf\u00e9":1,"cafe\u0301":2',
    "the reference with half a character": '"subject":"CO-0001","lot":"\\ud83d"',
}


@scenario(
    title="Misleading characters in references",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(
        Saboteur("QN", saboteurs.ReadsAsItLooks, "refused_with_reason"),
        Saboteur("QN", saboteurs.IgnoresWhatItCannotSee, "refused_with_reason"),
        Saboteur("QN", saboteurs.KnowsOneNormalForm, "refused_with_reason"),
        Saboteur("QN", saboteurs.TakesLoneSurrogates, "refused_with_reason"),
    ),
    document="864",
    attack="B18",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
)
async def characters(stage: Stage) -> None:
    """An insider signs references that look like others, or hold no characters: QN refuses each; plain, accepted."""
    qm, insider = stage.window("QM"), stage.insider("QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    for number, (told, otherwise) in enumerate(SAID.items(), start=1):
        forged = insider.spells(honest, '"subject":"CO-0001"', otherwise=otherwise, id=f"qm-letters-{number}")
        await stage.mallory.puts(forged)
        await stage.answer_to(stage.identity_of(forged), told)
        stage.promises(checks.refused_with_reason, of=stage.identity_of(forged), by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
