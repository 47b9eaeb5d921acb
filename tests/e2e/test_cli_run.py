"""`corridor run`: played, judged, told on every face, with the documented exit codes."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from scenarios.pack import PACK

from .conftest import Ran, RunCorridor, environment

REPLAY = "attacks/replayed-message"

SABOTAGED = '''
"""A pack of another team: its window of QN forgets what it saw, and two of its scripts fail in their own way."""

from dataclasses import replace

from harness.errors import RoadFailed
from harness.trial.script import scenario
from nodes.saboteurs import ForgetsWhatItSaw
from nodes.window import Window
from scenarios.attacks.replayed_message import replayed_message
from scenarios.pack import PACK as OURS


def cast(seat):
    return ForgetsWhatItSaw(seat) if seat.party == "QN" else Window(seat)


@scenario(title="A script with a bug", checks=(), saboteurs=(), document="864")
async def bug(stage):
    """It divides by zero."""
    1 / 0


@scenario(title="A bus that fails", checks=(), saboteurs=(), document="864")
async def trouble(stage):
    """The road gives way."""
    raise RoadFailed("the cable was cut", todo="splice it")


PACK = replace(
    OURS,
    name="sabotaged",
    cast=cast,
    demo=None,
    scenarios=tuple(
        replace(one, id=f"other/{name}")
        for name, one in (("forgets", replayed_message), ("bug", bug), ("trouble", trouble))
    ),
)
'''


@pytest.fixture
def other_pack(tmp_path: Path) -> Path:
    """Another team's pack, installed as its entry point says, on PYTHONPATH."""
    site = tmp_path / "site"
    info = site / "sabotaged-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sabotaged\nVersion: 1\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[corridor.packs]\nsabotaged = sabotaged.pack:PACK\n", encoding="utf-8")
    (site / "sabotaged").mkdir()
    (site / "sabotaged" / "__init__.py").touch()
    (site / "sabotaged" / "pack.py").write_text(SABOTAGED, encoding="utf-8")
    return site


def folder_of(ran: Ran) -> Path:
    """The folder of the only run there."""
    (found,) = (ran.folder / "corridor-runs").iterdir()
    return found


def ndjson(text: str) -> list[dict[str, Any]]:  # Any: JSON, as docs/schemas describes it
    """Lines, read."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.long("some forty scenarios once more, by the command")
@pytest.mark.timeout(150)  # some forty scenarios, of which two let deadlines pass
def test_all_but_attacks(run_corridor: RunCorridor, repo_root: Path, tmp_path: Path) -> None:
    """All that is selected holds; the lines follow their schema, and the run's folder holds the same lines."""
    ran = run_corridor("run", "-k", "not attacks", "--json", folder=tmp_path, timeout=140)
    assert ran.code == 0, ran.err
    schema = json.loads((repo_root / "docs" / "schemas" / "run.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    lines = ndjson(ran.out)
    for line in lines:
        Draft202012Validator(schema).validate(line)
    assert [lines[0]["kind"], lines[-1]["kind"]] == ["run", "total"]
    count = lines[-1]["scenarios"]
    chosen = [one for one in PACK.scenarios if not one.id.startswith("attacks/")]
    assert [line["id"] for line in lines[1:-1]] == [one.id for one in chosen]
    unplayable = [one.id for one in chosen if one.needs]
    assert count["held"] + count["not_played"] == count["all"] == len(lines) - 2 >= 12
    assert [line["id"] for line in lines[1:-1] if line["verdict"] == "not played"] == unplayable
    assert ndjson((folder_of(ran) / "run.jsonl").read_text(encoding="utf-8")) == lines
    assert all((tmp_path / line["history"]).is_file() for line in lines[1:-1] if line["verdict"] == "held")


def test_a_scenario_that_this_bus_cannot_show(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """It is told as not played, with its reason, in every face; alone it comes to no verdict, and is never held."""
    ran = run_corridor("run", "isolation/at-the-door", "--report", "junit,md", folder=tmp_path)
    assert ran.code == 3
    told = ran.out.splitlines()
    assert told[0].startswith("NOT PLAYED   isolation/at-the-door")
    assert told[1].strip() == "needs kafka; this run is on the memory bus (--bus local plays it)"
    assert told[2] == "1 scenario: 0 held, 0 broken, 0 unknown, 0 not reached, 1 not played"
    assert told[4].startswith("0 of 0 attacks withstood")
    assert '<skipped message="needs kafka; ' in (folder_of(ran) / "junit.xml").read_text(encoding="utf-8")
    assert "| NOT PLAYED |" in (folder_of(ran) / "summary.md").read_text(encoding="utf-8")


def test_for_people(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """One line a scenario on stdout with its state in words, totals that add up, progress on stderr alone."""
    ran = run_corridor("run", "-k", "replay", "--seed", "7", folder=tmp_path)
    assert ran.code == 0
    first, scenarios, promises, last = ran.out.splitlines()
    assert first.split()[:2] == ["HELD", REPLAY]
    assert scenarios == "1 scenario: 1 held, 0 broken, 0 unknown, 0 not reached"
    assert promises.startswith("7 promises: 7 held")
    assert "1 of 1 attacks withstood" in last
    assert f"1/1  {REPLAY}" in ran.err
    assert "again  corridor run -k replay --bus memory --seed 7" in ran.err
    assert "\x1b" not in ran.out


def test_windows_log_into_the_folder(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """What windows log is JSON lines in the run's folder, and nowhere else."""
    ran = run_corridor("run", "attacks/byte-flipped", folder=tmp_path)
    logged = ndjson((folder_of(ran) / "log.jsonl").read_text(encoding="utf-8"))
    assert any(line["event"] == "refused" for line in logged)
    assert "[info" not in ran.out + ran.err


def test_reports(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """The files asked for stand in the run's folder, and tell the same run."""
    ran = run_corridor("run", REPLAY, "--report", "junit,md,json", "--algorithm", "Ed25519", folder=tmp_path)
    folder = folder_of(ran)
    suite = ET.fromstring((folder / "junit.xml").read_bytes())[0]  # noqa: S314 - written by us
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "0", "0")
    again = {one.get("name"): one.get("value") for one in suite.iter("property")}["again"] or ""
    assert again.endswith("--algorithm Ed25519")
    assert again in (folder / "summary.md").read_text(encoding="utf-8")
    lines = ndjson((folder / "results.ndjson").read_text(encoding="utf-8"))
    assert lines == ndjson((folder / "run.jsonl").read_text(encoding="utf-8"))
    assert lines[0]["again"] == again


def test_seed_that_was_drawn(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """A seed that was not given is told in the command that repeats the run, and that command is accepted."""
    first = run_corridor("run", REPLAY, "--json", folder=tmp_path)
    again = first.lines("run")[0]["again"].split()[1:]
    second = run_corridor(*again, "--json", folder=tmp_path)
    assert second.code == 0
    assert second.lines("run")[0]["seed"] == first.lines("run")[0]["seed"]
    assert second.lines("run")[0]["run"] != first.lines("run")[0]["run"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nix",), 5, "attacks/replayed-message"),
        (("-k", "nix"), 5, "attacks/replayed-message"),
        (("-k", "(a"), 2, "parenthesis is not closed"),
        (("--bus", "carrier-pigeon"), 2, "memory, local, container, or HOST:PORT"),
        (("--report", "html"), 2, "junit, json, md"),
        (("--seed", "x"), 2, "--seed"),
        (("--algorithm", "RS384"), 2, "ES256"),
        (("--no-such-option",), 2, "--no-such-option"),
    ],
)
def test_wrong_usage(
    run_corridor: RunCorridor, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """What cannot be meant is told with what could be, on stderr, and leaves nothing behind."""
    ran = run_corridor("run", *arguments, folder=tmp_path)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert not list(tmp_path.iterdir())


def test_folder_that_cannot_be(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """A file where the runs' folder should be is told."""
    (tmp_path / "taken").write_text("", encoding="utf-8")
    ran = run_corridor("run", REPLAY, "--out", "taken/below", folder=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert "choose another --out" in ran.err


def test_broker_that_does_not_answer(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """Without a bus there is no verdict: exit 3, said once, and every scenario is an error for the build server."""
    ran = run_corridor("run", "attacks", "--bus", "127.0.0.1:1", "--json", "--report", "junit", folder=tmp_path)
    assert ran.code == 3
    assert ran.err.count("no Kafka broker answers at 127.0.0.1:1") == 1
    assert "Traceback" not in ran.err
    (total,) = ran.lines("total")
    assert total["exit"] == 3
    assert total["scenarios"]["unknown"] == total["scenarios"]["all"] > 0
    assert total["promises"]["unknown"] == total["promises"]["all"]
    root = ET.fromstring((folder_of(ran) / "junit.xml").read_bytes())  # noqa: S314 - written by us
    assert root.get("errors") == root.get("tests")


def test_promise_that_broke(run_corridor: RunCorridor, other_pack: Path, tmp_path: Path) -> None:
    """A broken promise ends in exit 1 and four lines, with the command that repeats it and events that are there."""
    ran = run_corridor("run", "other/forgets", "--seed", "3", folder=tmp_path, PYTHONPATH=str(other_pack))
    assert ran.code == 1
    lines = ran.out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.split() == ["BROKEN", "one_effect"])
    expected, saw, again, look = lines[at + 1 : at + 5]
    assert expected.split()[0] == "expected"
    assert saw.split()[0] == "saw"
    assert again.endswith("corridor run other/forgets --bus memory --seed 3")
    path, _, numbers = look.split(maxsplit=1)[1].partition(", events ")
    events = {event["n"]: event for event in ndjson((tmp_path / path).read_text(encoding="utf-8"))}
    assert {events[int(number)]["what"] for number in numbers.split(", ")} == {"delivery"}


def test_other_scripts_that_fail(run_corridor: RunCorridor, other_pack: Path, tmp_path: Path) -> None:
    """A script with a bug, or a road that gives way, costs its own verdict and no other; nothing of it is held."""
    arguments = ("run", "other/bug", "other/trouble", REPLAY, "--json")
    ran = run_corridor(*arguments, folder=tmp_path, PYTHONPATH=str(other_pack))
    assert ran.code == 3
    assert "Traceback" not in ran.err
    told = {line["id"]: line for line in ran.lines("scenario")}
    assert told[REPLAY]["verdict"] == "held"
    assert "ZeroDivisionError" in told["other/bug"]["trouble"]
    assert "the cable was cut" in told["other/trouble"]["trouble"]
    for name in ("other/bug", "other/trouble"):
        assert {one["verdict"] for one in told[name]["promises"]} == {"unknown"}


def test_reader_that_has_gone(command: Path, tmp_path: Path) -> None:
    """When nobody reads the result any more, the run ends quietly, and with no code that states a verdict."""
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "wb") as gone:
        ran = subprocess.run(
            [command, "run", "--json", REPLAY],
            cwd=tmp_path,
            env=environment(),
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            check=False,
        )
    assert ran.returncode == 141
    assert not any(word in ran.stderr for word in ("Traceback", "Errno", "disk"))


def test_colour_when_forced(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """FORCE_COLOR colours what is no terminal; the state is in words all the same; NO_COLOR wins."""
    forced = run_corridor("run", REPLAY, folder=tmp_path, FORCE_COLOR="1", NO_COLOR="", TERM="xterm")
    assert "\x1b[32mHELD" in forced.out
    never = run_corridor("run", REPLAY, folder=tmp_path, FORCE_COLOR="1", NO_COLOR="1", TERM="xterm")
    assert "\x1b" not in never.out


def test_on_a_terminal(command: Path, tmp_path: Path) -> None:
    """On a terminal states are coloured, and the passing line of progress gives way to the result."""
    ours, theirs = pty.openpty()
    try:
        more = environment(TERM="xterm", NO_COLOR="")
        with subprocess.Popen([command, "run", REPLAY], cwd=tmp_path, env=more, stdout=theirs, stderr=theirs) as ran:
            os.close(theirs)
            told = b""
            with suppress(OSError):  # Linux: what a terminal says when its last writer has gone
                while piece := os.read(ours, 4096):
                    told += piece
            assert ran.wait(timeout=30) == 0
    finally:
        os.close(ours)
    assert b"\x1b[32mHELD" in told
    assert f"1/1  {REPLAY}\r\x1b[K".encode() in told


@pytest.fixture
def playing(command: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run on the memory bus that has begun its first scenario."""
    with subprocess.Popen(
        [command, "run", "--json"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stderr is not None
        while not run.stderr.readline().startswith("2/"):
            pass
        yield run
        run.kill()


def test_interrupted(playing: subprocess.Popen[str], tmp_path: Path) -> None:
    """Ctrl-C ends a run with 130 and without a traceback; what was written stays, and no total is claimed."""
    playing.send_signal(signal.SIGINT)
    _, err = playing.communicate(timeout=15)
    assert playing.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    (folder,) = (tmp_path / "corridor-runs").iterdir()
    lines = ndjson((folder / "run.jsonl").read_text(encoding="utf-8"))
    assert [line["kind"] for line in lines][:2] == ["run", "scenario"]
    assert lines[-1]["kind"] == "scenario"
    histories = list(folder.glob("*/*/history.jsonl"))
    assert len(histories) == len(lines)  # the finished ones, and the one that was cut off


@pytest.mark.timeout(120)  # a broker starts and stops inside
def test_interrupted_with_a_broker(parts_of_a_broker: None, command: Path, tmp_path: Path) -> None:
    """Ctrl-C takes the local broker down with the run."""
    proc = Path("/proc")
    if not proc.is_dir():
        pytest.skip("no /proc here to see whether the broker has gone")
    with subprocess.Popen(
        [command, "run", "--bus", "local"],
        cwd=tmp_path,
        env=environment(**({"KAFKA_HOME": os.environ["KAFKA_HOME"]} if "KAFKA_HOME" in os.environ else {})),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stderr is not None
        while not (line := run.stderr.readline()).startswith("1/"):
            assert line, "the run ended before it began"
        assert running(tmp_path)
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "Traceback" not in err
    assert not running(tmp_path)


def running(folder: Path) -> list[str]:
    """Processes whose command names the folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(folder) in words:
                found.append(words)
    return found


@pytest.mark.timeout(120)  # a broker starts and stops inside
def test_on_a_real_broker(parts_of_a_broker: None, run_corridor: RunCorridor, tmp_path: Path) -> None:
    """The same scenarios are played and judged on a real Apache Kafka that comes and goes with the run."""
    home = {"KAFKA_HOME": os.environ["KAFKA_HOME"]} if "KAFKA_HOME" in os.environ else {}
    ran = run_corridor("run", "-k", "replay or unreadable", "--bus", "local", "--json", folder=tmp_path, **home)
    assert ran.code == 0, ran.err
    assert ran.lines("total")[0]["scenarios"]["held"] == 2
    assert not running(tmp_path)


def test_precedence_of_settings(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """Flag beats environment, environment beats corridor.toml, corridor.toml beats the default."""
    (tmp_path / "corridor.toml").write_text('[run]\nseed = 1\nk = "replay"\njson = true\n', encoding="utf-8")
    assert run_corridor("run", folder=tmp_path).lines("run")[0]["seed"] == 1
    assert run_corridor("run", folder=tmp_path, CORRIDOR_RUN_SEED="2").lines("run")[0]["seed"] == 2
    flagged = run_corridor("run", "--seed", "3", folder=tmp_path, CORRIDOR_RUN_SEED="2")
    assert flagged.lines("run")[0]["seed"] == 3
    assert [line["id"] for line in flagged.lines("scenario")] == [REPLAY]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    default = run_corridor("run", REPLAY, folder=elsewhere)
    assert default.out.startswith("HELD")
    shutil.rmtree(elsewhere)


def test_setting_for_every_command(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """CORRIDOR_SEED is for each command with --seed: below its own name for it, above corridor.toml."""
    (tmp_path / "corridor.toml").write_text("[run]\nseed = 1\nbus = 'memory'\n", encoding="utf-8")
    shared = {"CORRIDOR_SEED": "2", "CORRIDOR_JSON": "1", "CORRIDOR_OUT": "kept", "CORRIDOR_ALGORITHM": "Ed25519"}
    facts = run_corridor("run", REPLAY, folder=tmp_path, **shared).lines("run")[0]
    assert (facts["seed"], facts["algorithm"]) == (2, "Ed25519")
    assert (tmp_path / "kept" / facts["run"]).is_dir()
    own = run_corridor("run", REPLAY, folder=tmp_path, **shared, CORRIDOR_RUN_SEED="3")
    assert own.lines("run")[0]["seed"] == 3
    assert run_corridor("list", folder=tmp_path, **shared).lines("corridor")
    for command in (["run"], ["demo"], ["send", "sample:phytosanitary.xml", "--from", "QM", "--to", "QN"]):
        ran = run_corridor(*command, folder=tmp_path, CORRIDOR_BUS="carrier-pigeon")
        assert (ran.code, ran.out) == (2, "")
        assert "carrier-pigeon" in ran.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[run]\nsead = 1\n", "[run] has no setting 'sead'"),
        ("[rnu]\nseed = 1\n", "settings for 'rnu'"),
        ("run = 5\n", "[run] is 5"),
        ('[run]\nseed = "x"\n', "--seed"),
        ("[run\n", "is not TOML"),
        ("[certs.issue]\nnix = 1\n", "[certs.issue] has no setting 'nix'"),
    ],
)
def test_bad_settings(run_corridor: RunCorridor, tmp_path: Path, text: str, said: str) -> None:
    """A slip in corridor.toml is told, and not passed over."""
    (tmp_path / "corridor.toml").write_text(text, encoding="utf-8")
    command = "certs" if "certs" in text else "run"
    ran = run_corridor(command, *(["show"] if command == "certs" else []), folder=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "Traceback" not in ran.err
