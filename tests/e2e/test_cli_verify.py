"""`corridor verify`: a real bundle as an arbiter checks it, and every way in which one can be changed.

The bundles are those that `corridor send` wrote. Each change is put before the command itself, in this process for
speed and, for one change of each kind, as a process. Sounder forgeries than these: tests/unit/evidence.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness import cli
from harness.evidence.audit import container
from harness.evidence.bundle import zipped

from .conftest import Ran, RunCorridor, bundle

Verify = Callable[[bytes], str]


@pytest.fixture
def refuted(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Verify:
    """Put bytes before `corridor verify` in this process; return its sentence, after exit 4 and nothing on stdout."""
    path = tmp_path / "changed.zip"
    monkeypatch.setattr("sys.argv", ["corridor", "verify", str(path)])

    def verify(changed: bytes) -> str:
        path.write_bytes(changed)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        assert (ended.value.code, told.out) == (4, "")
        first = told.err.splitlines()[0]
        assert first.startswith(f"corridor: {path} does not verify: ")
        return first.partition(" does not verify: ")[2]

    return verify


def flips(data: bytes) -> Iterator[bytes]:
    """The data with one bit changed in its first, middle and last octet."""
    for place in sorted({0, len(data) // 2, len(data) - 1}):
        changed = bytearray(data)
        changed[place] ^= 4
        yield bytes(changed)


def folder_and_kind(name: str) -> tuple[str, str]:
    """What two files must share to be mistaken for each other."""
    return name.rpartition("/")[0], name.rpartition(".")[2]


PARTIES = pytest.mark.parametrize("party", ["QM", "QN"])


@PARTIES
def test_any_file_of_a_bundle_changed(sent: Ran, refuted: Verify, party: str) -> None:
    """A changed octet in any file of a bundle is exit 4, with a sentence that names the file."""
    files = container.files_of(bundle(sent, party).read_bytes())
    for name, data in files.items():
        for changed in flips(data):
            found = refuted(zipped({**files, name: changed}))
            assert name in found or (name.startswith("manifest.") and "manifest." in found)


@PARTIES
def test_any_file_of_a_bundle_removed(sent: Ran, refuted: Verify, party: str) -> None:
    """A file that was taken out is named."""
    files = container.files_of(bundle(sent, party).read_bytes())
    for name in files:
        assert name in refuted(zipped({other: data for other, data in files.items() if other != name}))


@PARTIES
@pytest.mark.parametrize("name", ["notes.txt", "receipts/" + "0" * 64 + ".jws", "log/99.json"])
def test_file_added_to_a_bundle(sent: Ran, refuted: Verify, party: str, name: str) -> None:
    """A file that was put in is named."""
    files = container.files_of(bundle(sent, party).read_bytes())
    assert name in refuted(zipped({**files, name: b"{}"}))


@PARTIES
def test_any_two_files_of_a_bundle_swapped(sent: Ran, refuted: Verify, party: str) -> None:
    """Two files of one folder that change places are found, and one of them is named."""
    files = container.files_of(bundle(sent, party).read_bytes())
    count = 0
    for one, other in itertools.combinations(files, 2):
        alike = folder_and_kind(one) == folder_and_kind(other)
        if alike and files[one] != files[other]:
            found = refuted(zipped({**files, one: files[other], other: files[one]}))
            assert one in found or other in found
            count += 1
    assert count > 20


def test_files_of_two_bundles_swapped(sent: Ran, refuted: Verify) -> None:
    """What the other side's bundle holds under the same name does not pass in this one."""
    mine, theirs = (container.files_of(bundle(sent, party).read_bytes()) for party in ("QM", "QN"))
    shared = [name for name in mine.keys() & theirs.keys() if mine[name] != theirs[name]]
    assert {"manifest.json", "manifest.jws", "log/checkpoint.jws"} <= set(shared)
    for name in shared:
        assert refuted(zipped({**mine, name: theirs[name]}))


def test_octets_of_the_zip_changed(sent: Ran, refuted: Verify) -> None:
    """What changes in the ZIP around the files is found too: headers, directory, end, and what is put behind it."""
    data = bundle(sent, "QN").read_bytes()
    directory = data.index(b"PK\1\2")
    for place in (4, 10, 26, directory, directory + 38, len(data) - 22, len(data) - 1):
        changed = bytearray(data)
        changed[place] ^= 4
        assert refuted(bytes(changed))
    assert refuted(data + b"\0")
    assert refuted(data[:-1])
    assert refuted(data[: len(data) // 2])


@pytest.mark.parametrize("change", ["flip", "remove", "add", "swap"])
def test_changed_bundle_as_a_process(sent: Ran, run_corridor: RunCorridor, tmp_path: Path, change: str) -> None:
    """As a user runs it: exit 4, one sentence on stderr, no traceback; with --json, the same as one line on stdout."""
    files = dict(container.files_of(bundle(sent, "QM").read_bytes()))
    one, other = [name for name in files if name.startswith("log/") and name.endswith(".json")][:2]
    name = next(name for name in files if name.startswith("messages/"))
    if change == "flip":
        files[name] = next(flips(files[name]))
    elif change == "remove":
        del files[name]
    elif change == "add":
        files[name := "notes.txt"] = b"by the way"
    else:
        files[one], files[other], name = files[other], files[one], "log/"
    (tmp_path / "changed.zip").write_bytes(zipped(files))
    ran = run_corridor("verify", "changed.zip", folder=tmp_path)
    assert (ran.code, ran.out) == (4, "")
    assert name in ran.err.splitlines()[0]
    assert "Traceback" not in ran.err
    told = run_corridor("verify", "changed.zip", "--json", folder=tmp_path)
    assert told.code == 4
    assert name in json.loads(told.out)["found"]


@PARTIES
def test_both_sides_hold_the_answer(sent: Ran, run_corridor: RunCorridor, party: str) -> None:
    """Either side's evidence alone shows the message and its receipt, which is not missing because it came just now."""
    told = run_corridor("verify", bundle(sent, party), "--json", folder=sent.folder)
    (message,), (receipt,) = told.lines("message"), told.lines("receipt")
    assert receipt["of"] == message["identity"]
    assert [one["level"] for one in receipt["statements"]] == ["L1", "L2", "L3", "L4"]


@PARTIES
def test_sound_bundle(sent: Ran, run_corridor: RunCorridor, party: str) -> None:
    """A bundle as it was written verifies; what is proved, by whom and against which roots is told in words."""
    ran = run_corridor("verify", bundle(sent, party), folder=sent.folder)
    assert ran.code == 0, ran.err
    first, second = ran.out.splitlines()[:2]
    assert first.startswith("VERIFIED ")
    assert second.startswith("  note      compare the roots below")
    assert "1 message and 1 receipt" in ran.out
    partner = {"QM": "QN", "QN": "QM"}[party]
    for told in (
        f"of {party}, transaction",
        f"by {partner} ",
        "L4 accepted",
        "MLEC art. 10 (1)(a)",
        "MLEC art. 10 (1)(b)",
        "MLEC art. 10 (1)(c)",
        "named by the bundle's own agreement",
    ):
        assert told in ran.out
    assert ran.err == ""


def roots_of(sent: Ran) -> Path:
    """The `certs` folder of the run."""
    (said,) = sent.lines("sending")
    return sent.folder / str(said["run"]) / "certs"


def test_roots_handed_in(sent: Ran, run_corridor: RunCorridor, tmp_path: Path) -> None:
    """The arbiter's own roots are believed instead: from a run's folder, from files, or from a folder of PEM files."""
    path, roots = bundle(sent, "QN"), roots_of(sent)
    pems = [roots / code / "authority" / "root.pem" for code in ("QM", "QN")]
    for number, pem in enumerate(pems):
        shutil.copy(pem, tmp_path / f"known-{number}.pem")
    for given in (["--roots", roots], ["--roots", pems[0], "--roots", pems[1]], ["--roots", tmp_path]):
        ran = run_corridor("verify", path, *given, "--json", folder=tmp_path)
        assert ran.code == 0, ran.err
        (told,) = ran.lines("bundle")
        assert told["anchored"] == "given"


def test_roots_of_somebody_else(sent: Ran, run_corridor: RunCorridor, tmp_path: Path) -> None:
    """A bundle whose parts fit together, but not to the roots that the arbiter knows, does not verify."""
    assert run_corridor("certs", "issue", "QM", "--out", "known", folder=tmp_path).code == 0
    shutil.copytree(roots_of(sent) / "QN", tmp_path / "known" / "QN")
    ran = run_corridor("verify", bundle(sent, "QN"), "--roots", "known", folder=tmp_path)
    assert ran.code == 4
    assert "root" in ran.err
    assert "these are not the roots you named" in ran.err


def test_root_missing(sent: Ran, run_corridor: RunCorridor, tmp_path: Path) -> None:
    """One root of two is not enough, and the sentence says whose is missing."""
    ran = run_corridor("verify", bundle(sent, "QN"), "--roots", roots_of(sent) / "QN", folder=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert "no root of QM" in ran.err
    assert "give QM's root too: --roots" in ran.err


def test_what_is_no_bundle(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """A file that is no ZIP is exit 2, and named."""
    (tmp_path / "README.md").write_text("read me\n", encoding="utf-8")
    ran = run_corridor("verify", "README.md", folder=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("corridor: README.md: this is no ZIP file\n")


def test_stands_on_the_second_reader_alone(run_corridor: RunCorridor, sent: Ran) -> None:
    """Nothing that wrote the evidence is loaded to check it, and nothing slow."""
    ran = run_corridor("verify", bundle(sent, "QN"), folder=sent.folder, PYTHONPROFILEIMPORTTIME="1")
    assert ran.code == 0
    loaded = {line.rpartition("|")[2].strip() for line in ran.err.splitlines() if line.startswith("import time:")}
    assert "harness.evidence.audit.procedure" in loaded
    makers = ("harness.exchange", "harness.documents", "harness.evidence.log", "harness.trial", "nodes", "certs")
    strange = (*makers, "pydantic", "lxml", "aiokafka")
    assert not [name for name in loaded if name.startswith(strange)]
