"""A trust list that is never replaced, so that nobody learns what was withdrawn since (ATTACKS C37)."""

from datetime import timedelta

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.ministry import Ministry
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.STALE_TRUST_LIST)


@scenario(
    title="Trust list frozen",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TakesOldLists, "refused_with_reason"),),
    document="864",
    attack="C37",
    questions=("A4.2", "A4.3"),
    refusals=(REFUSED,),
)
async def list_frozen(stage: Stage) -> None:
    """QM's list was to be replaced by now and QN got no other: refused for that; with the next list all is well."""
    qm, ministry = stage.window("QM"), Ministry(stage, "QM")
    last = stage.from_now(timedelta(seconds=1))
    await ministry.publishes(lists=[ministry.trust_list(next_update=last)])
    await stage.comes(last + timedelta(milliseconds=10))
    late = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(late)
    await ministry.publishes(lists=[ministry.trust_list()])
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(twin)
    stage.promises(checks.refused_with_reason, of=late.identity, by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
