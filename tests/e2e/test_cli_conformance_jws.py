"""`corridor conformance jws` as a process: cases on stdin, an answer a line, whatever comes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from .conftest import Answers, ndjson

# RFC 8037, A.4: the key and the token of the RFC's own example.
EDWARDS = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
SIGNED = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)
# RFC 7515, A.3: the same for ES256.
CURVE = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
WITH_CURVE = (
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)


@pytest.fixture
def answers(conformance: Callable[[str], Answers]) -> Answers:
    """Feeds the command, and returns its answers and how it ended."""
    return conformance("jws")


def case(name: object, jwk: object, token: str) -> dict[str, object]:
    """One case."""
    return {"id": name, "jwk": jwk, "token": token}


def verdicts(said: Sequence[dict[str, Any]]) -> list[tuple[object, str]]:
    """Each answer's id and verdict."""
    return [(each["id"], each["verdict"]) for each in said]


def test_published_examples(answers: Answers) -> None:
    """The examples of the RFCs are accepted with their payload; altered they are refused, with a secret unsupported."""
    secret = {
        "kty": "oct",
        "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    }
    shared = (
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    )
    said, ran = answers(
        ndjson(
            case("rfc8037-a4", EDWARDS, SIGNED),
            case(7, CURVE, WITH_CURVE),
            case(None, CURVE, WITH_CURVE[:-4] + "AAAA"),
            case("other key", CURVE, SIGNED),
            case({"group": 1}, secret, shared),
        )
    )
    assert ran.returncode == 0, ran.stderr
    assert verdicts(said) == [
        ("rfc8037-a4", "accepted"),
        (7, "accepted"),
        (None, "refused"),
        ("other key", "refused"),
        ({"group": 1}, "unsupported"),
    ]
    assert said[0]["payload"] == SIGNED.split(".")[1]
    assert [each["payload"] for each in said[2:]] == [None, None, None]
    assert all(each["reason"] for each in said)


def test_garbage_between_cases(answers: Answers) -> None:
    """Each line that is no case is answered in its place, the cases around it too, and the exit code says so."""
    good = ndjson(case("good", EDWARDS, SIGNED))
    garbage = [
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b"{",
        b'{"id":"x"',
        b'{"id":"twice","id":"twice"}',
        b'{"id":"no token","jwk":{}}',
        b'{"id":"no jwk","token":""}',
        b'{"id":"jwk null","jwk":null,"token":""}',
        b'{"id":"jwk no object","jwk":[],"token":""}',
        b'{"id":"token no text","jwk":{},"token":7}',
        b'{"id":"huge","jwk":{"kty":"RSA","n":' + b"9" * 5000 + b'},"token":""}',
        b'{"id":"deep","jwk":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
        b'{"id":"not a number","jwk":NaN,"token":""}',
        b'{"id":"surrogate","jwk":{},"token":"\\ud800"}',
        b"\x00" * 100,
        b"",
        b"  ",
    ]
    said, ran = answers(good + b"\n".join(garbage) + b"\n" + good)
    assert ran.returncode == 2
    assert b"18 line(s) were no case" in ran.stderr
    assert len(said) == len(garbage) + 2
    assert verdicts(said)[0] == verdicts(said)[-1] == ("good", "accepted")
    assert all(each["verdict"] == "unsupported" and "not a case" in each["reason"] for each in said[1:-1])
    assert [each["id"] for each in said[7:11]] == ["no token", "no jwk", "jwk null", "jwk no object"]


def test_a_case_without_an_id(answers: Answers) -> None:
    """It is one, and answered under null: the order says which it was."""
    said, ran = answers(ndjson({"jwk": EDWARDS, "token": SIGNED}, case("next", EDWARDS, SIGNED)))
    assert ran.returncode == 0
    assert verdicts(said) == [(None, "accepted"), ("next", "accepted")]


def test_hostile_keys_are_answered(answers: Answers) -> None:
    """A key of whatever form gets a verdict, never accepted."""
    hostile: list[object] = [
        {},
        {"kty": None},
        {"kty": ["EC"]},
        {"kty": "EC"},
        {**CURVE, "x": CURVE["y"], "y": CURVE["x"]},
        {**CURVE, "x": ""},
        {**CURVE, "x": {"a": [[[[1]]]]}},
        {**CURVE, "d": "AA"},
        {**CURVE, "use": "enc"},
        {**CURVE, "key_ops": ["encrypt"]},
        {**CURVE, "kty": "RSA"},
        {"kty": "RSA", "n": "A" * 100_000, "e": "AQAB"},
        {"kty": "RSA", "n": "_" * 342, "e": "A" * 80_000},
    ]
    said, ran = answers(ndjson(*(case(number, jwk, WITH_CURVE) for number, jwk in enumerate(hostile))))
    assert ran.returncode == 0, ran.stderr
    assert verdicts(said) == [(number, "refused") for number in range(len(hostile))]


def test_nothing_at_all(answers: Answers) -> None:
    """No cases, no answers, exit 0."""
    said, ran = answers(b"")
    assert (said, ran.returncode, ran.stderr) == ([], 0, b"")


def test_schemas(answers: Answers, repo_root: Path) -> None:
    """Cases and answers are as published, and the schemas' own examples hold."""
    case_, answer = (
        json.loads((repo_root / "docs" / "schemas" / f"conformance-jws-{kind}.schema.json").read_text("utf-8"))
        for kind in ("case", "answer")
    )
    for schema in (case_, answer):
        Draft202012Validator.check_schema(schema)
    said, _ = answers(ndjson(*case_["examples"]) + ndjson(case("x", CURVE, SIGNED)) + b"garbage\n")
    assert said[0] == answer["examples"][0]
    for one in said:
        Draft202012Validator(answer).validate(one)
    for one in case_["examples"]:
        Draft202012Validator(case_).validate(one)
