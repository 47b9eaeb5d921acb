"""Every file of a real bundle, changed in every way: always NotProved, always with a sentence."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest

from certs.identity import Identity
from harness.errors import NotProved
from harness.evidence.audit import audit, container
from harness.evidence.bundle import zipped

if TYPE_CHECKING:
    from tests.unit.evidence.conftest import Corridor


def flips(data: bytes, seed: str, *, others: int = 5) -> Iterator[bytes]:
    """The data with one bit changed: in its first, middle and last octet, and in some others."""
    chance = random.Random(seed)
    places = {0, len(data) // 2, len(data) - 1, *(chance.randrange(len(data)) for _ in range(others))}
    for place in sorted(places):
        changed = bytearray(data)
        changed[place] ^= 1 << chance.randrange(8)
        yield bytes(changed)


def sentence(bundled: bytes) -> str:
    """Why the bundle does not verify."""
    with pytest.raises(NotProved) as caught:
        audit(bundled)
    assert caught.value.found
    return caught.value.found


def test_honest_bundles(traded: Corridor, honest: bytes) -> None:
    """The honest twins of all that follows verify, with the roots handed in and without."""
    for bundled in (honest, traded.bundle(traded.qm)):
        assert audit(bundled, roots=traded.roots).anchored == "given"
        assert audit(bundled).anchored == "agreement"
        assert zipped(traded.files(bundled)) == bundled


def test_octet_of_any_file_changed(traded: Corridor, honest: bytes) -> None:
    """A changed octet in any file is found, and the sentence names the file."""
    files = traded.files(honest)
    for name, data in files.items():
        for changed in flips(data, name):
            found = sentence(zipped({**files, name: changed}))
            assert found.startswith(f"{name}: ") or (name.startswith("manifest.") and found.startswith("manifest."))


def test_octet_of_any_file_changed_and_listed_anew(traded: Corridor, honest: bytes) -> None:
    """An insider who makes the manifest fit the changed file cannot sign it."""
    files = traded.files(honest)
    for name, data in files.items():
        if not name.startswith("manifest."):
            for changed in flips(data, name, others=1):
                assert sentence(traded.remade({**files, name: changed}, None)).startswith(("manifest.", name))


def other_signers(corridor: Corridor) -> Mapping[str, Identity]:
    """Everybody but QN."""
    return {
        "the partner": corridor.qm.identity,
        "the publisher of QN's trust list": corridor.authorities["QN"].publisher,
    }


def test_octet_of_any_file_changed_and_signed_by_another(traded: Corridor, honest: bytes) -> None:
    """Nor does it help to have the new manifest signed by somebody else, even of the same country."""
    files = traded.files(honest)
    for signer in other_signers(traded).values():
        for name, data in files.items():
            if not name.startswith("manifest."):
                assert sentence(traded.remade({**files, name: next(flips(data, name))}, signer))


@pytest.mark.parametrize("who", ["the partner", "the publisher of QN's trust list"])
def test_nothing_changed_but_signed_by_another(traded: Corridor, honest: bytes, who: str) -> None:
    """A bundle is vouched for by the party whose log it shows, and by nobody else."""
    signer = other_signers(traded)[who]
    assert "signed by" in sentence(traded.remade(traded.files(honest), signer))


def test_octet_of_any_file_changed_and_signed_by_the_party(traded: Corridor, honest: bytes) -> None:
    """Even the party itself cannot change what others signed or what its own log committed to."""
    files = traded.files(honest)
    for name, data in files.items():
        # The README is the party's own text: its one file that stands under no other signature.
        if not name.startswith("manifest.") and name != "README.md":
            for changed in flips(data, name, others=1):
                assert sentence(traded.remade({**files, name: changed}, traded.qn.identity))


def test_any_file_removed(traded: Corridor, honest: bytes) -> None:
    """A missing file is named."""
    files = traded.files(honest)
    for name in files:
        assert name in sentence(zipped({other: data for other, data in files.items() if other != name}))


@pytest.mark.parametrize(
    "name", ["notes.txt", "messages/extra.jws", "messages/" + "0" * 64 + ".jws", "log/99.json", "README.md.bak"]
)
def test_file_added(traded: Corridor, honest: bytes, name: str) -> None:
    """An added file is named."""
    assert name in sentence(zipped({**traded.files(honest), name: b"{}"}))


def kind(name: str) -> str:
    """Files whose contents could be mistaken for each other."""
    return name.rpartition("/")[0] + "." + name.rpartition(".")[2]


def test_any_two_files_swapped(traded: Corridor, honest: bytes) -> None:
    """Two files of one kind that change places are found, also when the manifest is made to fit and signed anew."""
    files = traded.files(honest)
    count = 0
    for one, other in itertools.combinations(files, 2):
        if kind(one) == kind(other) and files[one] != files[other]:
            swapped = {**files, one: files[other], other: files[one]}
            found = sentence(zipped(swapped))
            assert one in found or other in found or found.startswith("manifest.")
            if not one.startswith("manifest."):
                assert sentence(traded.remade(swapped, traded.qn.identity))
            count += 1
    assert count > 50


def test_any_octet_of_the_zip_changed(honest: bytes) -> None:
    """Whatever octet of the ZIP changes, in a file or in what the ZIP says of it, it is found."""
    chance = random.Random(7)
    directory = honest.index(b"PK\1\2")
    places = {*range(directory, len(honest), 3), *(chance.randrange(len(honest)) for _ in range(1500))}
    for member in range(len(honest)):
        if honest.startswith(b"PK\3\4", member):
            places.update(range(member, member + 30))
    for place in places:
        changed = bytearray(honest)
        changed[place] ^= 1 << chance.randrange(8)
        with pytest.raises(NotProved) as caught:
            container.files_of(bytes(changed))
        assert caught.value.found


def test_zip_cut_anywhere(honest: bytes) -> None:
    """A ZIP that ends early is found, wherever it ends."""
    for end in (*range(4, 400), *range(400, len(honest), 97), len(honest) - 1):
        with pytest.raises(NotProved):
            container.files_of(honest[:end])


def test_octets_after_the_zip(honest: bytes) -> None:
    """Nothing may follow the ZIP, and nothing may stand before it."""
    assert "end of the ZIP" in sentence(honest + b"\0")
    assert sentence(b"#!/bin/sh\n" + honest)


@pytest.mark.parametrize("seed", range(3))
def test_two_bundles_mixed(traded: Corridor, honest: bytes, seed: int) -> None:
    """Files of the partner's bundle do not pass in this one."""
    mine, theirs = traded.files(honest), traded.files(traded.bundle(traded.qm))
    shared = sorted(name for name in mine.keys() & theirs.keys() if mine[name] != theirs[name])
    chosen = random.Random(seed).sample(shared, k=max(1, len(shared) // 2))
    assert sentence(zipped({**mine, **{name: theirs[name] for name in chosen}}))
