"""Signed with a certificate of honest size, whose path nobody can check in the time allowed (ATTACKS C35)."""

from certs.worker import TIME_ALLOWED
from harness.exchange import reasons
from harness.trial import checks
from harness.trial.ministry import Ministry
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.PATH_TOO_COSTLY, TIME_ALLOWED)


@scenario(
    title="Pathological chain, stopped by the clock",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.GivesUpAndBelieves, "refused_with_reason"),),
    document="864",
    attack="C35",
    questions=("A4.2", "A4.3"),
    refusals=(REFUSED,),
)
async def endless_path(stage: Stage) -> None:
    """Checking QM's certificate would take minutes: QN stops after two seconds, and a new process checks a new key."""
    qm, ministry = stage.window("QM"), Ministry(stage, "QM")
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    honest = await stage.message(twin)
    await stage.answer(twin)
    insider = await ministry.lets_slip("many-places")
    forged = insider.signs(honest, id="qm-endless", subject="CO-9999")
    stage.promises(checks.refused_with_reason, of=stage.identity_of(forged), by="QN", **REFUSED.told)
    await stage.mallory.puts(forged)
    await stage.answer_to(stage.identity_of(forged), "the certificate that takes minutes to check")
    await ministry.issues_key()
    after = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(after)
    for each in (twin, after):
        stage.promises(checks.five_levels, of=each.identity)
