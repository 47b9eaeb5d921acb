"""One byte of the signed header changed under way (ATTACKS A2).

The byte stands in the name of the certificate: what is left is a good header, which names one and brings another.
"""

from harness.exchange import reasons
from harness.trial import checks, forging
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.OTHER_CERTIFICATE)


@scenario(
    title="One byte of the header flipped on the wire",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.RebuildsTheHeader, "refused_with_reason"),),
    document="864",
    attack="A2",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
)
async def header_byte_flipped(stage: Stage) -> None:
    """Mallory flips a byte of the header: QN refuses, it names another certificate; untouched, it is accepted."""
    qm = stage.window("QM")
    certificate = stage.sample("origin-certificate.json")
    stage.mallory.alters(forging.another_thumbprint, sender="QM", receiver="QN")
    sent = await qm.lodges(certificate, to="QN")
    altered = await stage.tampered(on=sent.topic, after=sent)
    await stage.answer_to(altered.sealed.identity, "the altered copy")
    twin = await qm.lodges(certificate, to="QN")
    await stage.answer(twin)
    stage.promises(checks.refused_with_reason, of=altered.sealed.identity, by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
