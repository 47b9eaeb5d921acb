"""A header that says something else than the signed body (ATTACKS D46)."""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.HEADER_CONTRADICTS)


@scenario(
    title="Header contradicting the body",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.OverlooksHeaders, "refused_with_reason"),),
    document="864",
    attack="D46",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
)
async def header_contradicts(stage: Stage) -> None:
    """Mallory rewrites a routing header, not the body: QN refuses for the contradiction; untouched, it is accepted."""
    qm = stage.window("QM")
    stage.mallory.rewrites_header("ce_receiver", b"QP", sender="QM", receiver="QN")
    sent = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(sent)
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer(twin)
    stage.promises(checks.refused_with_reason, of=sent.identity, by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
