"""An encrypted message that the broker's operator alters without being able to read it (ATTACKS D50)."""

from harness.exchange import reasons
from harness.exchange.receipt import Status
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.BROKEN_ENCRYPTION)


@scenario(
    title="Encrypted message altered by the broker's operator",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QP", saboteurs.NamesNoFault, "refused_with_reason"),),
    pair=("QM", "QP"),
    document="864",
    attack="D50",
    questions=("A3.2.4", "A4.2"),
    refusals=(REFUSED,),
)
async def altered_cover(stage: Stage) -> None:
    """The operator changes one character of the ciphertext: QP refuses it as altered; untouched, it is accepted."""
    qm = stage.window("QM")
    certificate = stage.sample("origin-certificate.json")
    stage.mallory.spoils_cover(sender="QM", receiver="QP")
    altered = await stage.message(await qm.lodges(certificate, to="QP"))
    twin = await qm.lodges(certificate, to="QP")
    await stage.answer(twin)
    stage.promises(checks.refused_with_reason, of=altered.sealed.identity, by="QP", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity, accepted=Status.ACCEPTED_WITH_WARNINGS)
