"""A certificate was withdrawn since: earlier cosignatures prove what is older, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from certs import jws
from certs.identity import Algorithm, Identity
from harness.errors import NotProved
from harness.evidence import bundle, checkpoint, records
from harness.evidence.audit import audit
from harness.evidence.bundle import BundleParts, Earlier, Mark

from .conftest import USED, at
from .test_evidence_bundle import follow_readme, unpacked
from .test_evidence_stamped import stamped

if TYPE_CHECKING:
    from tests.unit.evidence.conftest import Corridor

Flag = x509.ReasonFlags


@pytest.fixture
def renewed(corridor: Corridor) -> Identity:
    """QM's next key."""
    return corridor.authorities["QM"].issue_signing("QM", Algorithm.ES256, at(0))


@pytest.fixture
def parts(corridor: Corridor, renewed: Identity) -> BundleParts:
    """QM's parts: traded under the old key, cosigned by QN at eleven past, then a new key, and more came."""
    sent = corridor.trade()
    early = corridor.seen(corridor.qm, at(10), cosigned=at(11))
    log, size = corridor.qm.log, corridor.qm.log.size
    proofs = {entry.index: log.inclusion(entry.index, size) for entry in early.entries}
    corridor.qm.identity = renewed
    used = corridor.receipt(sent.identity, at(30), USED)
    corridor.answer(used, at(30))
    corridor.hear(used, at(31))
    late = corridor.seen(corridor.qm, at(58), cosigned=at(59))
    tokens = {**late.agreement_tokens, "QM": jws.sign(late.agreement, renewed, typ=jws.AGREEMENT)}
    earlier = Earlier(size, early.checkpoint, early.cosignatures["QN"], proofs)
    return replace(late, agreement_tokens=tokens, made=at(60), earlier=(earlier,))


@pytest.fixture
def first(corridor: Corridor) -> Identity:
    """QM's first key."""
    return corridor.qm.identity


@pytest.fixture
def old(first: Identity) -> x509.Certificate:
    """Its certificate."""
    return first.certificate


def withdrawn(
    corridor: Corridor, parts: BundleParts, old: x509.Certificate, *, at: datetime, lost: datetime | None, why: Flag
) -> BundleParts:
    """The same parts, with lists that say that the old certificate was withdrawn."""
    authority = corridor.authorities["QM"]
    authority.revoke(old, why, at, invalid_since=lost)
    return replace(parts, crls=(*corridor.authorities["QN"].crls(parts.made), *authority.crls(parts.made)))


def refused(parts: BundleParts, signer: Identity, sentence: str) -> None:
    """The bundle of these parts does not verify, for this reason."""
    with pytest.raises(NotProved, match=sentence):
        audit(bundle.make(parts, signer))


def test_older_than_the_withdrawal(
    corridor: Corridor, old: x509.Certificate, parts: BundleParts, renewed: Identity
) -> None:
    """What QN cosigned before stays good; without that cosignature nothing says how old it is."""
    given = withdrawn(corridor, parts, old, at=at(20), lost=None, why=Flag.superseded)
    assert len(audit(bundle.make(given, renewed), roots=corridor.roots).messages) == 1
    refused(replace(given, earlier=()), renewed, "messages/.* no witness proves")


def test_older_than_the_withdrawal_younger_than_the_loss(
    corridor: Corridor, old: x509.Certificate, parts: BundleParts, renewed: Identity
) -> None:
    """Once the key is lost, its owner's and its finder's signatures cannot be told apart."""
    given = withdrawn(corridor, parts, old, at=at(20), lost=at(10), why=Flag.key_compromise)
    refused(given, renewed, r"earlier/3\.checkpoint\.jws: signed with a certificate withdrawn before that moment")
    refused(replace(given, earlier=()), renewed, "messages/.* no witness proves")


def test_a_date_of_loss_counts_for_lost_keys_only(
    corridor: Corridor, old: x509.Certificate, parts: BundleParts, renewed: Identity
) -> None:
    """A certificate that was merely replaced had nobody else sign with its key: its withdrawal counts from its date."""
    given = withdrawn(corridor, parts, old, at=at(20), lost=at(0.5), why=Flag.superseded)
    assert audit(bundle.make(given, renewed)).party == "QM"


def test_an_octet_of_an_earlier_proof(
    corridor: Corridor, old: x509.Certificate, parts: BundleParts, renewed: Identity
) -> None:
    """One changed anywhere in it is found, and the sentence names the file, even where the manifest is signed anew."""
    given = withdrawn(corridor, parts, old, at=at(20), lost=None, why=Flag.superseded)
    files = corridor.files(bundle.make(given, renewed))
    names = [name for name in files if name.startswith("earlier/")]
    assert len(names) == 2 + len(parts.earlier[0].proofs)
    for name in names:
        for place in {0, len(files[name]) // 2, len(files[name]) - 2}:
            spoilt = bytearray(files[name])
            spoilt[place] ^= 1
            with pytest.raises(NotProved) as caught:
                audit(corridor.remade({**files, name: bytes(spoilt)}, renewed))
            assert "earlier/" in caught.value.found


def test_part_of_an_earlier_proof(
    corridor: Corridor, old: x509.Certificate, parts: BundleParts, renewed: Identity
) -> None:
    """A checkpoint without its cosignature, or without a record that it is there for, has no business here."""
    given = withdrawn(corridor, parts, old, at=at(20), lost=None, why=Flag.superseded)
    files = corridor.files(bundle.make(given, renewed))
    size = parts.earlier[0].size
    for name in (f"earlier/{size}.checkpoint.jws", f"earlier/{size}.cosignature.jws"):
        rest = {each: data for each, data in files.items() if each != name}
        with pytest.raises(NotProved, match=f"{name}: is missing"):
            audit(corridor.remade(rest, renewed))
    rest = {each: data for each, data in files.items() if not each.endswith(f"-in-{size}.proof")}
    with pytest.raises(NotProved, match="proves the age of nothing"):
        audit(corridor.remade(rest, renewed))
    strange = {**files, f"earlier/99-in-{size}.proof": b""}
    with pytest.raises(NotProved, match="age of record 99, which is not in the bundle"):
        audit(corridor.remade(strange, renewed))


def test_an_earlier_checkpoint_of_another_size(parts: BundleParts, renewed: Identity) -> None:
    """It is named by its size, and is of that size."""
    (one,) = parts.earlier
    refused(replace(parts, earlier=(replace(one, size=one.size + 1),)), renewed, "is of size")


def test_an_earlier_checkpoint_of_another_log(corridor: Corridor, parts: BundleParts, renewed: Identity) -> None:
    """Another run's, or the partner's, says nothing of this log."""
    (one,) = parts.earlier
    mark = replace(checkpoint.parse(jws.read(one.checkpoint).payload), origin="corridor/other/QM")
    token, cosignature = checkpoint.sign(mark, renewed), checkpoint.cosign(mark, corridor.qn.identity, at(11))
    refused(
        replace(parts, earlier=(replace(one, checkpoint=token, cosignature=cosignature),)),
        renewed,
        "speaks of the log corridor/other/QM",
    )


def test_an_earlier_checkpoint_that_its_owner_cosigned(parts: BundleParts, renewed: Identity) -> None:
    """A party is not its own witness, and so cannot date itself back."""
    (one,) = parts.earlier
    token = checkpoint.cosign(checkpoint.parse(jws.read(one.checkpoint).payload), renewed, at(11))
    refused(replace(parts, earlier=(replace(one, cosignature=token),)), renewed, "QM is not the partner")


def test_a_record_that_says_since_when_a_list_was_known(
    corridor: Corridor, parts: BundleParts, renewed: Identity
) -> None:
    """It belongs to no transaction, and is shown all the same."""
    del parts
    body = {"raw": "0" * 64, "kind": "revocation list", "country": "QM", "number": "7"}
    corridor.qm.log.append([records.record(records.LISTED, "QM", at(40), correlation=None, **body)], {})
    given = corridor.seen(corridor.qm, at(58), cosigned=at(59))
    entries = bundle.entries(corridor.qm.log, upto=corridor.qm.log.size, correlation=None)
    tokens = {**given.agreement_tokens, "QM": jws.sign(given.agreement, renewed, typ=jws.AGREEMENT)}
    found = audit(bundle.make(replace(given, entries=entries, agreement_tokens=tokens, made=at(60)), renewed))
    assert [one.event for one in found.entries][-1] == records.LISTED
    assert found.complete


def test_a_thief_spoils_nobodys_evidence(
    corridor: Corridor, first: Identity, parts: BundleParts, renewed: Identity
) -> None:
    """What he signs into an honest transaction is in doubt, and what stands beside it is as good as before."""
    dated_back = corridor.envelope("QM", at(2), subject="CO-6666", sequence=2, data={})
    stolen = corridor.seal(dated_back, identity=first)
    corridor.send(stolen, at(40))
    late = corridor.seen(corridor.qm, at(58), cosigned=at(59))
    with_it = replace(late, agreement_tokens=parts.agreement_tokens, made=parts.made, earlier=parts.earlier)
    given = withdrawn(corridor, with_it, first.certificate, at=at(20), lost=None, why=Flag.superseded)
    found = audit(bundle.make(given, renewed), roots=corridor.roots)
    assert [one.identity for one in found.doubted] == [stolen.identity]
    assert stolen.identity not in {one.identity for one in found.messages}
    assert len(found.messages) == 1
    assert "in doubt, and counted for nothing" in found.checks[5]


def received(corridor: Corridor, renewed: Identity, *, by: str, stamp: datetime) -> BundleParts:
    """QN's parts: QM's message came, QM cosigned at four past, these authorities stamped that; QM's key changed."""
    sent = corridor.document()
    corridor.send(sent, at(1))
    corridor.receive(sent, at(2))
    early = stamped(corridor, corridor.seen(corridor.qn, at(3), cosigned=at(4)), stamp, by=by)
    size = corridor.qn.log.size
    corridor.qm.identity = renewed
    corridor.answer(corridor.receipt(sent.identity, at(30)), at(30))
    late = corridor.seen(corridor.qn, at(58), cosigned=at(59))
    proof = corridor.qn.log.consistency(size, corridor.qn.log.size)
    seen = Mark(size, early.checkpoint, early.cosignatures["QM"], early.timestamps, proof)
    tokens = {**late.agreement_tokens, "QM": jws.sign(late.agreement, renewed, typ=jws.AGREEMENT)}
    return replace(late, agreement_tokens=tokens, made=at(60), marks=(seen,))


def test_stamped_before_the_key_was_lost(corridor: Corridor, old: x509.Certificate, renewed: Identity) -> None:
    """A stamp proves message and cosignature older than the loss, so both stay good; without it, neither is."""
    parts = received(corridor, renewed, by="QM QN", stamp=at(5))
    given = withdrawn(corridor, parts, old, at=at(20), lost=at(10), why=Flag.key_compromise)
    found = audit(bundle.make(given, corridor.qn.identity), roots=corridor.roots)
    assert (len(found.messages), found.doubted) == (1, ())
    refused(replace(given, marks=()), corridor.qn.identity, "messages/.* no witness proves")


def test_stamped_after_the_key_was_lost(corridor: Corridor, old: x509.Certificate, renewed: Identity) -> None:
    """It shows that the signatures are there, when whoever found the key could have made them."""
    parts = received(corridor, renewed, by="QM QN", stamp=at(10))
    given = withdrawn(corridor, parts, old, at=at(20), lost=at(10), why=Flag.key_compromise)
    refused(given, corridor.qn.identity, r"stamped/2\.cosignature\.jws: .* no witness proves")


def test_stamped_by_the_owners_own_authority(corridor: Corridor, old: x509.Certificate, renewed: Identity) -> None:
    """QN's authority alone is QN's word: whoever has found QM's key could date back with its help."""
    parts = received(corridor, renewed, by="QN", stamp=at(5))
    given = withdrawn(corridor, parts, old, at=at(20), lost=at(10), why=Flag.key_compromise)
    refused(given, corridor.qn.identity, r"stamped/2\.cosignature\.jws: .* no witness proves")


def test_readme_of_an_expired_signer(corridor: Corridor, renewed: Identity, tmp_path: Path) -> None:
    """What QM signed while its certificate was valid is good, and openssl is asked about a second in which it was."""
    short = corridor.authorities["QM"].issue_signing("QM", Algorithm.ES256, at(0), lifetime=timedelta(minutes=20))
    corridor.qm.identity = short
    corridor.trade()
    corridor.qm.identity = renewed
    late = corridor.seen(corridor.qm, at(58), cosigned=at(59))
    tokens = {**late.agreement_tokens, "QM": jws.sign(late.agreement, renewed, typ=jws.AGREEMENT)}
    made = bundle.make(replace(late, agreement_tokens=tokens, made=at(60)), renewed)
    assert len(audit(made, roots=corridor.roots).messages) == 1
    done = follow_readme(unpacked(made, tmp_path))
    assert done.returncode == 0, done.stderr
    assert "expired on 2026-03-02T09:20:00.000Z" in done.stdout


@pytest.mark.parametrize("spoilt", [False, True], ids=["honest", "an earlier proof spoilt"])
def test_readme_followed(
    corridor: Corridor,
    old: x509.Certificate,
    parts: BundleParts,
    renewed: Identity,
    tmp_path: Path,
    *,
    spoilt: bool,
) -> None:
    """Openssl and node alone say of the withdrawn signer what is the matter, and how old the records are."""
    given = withdrawn(corridor, parts, old, at=at(20), lost=None, why=Flag.superseded)
    files = corridor.files(bundle.make(given, renewed))
    if spoilt:
        name = next(each for each in files if each.endswith("1-in-3.proof"))
        files[name] = files[name].swapcase()
    done = follow_readme(unpacked(corridor.remade(files, renewed), tmp_path))
    assert (done.returncode != 0) is spoilt, done.stderr
    assert "withdrawn on 2026-03-02T09:20:00.000Z" in done.stdout
    assert ("log/2.json existed: cosigned 2026-03-02T09:11:00.000Z" in done.stdout) or spoilt
    assert ("NOT under earlier/3" in done.stderr) is spoilt
