"""A trust list of yesterday, shown again to hide what was withdrawn since (ATTACKS C37)."""

from harness.exchange import reasons
from harness.exchange.seal import Sealed
from harness.trial import checks, keys
from harness.trial.ministry import Ministry
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.ROLLED_BACK_TRUST_LIST)


@scenario(
    title="Trust list rolled back",
    checks=(keys.list_refused, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TakesLesserVersions, "list_refused"),),
    document="864",
    attack="C37",
    questions=("A4.2", "A4.3"),
    refusals=(REFUSED,),
)
async def list_rolled_back(stage: Stage) -> None:
    """QM published version 2 of its list; somebody brings QN version 1 again: refused, and version 2 stays in force."""
    qm, qn, ministry = stage.window("QM"), stage.window("QN"), Ministry(stage, "QM")
    first = ministry.country.trust_list
    await ministry.publishes(lists=[ministry.trust_list()])
    await qn.turns_down(first, "version 1 of QM's trust list", reason=reasons.ROLLED_BACK_TRUST_LIST)
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(twin)
    stage.promises(keys.list_refused, raw=Sealed(first).raw, by="QN", reason=REFUSED.reason.code)
    stage.promises(checks.five_levels, of=twin.identity)
