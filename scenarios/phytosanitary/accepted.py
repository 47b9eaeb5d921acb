"""A phytosanitary certificate, there and back."""

from harness.trial import checks
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title="Phytosanitary certificate accepted",
    checks=(checks.five_levels, checks.original_untouched),
    saboteurs=(
        Saboteur("QN", saboteurs.RewritesOriginals, "original_untouched"),
        Saboteur("QN", saboteurs.MergesLevels, "five_levels"),
    ),
    document="851",
    questions=("B2.1", "A6.1", "I.E.1"),
)
async def accepted(stage: Stage) -> None:
    """QM's phytosanitary certificate arrives at QN byte for byte, and all five levels of acknowledgement come back."""
    qm = stage.window("QM")
    sent = await qm.lodges(stage.sample("phytosanitary.xml"), to="QN")
    await stage.answer(sent)
    stage.promises(checks.five_levels, of=sent.identity)
    stage.promises(checks.original_untouched, of=sent.identity)
