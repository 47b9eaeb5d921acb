"""A document that grows while it is read (ATTACKS B22).

Four entities, each but the first ten times the one before: small enough here for a careless reader to get to the end.
"""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.ENTITY_EXPANSION)
GROWING = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 4))
DECLARED = f'<!DOCTYPE c [<!ENTITY e0 "lol ">{GROWING}]>\n<rsm:SPSCertificate '.encode()


@scenario(
    title="XML entity expansion",
    checks=(checks.unreadable_is_failure, checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.ExpandsEntities, "refused_with_reason"),),
    document="851",
    attack="B22",
    questions=("A3.2.4", "II.B.1"),
    refusals=(REFUSED,),
)
async def entity_expansion(stage: Stage) -> None:
    """QM passes on a certificate whose entities grow when read: QN expands none of them; without, it is accepted."""
    qm = stage.window("QM")
    certificate = stage.sample("phytosanitary.xml")
    named = certificate.replace(b"<rsm:SPSCertificate ", DECLARED, 1)
    hostile = named.replace(b">Laboratory report", b">&e3; Laboratory report", 1)
    sent = await qm.passes_on(hostile, to="QN", doctype="851", reference="PC-0003", media_type="application/sps+xml")
    await stage.answer(sent)
    twin = await qm.lodges(certificate, to="QN")
    await stage.answer(twin)
    stage.promises(checks.unreadable_is_failure, of=sent.identity)
    stage.promises(checks.refused_with_reason, of=sent.identity, by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
