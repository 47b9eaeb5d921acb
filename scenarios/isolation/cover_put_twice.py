"""An encrypted message that the broker's operator puts a second time without being able to read it (ATTACKS D40)."""

from harness.exchange.receipt import Status
from harness.trial import checks
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs


@scenario(
    title="Encrypted message put twice by the broker's operator",
    checks=(checks.one_effect, checks.five_levels),
    saboteurs=(Saboteur("QP", saboteurs.ForgetsWhatItSaw, "one_effect"),),
    pair=("QM", "QP"),
    document="864",
    attack="D40",
    questions=("A3.2.4",),
)
async def cover_put_twice(stage: Stage) -> None:
    """The operator puts QM's ciphertext a second time: QP knows what is inside, and nothing happens twice."""
    qm = stage.window("QM")
    sent = await qm.lodges(stage.sample("origin-certificate.json"), to="QP")
    await stage.mallory.sends_again(await stage.message(sent))
    await stage.message(sent, copy=2)
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QP")
    await stage.answer(twin)
    stage.promises(checks.one_effect, of=sent.identity)
    stage.promises(checks.five_levels, of=sent.identity, accepted=Status.ACCEPTED_WITH_WARNINGS)
    stage.promises(checks.five_levels, of=twin.identity, accepted=Status.ACCEPTED_WITH_WARNINGS)
