"""A certificate that arrives safely and cannot be read."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title="Phytosanitary certificate unreadable at the receiver",
    checks=(checks.unreadable_is_failure, checks.refused_with_reason, checks.five_levels),
    saboteurs=(
        Saboteur("QN", saboteurs.AlwaysDelivered, "unreadable_is_failure"),
        Saboteur("QM", saboteurs.MishearsAnswers, "heard_as_said"),
    ),
    document="851",
    questions=("II.B.1",),
)
async def unreadable(stage: Stage) -> None:
    """Half a certificate, well sealed, is "not readable" at QN and QM knows it, not "delivered"; the whole one is."""
    qm = stage.window("QM")
    whole = stage.sample("phytosanitary.xml")
    half = await qm.passes_on(
        whole[: len(whole) // 2], to="QN", doctype="851", reference="PC-0002", media_type="application/sps+xml"
    )
    await stage.answer(half)
    twin = await qm.lodges(whole, to="QN")
    await stage.answer(twin)
    stage.promises(checks.unreadable_is_failure, of=half.identity)
    stage.promises(checks.refused_with_reason, of=half.identity, by="QN", reason=reasons.UNREADABLE.code)
    stage.promises(checks.five_levels, of=twin.identity)
