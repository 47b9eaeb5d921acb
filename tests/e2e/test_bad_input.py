"""Bad input: one clear message, the documented exit code, no traceback, nothing half-written."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import cli

from .conftest import Ran, RunCorridor, bundle, environment

BETWEEN = ("--from", "QM", "--to", "QN")
SAMPLE = "sample:phytosanitary.xml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with everything that a user might name by mistake."""
    (tmp_path / "empty.xml").touch()
    (tmp_path / "huge.xml").touch()
    os.truncate(tmp_path / "huge.xml", 600 * 1024 * 1024)  # sparse: takes no room
    (tmp_path / "packing-list.xml").write_text("<packingList/>")
    (tmp_path / "cut.xml").write_text("<packingList>")
    (tmp_path / "entity.xml").write_text('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "bare.json").write_text('{"doctype": "864"}')
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "octets.bin").write_bytes(bytes(range(256)))
    (tmp_path / "plain.txt").write_text("by the way\n")
    (tmp_path / "broken.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    (tmp_path / "a folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def there(folder: Path) -> dict[str, int]:
    """Everything in a folder, with its size."""
    return {str(path.relative_to(folder)): path.lstat().st_size for path in folder.rglob("*")}


def told(ran: Ran) -> str:
    """The one message: what was found, what was expected, what to do."""
    assert "Traceback" not in ran.err + ran.out
    lines = ran.err.splitlines()
    assert lines[0].startswith("corridor: "), ran.err
    assert [line.split("  ")[1] for line in lines[1:]] == ["expected", "to do"], ran.err
    return lines[0]


FILES = [
    ("nowhere.xml", "there is no file"),
    ("a folder", "is a folder"),
    ("pipe", "is no plain file"),
    ("empty.xml", "is empty"),
    ("huge.xml", "629145600 octets"),
    ("packing-list.xml", "packingList"),
    ("cut.xml", "XML"),
    ("entity.xml", "defines entities"),
    ("list.json", "begins with"),
    ("bare.json", "missing"),
    ("deep.json", "begins with"),
    ("octets.bin", "begins with"),
    ("plain.txt/below.xml", "plain.txt/below.xml"),
    ("sample:phytosanitary-incomplete.xml", "missing"),
    ("sample:not-a-certificate.xml", "XML"),
    ("sample:unheard-of.xml", "no sample 'unheard-of.xml'"),
    ("sample:../pack.py", "no sample '../pack.py'"),
]


@pytest.mark.parametrize(("file", "found"), FILES)
def test_file_that_cannot_be_sent(run_corridor: RunCorridor, folder: Path, file: str, found: str) -> None:
    """A file that is no complete certificate is exit 2 before anything is begun."""
    before = there(folder)
    ran = run_corridor("send", file, *BETWEEN, folder=folder)
    assert (ran.code, ran.out) == (2, "")
    first = told(ran)
    assert found in first
    assert file.removeprefix("sample:") in first
    assert there(folder) == before


WORDS = [
    (("--from", "XX", "--to", "QN"), "unknown country 'XX'"),
    (("--from", "QM", "--to", "qn"), "unknown country 'qn'"),
    (("--from", "QM", "--to", ""), "unknown country ''"),
    (("--from", "QM", "--to", "QM"), "no corridor between QM and QM"),
    (("--from", "QN", "--to", "QN"), "no corridor between QN and QN"),
    ((*BETWEEN, "--bus", "carrier-pigeon"), "carrier-pigeon"),
    ((*BETWEEN, "--bus", "127.0.0.1:99999"), "127.0.0.1:99999"),
    ((*BETWEEN, "--bus", "127.0.0.1:0"), "127.0.0.1:0"),
    ((*BETWEEN, "--bus", "127.0.0.1:9092,"), "127.0.0.1:9092,"),
    ((*BETWEEN, "--out", "plain.txt"), "no folder can be made in plain.txt"),
    ((*BETWEEN, "--out", "plain.txt/below"), "no folder can be made in plain.txt/below"),
]


@pytest.mark.parametrize(("words", "found"), WORDS)
def test_words_that_mean_nothing(run_corridor: RunCorridor, folder: Path, words: tuple[str, ...], found: str) -> None:
    """An unknown country, corridor or bus, or a place that cannot be written to, is exit 2."""
    before = there(folder)
    ran = run_corridor("send", SAMPLE, *words, folder=folder)
    assert (ran.code, ran.out) == (2, "")
    assert found in told(ran)
    assert there(folder) == before


@pytest.mark.parametrize(
    "line", ["send", "send x.xml --from QM", "verify", "certs issue", "certs burn", "mend", "doctor x"]
)
def test_wrong_usage(run_corridor: RunCorridor, tmp_path: Path, line: str) -> None:
    """A command line that cannot be understood is exit 2, with the usage."""
    ran = run_corridor(*line.split(), folder=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert "Usage: " in ran.err
    assert "Traceback" not in ran.err


def test_processes_on_a_bus_inside_one_process(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """Parties in processes of their own cannot meet on the memory bus: exit 2, before anything is begun."""
    ran = run_corridor("run", "attacks", "--processes", folder=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert "memory bus" in told(ran)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "file", ["nowhere.zip", "a folder", "pipe", "empty.xml", "huge.xml", "plain.txt", "octets.bin"]
)
def test_file_that_is_no_bundle(run_corridor: RunCorridor, folder: Path, file: str) -> None:
    """What is no bundle at all is exit 2, not 4: nothing was there that could fail to verify."""
    ran = run_corridor("verify", file, folder=folder)
    assert (ran.code, ran.out) == (2, "")
    told(ran)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", ["list", "list --json", "doctor", "--help"])
def test_output_that_cannot_be_written(command: Path, tmp_path: Path, words: str) -> None:
    """Where stdout takes nothing more, that is the environment: exit 3, and no word of a defect."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ran = subprocess.run(
            [command, *words.split()],
            cwd=tmp_path,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert ran.returncode == 3
    assert "nothing more can be written" in told(Ran(ran.returncode, "", ran.stderr, tmp_path))


@pytest.mark.parametrize("roots", ["nowhere.pem", "a folder", "plain.txt", "broken.pem", "empty.xml", "huge.xml"])
def test_roots_that_are_none(run_corridor: RunCorridor, sent: Ran, folder: Path, roots: str) -> None:
    """Roots that cannot be read are the arbiter's mistake, exit 2, and say nothing about the bundle."""
    ran = run_corridor("verify", bundle(sent, "QN"), "--roots", roots, folder=folder)
    assert (ran.code, ran.out) == (2, "")
    told(ran)


def test_certificate_that_is_no_root(run_corridor: RunCorridor, sent: Ran, tmp_path: Path) -> None:
    """A certificate that others issued is not taken for a root."""
    (said,) = sent.lines("sending")
    window = sent.folder / said["run"] / "certs" / "QN" / "window" / "certificate.pem"
    ran = run_corridor("verify", bundle(sent, "QN"), "--roots", window, folder=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert "no root" in told(ran)


CERTS = [
    ("issue Marenia", "no country code"),
    ("issue qm", "no country code"),
    ("issue ../QM", "no country code"),
    ("issue QM --out plain.txt", "no folder can be made"),
    ("list nowhere", "no folder"),
    ("list plain.txt", "no folder"),
    ("show plain.txt", "plain.txt"),
    ("show broken.pem", "broken.pem"),
    ("show QM", "no folder"),
]


@pytest.mark.parametrize(("line", "found"), CERTS)
def test_certificates_that_are_none(run_corridor: RunCorridor, folder: Path, line: str, found: str) -> None:
    """A country that is none, a place without certificates, a file that is no certificate: exit 2."""
    before = there(folder)
    ran = run_corridor("certs", *line.split(), folder=folder)
    assert (ran.code, ran.out) == (2, "")
    assert found in told(ran)
    assert there(folder) == before


def test_private_key_is_not_shown(run_corridor: RunCorridor, sent: Ran, tmp_path: Path) -> None:
    """A key named by mistake is said to be one, and not a word of it is repeated."""
    (said,) = sent.lines("sending")
    key = sent.folder / said["run"] / "certs" / "QN" / "window" / "key.pem"
    ran = run_corridor("certs", "show", key, folder=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert "private key" in told(ran)
    assert not [line for line in key.read_text().splitlines()[1:-1] if line in ran.err]


def test_configuration_that_is_no_toml(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """A corridor.toml that cannot be read is exit 2 for every command."""
    (tmp_path / "corridor.toml").write_text("bus = \n")
    ran = run_corridor("send", SAMPLE, *BETWEEN, folder=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert "corridor.toml" in told(ran)


def test_error_that_nobody_foresaw(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """When Corridor itself is broken, the user is told so, and what to report: exit 70, no traceback."""
    monkeypatch.setitem(cli.COMMANDS, "unwritten", "A command whose module is missing.")
    monkeypatch.setattr("sys.argv", ["corridor", "unwritten"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr()
    assert ended.value.code == 70
    assert "ModuleNotFoundError" in told(Ran(70, said.out, said.err, Path()))


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A port where somebody listens and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        yield server


def address(server: socket.socket) -> str:
    """HOST:PORT of a listening socket."""
    return f"127.0.0.1:{server.getsockname()[1]}"


def test_nobody_listens(run_corridor: RunCorridor, silent: socket.socket, tmp_path: Path) -> None:
    """An address where no broker is: exit 3, no verdict, and no run is left behind."""
    where = address(silent)
    silent.close()
    ran = run_corridor("send", SAMPLE, *BETWEEN, "--bus", where, folder=tmp_path)
    assert (ran.code, ran.out) == (3, "")
    assert f"no Kafka broker answers at {where}" in told(ran)
    assert not list(tmp_path.iterdir())


@pytest.mark.timeout(40)
def test_broker_is_silent(run_corridor: RunCorridor, silent: socket.socket, tmp_path: Path) -> None:
    """Somebody who listens and is no broker is given up in bounded time: exit 3, and no run is left behind."""
    began = time.monotonic()
    ran = run_corridor("send", SAMPLE, *BETWEEN, "--bus", address(silent), folder=tmp_path)
    assert time.monotonic() - began < 15
    assert (ran.code, ran.out) == (3, "")
    told(ran)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("word", ["run", "demo"])
def test_properties_that_are_not_there(run_corridor: RunCorridor, tmp_path: Path, word: str) -> None:
    """Client properties are looked at before anything is begun: no folder, and no line of a run."""
    ran = run_corridor(word, "--bus", "127.0.0.1:9", "--bus-config", "nofile", "--json", folder=tmp_path)
    assert (ran.code, ran.out, "nofile cannot be read" in ran.err) == (2, "", True)
    assert not list(tmp_path.iterdir())


def test_a_bundle_that_steers_the_terminal(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """The name of a file in a bundle is a stranger's word: what would rewrite the line is shown, not done."""
    name = b"\x1b[2K\rVERIFIED evil.zip\x1b[8m" + b"x" * 200
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0x21, 0, 0, 0, len(name), 0)
    (tmp_path / "evil.zip").write_bytes(local + name + b"PK\5\6" + bytes(18))
    ran = run_corridor("verify", "evil.zip", folder=tmp_path)
    assert (ran.code, ran.out) == (4, "")
    assert "a name of 226 octets" in ran.err
    assert all(one.isprintable() or one == "\n" for one in ran.err)


def test_interrupted(command: Path, silent: socket.socket, tmp_path: Path) -> None:
    """Ctrl-C while it waits: exit 130, no traceback, and no run is left behind."""
    line = [str(command), "send", SAMPLE, *BETWEEN, "--bus", address(silent)]
    with subprocess.Popen(
        line, cwd=tmp_path, env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        connection, _ = silent.accept()  # it waits for our answer now
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=15)
        connection.close()
    assert (running.returncode, out, err.strip()) == (130, "", "interrupted")
    assert not list(tmp_path.iterdir())


def test_disk_is_full(command: Path, tmp_path: Path) -> None:
    """When the disk takes no more: exit 3, one message, and no run is left behind."""
    line = f'ulimit -f 8; exec "{command}" send {SAMPLE} {" ".join(BETWEEN)}'
    ran = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stdout) == (3, ""), ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.stderr.startswith("corridor: ")
    assert not list(tmp_path.iterdir())
