"""Timestamps in a bundle: whose they are, what they are on, when they say a record was made. ATTACKS F70, F71."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from certs import stamping, stamps
from certs.authority import Authority
from harness.clock import Chance
from harness.errors import NotProved
from harness.evidence import bundle
from harness.evidence.audit import audit, when
from harness.evidence.audit.tokens import token
from harness.evidence.bundle import BundleParts, Mark
from harness.evidence.checkpoint import opened, stamped_octets

from .conftest import START, Corridor, Side, at
from .test_evidence_bundle import follow_readme, unpacked


def reply(authority: Authority, octets: bytes, moment: datetime) -> bytes:
    """A timestamp of these octets by a country's authority."""
    asked = stamping.request(stamps.digest_of(octets), nonce=5)
    return authority.timestamping.answer(asked, at=moment, chance=Chance(3).octets)


def stamped(corridor: Corridor, parts: BundleParts, moment: datetime, *, by: str = "QM QN") -> BundleParts:
    """The same, with the timestamps of both authorities on its checkpoint."""
    (cosignature,) = parts.cosignatures.values()
    octets = stamped_octets(parts.checkpoint, cosignature)
    return replace(parts, timestamps={code: reply(corridor.authorities[code], octets, moment) for code in by.split()})


def mark(corridor: Corridor, side: Side, minutes: float) -> Mark:
    """A stamped checkpoint of a log as it is now: of that minute, cosigned and stamped within the two after it."""
    parts = corridor.seen(side, at(minutes), cosigned=at(minutes + 1))
    parts = stamped(corridor, parts, at(minutes + 2))
    (cosignature,) = parts.cosignatures.values()
    return Mark(side.log.size, parts.checkpoint, cosignature, parts.timestamps)


@pytest.fixture
def parts(corridor: Corridor) -> BundleParts:
    """QN's parts of an honest trade: a mark before its answer and one after it; every checkpoint stamped."""
    sent = corridor.document()
    corridor.send(sent, at(1))
    corridor.receive(sent, at(2))
    before = mark(corridor, corridor.qn, 3)
    corridor.answer(corridor.receipt(sent.identity, at(10)), at(10))
    after = mark(corridor, corridor.qn, 20)
    corridor.qn.note("used", at(25), of=sent.identity, quantity="12.5", declaration="I-2026-1")
    made = replace(corridor.seen(corridor.qn, at(58), cosigned=at(59)), made=at(61))
    size = corridor.qn.log.size
    marks = tuple(replace(one, proof=corridor.qn.log.consistency(one.size, size)) for one in (before, after))
    return replace(stamped(corridor, made, at(60)), marks=marks)


def refuted(corridor: Corridor, parts: BundleParts) -> str:
    """What is wrong with a bundle of these parts."""
    with pytest.raises(NotProved) as refused:
        audit(bundle.make(parts, corridor.qn.identity))
    return refused.value.found


def test_a_stamped_bundle(corridor: Corridor, parts: BundleParts, tmp_path: Path) -> None:
    """Both authorities' stamps are told, the answer lies between two moments, openssl agrees as the README says."""
    made = bundle.make(parts, corridor.qn.identity)
    found = audit(made)
    assert [(one.by, one.at) for one in found.stamps] == [("QM", at(60)), ("QN", at(60))]
    assert [one.size for one in found.marks] == [2, 3]
    assert "stamped by QM, QN, 2 earlier stamped" in found.checks[6]
    (answered,) = [entry for entry in found.entries if entry.event == "answered"]
    bounds = when(found, answered.index)
    assert (bounds.not_before, bounds.authorities) == (at(3), ("QM", "QN"))
    assert bounds.not_after == at(22) + timedelta(milliseconds=1)
    received = when(found, 0)
    assert (received.not_before, received.not_after) == (None, at(5) + timedelta(milliseconds=1))
    done = follow_readme(unpacked(made, tmp_path))
    assert done.returncode == 0, done.stderr
    for name in ("log/timestamp-QM.tsr", "log/timestamp-QN.tsr", "stamped/2.QM.tsr", "stamped/3.QN.tsr"):
        assert f"{name}: Mar  2 " in done.stdout


def test_one_side_alone(corridor: Corridor, parts: BundleParts) -> None:
    """A silent authority's stamp is missing, and that is said; the other side's still counts."""
    timestamps = {"QN": parts.timestamps["QN"]}
    found = audit(bundle.make(replace(parts, timestamps=timestamps, marks=()), corridor.qn.identity))
    assert [one.by for one in found.stamps] == ["QN"]
    assert "stamped by QN, no stamp of QM" in found.checks[6]
    bare = audit(bundle.make(replace(parts, timestamps={}, marks=()), corridor.qn.identity))
    assert "stamped by nobody" in bare.checks[6]
    assert when(bare, 0).not_after is None


def test_a_stamp_of_one_authority_shown_as_anothers(corridor: Corridor, parts: BundleParts) -> None:
    """F70: QN's stamp under QM's name; two stamps of one authority would look like two authorities."""
    twice = {"QM": parts.timestamps["QN"], "QN": parts.timestamps["QN"]}
    assert refuted(corridor, replace(parts, timestamps=twice)).startswith(
        "log/timestamp-QM.tsr: signed by none of the timestamping"
    )


def test_an_injected_authority(corridor: Corridor, parts: BundleParts) -> None:
    """F71: a stranger's stamp brings its own certificate along; the trust list decides."""
    stranger = Authority.found("QM", START, Chance(99).octets, timedelta(days=30))
    (cosignature,) = parts.cosignatures.values()
    forged = reply(stranger, stamped_octets(parts.checkpoint, cosignature), at(60))
    said = refuted(corridor, replace(parts, timestamps={**parts.timestamps, "QM": forged}))
    assert said.startswith("log/timestamp-QM.tsr: ")


def test_a_stamp_on_something_else(corridor: Corridor, parts: BundleParts, tmp_path: Path) -> None:
    """An older stamp does not fit a newer checkpoint, here and for openssl."""
    older = replace(parts, timestamps=parts.marks[0].timestamps, marks=())
    assert "log/timestamp-QM.tsr: a timestamp of other octets" in refuted(corridor, older)
    done = follow_readme(unpacked(bundle.make(older, corridor.qn.identity), tmp_path))
    assert done.returncode != 0
    assert "log/timestamp-QM.tsr: does NOT fit" in done.stdout


def test_a_stamp_that_was_changed(corridor: Corridor, parts: BundleParts) -> None:
    """Ten minutes earlier in the token: the signature says no."""
    earlier = parts.timestamps["QM"].replace(b"20260302100000Z", b"20260302095000Z")
    assert earlier != parts.timestamps["QM"]
    said = refuted(corridor, replace(parts, timestamps={**parts.timestamps, "QM": earlier}))
    assert said.startswith("log/timestamp-QM.tsr: what its authority signed is not")
    nothing = replace(parts, timestamps={**parts.timestamps, "QM": b"no token"})
    # Not even the README's maker reads it: such a thing never comes into a window's keeping.
    with pytest.raises(Exception, match="no timestamp"):
        bundle.make(nothing, corridor.qn.identity)


_AUTHORITY = Authority.found("QM", START, Chance(1).octets, timedelta(days=30))
_HONEST = reply(_AUTHORITY, b"octets", at(60))


@given(st.data())
def test_any_octet_changed(data: st.DataObject) -> None:
    """The second reader says no in a sentence, or reads exactly what it read before; it never falls over one."""
    where = data.draw(st.integers(0, len(_HONEST) - 1))
    changed = _HONEST[:where] + bytes((data.draw(st.integers(0, 255)),)) + _HONEST[where + 1 :]
    signers = (_AUTHORITY.timestamping.certificate,)
    try:
        found = token("log/x.tsr", changed, b"octets", signers)
    except NotProved:
        return
    assert found == token("log/x.tsr", _HONEST, b"octets", signers)


@pytest.mark.parametrize(
    ("reason", "holds"), [(x509.ReasonFlags.superseded, True), (x509.ReasonFlags.key_compromise, False)]
)
def test_an_authority_withdrawn_later(
    corridor: Corridor, parts: BundleParts, reason: x509.ReasonFlags, *, holds: bool
) -> None:
    """RFC 3161, 4: after a good end its stamps stay good; after its key was lost, none of them says anything."""
    authority = corridor.authorities["QM"]
    authority.revoke(authority.timestamping.certificate, reason, at(120))
    crls = (*authority.crls(at(121)), *corridor.authorities["QN"].crls(START))
    later = replace(parts, crls=crls)
    if holds:
        assert len(audit(bundle.make(later, corridor.qn.identity)).stamps) == 2
    else:
        assert "log/timestamp-QM.tsr: its authority was withdrawn" in refuted(corridor, later)


def test_an_earlier_checkpoint_of_another_log(corridor: Corridor, parts: BundleParts) -> None:
    """A mark counts only where the bundle's own checkpoint is proved to continue it."""
    first, second = parts.marks
    for one, said in (
        (replace(first, proof=second.proof), "stamped/2.proof: "),
        (replace(first, proof=()), "stamped/2.proof: the proof is too short"),
        (replace(first, proof=(*first.proof, bytes(32))), "stamped/2.proof: "),
        (replace(first, proof=(bytes(32), *first.proof[1:])), "stamped/2.checkpoint.jws: is not continued"),
        (replace(first, timestamps={}), "stamped/2.checkpoint.jws: an earlier checkpoint that nobody stamped"),
        (replace(first, size=1), "stamped/1.checkpoint.jws: is of size 2, not 1"),
        (replace(first, timestamps=second.timestamps), "stamped/2.QM.tsr: a timestamp of other octets"),
        (replace(first, cosignature=second.cosignature), "stamped/2.QM.tsr: a timestamp of other octets"),
    ):
        found = refuted(corridor, replace(parts, marks=(one, second)))
        assert found.startswith(said), found
    main = opened(parts.checkpoint, corridor.qn.identity.certificate)
    same = Mark(main.size, parts.checkpoint, next(iter(parts.cosignatures.values())), parts.timestamps)
    assert "is not earlier than" in refuted(corridor, replace(parts, marks=(same,)))


def test_files_that_stand_alone(corridor: Corridor, parts: BundleParts) -> None:
    """A mark without its cosignature, its proof or its checkpoint is refused by name."""
    files = corridor.files(bundle.make(parts, corridor.qn.identity))
    for name in ("stamped/2.checkpoint.jws", "stamped/2.cosignature.jws", "stamped/2.proof"):
        left = {each: data for each, data in files.items() if each != name}
        with pytest.raises(NotProved, match=f"{name}: is missing"):
            audit(corridor.remade(left, corridor.qn.identity))
