"""`corridor list`: what is installed to be played."""

from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from .conftest import RunCorridor


def test_for_people(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """Countries are marked as fictional, corridors say what they cover, scenarios and attacks are named."""
    ran = run_corridor("list", folder=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    assert "countries (all fictional)" in ran.out
    assert "QM-QN  version 1  pilot testing  864 eCO QM -> QN" in ran.out
    assert "QM-QP  version 2  pilot testing  864 eCO QM -> QP (encrypted: HPKE-10-KE+A256GCM)\n      only in" in ran.out
    assert "attacks/replayed-message" in ran.out
    assert "catches ForgetsWhatItSaw" in ran.out
    assert not list(tmp_path.iterdir())


def test_for_programs(run_corridor: RunCorridor, repo_root: Path, tmp_path: Path) -> None:
    """The lines follow their schema, and what they name is listed."""
    ran = run_corridor("list", "--json", folder=tmp_path)
    assert ran.code == 0, ran.err
    schema = json.loads((repo_root / "docs" / "schemas" / "list.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    for line in ran.out.splitlines():
        Draft202012Validator(schema).validate(json.loads(line))
    scenarios = {line["id"]: line for line in ran.lines("scenario")}
    checks = {line["name"] for line in ran.lines("check")}
    countries = {line["code"] for line in ran.lines("country")}
    assert all(set(line["checks"]) <= checks and set(line["pair"]) <= countries for line in scenarios.values())
    assert all(set(line["only_in"]) <= scenarios.keys() for line in ran.lines("corridor"))
    for attack in ran.lines("attack"):
        assert all(scenarios[one]["attack"] == attack["id"] for one in attack["scenarios"])
    assert [line["id"] for line in scenarios.values() if line["demonstration"]] == ["demo/first-five-minutes"]


def test_every_check_has_a_saboteur(run_corridor: RunCorridor, tmp_path: Path) -> None:
    """No check is listed that nothing is known to break."""
    ran = run_corridor("list", "--json", folder=tmp_path)
    assert not [line["name"] for line in ran.lines("check") if not line["catches"]]
