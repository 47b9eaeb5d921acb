"""A certificate in another country's name, by an authority that its receiver recognises for its own (ATTACKS C31)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.ministry import Ministry
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.OUTSIDE_ITS_NAMES)


@scenario(
    title="Authority outside its country",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TakesAnyName, "refused_with_reason"),),
    document="864",
    attack="C31",
    questions=("A4.2", "A4.3"),
    refusals=(REFUSED,),
)
async def vouched_from_abroad(stage: Stage) -> None:
    """QM's authority certifies a key in QP's name, on QP's own topic: QN knows both countries, and refuses it."""
    qm, ministry = stage.window("QM"), Ministry(stage, "QM")
    octets = stage.sample("origin-certificate.json")
    twin = await qm.lodges(octets, to="QN")
    await stage.answer(twin)
    insider = await ministry.vouches_for("QP")
    forged = insider.writes(
        octets,
        source="QP",
        to="QN",
        corridor="QP-QN",
        doctype="864",
        reference="CO-9999",
        media_type="application/vnd.qp.origin+json",
    )
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the certificate in QP's name")
    stage.promises(
        checks.refused_with_reason,
        of=stage.identity_of(forged),
        by="QN",
        **REFUSED.told,
    )
    stage.promises(checks.five_levels, of=twin.identity)
