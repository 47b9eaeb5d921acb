"""A good message in a spelling that only lenient readers take (ATTACKS A12)."""

from certs.identity import Algorithm
from harness.exchange import reasons
from harness.trial import checks, forging
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.LOOSE_SPELLING)


@scenario(
    title="Blanks and loose bits in the base64",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(
        Saboteur("QN", saboteurs.SkipsBlanks, "refused_with_reason"),
        Saboteur("QN", saboteurs.IgnoresLooseBits, "refused_with_reason"),
    ),
    document="864",
    attack="A12",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
    algorithms={"QM": Algorithm.ES256},
)
async def loose_spelling(stage: Stage) -> None:
    """Mallory writes a blank into one signature, loose bits into another: QN refuses both; plain, it is accepted."""
    qm = stage.window("QM")
    for craft in (forging.with_a_blank, forging.with_loose_bits):
        stage.mallory.alters(craft, sender="QM", receiver="QN")
        sent = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
        await stage.answer(sent)
        stage.promises(checks.refused_with_reason, of=sent.identity, by="QN", **REFUSED.told)
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(twin)
    stage.promises(checks.five_levels, of=twin.identity)
