"""A window changes its key while a document and a receipt under the old one are still on their way."""

from harness.trial import keys
from harness.trial.ministry import Ministry
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title="New key, old key still good",
    checks=(keys.good_for_all,),
    saboteurs=(Saboteur("QN", saboteurs.PinsTheFirstKey, "good_for_all"),),
    document="864",
    questions=("A4.2", "A4.3"),
)
async def rotated(stage: Stage) -> None:
    """QM's answer and certificate under its old key arrive after its first ones under the new key: all are good."""
    qm, qn, ministry = stage.window("QM"), stage.window("QN"), Ministry(stage, "QM")
    octets = stage.sample("origin-certificate.json")
    first = await qm.lodges(octets, to="QN")
    await stage.answer(first)
    answer = stage.mallory.holds_back(sender="QM", receiver="QN")
    asked = await qn.lodges(octets, to="QM")
    await stage.mallory.has(answer)
    document = stage.mallory.holds_back(sender="QM", receiver="QN")
    under_way = await qm.lodges(octets, to="QN")
    await ministry.issues_key()
    new = await qm.lodges(octets, to="QN")
    await stage.answer(new)
    await stage.mallory.releases(document)
    await stage.mallory.releases(answer)
    await stage.answer(under_way)
    await stage.answer(asked)
    all_of_them = (first, asked, under_way, new)
    stage.promises(keys.good_for_all, of=" ".join(sent.identity for sent in all_of_them))
    for sent in all_of_them:
        await qm.proves(sent, witness="QN")
        await qn.proves(sent, witness="QM")
