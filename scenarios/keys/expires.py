"""A window's certificate expires in mid-exchange, and it notices too late."""

from datetime import timedelta

from harness.exchange import reasons
from harness.trial import checks, keys
from harness.trial.ministry import Ministry
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.EXPIRED_CERTIFICATE)
BAD = {"by": "QN", "reason": REFUSED.reason.code, "because": "certificate was not valid on"}
LASTING = timedelta(seconds=4)


@scenario(
    title="Certificate expires in mid-exchange",
    checks=(checks.refused_with_reason, keys.bad_for_all, keys.good_for_all),
    saboteurs=(
        Saboteur("QN", saboteurs.OverlooksExpiry, "refused_with_reason"),
        Saboteur("QN", saboteurs.OverlooksExpiry, "bad_for_all"),
        Saboteur("QM", saboteurs.LosesReceipts, "bad_for_all"),
    ),
    document="864",
    questions=("A4.2", "A4.3"),
    refusals=(REFUSED,),
)
async def expires(stage: Stage) -> None:
    """What the bus took before QM's certificate expired stays good; what it takes after is refused until a new key."""
    qm, qn, ministry = stage.window("QM"), stage.window("QN"), Ministry(stage, "QM")
    octets = stage.sample("origin-certificate.json")
    await ministry.issues_key(lifetime=LASTING)
    before = await qm.lodges(octets, to="QN")
    await stage.answer(before)
    await stage.comes(stage.from_now(LASTING))
    late = await qm.lodges(octets, to="QN")
    await stage.answer(late)
    stage.promises(checks.refused_with_reason, of=late.identity, by="QN", **REFUSED.told)
    stage.promises(keys.bad_for_all, of=late.identity, **BAD)
    await ministry.issues_key()
    after = await qm.lodges(octets, to="QN")
    await stage.answer(after)
    for sent in (before, after):
        await qm.proves(sent, witness="QN")
        await qn.proves(sent, witness="QM")
        stage.promises(keys.good_for_all, of=sent.identity)
