"""Compression under the encryption (ATTACKS B20)."""

from certs import jwe
from harness.exchange import reasons
from harness.exchange.receipt import Status
from harness.trial import checks
from harness.trial.refusal import Refusal
from harness.trial.script import Saboteur, scenario
from harness.trial.stage import Stage
from nodes import saboteurs

REFUSED = Refusal(reasons.COMPRESSED)


@scenario(
    title="Compressed bomb under the encryption",
    checks=(checks.refused_with_reason, checks.five_levels),
    saboteurs=(Saboteur("QP", saboteurs.InflatesAnything, "refused_with_reason"),),
    pair=("QM", "QP"),
    document="864",
    attack="B20",
    questions=("A3.2.4",),
    refusals=(REFUSED,),
)
async def compressed_bomb(stage: Stage) -> None:
    """An insider at QM sends a megabyte in a few kilobytes: QP refuses it unopened; uncompressed, it is accepted."""
    qm, insider = stage.window("QM"), stage.insider("QM")
    certificate = stage.sample("origin-certificate.json")
    plain = await stage.message(await qm.lodges(certificate, to="QN"))
    large = insider.writes(
        plain.document + b" " * 1_000_000,
        source="QM",
        to="QP",
        corridor="QM-QP",
        doctype="864",
        reference="CO-0002",
        media_type="application/vnd.qm.origin+json",
    )
    bomb = insider.compresses(large, stage.countries["QP"].openers[jwe.ECDH].certificate)
    await stage.mallory.puts(bomb)
    twin = await qm.lodges(certificate, to="QP")
    await stage.answer(twin)
    of, inside = stage.identity_of(bomb), stage.identity_of(large)
    stage.promises(checks.refused_with_reason, of=of, by="QP", inside=inside, **REFUSED.told)
    stage.promises(checks.five_levels, of=twin.identity, accepted=Status.ACCEPTED_WITH_WARNINGS)
