"""Numbers that another system reads as other numbers (ATTACKS B17).

A reader that keeps numbers as doubles sees 9007199254740992 for the first; to the second, one reader says 1 and another
says that it is no whole number.
"""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.LOSSY_NUMBER)

SAID = ("9007199254740993", "1.0")


@scenario(
    title="Numbers with two readings",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(
        Saboteur("QN", saboteurs.ReadsNumbersAsDoubles, "refused_with_reason"),
        Saboteur("QN", saboteurs.TakesWholeFractions, "refused_with_reason"),
    ),
    document="864",
    attack="B17",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
)
async def numbers(stage: Stage) -> None:
    """An insider at QM signs a value beyond 2^53, then 1.0 for 1: QN refuses both; without one, it is accepted."""
    qm, insider = stage.window("QM"), stage.insider("QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    for number, value in enumerate(SAID, start=1):
        otherwise = f'"subject":"CO-0001","declaredvalue":{value}'
        forged = insider.spells(honest, '"subject":"CO-0001"', otherwise=otherwise, id=f"qm-value-{number}")
        await stage.mallory.puts(forged)
        await stage.answer_to(stage.identity_of(forged), f"the certificate with the value {value}")
        stage.promises(checks.refused_with_reason, of=stage.identity_of(forged), by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
