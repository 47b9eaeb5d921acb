"""The older profile of encryption where the hybrid one was agreed (ATTACKS C39)."""

from certs import jwe
from harness.exchange import reasons
from harness.exchange.receipt import Status
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs
from scenarios.corridors import corridor

REFUSED = Refusal(reasons.ENCRYPTION_NOT_AGREED, clause="agreement QM-QP v2, encryption")


@scenario(
    title="Older encryption where the hybrid profile was agreed",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QP", saboteurs.OpensAnyProfile, "refused_with_reason"),),
    pair=("QM", "QP"),
    document="864",
    attack="C39",
    questions=("A3.2.4", "A4.3"),
    under=(corridor("qm-qp-2.toml"),),
    refusals=(REFUSED,),
)
async def hybrid_downgraded(stage: Stage) -> None:
    """An insider at QM encrypts by ECDH alone for a key QP has: QP refuses that; by HPKE, as agreed, it accepts."""
    qm, insider = stage.window("QM"), stage.insider("QM")
    written = insider.writes(
        stage.sample("origin-certificate.json"),
        source="QM",
        to="QP",
        corridor="QM-QP",
        doctype="864",
        reference="CO-0002",
        media_type="application/vnd.qm.origin+json",
    )
    downgraded = stage.covered(written, reader="QP", profile=jwe.ECDH)
    await stage.mallory.puts(downgraded)
    twin = await qm.lodges(stage.sample("origin-certificate.json"), to="QP")
    await stage.answer(twin)
    stage.promises(
        checks.refused_with_reason,
        of=stage.identity_of(downgraded),
        by="QP",
        **REFUSED.told,
    )
    stage.promises(checks.five_levels, of=twin.identity, accepted=Status.ACCEPTED_WITH_WARNINGS)
