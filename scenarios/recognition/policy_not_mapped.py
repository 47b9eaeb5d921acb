"""A certificate of a lower level than the one that was mapped (ATTACKS C32)."""

from certs.crossing import policy_of
from harness.exchange import reasons
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.POLICY_NOT_MAPPED)


@scenario(
    title="Certificate under a policy that nobody mapped",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TakesAnyPolicy, "refused_with_reason"),),
    document="864",
    attack="C32",
    questions=("A4.2", "A4.3"),
    recognition="cross-certification",
    refusals=(REFUSED,),
)
async def policy_not_mapped(stage: Stage) -> None:
    """QM's authority also issues at a low level: what is signed so QN refuses for its policy, QM's own is accepted."""
    qm = stage.window("QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    insider = stage.newly_certified("QM", policies=[policy_of("QM", "low")])
    signed = insider.signs(honest, id="qm-low-0001", subject="CO-9999")
    await stage.mallory.puts(signed)
    await stage.answer_to(stage.identity_of(signed), "the certificate signed at a low level")
    stage.promises(
        checks.refused_with_reason,
        of=stage.identity_of(signed),
        by="QN",
        **REFUSED.told,
    )
    stage.promises(checks.five_levels, of=twin.identity)
