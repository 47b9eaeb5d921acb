"""What a country states about itself: which profiles exist, what they hold, and which statements are refused."""

from __future__ import annotations

import unicodedata
from importlib import resources

import pytest

from certs.identity import Algorithm
from harness.documents import codes
from harness.errors import BadInput
from nodes import profile
from nodes.profile import load

SMALL = """
party = "QZ"
name = "Zembla"
languages = ["en"]
algorithms = ["ES256"]

[[dialects]]
doctype = "864"
title = "QZ origin"
media_type = "application/vnd.qz.origin+json"
syntax = "json"
[dialects.forms]
day = { kind = "day", pattern = "dd.mm.yyyy" }
unit = { kind = "code", codes = { KGM = "kg" } }
[dialects.fields]
"/reference" = "no"
"/valid_until" = ["until", "day"]
"/items/*/quantity/unit" = ["lines/*/unit", "unit"]
"/items/*/quantity/value" = "lines/*/quantity"

[[rules]]
code = "QZ-1"
kind = "not-past"
severity = "error"
doctypes = ["864"]
pointer = "/valid_until"
source = "Act 1 (fictional)"
sentence = "Past its last day"
"""


@pytest.mark.parametrize("party", profile.known())
def test_shipped_profile_names_its_country(party: str) -> None:
    """Each shipped profile is of a fictional country, named as in the code list, with a dialect for each document."""
    stated = load(party)
    assert (stated.party, stated.name) == (party, codes.fictional_countries()[party])
    assert {dialect.doctype for dialect in stated.dialects} == {"851", "864"}
    assert all("fictional" in rule.source for rule in stated.rules)
    assert all(rule.code.startswith(party) for rule in stated.rules)


@pytest.mark.parametrize("party", profile.known())
def test_shipped_profile_has_one_spelling(party: str) -> None:
    """National names are in normal form C: two spellings of one name would be two fields."""
    written = resources.files("nodes").joinpath("profiles", f"{party.lower()}.toml").read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", written)


@pytest.mark.parametrize("party", profile.known())
def test_shipped_dialect_has_words_for_all_codes_we_ship(party: str) -> None:
    """Every unit and origin criterion of our code lists has a national word: a new code must not become a loss."""
    for dialect in load(party).dialects:
        for row in dialect.fields:
            needed = {"unit": "units", "criterion": "origin-criteria"}.get(row.common[-1])
            if needed:
                words = {code for code, _ in dialect.forms[row.form].model_dump()["codes"]}
                assert set(codes.current()[needed].codes) == words


def test_marenia_and_norlund_differ_on_purpose() -> None:
    """The two windows share no media type for a certificate of origin, and no language but English."""
    marenia, norlund = load("QM"), load("QN")
    assert marenia.dialect_for("864").syntax == "json"
    assert norlund.dialect_for("864").syntax == "xml"
    assert set(marenia.languages) & set(norlund.languages) == {"en"}
    assert marenia.algorithms[0] is Algorithm.ES256


def test_unknown_country_is_told_which_ones_exist() -> None:
    """A wrong code is answered with the right ones."""
    with pytest.raises(BadInput, match="no profile for 'XX'; expected: one of QM, QN, QP"):
        load("XX")


@pytest.mark.parametrize("party", ["qm", "../qm", "QM.toml", ""])
def test_country_is_no_path(party: str) -> None:
    """Only the code of a country names a profile, in capitals; no file is opened for anything else."""
    with pytest.raises(BadInput, match="no profile for"):
        load(party)


def test_document_type_without_a_dialect_is_refused() -> None:
    """A country that has no dialect for a document type says which types it has."""
    with pytest.raises(BadInput, match="no dialect for document type 380; expected: one of 864, 851"):
        load("QM").dialect_for("380")


def test_dialect_is_found_by_media_type_without_its_parameters() -> None:
    """Parameters and capitals of a media type do not matter, and a foreign one is no dialect of this country."""
    marenia = load("QM")
    assert marenia.dialect_of("Application/vnd.qm.origin+json; charset=utf-8") is marenia.dialect_for("864")
    assert marenia.dialect_of("application/vnd.qn.origin+xml") is None


def test_small_profile_is_read() -> None:
    """The smallest useful profile is a page of TOML."""
    assert profile.read(SMALL).dialect_for("864").media_type == "application/vnd.qz.origin+json"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('party = "QZ"', 'party = "QZ', "is not TOML"),
        ('name = "Zembla"', 'nom = "Zembla"', "name: Field required"),
        ('["ES256"]', '["RS1"]', "algorithms.0"),
        ('doctype = "864"\ntitle', 'doctype = "380"\ntitle', "document type 380 is none of 851, 864"),
        ('"/reference" = "no"', '"/refrence" = "no"', "/refrence is no field of CertificateOfOrigin"),
        ('"/reference" = "no"', '"/reference" = "until"', "until stands twice"),
        ('"/reference" = "no"', '"/reference" = "until/no"', "until stands twice"),
        ('"/reference" = "no"', '"/reference" = "lines"', "lines/*/unit has its entries in two places"),
        ('["until", "day"]', '["no/until", "day"]', "no/until goes through a value or a list"),
        ('["until", "day"]', '["until", "date"]', "unknown form 'date'"),
        ('"lines/*/quantity"', '"quantity"', "differ in their lists"),
        ('"lines/*/quantity"', '"rows/*/quantity"', "has its entries in two places"),
        ('"dd.mm.yyyy"', '"dd.mm.yy"', "must hold each of"),
        ('{ KGM = "kg" }', '{ KGM = "kg", TNE = "kg" }', "one national word stands for two codes"),
        ('"json"\n', '"xml"\n', "xml needs root and namespace"),
        ('"json"\n', '"common-json"\n', "others none"),
        ('"not-past"', '"not-older-than"', "needs days"),
        ('"not-past"', '"frowned-upon"', "rules.0.kind"),
        ('pointer = "/valid_until"', 'pointer = "/valid"', "/valid is no field"),
        ("[[rules]]", SMALL[SMALL.index("[[rules]]") :] + "[[rules]]", "a rule is stated twice"),
    ],
)
def test_profile_that_contradicts_itself_is_refused(before: str, after: str, told: str) -> None:
    """A wrong profile is found when it is loaded, with the place and the reason, not in traffic."""
    assert before in SMALL
    with pytest.raises(BadInput) as caught:
        profile.read(SMALL.replace(before, after, 1))
    assert told in caught.value.found
