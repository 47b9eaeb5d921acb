"""A corridor with a national authority that has nothing newer than RSA."""

from certs.identity import Algorithm
from harness.exchange import reasons
from harness.trial import checks
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs
from scenarios.corridors import corridor


@scenario(
    title="Certificate of origin signed with RS256, answered with PS256",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TrustsAnySeal, "refused_with_reason"),),
    pair=("QP", "QN"),
    document="864",
    questions=("A3.2.4",),
    under=(corridor("qp-qn-rsa.toml"),),
    algorithms={"QP": Algorithm.RS256, "QN": Algorithm.PS256},
)
async def nothing_newer(stage: Stage) -> None:
    """QN accepts the certificate that QP signed with RS256, and answers with PS256; with a byte flipped it refuses."""
    qp = stage.window("QP")
    certificate = stage.sample("origin-certificate-qp.json")
    stage.mallory.flips_a_byte(sender="QP", receiver="QN")
    sent = await qp.lodges(certificate, to="QN")
    altered = await stage.tampered(on=sent.topic, after=sent)
    await stage.answer_to(altered.sealed.identity, "the altered copy")
    twin = await qp.lodges(certificate, to="QN")
    await stage.answer(twin)
    stage.promises(checks.refused_with_reason, of=altered.sealed.identity, by="QN", reason=reasons.BROKEN_SEAL.code)
    stage.promises(checks.five_levels, of=twin.identity)
