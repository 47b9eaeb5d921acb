"""`corridor certs`: the rehearsal's authorities, issued, listed and shown."""

from __future__ import annotations

import hashlib
import re
import shlex
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from certs.jwe import Opener

from .conftest import Ran, RunCorridor

OWN = ("opener", "signing")
"""The keys that a party has: one opens what is encrypted for it, the other signs."""


@pytest.fixture
def openssl() -> str:
    """The path of openssl, or a skip."""
    found = shutil.which("openssl")
    if found is None:
        pytest.skip("openssl is not on PATH")
    return found


def modes(folder: Path) -> dict[str, int]:
    """The rights on everything below a folder."""
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in sorted(folder.rglob("*"))}


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519", "PS256", "RS256"])
def test_issue(run_corridor: RunCorridor, openssl: str, tmp_path: Path, algorithm: str) -> None:
    """A country gets its authorities and its window a certificate that openssl chains to the root; keys are its own."""
    ran = run_corridor("certs", "issue", "QM", "--algorithm", algorithm, "--out", "keys", "--json", folder=tmp_path)
    assert ran.code == 0, ran.err
    told = {line["path"]: line for line in ran.lines("certificate")}
    assert told["keys/QM/window/certificate.pem"]["algorithm"] == algorithm
    assert told["keys/QM/authority/root.pem"]["authority"]
    folder = tmp_path / "keys" / "QM"
    rights = modes(folder)
    keys = [name for name in rights if name.endswith("key.pem")]
    assert len(keys) == 5
    assert {rights[name] for name in keys} == {0o600}
    assert {mode for name, mode in rights.items() if (folder / name).is_dir()} == {0o700}
    chain = ["-CAfile", "authority/root.pem", "-untrusted", "authority/issuing.pem", "window/certificate.pem"]
    checked = subprocess.run([openssl, "verify", *chain], cwd=folder, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    for name in ("root.crl", "issuing.crl"):
        subprocess.run([openssl, "crl", "-in", name, "-inform", "DER", "-noout"], cwd=folder, check=True)


@pytest.mark.parametrize(("profile", "place"), [("ECDH-ES+A256GCM", "opener"), ("HPKE-10-KE+A256GCM", "opener-hpke")])
def test_issue_a_key_to_open_with(
    run_corridor: RunCorridor, openssl: str, tmp_path: Path, profile: str, place: str
) -> None:
    """Under either profile one certificate says all that others need; openssl chains it, and it is shown."""
    ran = run_corridor("certs", "issue", "QP", "--encryption", profile, "--out", "keys", "--json", folder=tmp_path)
    assert ran.code == 0, ran.err
    told = {line["path"]: line for line in ran.lines("certificate")}[f"keys/QP/{place}/certificate.pem"]
    assert (told["algorithm"], told["usages"]) == (profile, ["document encryption"])
    folder = tmp_path / "keys" / "QP"
    assert modes(folder)[f"{place}/key.pem"] == 0o600
    assert Opener.load(folder / place).profile == profile
    chain = ["-CAfile", "authority/root.pem", "-untrusted", "authority/issuing.pem", f"{place}/certificate.pem"]
    checked = subprocess.run([openssl, "verify", *chain], cwd=folder, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    ran = run_corridor("certs", "issue", "--seats", "seats", "--encryption", profile, folder=tmp_path)
    assert (ran.code, (tmp_path / "seats").exists()) == (2, False)
    assert "--encryption is for one country" in ran.err


def test_keys_are_never_written_over(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """A second issue into the same place is refused with exit 2, and leaves every file as it was."""
    assert run_corridor("certs", "issue", "QM", folder=tmp_path).code == 0
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    ran = run_corridor("certs", "issue", "QM", folder=tmp_path)
    assert ran.code == 2
    assert "is there already" in ran.err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files
    assert run_corridor("certs", "issue", "QN", folder=tmp_path).code == 0


def test_list_of_a_run(run_corridor: RunCorridor, sent: Ran) -> None:
    """The certificates of a run are listed, keys are not."""
    (said,) = sent.lines("sending")
    ran = run_corridor("certs", "list", Path(said["run"]) / "certs", folder=sent.folder)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("12 certificate(s)")
    assert "QN/window/certificate.pem" in ran.out
    assert "key.pem" not in ran.out


def test_show(run_corridor: RunCorridor, openssl: str, tmp_path: Path) -> None:
    """A certificate is shown by its file, in PEM or DER, or by the party it names, each time as the same one."""
    assert run_corridor("certs", "issue", "QM", folder=tmp_path).code == 0
    pem = tmp_path / "corridor-certs" / "QM" / "authority" / "root.pem"
    der = tmp_path / "root.der"
    subprocess.run([openssl, "x509", "-in", pem, "-outform", "DER", "-out", der], check=True)
    digest = hashlib.sha256(der.read_bytes()).hexdigest()
    for name in (pem, der, "QM root"):
        ran = run_corridor("certs", "show", name, "--json", folder=tmp_path)
        assert ran.code == 0, ran.err
        assert [line["sha256"] for line in ran.lines("certificate")] == [digest]
    shown = run_corridor("certs", "show", pem, folder=tmp_path)
    assert digest in shown.out
    assert "CN=QM root,C=QM" in shown.out


def test_show_of_a_list(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """What an authority publishes is told in one line: whose, which, from when to when, and how many it holds."""
    assert run_corridor("certs", "issue", "QM", "--out", "a b", folder=tmp_path).code == 0
    shown = run_corridor("certs", "show", "a b/QM/trust-list.jws", folder=tmp_path)
    assert re.search(
        r"^  trust list of QM, version 1, issued \S+, next update \S+, 1 authority$", shown.out, re.MULTILINE
    )
    for name, issuer in (("root.crl", "QM root"), ("issuing.crl", "QM issuing")):
        ran = run_corridor("certs", "show", f"a b/QM/{name}", "--json", folder=tmp_path)
        (line,) = ran.lines("revocation_list")
        assert str(line["of"]).startswith(issuer)
        assert line["count"] == 0


def test_show_of_what_is_no_certificate(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """A file that is none is told so in our words, not in those of a library."""
    (tmp_path / "notes.txt").write_text("by the way\n", encoding="utf-8")
    ran = run_corridor("certs", "show", "notes.txt", folder=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("corridor: notes.txt is no certificate\n")


def test_next_command_can_be_pasted(run_corridor: RunCorridor, openssl: str, tmp_path: Path) -> None:
    """The command told as next works where a path has blanks."""
    ran = run_corridor("certs", "issue", "QM", "--out", "a b", folder=tmp_path)
    told = re.search(r"^  next +openssl (.+)$", ran.out, re.MULTILINE)
    assert told is not None
    subprocess.run([openssl, *shlex.split(told[1])], cwd=tmp_path, check=True, capture_output=True)


def test_help_of_the_group(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """Each command's line in the help is whole."""
    _, commands = run_corridor("certs", "--help", folder=tmp_path).out.split("Commands:")
    assert "..." not in commands


def test_seats(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """Every party of the corridors gets a folder of its own with its own keys; the authorities' keys stay apart."""
    ran = run_corridor("certs", "issue", "--seats", "seats", "--run", "pilot-1", "--json", folder=tmp_path)
    assert ran.code == 0, ran.err
    assert {line["party"]: (line["run"], line["path"]) for line in ran.lines("seat")} == {
        code: ("pilot-1", f"seats/{code}") for code in ("QM", "QN", "QP")
    }
    rights = modes(tmp_path / "seats")
    keys = [name for name in rights if name.endswith("key.pem")]
    assert {rights[name] for name in keys} == {0o600}
    for code in ("QM", "QN", "QP"):
        assert rights[code] == 0o700
        assert [name for name in keys if name.startswith(f"{code}/")] == [f"{code}/{one}/key.pem" for one in OWN]
        # All three have corridors with each other: of the others each has what they publish, and no more.
        assert {name for name in rights if name.startswith(f"{code}/trust/")} == {
            f"{code}/trust/{one}.jws" for one in ("QM", "QN", "QP")
        }


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("QM", "--seats", "seats"), "QM was named too"),
        (("QM", "--run", "pilot-1"), "--run names the run of seats"),
        (("--seats", "seats", "--run", "a b"), "--run 'a b'"),
        (("--seats", "."), "is there already"),
    ],
)
def test_seats_that_cannot_be_issued(
    run_corridor: RunCorridor, tmp_path: Path, words: tuple[str, ...], found: str
) -> None:
    """Exit 2 with what is wrong, and nothing is written."""
    ran = run_corridor("certs", "issue", *words, folder=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert found in ran.err
    assert not list(tmp_path.iterdir())
