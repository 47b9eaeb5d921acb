"""A window's former key is found by a thief, and its certificate withdrawn once that is known."""

from datetime import timedelta

from cryptography.x509 import ReasonFlags

from harness.exchange import reasons
from harness.trial import checks, keys
from harness.trial.ministry import Ministry, as_sent
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.REVOKED_CERTIFICATE)
BAD = {"by": "QN", "reason": REFUSED.reason.code, "because": "withdrawn before that moment"}


@scenario(
    title="Certificate revoked in mid-exchange, its key lost before",
    checks=(keys.good_for_all, keys.good_until_known, checks.refused_with_reason, keys.bad_for_all),
    saboteurs=(
        Saboteur("QN", saboteurs.FilesLists, "refused_with_reason"),
        Saboteur("QN", saboteurs.FilesLists, "good_until_known"),
        Saboteur("QN", saboteurs.FilesLists, "bad_for_all"),
        Saboteur("QN", saboteurs.KeepsTheLastCosignature, "good_for_all"),
    ),
    document="864",
    questions=("A4.2", "A4.3", "I.E.1"),
    refusals=(REFUSED,),
)
async def revoked(stage: Stage) -> None:
    """What is proven older than the loss of QM's key stays good; what the thief dates back proves nothing any more."""
    qm, qn, ministry = stage.window("QM"), stage.window("QN"), Ministry(stage, "QM")
    honest = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    seen = await stage.message(honest)
    await stage.answer(honest)
    thief = ministry.finder(await ministry.issues_key())
    await qm.seeks_witness("QN")
    await qn.seeks_witness("QM")
    # Lists know whole seconds only: the key is lost in another one than that in which both logs were cosigned.
    await stage.comes(stage.from_now(timedelta(seconds=1)))
    lost = stage.from_now(timedelta(0))
    stolen = thief.signs(seen, id="qm-stolen", subject="CO-6666", correlationid="qm-stolen")
    await stage.mallory.puts(stolen)
    await stage.answer_to(stage.identity_of(stolen), "what the thief dated back")
    within = thief.signs(seen, id="qm-within", subject="CO-6667")
    await stage.mallory.puts(within)
    await stage.answer_to(stage.identity_of(within), "what the thief signed into the honest transaction")
    await qn.proves(as_sent(stolen), witness="QM", when="before")
    await ministry.revokes(thief.identity, reason=ReasonFlags.key_compromise, lost=lost)
    late = thief.signs(seen, id="qm-late", subject="CO-7777", correlationid="qm-late")
    await stage.mallory.puts(late)
    await stage.answer_to(stage.identity_of(late), "what the thief signed too late")
    await qn.proves(as_sent(stolen), witness="QM", when="after")
    await qm.proves(honest, witness="QN")
    await qn.proves(honest, witness="QM")
    stage.promises(keys.good_for_all, of=honest.identity)
    stage.promises(keys.good_until_known, of=stage.identity_of(stolen), by="QN", because="no witness proves")
    stage.promises(checks.refused_with_reason, of=stage.identity_of(late), by="QN", **REFUSED.told)
    stage.promises(keys.bad_for_all, of=stage.identity_of(late), **BAD)
