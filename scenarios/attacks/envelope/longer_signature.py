"""A good signature, written longer than it is (ATTACKS A10).

One library takes 66 octets for 64, so that one message would have any number of spellings.
"""

from certs.identity import Algorithm
from harness.exchange import reasons
from harness.trial import checks, forging
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.SIGNATURE_LENGTH)


@scenario(
    title="Signature longer than its algorithm gives",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TrimsSignatures, "refused_with_reason"),),
    document="864",
    attack="A10",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
    algorithms={"QM": Algorithm.ES256},
)
async def longer_signature(stage: Stage) -> None:
    """Mallory pads both numbers of QM's signature with a zero: QN refuses its length; as it was, it is accepted."""
    qm = stage.window("QM")
    certificate = stage.sample("origin-certificate.json")
    stage.mallory.alters(forging.longer_signature, sender="QM", receiver="QN")
    sent = await qm.lodges(certificate, to="QN")
    await stage.answer(sent)
    twin = await qm.lodges(certificate, to="QN")
    await stage.answer(twin)
    stage.promises(checks.refused_with_reason, of=sent.identity, by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
