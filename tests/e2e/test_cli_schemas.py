"""What `--json` prints is what docs/schemas says, line by line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from certs.algorithms import Algorithm

from .conftest import Ran, RunCorridor, bundle

Schema = dict[str, Any]  # Any: a JSON Schema


@pytest.fixture(scope="module")
def outputs(run_corridor: RunCorridor, sent: Ran, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[Ran]]:
    """For each command, runs that between them print every kind of line."""
    folder = tmp_path_factory.mktemp("schemas")
    (folder / "changed.zip").write_bytes(bundle(sent, "QN").read_bytes() + b"X")
    refused = "sample:origin-certificate-rule-broken.json"
    return {
        "send": [sent, run_corridor("send", refused, "--from", "QM", "--to", "QN", "--json", folder=folder)],
        "verify": [
            run_corridor("verify", bundle(sent, "QM"), "--json", folder=folder),
            run_corridor("verify", "changed.zip", "--json", folder=folder),
        ],
        "certs": [
            run_corridor("certs", "issue", "QM", "--json", folder=folder),
            run_corridor("certs", "issue", "--seats", "seats", "--json", folder=folder),
            run_corridor("certs", "show", "corridor-certs/QM/trust-list.jws", "--json", folder=folder),
            run_corridor("certs", "renew", "QM", "--json", folder=folder),
            run_corridor("certs", "revoke", "QM", "--reason", "superseded", "--json", folder=folder),
            run_corridor("certs", "show", "corridor-certs/QM/root.crl", "--json", folder=folder),
        ],
        "misfit": [
            run_corridor("certs", "misfit", "--json", folder=folder),
            run_corridor("certs", "misfit", "expired", "--json", folder=folder),
        ],
        "doctor": [run_corridor("doctor", "--json", folder=folder)],
    }


COMMANDS = pytest.mark.parametrize("name", ["send", "verify", "certs", "misfit", "doctor"])


def schema_of(repo_root: Path, name: str) -> Schema:
    """The published schema of a command's lines."""
    read: Schema = json.loads((repo_root / "docs" / "schemas" / f"{name}.schema.json").read_bytes())
    return read


@COMMANDS
def test_lines_are_as_the_schema_says(repo_root: Path, outputs: Mapping[str, list[Ran]], name: str) -> None:
    """Every line fits the command's schema, every kind that the schema knows was printed, and no other."""
    schema = schema_of(repo_root, name)
    kinds = {one["properties"]["kind"]["const"]: {**schema, "oneOf": [one]} for one in schema["oneOf"]}
    printed = [json.loads(line) for ran in outputs[name] for line in ran.out.splitlines()]
    for line in printed:
        # By its own kind first: "is not valid under any of the given schemas" helps nobody.
        Draft202012Validator(kinds[line["kind"]]).validate(line)
        Draft202012Validator(schema).validate(line)
    assert {line["kind"] for line in printed} == kinds.keys()


@COMMANDS
def test_schema_is_one(repo_root: Path, name: str) -> None:
    """A schema is a JSON Schema 2020-12, says so, and says its own name."""
    schema = schema_of(repo_root, name)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert schema["$id"].endswith(f":{name}")


@pytest.mark.parametrize("words", [("run", "-k", "replay"), ("demo",)])
def test_lines_under_another_algorithm(
    run_corridor: RunCorridor, repo_root: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Runs and demonstrations fit their schemas under every algorithm that they can be played with."""
    schema = schema_of(repo_root, words[0])
    (first,) = (one for one in schema["oneOf"] if "algorithm" in one["properties"])
    assert set(first["properties"]["algorithm"]["enum"]) == set(Algorithm)
    ran = run_corridor(*words, "--algorithm", "RS256", "--json", folder=tmp_path)
    assert ran.code == 0, ran.err
    for line in ran.out.splitlines():
        Draft202012Validator(schema).validate(json.loads(line))
