"""A country's own rules on a document: what each kind of rule finds, where, and on which legal source."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

import pytest

from harness.documents import syntax
from harness.documents.model import Severity, TradeDocument, from_plain, plain
from nodes import rules
from nodes.profile import Profile, load

AT = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
NORLUND = load("QN")


def sample(name: str) -> TradeDocument:
    """One of the samples, read in its own syntax."""
    return syntax.read((resources.files("scenarios.samples") / name).read_bytes()).document


def first_line(document: TradeDocument, **values: object) -> TradeDocument:
    """`document` with other plain values in its first line."""
    items = plain(document)["items"]
    assert isinstance(items, list)
    return from_plain({**plain(document), "items": [{**items[0], **values}, *items[1:]]})


def broken(document: TradeDocument, profile: Profile = NORLUND, at: datetime = AT) -> list[tuple[str, str, str]]:
    """Severity, code and pointer of each finding."""
    return [(one.severity.value, one.code, one.pointer) for one in rules.check(document, profile, at=at)]


@pytest.mark.parametrize("name", ["origin-certificate.json", "phytosanitary.xml"])
def test_good_sample_breaks_no_rule_of_its_receiver(name: str) -> None:
    """The samples without findings go from Marenia to Norlund without one."""
    assert rules.check(sample(name), NORLUND, at=AT) == ()


def test_document_for_another_country_is_a_warning() -> None:
    """A certificate for another country of import is received with a warning that names law, rule and value."""
    (finding,) = rules.check(sample("origin-certificate.json"), load("QP"), at=AT)
    assert (finding.severity, finding.code, finding.pointer) == (Severity.WARNING, "QP-101", "/import_country")
    assert finding.sentence == (
        "The certificate names another country of import than Pellavia; found 'QN' "
        "(Trade Code of Pellavia (fictional), title II, art. 3)"
    )


def test_real_certificate_between_other_countries_is_acceptable_with_warnings(real_data: Path) -> None:
    """A real, old certificate from Argentina to Ecuador draws warnings, and no error."""
    document = syntax.read((real_data / "ephyto" / "SPSCertificateContent.xml").read_bytes()).document
    found = broken(document)
    assert {("warning", "QN-101", "/import_country"), ("warning", "QN-302", "/issued")} <= set(found)
    assert "error" not in {severity for severity, _, _ in found}


def test_forbidden_goods_are_an_error_at_their_line() -> None:
    """Potatoes that are no seed are refused where they stand, also under more digits than six."""
    document = first_line(sample("phytosanitary.xml"), commodity="07019010")
    assert broken(document) == [("error", "QN-301", "/items/0/commodity")]


def test_content_below_the_bound_is_an_error_and_at_it_is_none() -> None:
    """Thirty-five per cent is enough, a hair less is not, and what states no content is not asked."""
    document = sample("origin-certificate.json")
    assert broken(first_line(document, content="34.999")) == [("error", "QN-203", "/items/0/content")]
    assert broken(first_line(document, content="35")) == []


def test_same_certificate_meets_another_bound_in_another_country() -> None:
    """National rules are the receiver's: 36 per cent do in Norlund and not in Marenia."""
    document = from_plain({**plain(sample("origin-certificate.json")), "export_country": "QN", "import_country": "QM"})
    document = first_line(document, content="36")
    assert "QN-203" not in {code for _, code, _ in broken(document)}
    assert broken(document, load("QM")) == [("error", "QM-203", "/items/0/content")]


def test_status_that_grants_nothing_is_an_error() -> None:
    """Preference on a certificate under query is refused."""
    document = from_plain({**plain(sample("origin-certificate.json")), "status": "46"})
    assert broken(document) == [("error", "QN-201", "/status")]


def test_certificate_is_good_until_the_end_of_its_last_day() -> None:
    """The last day of validity still counts, the next does not."""
    document = sample("origin-certificate.json")
    last = datetime(2027, 3, 1, 23, 59, tzinfo=UTC)
    assert broken(document, at=last) == []
    assert broken(document, at=last + timedelta(minutes=1)) == [("error", "QN-202", "/valid_until")]


def test_age_counts_from_the_moment_of_issue() -> None:
    """Fourteen days to the second are fresh, a second more is old."""
    document = sample("phytosanitary.xml")
    limit = document.issued + timedelta(days=14)
    assert broken(document, at=limit) == []
    assert broken(document, at=limit + timedelta(seconds=1)) == [("warning", "QN-302", "/issued")]


def test_absent_part_breaks_only_the_rule_that_asks_for_it() -> None:
    """Without an exporter's number there is one warning, at the place where it is missing."""
    values = plain(sample("origin-certificate.json"))
    exporter = values["exporter"]
    assert isinstance(exporter, dict)
    del exporter["identifier"], values["valid_until"]
    assert broken(from_plain(values)) == [("warning", "QN-204", "/exporter/identifier")]


def test_rule_for_another_document_type_is_not_asked() -> None:
    """The age of a certificate of origin is no matter of plant health."""
    assert broken(sample("origin-certificate.json"), at=AT + timedelta(days=200)) == []
