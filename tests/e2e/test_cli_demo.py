"""`corridor demo`: the first five minutes, told from what happened."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from harness.clock import SystemClock
from harness.trial.buses import standing
from harness.trial.history import History
from harness.trial.runner import Playbill, judge, play
from harness.trial.script import Demo, Saboteur
from harness.trial.verdict import Verdict
from scenarios.pack import PACK

from .conftest import RunCorridor

STEPS = (
    r"1/6 +QM issues CO-0001 in its own dialect +signed",
    r"2/6 +QN verifies, maps, validates +0 losses, 0 findings",
    r"3/6 +QN customs uses the preference +receipt signed, utilisation reported",
    r"4/6 +Mallory re-sends message 1 +REFUSED  replayed \(same identity\)",
    r"5/6 +QM claims CO-0001 was never acknowledged +dispute D-1 opened",
    r"6/6 +an arbiter checks both bundles +refuted: QN's receipt, log \d+, cosigned by QM",
)

assert PACK.demo is not None
DEMO: Demo = PACK.demo
SABOTEURS = DEMO.scenario.saboteurs

FORGETTING = """
from dataclasses import replace

from nodes.saboteurs import ForgetsWhatItSaw
from nodes.window import Window
from scenarios.pack import PACK as OURS


def cast(seat):
    return ForgetsWhatItSaw(seat) if seat.party == "QN" else Window(seat)


PACK = replace(OURS, name="forgetting", cast=cast, scenarios=())
"""


def told(text: str) -> None:
    """The demonstration has its shape: six steps with their results, all promises held, one attack refused."""
    lines = text.splitlines()
    assert lines[0].startswith("corridor ")
    assert lines[0].endswith("certificate of origin QM -> QN")
    assert re.fullmatch(r"  windows +QM Marenia, QN Norlund \(fictional\) +ready   \d+\.\d s", lines[1])
    assert re.fullmatch(r"  keys +throw-away authorities, valid 24 h +corridor-runs/[0-9a-f]+/.*certs", lines[2])
    for pattern, line in zip(STEPS, lines[3:9], strict=True):
        assert re.fullmatch("  " + pattern, line), line
    held = re.fullmatch(r"  HELD +(\d+) of (\d+) promises, 1 attack refused +\d+\.\d s", lines[9])
    assert held is not None
    assert held[1] == held[2]


def test_six_steps(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """The demonstration holds, has the promised shape, and its evidence verifies with the command told as next."""
    ran = run_corridor("demo", folder=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    told(ran.out)
    bundles = re.findall(r"^  evidence +(\S+)$", ran.out, re.MULTILINE)
    assert len(bundles) == 2
    assert all((tmp_path / path).is_file() for path in bundles)
    verify = re.search(r"^  next +corridor (verify \S+)$", ran.out, re.MULTILINE)
    assert verify is not None
    assert run_corridor(*verify[1].split(), folder=tmp_path).code == 0


def test_again(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """The command told to repeat it does."""
    first = run_corridor("demo", "--algorithm", "Ed25519", folder=tmp_path)
    again = re.search(r"^  again +corridor (.+)$", first.out, re.MULTILINE)
    assert again is not None
    assert "--algorithm Ed25519" in again[1]
    second = run_corridor(*again[1].split(), folder=tmp_path)
    assert second.code == 0
    assert f"corridor {again[1]}" in second.out


def test_lines(run_corridor: RunCorridor, repo_root: Path, tmp_path: Path) -> None:
    """The NDJSON follows its schema: the run, six steps that held, the scenario, the total."""
    ran = run_corridor("demo", "--json", folder=tmp_path)
    schema = json.loads((repo_root / "docs" / "schemas" / "demo.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    lines = [json.loads(line) for line in ran.out.splitlines()]
    for line in lines:
        Draft202012Validator(schema).validate(line)
    assert [line["kind"] for line in lines] == ["run", *["step"] * 6, "scenario", "total"]
    assert {line["verdict"] for line in ran.lines("step")} == {"held"}
    assert all(line["saw"] for line in ran.lines("step"))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("原产地证书", "已签名", "拒收  重放（同一标识）", "争议 D-1 已立案", "主张不成立", "兑现")),
        ("ru", ("сертификат происхождения", "подписано", "ОТКАЗАНО  повтор (та же идентичность)", "открыт спор D-1")),
        ("ru", ("опровергнуто", "ВЫПОЛНЕНО", "доказательства", "об использовании сообщено")),
    ],
)
def test_other_languages(run_corridor: RunCorridor, tmp_path: Path, language: str, words: tuple[str, ...]) -> None:
    """The same is told in Chinese and in Russian."""
    ran = run_corridor("demo", "--lang", language, folder=tmp_path)
    assert ran.code == 0
    assert [word for word in words if word not in ran.out] == []
    assert ran.out.count("6/6") == 1
    # Labels have a column of their own, that of the longest included. Chinese letters take two columns, not one.
    if language == "ru":
        labels = re.findall(r"^  \S+ +", ran.out, re.MULTILINE)
        assert len({len(label) for label in labels}) == 1


@pytest.mark.parametrize("saboteur", SABOTEURS, ids=lambda one: one.caught_by)
async def test_step_that_was_sabotaged(saboteur: Saboteur, tmp_path: Path) -> None:
    """With a window that breaks a promise, nothing is told of the step that rests on it; what did happen still is."""
    clock = SystemClock()
    async with standing("memory", tmp_path, (), clock, lambda _: None) as bus:
        bill = Playbill(PACK, bus, "memory", clock, 1, patience=1.5)
        history = await play(DEMO.scenario, bill, tmp_path / "run", cast=saboteur.casting)
    verdicts = {one.check: one.verdict for one in judge(DEMO.scenario, history)}
    assert verdicts[saboteur.caught_by] is Verdict.BROKEN
    steps = {step.rests_on: step for step in DEMO.tell(history, "en")}
    assert steps[saboteur.caught_by].saw == ""
    assert steps["five_levels"].saw == "0 losses, 0 findings"


def test_history_without_anything_in_it(tmp_path: Path) -> None:
    """Of an empty history six steps are told, and nothing that was seen."""
    assert [step.saw for step in DEMO.tell(History((), tmp_path), "en")] == [""] * 6


def test_window_that_forgets(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """The demonstration fails aloud when its promise breaks: the step, the four lines, exit 1."""
    site = tmp_path / "site"
    info = site / "aaa-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: aaa\nVersion: 1\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[corridor.packs]\naaa = forgetting:PACK\n", encoding="utf-8")
    (site / "forgetting.py").write_text(FORGETTING, encoding="utf-8")
    ran = run_corridor("demo", folder=tmp_path, PYTHONPATH=str(site))
    assert ran.code == 1, ran.err
    assert re.search(r"^  4/6 +Mallory re-sends message 1 +BROKEN  ", ran.out, re.MULTILINE)
    assert re.search(r"^  1/6 +QM issues CO-0001 in its own dialect +signed$", ran.out, re.MULTILINE)
    assert re.search(r"^  BROKEN +\d+ of \d+ promises held, 0 attacks refused", ran.out, re.MULTILINE)
    assert all(re.search(rf"^    {label} ", ran.out, re.MULTILINE) for label in ("expected", "saw", "again", "look"))


@pytest.mark.timeout(120)  # a broker starts and stops inside
def test_on_a_real_broker(parts_of_a_broker: None, run_corridor: RunCorridor, tmp_path: Path) -> None:
    """The same six steps on a real Apache Kafka; what takes long is told on stderr."""
    home = {"KAFKA_HOME": os.environ["KAFKA_HOME"]} if "KAFKA_HOME" in os.environ else {}
    ran = run_corridor("demo", "--bus", "local", folder=tmp_path, **home)
    assert ran.code == 0, ran.err
    told(ran.out)
    assert "Starting Apache Kafka" in ran.err


def test_broker_that_does_not_answer(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """Without a bus there is no demonstration, exit 3, and no word of a result."""
    ran = run_corridor("demo", "--bus", "127.0.0.1:1", folder=tmp_path)
    assert (ran.code, ran.out) == (3, "")
    assert "no Kafka broker answers" in ran.err
    assert "Traceback" not in ran.err
