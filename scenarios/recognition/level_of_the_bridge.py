"""A certificate that names the bridge's level of assurance, and none of its own country's (ATTACKS C32)."""

from certs.crossing import BRIDGE, policy_of
from harness.exchange import reasons
from harness.trial import checks, keys
from harness.trial.recognition import LEVEL
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.POLICY_NOT_MAPPED)
BAD = {"by": "QN", "reason": REFUSED.reason.code, "because": "was not issued under the policy"}


@scenario(
    title="Refused over a bridge: its level, which nobody may issue at",
    checks=(checks.refused_with_reason, keys.bad_for_all, keys.good_for_all, checks.five_levels),
    saboteurs=(
        Saboteur("QN", saboteurs.TakesAnyPolicy, "refused_with_reason"),
        Saboteur("QN", saboteurs.TakesAnyPolicy, "bad_for_all"),
        Saboteur("QM", saboteurs.LosesReceipts, "bad_for_all"),
    ),
    document="864",
    attack="C32",
    questions=("A4.2", "A4.3"),
    recognition="bridge",
    refusals=(REFUSED,),
)
async def level_of_the_bridge(stage: Stage) -> None:
    """QM's authority issues at the bridge's own level, which no country's is mapped to: good for nobody over it."""
    qm, qn = stage.window("QM"), stage.window("QN")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    insider = stage.newly_certified("QM", policies=[policy_of(BRIDGE, LEVEL)])
    signed = insider.signs(honest, id="qm-bridge-0001", subject="CO-9999")
    await stage.mallory.puts(signed)
    await stage.answer_to(stage.identity_of(signed), "the certificate signed at the bridge's level")
    await qm.proves(twin, witness="QN")
    await qn.proves(twin, witness="QM")
    stage.promises(checks.refused_with_reason, of=stage.identity_of(signed), by="QN", **REFUSED.told)
    stage.promises(keys.bad_for_all, of=stage.identity_of(signed), **BAD)
    stage.promises(keys.good_for_all, of=twin.identity)
    stage.promises(checks.five_levels, of=twin.identity)
