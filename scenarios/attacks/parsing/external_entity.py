"""A document that has its reader open a file (ATTACKS B21).

The file is one that every system has: a reader that opens it would send its own hosts back as part of a certificate.
"""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.EXTERNAL_ENTITY)
DECLARED = b'<!DOCTYPE c [<!ENTITY theirs SYSTEM "file:///etc/hosts">]>\n<rsm:SPSCertificate '


@scenario(
    title="XML external entity",
    checks=(checks.unreadable_is_failure, checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.FetchesEntities, "refused_with_reason"),),
    document="851",
    attack="B21",
    questions=("A3.2.4", "II.B.1"),
    refusals=(REFUSED,),
)
async def external_entity(stage: Stage) -> None:
    """QM passes on a certificate that tells its reader to open a file: QN does not open it; without, it is accepted."""
    qm = stage.window("QM")
    certificate = stage.sample("phytosanitary.xml")
    named = certificate.replace(b"<rsm:SPSCertificate ", DECLARED, 1)
    hostile = named.replace(b">Laboratory report", b">&theirs; Laboratory report", 1)
    sent = await qm.passes_on(hostile, to="QN", doctype="851", reference="PC-0003", media_type="application/sps+xml")
    await stage.answer(sent)
    twin = await qm.lodges(certificate, to="QN")
    await stage.answer(twin)
    stage.promises(checks.unreadable_is_failure, of=sent.identity)
    stage.promises(checks.refused_with_reason, of=sent.identity, by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
