"""Making a bundle: one spelling, whole or not at all, checkable without us."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certs.identity import Algorithm
from harness.errors import Defect, NotProved, RoadFailed
from harness.evidence import bundle
from harness.evidence.audit import audit

if TYPE_CHECKING:
    from tests.unit.evidence.conftest import Corridor

TOOLS = ("bash", "openssl", "node", "sha256sum", "base64", "cmp", "od")


def unpacked(bundled: bytes, folder: Path) -> Path:
    """Unpack as a user would."""
    (folder / "bundle.zip").write_bytes(bundled)
    with zipfile.ZipFile(folder / "bundle.zip") as archive:
        archive.extractall(folder / "bundle")
    return folder / "bundle"


def follow_readme(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run all commands of the README, as one session."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"the README's commands need {', '.join(missing)}")
    commands = "\n".join(re.findall(r"```sh\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL))
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=folder, capture_output=True, text=True, check=False
    )


def test_same_parts_same_bytes(traded: Corridor, honest: bytes) -> None:
    """A bundle has no moment, order or compression of its own: the same parts give the same bytes."""
    assert traded.bundle(traded.qn) == honest


def test_document_lodged_under_another_type(traded: Corridor) -> None:
    """Bytes that were lodged and then sent lie in the bundle once, whatever each called their type."""
    parts = traded.seen(traded.qn, traded.qn.parts.made, cosigned=None)
    carried = next(
        data for name, data in traded.files(bundle.make(parts, traded.qn.identity)).items() if "/orig" in name
    )
    lodged = replace(parts, lodged=(bundle.Document(carried, "application/octet-stream"),))
    assert (
        audit(bundle.make(lodged, traded.qn.identity)).documents
        == audit(bundle.make(parts, traded.qn.identity)).documents
    )


def test_ordinary_unzip_reads_it(honest: bytes, tmp_path: Path) -> None:
    """A bundle is a plain ZIP: an ordinary reader finds nothing wrong and all files in the order of their names."""
    (tmp_path / "bundle.zip").write_bytes(honest)
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == sorted(archive.namelist())
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_document_untouched(traded: Corridor, honest: bytes) -> None:
    """The original lies in the bundle as it came, carriage returns and all, and the receiver's version beside it."""
    files = traded.files(honest)
    documents = {name: data for name, data in files.items() if name.startswith("documents/")}
    assert sorted(name.partition("-")[0] for name in documents) == ["documents/original", "documents/own"]
    assert any(b"\r\n" in data for data in documents.values())


def test_readme_followed(honest: bytes, tmp_path: Path) -> None:
    """The README's commands check every file, signature, chain and record with openssl and node alone."""
    done = follow_readme(unpacked(honest, tmp_path))
    assert done.returncode == 0, done.stderr
    for sentence in (
        "files are as listed",
        "and no others",
        "manifest.jws: signed by CN=QN,C=QN",
        "the manifest is what was signed",
        "agreement/QM.jws: signs the agreement",
        "log/cosignature-QM.jws: over the same checkpoint",
        "its document is here",
        "records are in the signed log",
    ):
        assert sentence in done.stdout
    assert done.stdout.count(".pem: OK") == 4  # two parties and the publishers of two trust lists
    assert done.stdout.count(": signed by ") == len(list((tmp_path / "bundle").rglob("*.jws")))


def test_readme_followed_under_rsa(traded_under: Callable[[Algorithm, Algorithm], Corridor], tmp_path: Path) -> None:
    """So do those of a corridor whose authorities have nothing newer than RSA, and our own audit agrees."""
    traded = traded_under(Algorithm.RS256, Algorithm.PS256)
    made = traded.bundle(traded.qn)
    assert audit(made).party == "QN"
    done = follow_readme(unpacked(made, tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": signed by ") == len(list((tmp_path / "bundle").rglob("*.jws")))


def test_readme_followed_after_rsa_and_ecc(
    traded_under: Callable[[Algorithm, Algorithm], Corridor], tmp_path: Path
) -> None:
    """Our own audit checks ML-DSA-65; the README says so where OpenSSL does not know it yet, and never that it fits."""
    traded = traded_under(Algorithm.ML_DSA_65, Algorithm.ML_DSA_65)
    made = traded.bundle(traded.qn)
    assert audit(made).party == "QN"
    where = unpacked(made, tmp_path)
    done = follow_readme(where)
    known = subprocess.run(["openssl", "list", "-public-key-algorithms"], capture_output=True, text=True, check=True)
    if "ML-DSA" not in known.stdout:
        assert done.returncode != 0
        assert "which OpenSSL knows since 3.5: NOT checked" in done.stdout
    assert "signature does NOT fit" not in done.stdout


@pytest.mark.parametrize("algorithm", Algorithm)
def test_an_altered_signature_under_every_algorithm(
    traded_under: Callable[[Algorithm, Algorithm], Corridor], algorithm: Algorithm
) -> None:
    """The audit finds it, also when the list of files was signed anew by the insider who altered it."""
    traded = traded_under(algorithm, Algorithm.ED25519)
    files = traded.files(traded.bundle(traded.qn))
    name = next(name for name in files if name.startswith("messages/"))
    signing, _, signature = files[name].rpartition(b".")
    flipped = signing + b"." + (b"A" if signature[:1] != b"A" else b"B") + signature[1:]
    altered = {
        f"messages/{hashlib.sha256(flipped).hexdigest()}.jws" if one == name else one: data
        for one, data in files.items()
    }
    altered = {one: flipped if data == files[name] else data for one, data in altered.items()}
    with pytest.raises(NotProved, match="the signature does not fit"):
        audit(traded.remade(altered, traded.qn.identity))


@pytest.mark.parametrize("folder", ["messages", "receipts", "documents", "agreement", "log", "trust", "crls"])
def test_readme_followed_on_a_damaged_bundle(honest: bytes, tmp_path: Path, folder: str) -> None:
    """The README's first command already fails when a file was changed after unpacking."""
    where = unpacked(honest, tmp_path)
    damaged = min((where / folder).iterdir())
    data = bytearray(damaged.read_bytes())
    data[len(data) // 2] ^= 1
    damaged.write_bytes(data)
    assert follow_readme(where).returncode != 0


@pytest.mark.parametrize("kind", ["message", "log"])
def test_readme_followed_on_an_insiders_bundle(traded: Corridor, honest: bytes, tmp_path: Path, kind: str) -> None:
    """Beyond the list of files: a signature or a record that does not fit is found by the README's later commands."""
    files = traded.files(honest)
    name = next(n for n in files if (n.startswith("messages/") if kind == "message" else n == "log/0.json"))
    damaged = bytearray(files[name])
    damaged[len(damaged) // 2] ^= 1
    done = follow_readme(unpacked(traded.remade({**files, name: bytes(damaged)}, traded.qn.identity), tmp_path))
    assert done.returncode != 0
    assert "files are as listed" in done.stdout


def test_bundle_written(traded: Corridor, tmp_path: Path) -> None:
    """A written bundle verifies, and nothing else is left in the folder."""
    parts = replace(traded.seen(traded.qm, traded.qm.parts.made, cosigned=traded.qm.parts.made))
    path = bundle.write(parts, tmp_path / "bundles" / "QM.zip", traded.qm.identity)
    assert audit(path.read_bytes()).party == "QM"
    assert [one.name for one in path.parent.iterdir()] == ["QM.zip"]


def test_bundle_that_cannot_be_written(traded: Corridor, tmp_path: Path) -> None:
    """When the disk refuses, nothing half-written stays behind."""
    parts = traded.seen(traded.qm, traded.qm.parts.made, cosigned=traded.qm.parts.made)
    target = tmp_path / "QM.zip"
    target.mkdir()
    with pytest.raises(RoadFailed, match=r"QM\.zip could not be written"):
        bundle.write(parts, target, traded.qm.identity)
    assert list(tmp_path.iterdir()) == [target]


def test_folder_that_cannot_be_made(traded: Corridor, tmp_path: Path) -> None:
    """Where no folder can be, no bundle is written."""
    parts = traded.seen(traded.qm, traded.qm.parts.made, cosigned=traded.qm.parts.made)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RoadFailed, match="check the disk"):
        bundle.write(parts, tmp_path / "file" / "QM.zip", traded.qm.identity)


def test_token_without_its_certificate(traded: Corridor) -> None:
    """A bundle cannot be made of a token that brings no certificate: nobody could check it."""
    parts = traded.seen(traded.qm, traded.qm.parts.made, cosigned=None)
    header, payload, signature = parts.checkpoint.split(b".")
    told = json.loads(base64.urlsafe_b64decode(header + b"=="))
    del told["x5c"]
    bare = base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=") + b"." + payload + b"." + signature
    with pytest.raises(Defect, match="does not bring its certificate"):
        bundle.make(replace(parts, checkpoint=bare), traded.qm.identity)


def test_all_records_shown(traded: Corridor) -> None:
    """Asked for all records, a bundle shows the whole log; asked for one transaction, it does not say so."""
    parts = traded.seen(traded.qn, traded.qn.parts.made, cosigned=traded.qn.parts.made)
    size = traded.qn.log.size
    everything = replace(parts, entries=bundle.entries(traded.qn.log, upto=size, correlation=None))
    some = replace(parts, entries=everything.entries[:-1])
    assert len(everything.entries) == size
    assert audit(bundle.make(everything, traded.qn.identity)).complete
    assert not audit(bundle.make(some, traded.qn.identity)).complete
