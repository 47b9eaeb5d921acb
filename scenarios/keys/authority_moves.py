"""A country withdraws its issuing authority from its trust list, by date, when another one has taken over."""

from datetime import timedelta

from harness.exchange import reasons
from harness.trial import checks, keys
from harness.trial.ministry import Ministry
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.AUTHORITY_WITHDRAWN)
BAD = {"by": "QN", "reason": REFUSED.reason.code, "because": "the authorities of QM were not recognised on"}


@scenario(
    title="Authority withdrawn by date, old evidence good",
    checks=(keys.good_for_all, checks.refused_with_reason, keys.bad_for_all),
    saboteurs=(
        Saboteur("QN", saboteurs.OverlooksWithdrawal, "refused_with_reason"),
        Saboteur("QN", saboteurs.OverlooksWithdrawal, "bad_for_all"),
        Saboteur("QN", saboteurs.ShowsTheListBefore, "bad_for_all"),
    ),
    document="864",
    questions=("A4.2", "A4.3", "I.E.1"),
    refusals=(REFUSED,),
)
async def authority_moves(stage: Stage) -> None:
    """QM's former authority is withdrawn as of now: what rested on it before stays good, what comes is refused."""
    qm, qn, ministry = stage.window("QM"), stage.window("QN"), Ministry(stage, "QM")
    octets = stage.sample("origin-certificate.json")
    old = await qm.lodges(octets, to="QN")
    seen = await stage.message(old)
    await stage.answer(old)
    former = await ministry.founds_another_authority()
    insider = ministry.finder(await ministry.issues_key(to_encrypt_for=True))
    await ministry.withdraws_authority(former, until=stage.from_now(timedelta(0)))
    late = insider.signs(seen, id="qm-late", subject="CO-7777", correlationid="qm-late")
    await stage.mallory.puts(late)
    await stage.answer_to(stage.identity_of(late), "what rests on the former authority")
    new = await qm.lodges(octets, to="QN")
    await stage.answer(new)
    for sent in (old, new):
        await qm.proves(sent, witness="QN")
        await qn.proves(sent, witness="QM")
        stage.promises(keys.good_for_all, of=sent.identity)
    stage.promises(checks.refused_with_reason, of=stage.identity_of(late), by="QN", **REFUSED.told)
    stage.promises(keys.bad_for_all, of=stage.identity_of(late), **BAD)
