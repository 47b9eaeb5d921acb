"""Code lists: dated, sourced, and true to the published lists where those are at hand."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from harness.documents import codes
from harness.documents.codes import CodeList
from harness.errors import BadInput


def untdid(folder: Path, number: str) -> dict[str, str]:
    """Code and title of a UN/CEFACT list: JSON schema, alternatives of constants."""
    schema = json.loads((folder / "uncefact" / f"UNTDID{number}.json").read_text(encoding="utf-8"))
    alternatives = schema["$defs"]["codeList"]["$defs"][f"UNTDID{number}Type"]["oneOf"]
    return {one["const"]: one["title"].lower() for one in alternatives}


def column(file: Path, name: str) -> set[str]:
    """The values of one column of a published table."""
    with file.open(encoding="utf-8", newline="") as opened:
        return {row[name] for row in csv.DictReader(opened)}


def test_every_list_names_edition_and_source() -> None:
    """No list goes without the edition and the source of its codes."""
    for name in codes.NAMES:
        held = codes.current()[name]
        assert held.name == name
        assert held.edition
        assert held.source
        assert held.codes


def test_lookup_of_an_unknown_code_names_list_and_edition() -> None:
    """Whoever meets an unknown code learns which edition lacks it."""
    held = codes.current()["document-types"]
    assert held.lookup("851") == "phytosanitary certificate"
    with pytest.raises(BadInput, match=r"code '999' is not in document-types D\.23B"):
        held.lookup("999")


def test_two_windows_may_hold_two_editions() -> None:
    """Another edition takes the place of one list and leaves the shipped ones as they are."""
    older = CodeList("units", "older", "a test", {"KGM": "kilogram"}, complete=True)
    held = codes.current().holding(older)
    assert held["units"].edition == "older"
    assert "TNE" not in held["units"]
    assert "TNE" in codes.current()["units"]
    assert held["countries"] is codes.current()["countries"]


def test_fictional_countries_are_user_assigned_codes() -> None:
    """No invented country has a code that ISO gives to a real one."""
    fictional = codes.fictional_countries()
    assert set(fictional) == {"QM", "QN", "QP", "QR", "QS", "QT"}
    assert fictional["QM"] == "Marenia"
    assert fictional["QN"] == "Norlund"


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("document-types", "1001"),
        ("message-functions", "1225"),
        ("document-statuses", "1373"),
        ("response-types", "4343"),
    ],
)
def test_extract_says_what_the_published_untdid_list_says(real_data: Path, name: str, number: str) -> None:
    """Code and meaning of our extract are those of UN/CEFACT, D.23B."""
    published = untdid(real_data, number)
    for code, meaning in codes.current()[name].codes.items():
        assert published.get(code) == meaning.lower()


def test_countries_and_currencies_exist(real_data: Path) -> None:
    """Each real country and each currency we ship is in the published list; no fictional one is."""
    published = column(real_data / "codes" / "countries.csv", "ISO3166-1-Alpha-2")
    fictional = set(codes.fictional_countries())
    assert set(codes.current()["countries"].codes) - fictional <= published
    assert not fictional & published
    currencies = column(real_data / "codes" / "currencies.csv", "AlphabeticCode")
    assert set(codes.current()["currencies"].codes) <= currencies


def test_harmonized_system_is_the_published_one(real_data: Path) -> None:
    """Our chapters are all chapters (99 is a national one), our subheadings exist."""
    published = column(real_data / "codes" / "hs.csv", "hscode")
    assert set(codes.current()["hs-chapters"].codes) == {code for code in published if len(code) == 2} - {"99"}
    assert set(codes.current()["hs-subheadings"].codes) <= published


def test_units_and_packages_exist(real_data: Path) -> None:
    """Units and packages we ship are in the lists of the UN/CEFACT schema."""
    schema = json.loads((real_data / "uncefact" / "SPSCertificate.schema.json").read_text(encoding="utf-8"))
    lists = schema["$defs"]["codeList"]["$defs"]
    for name, published in (("units", "MeasurementUnitCommonCodeType"), ("packages", "UNTDID7065Type")):
        assert set(codes.current()[name].codes) <= {one["const"] for one in lists[published]["oneOf"]}
