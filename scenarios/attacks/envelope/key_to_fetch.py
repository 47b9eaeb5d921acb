"""A header that says where to fetch the key (ATTACKS A7)."""

from harness.exchange import reasons
from harness.trial import checks, door, forging
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.KEY_TO_FETCH, clause="RFC 7515, 4.1.2")


@scenario(
    title="Key to be fetched from an address in the header",
    checks=(checks.refused_with_reason, door.nothing_fetched, checks.five_levels),
    saboteurs=(
        Saboteur("QN", saboteurs.FetchesTheKey, "refused_with_reason"),
        Saboteur("QN", saboteurs.FetchesTheKey, "nothing_fetched"),
    ),
    document="864",
    attack="A7",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
)
async def key_to_fetch(stage: Stage) -> None:
    """Mallory names an address for her key (jku, x5u): QN refuses, and nobody comes there; QM's own is accepted."""
    qm = stage.window("QM")
    certificate = stage.sample("origin-certificate.json")
    with stage.door() as address:
        stage.mallory.alters(forging.key_at(address.url), sender="QM", receiver="QN")
        sent = await qm.lodges(certificate, to="QN")
        altered = await stage.tampered(on=sent.topic, after=sent)
        await stage.answer_to(altered.sealed.identity, "the copy with an address")
        twin = await qm.lodges(certificate, to="QN")
        await stage.answer(twin)
    stage.promises(checks.refused_with_reason, of=altered.sealed.identity, by="QN", **REFUSED.told)
    stage.promises(door.nothing_fetched, address=address.url)
    stage.promises(checks.five_levels, of=twin.identity)
