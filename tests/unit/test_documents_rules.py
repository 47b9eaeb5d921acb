"""Our own business rules, each broken once; and the UN/CEFACT export, told apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from harness.documents import codes, rules, syntax, uncefact
from harness.documents.codes import CodeList
from harness.documents.model import Severity, TradeDocument, from_plain, plain

Plain = dict[str, Any]  # JSON values, which a test damages at any depth


def sample(name: str) -> TradeDocument:
    """A document of the samples."""
    return syntax.read((resources.files("scenarios.samples") / name).read_bytes()).document


PHYTOSANITARY, ORIGIN = "phytosanitary.xml", "origin-certificate.json"


def broken(name: str, damage: Callable[[Plain], object]) -> list[tuple[str, str]]:
    """Code and pointer of what `check` finds in a sample after `damage`."""
    values: Plain = plain(sample(name))
    damage(values)
    return [(finding.code, finding.pointer) for finding in rules.check(from_plain(values))]


@pytest.mark.parametrize("name", [PHYTOSANITARY, ORIGIN])
def test_clean_sample_breaks_no_rule(name: str) -> None:
    """The honest twin of every damaged sample below passes without a finding."""
    assert rules.check(sample(name)) == ()


def test_rule_broken_sample_breaks_the_rules_it_is_for() -> None:
    """The sample that breaks rules is complete, and breaks three of them."""
    found = rules.check(sample("origin-certificate-rule-broken.json"))
    assert [finding.code for finding in found] == ["invoice-not-listed", "zero-stated", "value-content"]
    assert {finding.severity for finding in found} == {Severity.ERROR}


def test_sample_with_warnings_breaks_no_hard_rule() -> None:
    """The sample that is acceptable with warnings has no error."""
    found = rules.check(sample("phytosanitary-warnings.xml"))
    assert [finding.code for finding in found] == ["no-commodity-code", "entry-elsewhere"]
    assert {finding.severity for finding in found} == {Severity.WARNING}


@pytest.mark.parametrize(
    ("code", "where", "damage"),
    [
        ("same-country", "/import_country", lambda v: v.update(export_country="QN")),
        ("out-of-force", "/status", lambda v: v.update(status="41")),
        ("replaces-itself", "/replaces", lambda v: v.update(replaces=v["reference"])),
        ("no-botanical-name", "/items/0/scientific_name", lambda v: v["items"][0].pop("scientific_name")),
        ("no-place-of-origin", "/items/0/origin", lambda v: v["items"][0].pop("origin")),
        ("gross-below-net", "/items/0/gross_weight", lambda v: v["items"][0]["gross_weight"].update(value="23999.9")),
        (
            "treatment-ends-first",
            "/items/0/treatments/0/ended",
            lambda v: v["items"][0]["treatments"][0].update(ended="2026-02-19"),
        ),
        ("no-commodity-code", "/items/0/commodity", lambda v: v["items"][0].pop("commodity")),
        ("not-signed", "/signatory", lambda v: v.pop("signatory")),
        ("not-signed", "/signatory/signed", lambda v: v["signatory"].pop("signed")),
        ("no-address", "/consignor/address", lambda v: v["consignor"].pop("address")),
        ("entry-elsewhere", "/entry/locode", lambda v: v["entry"].update(locode="QPALV")),
        ("unknown-code", "/items/0/commodity", lambda v: v["items"][0].update(commodity="770110")),
        ("unknown-code", "/status", lambda v: v.update(status="70")),
        ("unknown-code", "/items/0/net_weight/unit", lambda v: v["items"][0]["net_weight"].update(unit="ZZ9")),
    ],
)
def test_phytosanitary_certificate_that_breaks_one_rule(
    code: str, where: str, damage: Callable[[Plain], object]
) -> None:
    """Each rule is tripped by its own damage, at its own place, and no other rule is."""
    assert broken(PHYTOSANITARY, damage) == [(code, where)]


def test_line_without_any_quantity_is_a_warning() -> None:
    """A line that declares neither weight nor volume nor packages is found."""

    def damage(values: Plain) -> None:
        for name in ("net_weight", "gross_weight", "packages"):
            del values["items"][0][name]

    assert broken(PHYTOSANITARY, damage) == [("no-quantity", "/items/0/net_weight")]


@pytest.mark.parametrize(
    ("code", "where", "damage"),
    [
        ("invoice-not-listed", "/items/1/invoice", lambda v: v["items"][1].update(invoice="INV-9")),
        ("zero-stated", "/items/0/quantity/value", lambda v: v["items"][0]["quantity"].update(value="0.000")),
        ("zero-stated", "/items/0/value/amount", lambda v: v["items"][0]["value"].update(amount="0")),
        ("not-a-weight", "/items/0/gross_weight/unit", lambda v: v["items"][0]["gross_weight"].update(unit="MTR")),
        ("value-content", "/items/1/content", lambda v: v["items"][1].pop("content")),
        ("value-content", "/items/1/content", lambda v: v["items"][1].update(content="100.1")),
        ("declared-after-issue", "/declaration/made", lambda v: v["declaration"].update(made="2026-03-03")),
        ("expired-at-issue", "/valid_until", lambda v: v.update(valid_until="2026-03-01")),
        ("no-validity", "/valid_until", lambda v: v.pop("valid_until")),
        ("origin-elsewhere", "/items/0/origin", lambda v: v["items"][0].update(origin="QP")),
        ("several-currencies", "/items", lambda v: v["items"][0]["value"].update(currency="EUR")),
        ("no-address", "/exporter/address", lambda v: v["exporter"].pop("address")),
        ("unknown-code", "/items/0/criterion", lambda v: v["items"][0].update(criterion="XYZ")),
    ],
)
def test_certificate_of_origin_that_breaks_one_rule(code: str, where: str, damage: Callable[[Plain], object]) -> None:
    """Each rule is tripped by its own damage, at its own place, and no other rule is."""
    assert broken(ORIGIN, damage) == [(code, where)]


def test_lines_with_one_number_are_both_named() -> None:
    """Two lines under one number are an error at each of them."""
    found = broken(ORIGIN, lambda values: values["items"][1].update(number=1))
    assert found == [("repeated-line", "/items/0/number"), ("repeated-line", "/items/1/number")]


def test_unknown_code_weighs_by_what_the_list_claims() -> None:
    """A code missing from a complete list is an error, from an extract a warning, and the edition is named."""
    values: Plain = plain(sample(ORIGIN))
    values["items"][0]["origin"] = "ZZ"
    complete = CodeList("countries", "2020", "a test", {"QM": "Marenia", "QN": "Norlund"}, complete=True)
    shipped = [one for one in rules.check(from_plain(values)) if one.code == "unknown-code"]
    strict = rules.check(from_plain(values), lists=codes.current().holding(complete))
    assert [one.severity for one in shipped] == [Severity.WARNING]
    assert [one.sentence for one in strict if one.severity is Severity.ERROR] == ["ZZ is not in countries 2020"]


def test_two_editions_judge_one_document_differently() -> None:
    """Windows with different editions of one list come to different findings, each naming its edition."""
    newer = CodeList("origin-criteria", "corridor 2027-01", "a test", {"WO": "wholly obtained"}, complete=True)
    found = rules.check(sample(ORIGIN), lists=codes.current().holding(newer))
    assert [(one.pointer, one.sentence) for one in found] == [
        ("/items/1/criterion", "RVC is not in origin-criteria corridor 2027-01")
    ]


def test_every_rule_names_its_source() -> None:
    """No rule goes without a code and a source, and no code stands twice for one kind of document."""
    for table in (rules.PHYTOSANITARY, rules.ORIGIN):
        held = [rule.code for rule in (*rules.COMMON, *table)]
        assert len(held) == len(set(held))
        assert all(rule.source for rule in table)


# ---------------------------------------------------------------------------------------- the UN/CEFACT form, apart


def schema(folder: Path, doctype: str) -> Plain:
    """The published UN/CEFACT schema for a document type."""
    held: Plain = json.loads((folder / "uncefact" / uncefact.SCHEMAS[doctype]).read_text(encoding="utf-8"))
    return held


@pytest.mark.parametrize("doctype", ["851", "864"])
def test_empty_object_conforms_to_the_schemas(real_data: Path, doctype: str) -> None:
    """Why conformance is reported apart: nothing at all is a conformant certificate."""
    assert uncefact.conformance({}, schema(real_data, doctype)) == ()


def test_real_certificate_conforms_but_for_its_status(real_data: Path) -> None:
    """The export of the real certificate conforms, except for a status that the list of D.23B lacks."""
    document = syntax.read((real_data / "ephyto" / "SPSCertificateContent.xml").read_bytes()).document
    exported = uncefact.exported(document)
    assert [(one.pointer, one.sentence) for one in uncefact.conformance(exported.form, schema(real_data, "851"))] == [
        ("/exchangedDocument/statusCode/content", "'70' is not in the code list of the schema")
    ]
    assert not [one for one in exported.losses if one.code == "lost-mandatory"]


def test_sample_conforms_once_its_countries_are_real(real_data: Path) -> None:
    """The form of our certificate is right: only the invented countries are not in the published list."""
    document = sample(PHYTOSANITARY)
    found = uncefact.conformance(uncefact.export(document), schema(real_data, "851"))
    assert {one.sentence for one in found} == {
        "'QM' is not in the code list of the schema",
        "'QN' is not in the code list of the schema",
    }
    real = json.loads(json.dumps(uncefact.export(document)).replace('"QM"', '"MN"').replace('"QN"', '"NO"'))
    assert uncefact.conformance(real, schema(real_data, "851")) == ()


def test_schema_of_the_certificate_of_origin_knows_one_country(real_data: Path) -> None:
    """The published snapshot lists one country and one transport mode: that is found, and named as theirs."""
    form = json.loads(json.dumps(uncefact.export(sample(ORIGIN))).replace('"QM"', '"MN"'))
    found = uncefact.conformance(form, schema(real_data, "864"))
    assert {one.sentence for one in found} == {
        "'MN' is not in the code list of the schema",
        "'2' is not in the code list of the schema",
    }


def test_departure_from_the_schema_is_found_where_it_is(real_data: Path) -> None:
    """A property the schema does not know, and a moment that is none, are found by pointer."""
    form: Plain = {"exchangedDocument": {"issueDateTime": "yesterday", "colour": "blue"}}
    found = {one.pointer for one in uncefact.conformance(form, schema(real_data, "851"))}
    assert {"/exchangedDocument/issueDateTime", "/exchangedDocument"} <= found


def test_mandatory_fields_that_the_origin_form_cannot_carry_are_named() -> None:
    """Names, criterion, value and status stay behind in the UN/CEFACT form, and each is a named loss."""
    lost = {one.pointer for one in uncefact.losses(sample(ORIGIN)) if one.code == "lost-mandatory"}
    assert {"/exporter/name", "/consignee/name", "/items/0/criterion", "/items/1/value/amount", "/status"} <= lost
    assert "/items/0/commodity" not in lost
    assert "/reference" not in lost


def test_optional_losses_are_notes() -> None:
    """What the model does not demand is a note when it is lost."""
    optional = [one for one in uncefact.losses(sample(ORIGIN)) if one.severity is Severity.NOTE]
    assert "/producer/name" in {one.pointer for one in optional}


def test_packages_without_a_stated_level_are_lost_not_invented() -> None:
    """The form demands a packaging level; where none is stated the packages are a loss."""
    assert "/items/0/packages/0/count" in {one.pointer for one in uncefact.losses(sample(ORIGIN))}
    assert "/items/0/packages/0/count" not in {one.pointer for one in uncefact.losses(sample(PHYTOSANITARY))}
