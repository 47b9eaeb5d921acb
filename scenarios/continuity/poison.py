"""Bytes that are no token at all, in front of a certificate (ATTACKS D51)."""

from harness.exchange import reasons, topics
from harness.exchange.bus import Record
from harness.trial import checks, continuity
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.NOT_A_TOKEN)


@scenario(
    title="Poison in front of a certificate",
    checks=(continuity.poison_put_aside, checks.refused_with_reason, checks.five_levels),
    saboteurs=(
        Saboteur("QN", saboteurs.StallsOnPoison, "poison_put_aside"),
        Saboteur("QN", saboteurs.FallsOverPoison, "nobody_fell"),
    ),
    document="864",
    attack="D51",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
)
async def poison(stage: Stage) -> None:
    """What is no token at all goes into QN's quarantine with a signed no, and the certificate behind it is accepted."""
    qm, inbox = stage.window("QM"), topics.inbox("QN", "QM")
    spoilt = Record(inbox, b"lot-7", b"\x00 no token at all \xff")
    poisonous = stage.identity_of(spoilt)
    stage.promises(continuity.poison_put_aside, of=poisonous, by="QN")
    await stage.mallory.puts(spoilt)
    sent = await qm.lodges(stage.sample("origin-certificate.json"), to="QN")
    await stage.answer_to(poisonous, "the poison")
    await stage.answer(sent)
    stage.promises(checks.refused_with_reason, of=poisonous, by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=sent.identity)
