"""A certificate that carries another one inside (ATTACKS B23; as in CVE-2024-45409).

Who checks reads the one, who uses it finds the other.
"""

from harness.exchange import reasons
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.WRAPPED)
END = b"</rsm:SPSCertificate>"


@scenario(
    title="XML wrapping",
    checks=(checks.unreadable_is_failure, checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.ReadsTheLastOne, "refused_with_reason"),),
    document="851",
    attack="B23",
    questions=("A3.2.4", "II.B.1"),
    refusals=(REFUSED,),
)
async def wrapped(stage: Stage) -> None:
    """QM passes on a certificate that holds a second one out of its place: QN reads neither; alone, it is accepted."""
    qm = stage.window("QM")
    certificate = stage.sample("phytosanitary.xml")
    head, foot = (certificate.index(b"<rsm:SPSExchangedDocument>"), certificate.index(b"<rsm:SPSConsignment>"))
    other = certificate[head:foot].replace(b"QM-PC-2026-000417", b"QM-PC-2026-999999")
    hostile = certificate.replace(END, b"<rsm:Extension>" + other + b"</rsm:Extension>" + END)
    sent = await qm.passes_on(hostile, to="QN", doctype="851", reference="PC-0003", media_type="application/sps+xml")
    await stage.answer(sent)
    twin = await qm.lodges(certificate, to="QN")
    await stage.answer(twin)
    stage.promises(checks.unreadable_is_failure, of=sent.identity)
    stage.promises(checks.refused_with_reason, of=sent.identity, by="QN", **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity)
