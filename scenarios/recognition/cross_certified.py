"""Recognition from one's own root: a cross-certificate with policy mapping, and names of one country only."""

from harness.trial import checks
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title="Accepted under cross-certification",
    checks=(checks.five_levels, checks.original_untouched),
    saboteurs=(Saboteur("QN", saboteurs.MergesLevels, "five_levels"),),
    document="864",
    questions=("A4.2", "A4.3"),
    recognition="cross-certification",
)
async def cross_certified(stage: Stage) -> None:
    """QM and QN certify each other's root, at a level that both name their own way: documents and answers hold so."""
    qm = stage.window("QM")
    sent = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(sent)
    await qm.proves(sent, witness="QN")
    stage.promises(checks.five_levels, of=sent.identity)
    stage.promises(checks.original_untouched, of=sent.identity)
