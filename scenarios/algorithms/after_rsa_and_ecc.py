"""A corridor after RSA and elliptic curves: everything is signed with ML-DSA-65 (FIPS 204, RFC 9964)."""

from certs.identity import Algorithm
from harness.exchange import reasons
from harness.trial import checks
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs
from scenarios.corridors import corridor


@scenario(
    title="Certificate of origin signed with ML-DSA-65",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QN", saboteurs.TrustsAnySeal, "refused_with_reason"),),
    document="864",
    questions=("A3.2.4",),
    under=(corridor("qm-qn-after-rsa-and-ecc.toml"),),
    algorithms={"QM": Algorithm.ML_DSA_65, "QN": Algorithm.ML_DSA_65},
)
async def after_rsa_and_ecc(stage: Stage) -> None:
    """Under an agreement that names ML-DSA-65 alone QM's certificate is accepted; with a byte flipped it is refused."""
    qm = stage.window("QM")
    certificate = stage.sample("origin-certificate.json")
    stage.mallory.flips_a_byte(sender="QM", receiver="QN")
    sent = await qm.lodges(certificate, to="QN")
    altered = await stage.tampered(on=sent.topic, after=sent)
    await stage.answer_to(altered.sealed.identity, "the altered copy")
    twin = await qm.lodges(certificate, to="QN")
    await stage.answer(twin)
    stage.promises(checks.refused_with_reason, of=altered.sealed.identity, by="QN", reason=reasons.BROKEN_SEAL.code)
    stage.promises(checks.five_levels, of=twin.identity)
