"""From the common model to a country's own writing and back, and exactly what was lost on the way."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from harness.documents import syntax
from harness.documents.model import Severity, TradeDocument, Unreadable, from_plain, plain
from harness.errors import BadInput
from nodes.mapping import Loss, from_national, to_national
from nodes.profile import Dialect, load

QM_ORIGIN = load("QM").dialect_for("864")
QN_ORIGIN = load("QN").dialect_for("864")
QN_PLANTS = load("QN").dialect_for("851")
ROOT = b'<Opprinnelsessertifikat xmlns="urn:qn:tollvesen:opprinnelse:2">%b</Opprinnelsessertifikat>'


def sample(name: str) -> TradeDocument:
    """One of the samples, read in its own syntax."""
    return syntax.read((resources.files("scenarios.samples") / name).read_bytes()).document


@pytest.fixture(scope="module")
def origin() -> TradeDocument:
    """The certificate of origin of the samples: cashmere yarn, two lines."""
    return sample("origin-certificate.json")


def changed(document: TradeDocument, **values: object) -> TradeDocument:
    """`document` with other plain values at its top."""
    return from_plain({**plain(document), **values})


def first_line(document: TradeDocument, **values: object) -> TradeDocument:
    """`document` with other plain values in its first line."""
    items = plain(document)["items"]
    assert isinstance(items, list)
    return changed(document, items=[{**items[0], **values}, *items[1:]])


# ------------------------------------------------------------------------------------------ what the dialects look like


def test_marenian_certificate_is_flat_json_in_its_own_words(origin: TradeDocument) -> None:
    """QM writes names in Cyrillic, days as dd.mm.yyyy, a decimal comma, and its own words for units and criteria."""
    written = json.loads(to_national(origin, QM_ORIGIN).octets)
    assert written["гэрчилгээний_дугаар"] == "CO-0001"
    assert written["олгосон_цаг"] == "02.03.2026 10:15:00 +08:00"
    assert written["хүчинтэй_хугацаа"] == "01.03.2027"
    assert written["нөхөн_олгосон"] == "үгүй"
    line = written["бараа"][1]
    assert (line["тоо_хэмжээ"], line["тоо_хэмжээ_нэгж"], line["шалгуур"]) == ("300,000", "кг", "өртгийн хувь")


def test_norlundic_certificate_is_xml_of_its_own(origin: TradeDocument) -> None:
    """QN writes XML in its own namespace, with units as attributes and ISO dates."""
    written = to_national(origin, QN_ORIGIN).octets.decode()
    assert '<Opprinnelsessertifikat xmlns="urn:qn:tollvesen:opprinnelse:2" art="preferanse">' in written
    assert '<Mengde enhet="kg">300,000</Mengde>' in written
    assert "<GyldigTil>2027-03-01</GyldigTil>" in written


@pytest.mark.parametrize("dialect", [QM_ORIGIN, QN_ORIGIN], ids=lambda dialect: dialect.media_type)
def test_sample_certificate_of_origin_survives(origin: TradeDocument, dialect: Dialect) -> None:
    """The sample certificate loses nothing in either country's dialect."""
    national = to_national(origin, dialect)
    assert national.losses == ()
    assert from_national(national.octets, dialect).document == origin


def test_certificate_crosses_from_marenia_to_norlund(origin: TradeDocument) -> None:
    """What QM wrote, QN reads, and writes in its own form, without a loss."""
    common = from_national(to_national(origin, QM_ORIGIN).octets, QM_ORIGIN)
    own = to_national(common.document, QN_ORIGIN)
    assert (common.losses, common.findings, own.losses) == ((), (), ())
    assert from_national(own.octets, QN_ORIGIN).document == origin


def test_sample_phytosanitary_certificate_survives() -> None:
    """The sample of seed potatoes, read from SPS XML, loses nothing in QN's own JSON."""
    document = sample("phytosanitary.xml")
    national = to_national(document, QN_PLANTS)
    assert national.losses == ()
    assert from_national(national.octets, QN_PLANTS).document == document


# ------------------------------------------------------------------------------------------------- what gets lost


def test_remark_has_no_place_in_norlund(origin: TradeDocument) -> None:
    """QN's certificate of origin has no place for a note: an optional loss, named by its pointer."""
    remarked = changed(origin, notes=[{"subject": "Remark", "content": [{"text": "Handle dry"}]}])
    assert to_national(remarked, QM_ORIGIN).losses == ()
    sentence = "QN opprinnelsessertifikat has no place for it"
    assert to_national(remarked, QN_ORIGIN).losses == (Loss("/notes", mandatory=False, sentence=sentence),)


def test_unit_without_a_word_is_a_mandatory_loss(origin: TradeDocument) -> None:
    """A quantity whose unit the dialect cannot say is an interoperability failure, and its receiver cannot read it."""
    acres = first_line(origin, quantity={"value": "3", "unit": "ACR"})
    national = to_national(acres, QN_ORIGIN)
    sentence = "QN opprinnelsessertifikat has no word for 'ACR'"
    assert national.losses == (Loss("/items/0/quantity/unit", mandatory=True, sentence=sentence),)
    with pytest.raises(Unreadable, match="Varelinjer/Varelinje/0/Mengde/@enhet: missing"):
        from_national(national.octets, QN_ORIGIN)


def test_optional_part_without_its_unit_is_lost_as_a_whole() -> None:
    """A net weight whose unit has no word is left out as a whole, so that the rest stays readable."""
    odd = first_line(sample("phytosanitary.xml"), net_weight={"value": "3", "unit": "ACR"})
    national = to_national(odd, QN_PLANTS)
    sentence = "QN plantehelsesertifikat has no word for 'ACR'"
    assert national.losses == (Loss("/items/0/net_weight", mandatory=False, sentence=sentence),)
    rest = plain(from_national(national.octets, QN_PLANTS).document)["items"]
    assert isinstance(rest, list)
    assert "net_weight" not in rest[0]
    assert "gross_weight" in rest[0]


def test_default_without_a_place_is_no_loss(origin: TradeDocument) -> None:
    """A field that says what its absence says as well is not reported as lost."""
    rows = tuple(row for row in QM_ORIGIN.fields if row.common != ("retrospective",))
    smaller = Dialect(**{**QM_ORIGIN.model_dump(), "fields": rows})
    assert to_national(origin, smaller).losses == ()
    late = to_national(changed(origin, retrospective=True), smaller)
    assert [(loss.pointer, loss.mandatory) for loss in late.losses] == [("/retrospective", False)]


def test_national_field_unknown_to_us_is_told(origin: TradeDocument) -> None:
    """A field that only the sender's country has is a loss on the way in, not a silence."""
    values = {**json.loads(to_national(origin, QM_ORIGIN).octets), "татвар": "0"}
    common = from_national(json.dumps(values).encode(), QM_ORIGIN)
    assert common.losses == (Loss("/татвар", mandatory=False, sentence="the common model has no place for it"),)
    assert common.document == origin


def test_unknown_elements_and_attributes_are_told(origin: TradeDocument) -> None:
    """In XML, foreign elements, elements of no namespace and unknown attributes are all named as lost."""
    written = to_national(origin, QN_ORIGIN).octets.decode()
    written = written.replace("<Nummer>CO-0001", '<!-- no --><Nummer farge="blå">CO-0001')
    written = written.replace(
        "</Opprinnelsessertifikat>",
        '<Toll/><x:A xmlns:x="urn:x"/><Nummer xmlns="">CO-9</Nummer></Opprinnelsessertifikat>',
    )
    common = from_national(written.encode(), QN_ORIGIN)
    assert {loss.pointer for loss in common.losses} == {"/Nummer~1@farge", "/Toll", "/{urn:x}A", "/{}Nummer"}
    assert common.document == origin


def test_dialect_of_another_document_type_is_refused(origin: TradeDocument) -> None:
    """A certificate of origin is never squeezed into the dialect for plants."""
    with pytest.raises(BadInput, match="document of type 864"):
        to_national(origin, QN_PLANTS)


# ----------------------------------------------------------------------------------------------- what cannot be read


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("олгосон_цаг", "2026-03-02T10:15:00+08:00", "олгосон_цаг: found .*, expected dd.mm.yyyy HH:MM:SS zzz"),
        ("хүчинтэй_хугацаа", "31.02.2027", "хүчинтэй_хугацаа: found '31.02.2027', which is no day of the calendar"),
        ("нөхөн_олгосон", "nei", "expected 'тийм' or 'үгүй'"),
        ("баримтын_төрөл", "ГҮГ-2", "expected one of ГҮГ-1"),
        ("хэлэлцээр", 7, "хэлэлцээр: found 7, expected a text"),
        ("бараа", {}, "бараа: found dict, expected a list"),
        ("бараа", ["yarn"], "бараа/0: found str, expected named fields"),
        ("бараа", [], "бараа: at least one is needed"),
        ("экспортлогч", " ", "экспортлогч: a text is empty"),
    ],
)
def test_value_in_the_wrong_form_names_its_national_field(
    origin: TradeDocument, name: str, value: object, told: str
) -> None:
    """A date, word or shape of another dialect is unreadable, and the message speaks of the sender's own field."""
    values = {**json.loads(to_national(origin, QM_ORIGIN).octets), name: value}
    with pytest.raises(Unreadable, match=told) as caught:
        from_national(json.dumps(values).encode(), QM_ORIGIN)
    assert name in caught.value.expected
    assert caught.value.findings


def test_missing_field_is_named_in_the_sender_s_words(origin: TradeDocument) -> None:
    """Without exporter and criterion, both are named as the sender calls them."""
    values = json.loads(to_national(origin, QM_ORIGIN).octets)
    for name in ("экспортлогч", "экспортлогч_хаяг", "экспортлогч_улс", "экспортлогч_дугаар", "экспортлогч_бүртгэл"):
        values.pop(name, None)
    del values["бараа"][1]["шалгуур"], values["бараа"][0]["тоо_хэмжээ"], values["бараа"][0]["тоо_хэмжээ_нэгж"]
    with pytest.raises(Unreadable) as caught:
        from_national(json.dumps(values).encode(), QM_ORIGIN)
    for told in (
        "экспортлогч: missing",
        "бараа/1/шалгуур: missing",
        "бараа/0/тоо_хэмжээ and бараа/0/тоо_хэмжээ_нэгж: ",
    ):
        assert told in str(caught.value)


def test_decimal_point_is_not_a_decimal_comma(origin: TradeDocument) -> None:
    """12.5 in a dialect with a decimal comma is unreadable, not twelve hundred and not guessed."""
    octets = to_national(origin, QN_ORIGIN).octets.replace(b"300,000<", b"300.000<")
    with pytest.raises(
        Unreadable, match=r"Varelinje/1/Mengde/text\(\): found '300.000', expected a number such as 12,5"
    ):
        from_national(octets, QN_ORIGIN)


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (b"", "not JSON"),
        (b"[]", "JSON that is no object"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b"<Opprinnelsessertifikat/>", "not JSON"),
    ],
)
def test_octets_that_are_no_strict_json_are_unreadable(octets: bytes, told: str) -> None:
    """What two readers could read differently, or is no JSON at all, is not in the dialect."""
    with pytest.raises(Unreadable, match=told):
        from_national(octets, QM_ORIGIN)


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (b"{}", "no well-formed XML"),
        (b"<Opprinnelsessertifikat/>", "XML with the root Opprinnelsessertifikat"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "defines entities"),
        (ROOT % b"<Nummer/><Nummer/>", "Nummer: stands more than once"),
        (ROOT % b"<Nummer><A/></Nummer>", "Nummer: found elements, expected a text"),
    ],
)
def test_octets_that_are_no_such_xml_are_unreadable(octets: bytes, told: str) -> None:
    """Other roots, document types, repeated or nested fields are not in the dialect."""
    with pytest.raises(Unreadable, match=told):
        from_national(octets, QN_ORIGIN)


def test_a_thousand_faults_make_no_thousand_sentences(origin: TradeDocument) -> None:
    """The message stays short enough to travel in a receipt, and says how much it leaves out."""
    values = json.loads(to_national(origin, QM_ORIGIN).octets)
    values["бараа"] = [values["бараа"][0] | {"тоо_хэмжээ": "x"}] * 1000
    with pytest.raises(Unreadable, match="and 992 more") as caught:
        from_national(json.dumps(values).encode(), QM_ORIGIN)
    assert len(str(caught.value)) < 2000


# ------------------------------------------------------------------------------------------------- shared syntaxes


def test_shared_json_loses_nothing(origin: TradeDocument) -> None:
    """A country that writes the common model itself loses nothing."""
    dialect = load("QP").dialect_for("864")
    national = to_national(origin, dialect)
    assert national.losses == ()
    assert from_national(national.octets, dialect).document == origin


def test_sps_xml_tells_what_it_changes() -> None:
    """SPS XML makes runs of blanks one; that is reported, and is no lost field."""
    dialect = load("QM").dialect_for("851")
    spaced = changed(sample("phytosanitary.xml"), issuer={"name": "Plant  Service"})
    losses = to_national(spaced, dialect).losses
    assert [(loss.pointer, loss.mandatory) for loss in losses] == [("/issuer/name", False)]


def test_document_of_another_type_in_a_shared_syntax_is_refused(origin: TradeDocument) -> None:
    """A phytosanitary certificate does not pass for a certificate of origin because its syntax fits."""
    dialect = load("QP").dialect_for("864")
    octets = syntax.write(sample("phytosanitary.xml"), syntax.JSON)
    with pytest.raises(Unreadable, match="document of type 851"):
        from_national(octets, dialect)


def test_what_a_shared_syntax_did_not_carry_is_a_loss() -> None:
    """The notes of the SPS reader about elements it left behind arrive as losses, its other findings as findings."""
    octets = (resources.files("scenarios.samples") / "phytosanitary.xml").read_bytes()
    octets = octets.replace(b"</rsm:SPSExchangedDocument>", b"<ram:Colour>red</ram:Colour></rsm:SPSExchangedDocument>")
    common = from_national(octets, load("QM").dialect_for("851"))
    assert ["Colour" in loss.sentence for loss in common.losses] == [True]
    assert all(finding.severity is not Severity.ERROR for finding in common.findings)
