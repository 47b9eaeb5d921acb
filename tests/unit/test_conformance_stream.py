"""`corridor conformance`, whatever comes: one answer a line, in order, and never anything that nobody caught."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certs import stamping
from certs.authority import Authority
from certs.gates import JsonValue, base64url_encode
from harness.cli.conformance import jws, moments, stream, timestamp, x509
from harness.clock import Chance
from harness.errors import BadInput

from .plans import AT, DAY, Plan, listed, made, path_of, pem

Case = dict[str, JsonValue]


class Kind(NamedTuple):
    """One entry point: its handler, the verdict on what is no case, what its answers hold besides, and a good case."""

    handle: Callable[[stream.Case], stream.Answer]
    otherwise: str
    beside: Mapping[str, JsonValue] | None
    good: str
    case: Case


def stamped() -> Case:
    """A case of a stamp by an authority of ours."""
    authority = Authority.found("QM", AT - DAY, Chance(1).octets, 900 * DAY)
    digest = bytes(range(32))
    token = authority.timestamping.answer(stamping.request(digest, nonce=7), at=AT, chance=Chance(3).octets)
    return {
        "id": 1,
        "token": base64.b64encode(token).decode(),
        "digest": digest.hex(),
        "hash": "sha256",
        "roots": [pem(authority.root)],
        "intermediates": [pem(authority.issuing)],
        "at": None,
    }


def walked() -> Case:
    """A case of a path with its lists."""
    path = path_of(Plan())
    return {
        "id": 1,
        "leaf": pem(path.leaf),
        "intermediates": [pem(path.issuing)],
        "anchors": [pem(path.anchor)],
        "crls": [pem(each) for each in path.crls],
        "at": AT.isoformat(),
        "policies": [],
        "explicit_policy": False,
        "inhibit_mapping": False,
        "inhibit_any": False,
        "key_usage": ["digitalSignature"],
        "extended_key_usage": [],
        "revocation": None,
    }


SIGNED: Case = {  # RFC 8037, A.4
    "id": 1,
    "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    "token": "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
}
KINDS = {
    "jws": Kind(jws.judged, "unsupported", {"payload": None}, "accepted", SIGNED),
    "x509": Kind(x509.verdict, "invalid", None, "valid", walked()),
    "timestamp": Kind(timestamp.judged, "indeterminate", {"time": None}, "valid", stamped()),
}
ARMOUR = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"
JUNK: st.SearchStrategy[JsonValue] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.text(max_size=40),
    st.binary(max_size=60).map(lambda octets: ARMOUR.format(base64.b64encode(octets).decode())),
    st.sampled_from(
        [
            "9999-12-31T23:59:59.999999999-23:59",
            "0001-01-01T00:00:00+14:00",
            "1.40.0.1",
            "2.5.29.32.0",
            "none",
            "A" * 9000,
        ]
    ),
    st.lists(st.one_of(st.none(), st.text(max_size=9)), max_size=3).map(list),
    st.dictionaries(st.text("abé", max_size=5), st.integers(0, 9), max_size=3).map(dict),
)


def answered(kind: Kind, lines: bytes) -> tuple[list[dict[str, JsonValue]], bool]:
    """The answers, and whether every line was a case."""
    said, every = io.StringIO(), True
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", said)
        try:
            stream.answer(kind.handle, otherwise=kind.otherwise, beside=kind.beside, source=io.BytesIO(lines))
        except BadInput:
            every = False
    return [json.loads(line) for line in said.getvalue().splitlines()], every


def line(case: object) -> bytes:
    """One line."""
    return json.dumps(case).encode() + b"\n"


@pytest.mark.parametrize("name", KINDS)
@given(lines=st.lists(st.binary(max_size=80).filter(lambda octets: b"\n" not in octets), max_size=5))
@settings(deadline=None, max_examples=50)
def test_any_octets(name: str, lines: list[bytes]) -> None:
    """Each line, a blank one too, is answered as no case, and the good ones around them as ever."""
    kind = KINDS[name]
    said, every = answered(kind, line(kind.case) + b"\n".join([*lines, line(kind.case)]))
    assert [each["verdict"] for each in said] == [kind.good, *[kind.otherwise] * len(lines), kind.good]
    assert all("not a case" in str(each["reason"]) for each in said[1:-1])
    assert every is (not lines)


@pytest.mark.parametrize("name", KINDS)
@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_any_value_in_any_field(name: str, data: st.DataObject) -> None:
    """Is answered, under the case's own id, before the good one that follows."""
    kind = KINDS[name]
    field, value = data.draw(st.sampled_from(sorted(kind.case))), data.draw(JUNK)
    said, _ = answered(kind, line({**kind.case, field: value}) + line(kind.case))
    assert len(said) == 2
    assert said[0]["id"] == (value if field == "id" else 1)
    assert said[0].keys() == said[1].keys()
    assert said[1]["verdict"] == kind.good


@pytest.mark.parametrize("name", KINDS)
def test_what_must_be_there(name: str, repo_root: Path) -> None:
    """What the published schema calls required is: absent or null, it leaves no case. All else may go."""
    kind = KINDS[name]
    schema = json.loads((repo_root / "docs" / "schemas" / f"conformance-{name}-case.schema.json").read_bytes())
    assert schema["required"]
    for field in kind.case:
        absent = {key: value for key, value in kind.case.items() if key != field}
        said, every = answered(kind, line(absent) + line({**kind.case, field: None}))
        assert [str(each["reason"]).startswith("not a case: ") for each in said] == [field in schema["required"]] * 2
        assert every is (field not in schema["required"])
        assert [each["id"] for each in said] == ([None, None] if field == "id" else [1, 1])


def test_blank_lines_and_the_last_one() -> None:
    """Blank lines are answered where they stand; behind the last line feed is a line only where something is."""
    kind = KINDS["jws"]
    good = line(kind.case)
    for lines, expected in (
        (b"", []),
        (b"\n", ["unsupported"]),
        (good + b"\r\n \t\n" + good.rstrip(b"\n"), ["accepted", "unsupported", "unsupported", "accepted"]),
    ):
        said, every = answered(kind, lines)
        assert [each["verdict"] for each in said] == expected
        assert every is ("unsupported" not in expected)
        assert all(each["reason"] == "not a case: a blank line" for each in said if each["verdict"] == "unsupported")


MOMENTS = {
    "2026-06-01T00:00:00Z": AT,
    "2026-06-01t00:00:00z": AT,
    "2026-06-01T02:00:00+02:00": AT,
    "2026-05-31T17:00:00-07:00": AT,
    "2026-06-01T00:00:00-00:00": AT,
    "2026-06-01T00:00:00.1Z": AT.replace(microsecond=100_000),
    "2026-06-01T00:00:00.0000019999Z": AT.replace(microsecond=1),
    "2026-05-31T23:59:60Z": AT,
    "2026-06-01T01:59:60+02:00": AT,
    "2026-05-31T23:59:60.5Z": AT.replace(microsecond=500_000),
}


@pytest.mark.parametrize("written", MOMENTS)
def test_moments(written: str, repo_root: Path) -> None:
    """RFC 3339, 5.6 and 5.7: small letters, offsets, fractions, leap seconds; the schemas say so too."""
    assert moments.moment({"at": written}, "at") == MOMENTS[written]
    assert all(re.search(pattern, written) for pattern in patterns(repo_root))


@pytest.mark.parametrize(
    "written",
    [
        "",
        "2026-06-01",
        "20260601T000000Z",
        "2026-06-01T00:00Z",
        "2026-06-01T00:00:00",
        "2026-06-01 00:00:00Z",
        "2026-W23-1T00:00:00Z",
        "2026-152T00:00:00Z",
        "2026-06-01T00:00:00,5Z",
        "2026-06-01T00:00:00.Z",
        "2026-06-01T00:00:00+02",
        "2026-06-01T00:00:00+0200",
        "2026-06-01T00:00:00+02:00:00",
        "2026-06-01T00:00:00+24:00",
        "2026-06-01T00:00:00+02:60",
        "2026-06-01T24:00:00Z",
        "2026-06-01T00:60:00Z",
        "2026-06-01T00:00:61Z",
        " 2026-06-01T00:00:00Z",
        "2026-06-01T00:00:00Z\n",
        "+2026-06-01T00:00:00Z",
        "٢٠٢٦-06-01T00:00:00Z",
    ],
)
def test_spellings_that_are_no_moment(written: str, repo_root: Path) -> None:
    """Other forms of ISO 8601 are no moment of RFC 3339, whatever the language's own reader makes of them."""
    with pytest.raises(stream.NotACase, match="at must be a moment as in RFC 3339"):
        moments.moment({"at": written}, "at")
    assert not any(re.search(pattern, written) for pattern in patterns(repo_root) if not written.endswith("\n"))


@pytest.mark.parametrize(
    "written",
    [
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:60Z",
        "2026-06-01T12:00:60Z",
        "2026-06-02T23:59:60Z",
        "2026-05-31T23:59:60+02:00",
    ],
)
def test_moments_that_there_are_not(written: str) -> None:
    """Rightly spelt, and in no calendar, or beyond what can be counted."""
    with pytest.raises(stream.NotACase, match=r"RFC 3339, 5\.7"):
        moments.moment({"at": written}, "at")


def patterns(repo_root: Path) -> list[str]:
    """How the published schemas spell a moment."""
    schemas = repo_root / "docs" / "schemas"
    return [
        json.loads((schemas / f"conformance-{name}-case.schema.json").read_bytes())["properties"]["at"]["pattern"]
        for name in ("x509", "timestamp")
    ]


@given(name=st.text(max_size=12), value=JUNK)
@settings(deadline=None, max_examples=150)
def test_any_header(name: str, value: JsonValue) -> None:
    """A header with anything in it, signed by nobody, is answered, and never accepted."""
    header = base64url_encode(json.dumps({"alg": "EdDSA", name: value}).encode()).decode()
    token = ".".join([header, *str(SIGNED["token"]).split(".")[1:]])
    said, every = answered(KINDS["jws"], line({**SIGNED, "token": token}))
    assert every
    assert [each["verdict"] for each in said] in (["refused"], ["unsupported"])


@pytest.mark.parametrize("field", ["leaf", "intermediates", "crls"])
@given(data=st.data())
@settings(deadline=None, max_examples=120)
def test_any_octet_of_a_path(field: str, data: st.DataObject) -> None:
    """A path is never good with an octet changed that counts: in the leaf, the authority above it, or its list."""
    kind = KINDS["x509"]
    given_ = kind.case[field]
    text = given_ if isinstance(given_, str) else str(given_[-1])  # type: ignore[index] # a list
    head, *body, foot = text.strip().splitlines()
    octets = bytearray(base64.b64decode("".join(body)))
    where = data.draw(st.integers(0, len(octets) - 1))
    octets[where] ^= data.draw(st.integers(1, 255))
    changed = "\n".join([head, base64.b64encode(octets).decode(), foot])
    others = given_[:-1] if isinstance(given_, list) else []
    said, every = answered(
        kind, line({**kind.case, field: [*others, changed] if others or field != "leaf" else changed})
    )
    assert every
    assert [each["verdict"] for each in said] != ["valid"]
    assert len(said) == 1


def test_a_list_is_told_from_a_certificate() -> None:
    """A list where a certificate belongs, and the other way round, are as good as none."""
    root = made("root", None, True, {})
    crl, kind = pem(listed(root, None, {})), KINDS["x509"]
    for field, value, expected in (
        ("leaf", crl, "invalid"),
        ("anchors", [crl], "invalid"),
        ("crls", [kind.case["leaf"]], "indeterminate"),
    ):
        said, every = answered(kind, line({**kind.case, field: value}))
        assert every
        assert [each["verdict"] for each in said] == [expected]


def test_several_in_one_text() -> None:
    """Authorities, anchors and lists may come as one text, as files of PEM do; of a leaf's text the first counts."""
    kind = KINDS["x509"]
    joined = {
        name: ["\n".join([*map(str, found), "a word after"])]
        for name, found in kind.case.items()
        if found and isinstance(found, list) and name != "key_usage"
    }
    chain = "\n".join(map(str, [kind.case["leaf"], *joined["intermediates"]]))
    said, every = answered(kind, line({**kind.case, **joined, "leaf": chain}))
    assert every
    assert [each["verdict"] for each in said] == ["valid"]
    assert len(kind.case["crls"]) > 1  # type: ignore[arg-type] # a list


@pytest.mark.parametrize("over", [1, 2, 3, 70_000])
def test_a_line_without_end(monkeypatch: pytest.MonkeyPatch, over: int) -> None:
    """One that is longer than any case is answered once, and not kept in memory; the next one as ever."""
    kind = KINDS["jws"]
    monkeypatch.setattr(stream, "LARGEST", len(line(kind.case)))
    long = line({**kind.case, "more": "x" * over})
    said, every = answered(kind, long + line(kind.case))
    assert not every
    assert [each["verdict"] for each in said] == ["unsupported", "accepted"]
    assert "more than" in str(said[0]["reason"])
