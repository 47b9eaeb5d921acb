"""Recognition over a bridge: an authority that certifies both roots, and that both certify."""

from harness.trial import checks
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title="Accepted over a bridge authority",
    checks=(checks.five_levels, checks.original_untouched),
    saboteurs=(Saboteur("QN", saboteurs.MergesLevels, "five_levels"),),
    document="864",
    questions=("A4.2", "A4.3"),
    recognition="bridge",
)
async def over_a_bridge(stage: Stage) -> None:
    """QM and QN each certify a bridge that certifies the other: two mappings of policy, and the documents hold."""
    qm = stage.window("QM")
    sent = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(sent)
    await qm.proves(sent, witness="QN")
    stage.promises(checks.five_levels, of=sent.identity)
    stage.promises(checks.original_untouched, of=sent.identity)
