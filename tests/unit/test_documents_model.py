"""The common model: what it takes, what it refuses, and how it names what is missing."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from importlib import resources

import pytest
from pydantic import ValidationError

from harness.documents import codes, text
from harness.documents.model import (
    CertificateOfOrigin,
    Finding,
    Incomplete,
    Money,
    Severity,
    TradeDocument,
    from_plain,
    plain,
    pointer,
)

Plain = dict[str, object]


def sample() -> Plain:
    """The certificate of origin of the samples as plain values, ours to damage."""
    content = (resources.files("scenarios.samples") / "origin-certificate.json").read_text(encoding="utf-8")
    values: Plain = json.loads(content)
    return values


def line(values: Plain, place: int = 0) -> Plain:
    """One line of `values`, ours to damage."""
    items = values["items"]
    assert isinstance(items, list)
    found = items[place]
    assert isinstance(found, dict)
    return found


def refused(values: Plain) -> tuple[Finding, ...]:
    """What is found where no document can be built of `values`."""
    with pytest.raises(Incomplete) as caught:
        from_plain(values)
    return caught.value.findings


def test_document_survives_plain_values() -> None:
    """A document written as plain JSON values and read again is the same document."""
    document = from_plain(sample())
    assert from_plain(plain(document)) == document


def test_issuer_s_local_time_is_kept() -> None:
    """The offset of the issue moment is part of the document, because the local date depends on it."""
    document = from_plain(sample())
    assert document.issued.utcoffset() == timedelta(hours=8)
    assert plain(document)["issued"] == "2026-03-02T10:15:00+08:00"


def test_every_missing_field_is_named_at_once() -> None:
    """A certificate without its mandatory fields is refused with one pointer for each of them."""
    values = sample()
    del values["exporter"], values["issued"], line(values, 1)["criterion"]
    found = refused(values)
    assert {finding.pointer for finding in found} == {"/exporter", "/issued", "/items/1/criterion"}
    assert {finding.code for finding in found} == {"missing-field"}
    assert {finding.severity for finding in found} == {Severity.ERROR}


def test_incomplete_document_says_what_was_found_expected_and_to_do() -> None:
    """The message for a user names the fields and says what to do."""
    with pytest.raises(Incomplete, match=r"/exporter \(missing\).*expected: .*to do: ") as caught:
        from_plain({name: value for name, value in sample().items() if name != "exporter"})
    assert caught.value.exit_code == 2


def test_document_without_lines_is_incomplete() -> None:
    """A certificate must have at least one line."""
    found = refused(sample() | {"items": []})
    assert found == (Finding(Severity.ERROR, "missing-field", "/items", "at least one is needed"),)


@pytest.mark.parametrize("amount", [158400, 158400.0, "1e5", "-1", "1.", "", " 1", "1,5", "NaN", "١٢", True])
def test_amount_that_is_no_plain_decimal_is_refused(amount: object) -> None:
    """A number is read from one spelling only, so that two readers cannot see two values."""
    values = sample()
    line(values)["value"] = {"amount": amount, "currency": "USD"}
    assert [(finding.code, finding.pointer) for finding in refused(values)] == [
        ("unreadable-value", "/items/0/value/amount")
    ]


def test_decimal_keeps_its_digits() -> None:
    """Trailing zeros of an amount are not lost on the way through the model."""
    money = Money(amount=Decimal("158400.00"), currency="USD")
    assert money.model_dump(mode="json") == {"amount": "158400.00", "currency": "USD"}


@pytest.mark.parametrize(
    "moment", ["2026-03-02", "2026-03-02T10:15:00", "20260302T101500Z", 1772424900, "2026-02-30T00:00:00Z"]
)
def test_moment_without_offset_is_refused(moment: object) -> None:
    """The common model knows no moment without an offset, and no other spelling than RFC 3339."""
    assert [finding.pointer for finding in refused(sample() | {"issued": moment})] == ["/issued"]


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("CO-\u202e1000", "U+202E"),
        ("CO-\u2066001", "U+2066"),
        ("CO\u200b-0001", "U+200B"),
        ("CO\u0007-0001", "U+0007"),
        ("CO\uffff-0001", "U+FFFF"),
        (" CO-0001", "blanks"),
        ("", "empty"),
        ("Cafe\u0301", "normal form C"),
        ("x" * 71, "longer"),
        (7, "int"),
    ],
)
def test_identifier_with_hidden_content_is_refused(reference: object, reason: str) -> None:
    """What is compared as an identifier has one spelling and shows all it holds."""
    (finding,) = refused(sample() | {"reference": reference})
    assert finding.pointer == "/reference"
    assert reason in finding.sentence


def test_lone_surrogate_is_refused() -> None:
    """A text that cannot be written as UTF-8 is no text."""
    assert [finding.code for finding in refused(sample() | {"reference": "CO-\ud800"})] == ["not-json"]
    with pytest.raises(ValueError, match=r"U\+D800"):
        text.line("a\ud800b")


def test_names_keep_their_scripts() -> None:
    """Diacritics, Cyrillic and joiners of other scripts are names like any other."""
    for name in ("Sjøblad & Ævarsdóttir", "«Өндөр Уул Ноолуур» ХХК", "می‌خواهم", "陶瓷"):
        assert text.line(name) == name


def test_name_that_shows_otherwise_than_it_compares_is_refused() -> None:
    """A name holds no bidirectional control."""
    with pytest.raises(ValueError, match=r"U\+202E"):
        text.line("gpj.\u202eexe")


def test_unknown_field_is_refused_unless_tolerated() -> None:
    """The model is closed; only a reader that reports what it left out may pass a name over."""
    values = sample() | {"colour": "blue"}
    assert [(finding.code, finding.pointer) for finding in refused(values)] == [("unknown-field", "/colour")]
    assert from_plain(values, tolerant=True) == from_plain(sample())


def test_unknown_document_type_is_refused() -> None:
    """A document type without a model is named, with those that have one."""
    (finding,) = refused(sample() | {"doctype": "380"})
    assert (finding.code, finding.pointer) == ("unknown-document-type", "/doctype")


def test_document_cannot_be_changed() -> None:
    """A document is a value: a field cannot be set, and a list in it cannot grow."""
    document = from_plain(sample())
    assert isinstance(document, CertificateOfOrigin)
    with pytest.raises(ValidationError, match="frozen"):
        document.reference = "CO-0002"  # type: ignore[misc]  # what the test is about
    assert isinstance(document.items, tuple)
    assert hash(document) == hash(from_plain(sample()))


def test_pointer_escapes_its_steps() -> None:
    """A JSON pointer escapes tilde and slash (RFC 6901, section 3)."""
    assert pointer("a/b", "c~d", 0) == "/a~1b/c~0d/0"


def test_every_shipped_country_of_a_document_type_is_in_the_model() -> None:
    """The document types that have a model are in the shipped extract of UNTDID 1001."""
    held = codes.current()["document-types"]
    assert all(kind in held for kind in ("851", "864"))
    assert issubclass(CertificateOfOrigin, TradeDocument)
