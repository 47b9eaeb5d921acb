"""The gates before any library: one spelling, one reading. ATTACKS A12, A14, B15 to B19."""

from __future__ import annotations

import json
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certs.errors import DuplicateName, LossyNumber, MalformedToken, NotStrictJson, TooMuch
from certs.gates import base64url, base64url_encode, compact, identifier, strict_json, strict_object

REFUSED = {
    "duplicate name": b'{"a":1,"a":2}',
    "escaped duplicate name": b'{"role":1,"r\\u006fle":2}',
    "duplicate name deep inside": b'[{"x":{"a":1,"a":1}}]',
    "names equal once normalised": '{"caf\u00e9":1,"cafe\u0301":2}'.encode(),
    "whole number as a fraction": b"1.0",
    "whole number with an exponent": b"1e3",
    "negative zero": b"-0",
    "negative zero as a fraction": b"-0.0",
    "integer beyond 2^53 - 1": b"9007199254740992",
    "negative integer beyond": b"-9007199254740992",
    "integer of many digits": b"9" * 5000,
    "fraction a double cannot keep": b"0.12345678901234567",
    "fraction spelt too long": b"0.1000000000000000000000000000000",
    "fraction beyond all doubles": b"1e999",
    "exponent bomb": b"1.5e99999999999999",
    "NaN": b"NaN",
    "infinity": b"[-Infinity]",
    "lone high surrogate": b'"\\ud800"',
    "lone low surrogate": b'["\\uDC00"]',
    "lone surrogate in a name": b'{"\\ud83d":1}',
    "surrogates the wrong way round": b'"\\ude00\\ud83d"',
    "surrogate in the octets": b'"\xed\xa0\x80"',
    "not UTF-8": b'"\xff"',
    "over-long UTF-8": b'"\xc0\xaf"',
    "byte order mark": b'\xef\xbb\xbf{"a":1}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "raw control character": b'"a\nb"',
    "two texts": b"{}{}",
    "trailing comma": b"[1,]",
    "nothing": b"",
    "33 levels": b"[" * 33 + b"]" * 33,
    "a million open brackets": b"[" * 1_000_000,
    "a million open objects": b'{"a":' * 500_000,
    "brackets after an unterminated string": b'"' + b'\\"' * 100_000,
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_json_with_two_readings_is_refused(data: bytes) -> None:
    """JSON that two readers may understand differently is refused for that, whatever it says."""
    with pytest.raises(NotStrictJson):
        strict_json(data)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a":1,"b":[true,null,"x"]}', {"a": 1, "b": [True, None, "x"]}),
        (b"9007199254740991", 2**53 - 1),
        (b"-9007199254740991", -(2**53) + 1),
        (b"0.1", 0.1),
        (b"-2.2250738585072014e-308", -2.2250738585072014e-308),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"[[[["', "[[[["),
        (b"[" * 32 + b"]" * 32, None),
        (b'["' + b'\\"[' * 40 + b'"]', ['"[' * 40]),
        (b"[[],{}]" * 0 + b'{"a":[],"b":[]}', {"a": [], "b": []}),
        ('"Kostbar\u00ebr \u0416"'.encode(), "Kostbar\u00ebr \u0416"),
    ],
)
def test_plain_json_is_read(data: bytes, value: object) -> None:
    """JSON with one reading is read as any reader would."""
    read = strict_json(data)
    assert read == (json.loads(data) if value is None else value)


@given(
    st.recursive(st.none() | st.booleans() | st.text() | st.integers(-(2**53) + 1, 2**53 - 1), st.lists, max_leaves=8)
)
def test_whatever_an_honest_writer_writes_is_read(value: object) -> None:
    """The gate changes nothing for texts without tricks."""
    assert strict_json(json.dumps(value).encode()) == value


def test_more_brackets_than_levels_are_counted_right() -> None:
    """Many shallow arrays are not deep: the depth is measured, not the number of brackets."""
    assert strict_json(b"[" + b"[]," * 500 + b"[]]") == [[]] * 501


def test_oversized_json_is_refused_before_it_is_read() -> None:
    """Size is looked at first."""
    with pytest.raises(NotStrictJson, match="more than 10"):
        strict_json(b"[" * 11, largest=10)


def test_hostile_json_takes_bounded_time() -> None:
    """No text of a few megabytes keeps the gate busy for a second."""
    began = time.process_time()
    for data in (b'"' + b'\\"' * 1_900_000, b'"[' * 1_900_000, b"[" + b'"\\\\",' * 600_000, b"9" * 4_000_000):
        with pytest.raises(NotStrictJson):
            strict_json(data)
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    "data",
    [
        b"{" + b",".join(b'"n%d":0' % number for number in range(150_000)) + b',"n149999":1}',
        b'{"' + "\u0315\u0300".encode() * 300_000 + b'":0}',
    ],
    ids=["the last of very many names twice", "a letter with very many marks"],
)
def test_hostile_names_take_bounded_time(data: bytes) -> None:
    """Names are compared once each; one that takes long to normalise is refused before. The timeout tests."""
    with pytest.raises((DuplicateName, TooMuch)):
        strict_json(data)


@pytest.mark.parametrize("number", [b"1e-9999999999999999999", b"0e-9999999999999999999", b"1e9999999999999999999"])
def test_an_exponent_beyond_all_decimals(number: bytes) -> None:
    """It is a number that a double loses, and no failure of ours."""
    with pytest.raises(LossyNumber):
        strict_json(b'{"n":' + number + b"}")


def test_something_else_than_an_object_is_refused_where_one_is_needed() -> None:
    """A header or a list is an object or nothing."""
    assert strict_object(b'{"a":1}') == {"a": 1}
    with pytest.raises(NotStrictJson, match="object"):
        strict_object(b"[]")


SPELLINGS = {
    "two segments": b"e30.e30",
    "four segments": b"e30.e30.e30.e30",
    "one segment": b"e30",
    "nothing": b"",
    "blank inside": b"e30.e3 0.e30",
    "line feed at the end": b"e30.e30.e30\n",
    "blank in front": b" e30.e30.e30",
    "padding": b"e30=.e30.e30",
    "plus of plain base64": b"e30.--++.e30",
    "slash of plain base64": b"e30.__//.e30",
    "non-zero trailing bits": b"e31.e30.e30",
    "one character too many": b"e30.e30.abcde",
    "null octet": b"e30.e3\x000.e30",
    "not ASCII": "e30.e30.e3\u00e9".encode(),
}


@pytest.mark.parametrize("token", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_loose_spelling_is_refused(token: bytes) -> None:
    """Each token has one spelling; a second one with the same meaning is not let in."""
    with pytest.raises(MalformedToken):
        compact(token)


def test_a_token_in_its_one_spelling_is_split() -> None:
    """The segments come out decoded, with the octets the signature covers as they came."""
    segments = compact(b"e30.AAH_.")
    assert (segments.header, segments.payload, segments.signature) == (b"{}", b"\x00\x01\xff", b"")
    assert segments.signing_input == b"e30.AAH_"


def test_a_size_bomb_is_refused() -> None:
    """The size limit holds before anything is decoded."""
    with pytest.raises(MalformedToken, match="more than"):
        compact(b"e30." + b"A" * 5_000_000 + b".e30")
    with pytest.raises(MalformedToken, match="header"):
        compact(b"A" * 9000 + b".e30.e30")


@given(st.binary(max_size=100))
def test_base64url_comes_back(octets: bytes) -> None:
    """What is encoded is decoded to the same octets."""
    assert base64url(base64url_encode(octets), what="test") == octets


@pytest.mark.parametrize("text", ["QM", "QM-PC-2026-000123", "GB/2026 17", "urn:x:1", "a" * 128])
def test_plain_identifiers_pass(text: str) -> None:
    """References as windows write them are identifiers."""
    assert identifier(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        " QM",
        "QM ",
        "Q  M",
        "Q\u041c",
        "QM\u202e1",
        "QM\u200b",
        "cafe\u0301",
        "caf\u00e9",
        "\uff31\uff2d",
        "Q\tM",
        "Q\nM",
        "a" * 129,
    ],
)
def test_tricky_identifiers_are_refused(text: str) -> None:
    """Look-alike letters, direction marks, invisible and composed characters never reach a comparison."""
    with pytest.raises(NotStrictJson):
        identifier(text)


# ------------------------------------------------------------------------------------------------ fuzzing

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
NEARLY = st.text(alphabet=LETTERS + "+/=. \n\t", max_size=12)
TOKENS = (
    st.binary(max_size=60)
    | st.lists(NEARLY, min_size=1, max_size=4).map(lambda parts: ".".join(parts).encode())
    | st.lists(st.binary(max_size=20).map(base64url_encode), min_size=3, max_size=3).map(b".".join)
)


@given(TOKENS)
@settings(max_examples=400)
def test_the_lexical_gate_under_fuzzing(token: bytes) -> None:
    """Whatever comes is refused as malformed, or comes out again, octet for octet, when it is encoded anew."""
    try:
        segments = compact(token)
    except MalformedToken:
        return
    again = b".".join(map(base64url_encode, (segments.header, segments.payload, segments.signature)))
    assert again == token
    assert segments.signing_input == token.rpartition(b".")[0]


@given(st.binary(max_size=40), st.integers(0, 60), st.sampled_from(" \n\t\r.=+/\x00\x80") | st.sampled_from(LETTERS))
@settings(max_examples=300)
def test_one_letter_more_or_other(octets: bytes, place: int, letter: str) -> None:
    """A text with one letter put into it, or changed, means other octets or is refused: never the same ones."""
    text = base64url_encode(octets)
    at = place % (len(text) + 1)
    for other in (
        text[:at] + letter.encode("latin-1") + text[at:],
        text[:at] + letter.encode("latin-1") + text[at + 1 :],
    ):
        try:
            decoded = base64url(other, what="test")
        except MalformedToken:
            continue
        assert (decoded == octets) is (other == text)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["\ud800", "\udfff", "e\u0301", "\u00e9", "\ufeff", '"', "\\"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
)
PIECES = st.sampled_from(
    [
        *'{}[]:,"\\',
        '"a":1',
        '"a"',
        "1",
        "1.0",
        "-0",
        "1e5",
        "0.1",
        "NaN",
        "true",
        "\\u0061",
        "\\ud83d",
        " ",
        "\n",
        "\ufeff",
    ]
)
TEXTS = (
    st.binary(max_size=60)
    | VALUES.map(lambda value: json.dumps(value).encode("ascii"))
    | VALUES.map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    | st.lists(PIECES, max_size=14).map(lambda pieces: "".join(pieces).encode())
)


@given(TEXTS)
@settings(max_examples=600)
def test_the_json_gate_under_fuzzing(data: bytes) -> None:
    """Whatever comes is refused as not strict, or is read as any reader reads it, and read alike when written anew."""
    try:
        value = strict_json(data)
    except NotStrictJson:
        return
    assert repr(value) == repr(json.loads(data))
    written = json.dumps(value, ensure_ascii=False).encode("utf-8")
    assert repr(strict_json(written)) == repr(value)


@given(st.lists(st.tuples(st.sampled_from(["a", "\\u0061", "b", "\u00e9", "e\u0301", "\\u00e9"]), st.integers(0, 9))))
def test_names_under_fuzzing(pairs: list[tuple[str, int]]) -> None:
    """An object is read when, and only when, no two of its names are one: unescaped, and normalised."""
    data = ("{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}").encode()
    names = [unicodedata.normalize("NFC", json.loads(f'"{name}"')) for name, _ in pairs]
    if len(set(names)) == len(names):
        assert strict_json(data) == json.loads(data)
    else:
        with pytest.raises(NotStrictJson):
            strict_json(data)


@given(st.integers(0, 80), st.sampled_from(["[{", "[", '{"a":']), st.binary(max_size=3))
def test_depth_under_fuzzing(levels: int, opening: str, tail: bytes) -> None:
    """Deep texts are refused, at the very level, and never by falling over."""
    data = opening.encode() * levels + tail
    if levels * (opening.count("[") + opening.count("{")) > 32:
        with pytest.raises(NotStrictJson, match="deeper than 32"):
            strict_json(data)
    elif levels:
        with pytest.raises(NotStrictJson):
            strict_json(data)
