"""Bytes to documents and back: what is read, what is reported, what is refused."""

from __future__ import annotations

import contextlib
import hashlib
import json
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.documents import rules, syntax, xml
from harness.documents.model import CertificateOfOrigin, Finding, Incomplete, PhytosanitaryCertificate, Severity
from harness.documents.syntax import JSON, SPS_XML, Unreadable
from harness.errors import BadInput

REAL = Path("ephyto") / "SPSCertificateContent.xml"


def sample(name: str) -> bytes:
    """A file of the samples."""
    return (resources.files("scenarios.samples") / name).read_bytes()


def phytosanitary(data: bytes) -> tuple[PhytosanitaryCertificate, tuple[Finding, ...]]:
    """What is read of `data`, which is a phytosanitary certificate."""
    read = syntax.read(data)
    assert isinstance(read.document, PhytosanitaryCertificate)
    return read.document, read.findings


def edited(old: str, new: str, *, name: str = "phytosanitary.xml") -> bytes:
    """A sample with its first `old` made `new`."""
    content = sample(name).decode()
    assert old in content
    return content.replace(old, new, 1).encode()


# ------------------------------------------------------------------------------------------------------ round trips


@pytest.mark.parametrize(("name", "media_type"), [("phytosanitary.xml", SPS_XML), ("origin-certificate.json", JSON)])
def test_sample_is_read_without_findings_and_written_as_it_was(name: str, media_type: str) -> None:
    """A clean sample gives no finding, and writing its document gives its bytes back."""
    read = syntax.read(sample(name))
    assert read.media_type == media_type
    assert read.findings == ()
    assert syntax.write(read.document, media_type) == sample(name)


def test_phytosanitary_certificate_goes_through_both_syntaxes() -> None:
    """XML and JSON carry the same certificate."""
    document, _ = phytosanitary(sample("phytosanitary.xml"))
    again, findings = phytosanitary(syntax.write(document, JSON))
    assert again == document
    assert findings == ()


def test_media_type_may_carry_parameters() -> None:
    """A charset parameter does not hide the media type."""
    read = syntax.read(sample("phytosanitary.xml"), media_type="Application/SPS+XML; charset=utf-8")
    assert read.media_type == SPS_XML


def test_certificate_of_origin_has_no_sps_form() -> None:
    """A document is not written in a syntax that cannot carry it."""
    document = syntax.read(sample("origin-certificate.json")).document
    assert isinstance(document, CertificateOfOrigin)
    with pytest.raises(BadInput, match="document type 864 as application/sps"):
        syntax.write(document, SPS_XML)


# --------------------------------------------------------------------------------------------- the real certificate


def test_real_certificate_is_read_with_warnings_only(real_data: Path) -> None:
    """A certificate as it is in use, with blanks, empty elements and attachments, gives a document and no error."""
    document, findings = phytosanitary((real_data / REAL).read_bytes())
    assert (document.reference, document.export_country, document.import_country) == ("123ABC", "AR", "EC")
    assert document.replaces == "3214356"
    assert [item.commodity for item in document.items] == ["06029048", None]
    weighed = {finding.severity for finding in (*findings, *rules.check(document))}
    assert weighed == {Severity.WARNING, Severity.NOTE}


def test_real_certificate_s_attachments_are_fixed_by_digest(real_data: Path) -> None:
    """Of an attachment the model keeps name, size and digest, and an unreadable one is a warning."""
    document, findings = phytosanitary((real_data / REAL).read_bytes())
    attached = [file for reference in document.references for file in reference.attachments]
    assert len(attached) == 5
    assert attached[0].filename == "TestPdf.pdf"
    assert (attached[0].size, attached[0].sha256[:8]) == (10073, "51607dbb")
    assert ["UkjentFiltype" in one.sentence for one in findings if one.code == "unreadable-attachment"] == [True]


def test_real_certificate_s_leftovers_are_reported_by_path(real_data: Path) -> None:
    """What the reader did not carry is named with its path and count, attributes included."""
    _, findings = phytosanitary((real_data / REAL).read_bytes())
    left = [one.sentence for one in findings if one.code == "not-carried"]
    assert any(sentence.endswith("HierarchicalLevelCode: 2 not carried into the common model") for sentence in left)
    assert any("ModeCode/@name: 1 " in sentence for sentence in left)


def test_real_certificate_survives_our_writer(real_data: Path) -> None:
    """What the model holds of the real certificate comes back from our own XML, without findings."""
    document, _ = phytosanitary((real_data / REAL).read_bytes())
    again, findings = phytosanitary(syntax.write(document, SPS_XML))
    assert again == document
    assert findings == ()


# -------------------------------------------------------------------------------------------------------- looseness


def test_sample_with_warnings_is_read() -> None:
    """A day for a moment and an element we do not carry are said, and the document stands."""
    document, findings = phytosanitary(sample("phytosanitary-warnings.xml"))
    assert {(one.severity, one.code, one.pointer) for one in findings} == {
        (Severity.WARNING, "no-time", "/issued"),
        (Severity.NOTE, "not-carried", ""),
    }
    assert document.issued.isoformat() == "2026-03-02T00:00:00+00:00"
    assert document.items[0].scientific_name == "Solanum tuberosum"


def test_time_without_offset_is_read_as_utc_with_a_warning() -> None:
    """An offset is never guessed in silence."""
    document, findings = phytosanitary(edited("2026-03-02T09:30:00+08:00", "2026-03-02T09:30:00"))
    assert document.issued.isoformat() == "2026-03-02T09:30:00+00:00"
    assert [(one.code, one.pointer) for one in findings] == [("no-offset", "/issued")]


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (">24000<", ">24.000,5<", "/items/0/net_weight"),
        ('unitCode="KGM">24480', ">24480", "/items/0/gross_weight"),
        (">070110<", ">07<", "/items/0/commodity"),
        (">2026-02-24<", ">February<", "/references/0/issued"),
        ('languageID="en">Seed', 'languageID="English">Seed', "/items/0/description"),
    ],
)
def test_optional_value_that_cannot_be_read_is_left_out_with_a_warning(old: str, new: str, where: str) -> None:
    """An unreadable optional value does not stop the document, and does not vanish in silence."""
    _, findings = phytosanitary(edited(old, new))
    assert [(one.severity, one.code, one.pointer) for one in findings] == [
        (Severity.WARNING, "unreadable-value", where)
    ]


def test_ideographic_blank_in_a_name_is_kept() -> None:
    """Blanks of XML are made one, blanks of a script are content."""
    document, _ = phytosanitary(edited(">Seed potatoes<", ">\n 馬鈴薯\u3000 種 <"))
    assert document.items[0].common_name == "馬鈴薯\u3000 種"


def test_repeated_element_is_a_warning() -> None:
    """Of two references the first is read, and that there were two is said."""
    document, findings = phytosanitary(edited("<ram:TypeCode>851", "<ram:ID>OTHER</ram:ID><ram:TypeCode>851"))
    assert document.reference == "QM-PC-2026-000417"
    assert [one.code for one in findings] == ["repeated-element", "not-carried"]


def test_comment_does_not_cut_a_value() -> None:
    """A comment inside a value leaves the value whole for every reader."""
    document, _ = phytosanitary(edited(">QM-PC-2026-000417<", ">QM-PC<!-- -->-2026-000417<"))
    assert document.reference == "QM-PC-2026-000417"


def test_element_of_a_foreign_namespace_is_not_taken_for_ours() -> None:
    """A reference in somebody else's namespace is no reference, and is reported as left over."""
    with pytest.raises(Incomplete) as caught:
        syntax.read(edited("<ram:ID>QM-PC-2026-000417</ram:ID>", '<ID xmlns="urn:other">QM-PC-2026-000417</ID>'))
    assert [one.pointer for one in caught.value.findings] == ["/reference"]


def test_another_version_is_read_with_a_warning() -> None:
    """A certificate of another version is read as ours, and that is said."""
    _, findings = phytosanitary(sample("phytosanitary.xml").replace(b"SPSCertificate:17", b"SPSCertificate:18"))
    assert [one.code for one in findings] == ["other-version"]


# --------------------------------------------------------------------------------------------------------- refusals


def test_certificate_without_mandatory_fields_names_each() -> None:
    """An SPS certificate without reference, issue date and consignor is refused with all three named at once."""
    with pytest.raises(Incomplete) as caught:
        syntax.read(sample("phytosanitary-incomplete.xml"))
    assert [one.pointer for one in caught.value.findings] == ["/reference", "/issued", "/consignor"]


def test_empty_certificate_names_all_mandatory_fields() -> None:
    """The smallest SPS certificate lacks everything, and is told so once."""
    empty = b'<SPSCertificate xmlns="urn:un:unece:uncefact:data:standard:SPSCertificate:17"/>'
    with pytest.raises(Incomplete) as caught:
        syntax.read(empty)
    assert [one.pointer for one in caught.value.findings] == [
        "/doctype",
        "/reference",
        "/issued",
        "/issuer",
        "/export_country",
        "/import_country",
        "/consignee",
        "/consignor",
        "/items",
    ]


def test_certificate_for_re_export_is_not_taken_for_an_export_certificate() -> None:
    """Another document type in the same syntax is refused by its type."""
    with pytest.raises(Incomplete) as caught:
        syntax.read(edited(">851<", ">657<"))
    assert [(one.code, one.pointer) for one in caught.value.findings] == [("unknown-document-type", "/doctype")]


def test_bidirectional_control_in_a_reference_is_refused() -> None:
    """A reference that shows otherwise than it compares does not enter."""
    with pytest.raises(Incomplete) as caught:
        syntax.read(edited("QM-PC-2026-000417", "QM-PC-\u202e2026"))
    assert [one.pointer for one in caught.value.findings] == ["/reference"]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "an empty file"),
        (b"%PDF-1.7", "a file that begins with b'%PDF-1.7'"),
        (b"<packingList/>", "XML whose root is packingList"),
        (b"<a><b></a>", "no well-formed XML"),
        (b'<SPSCertificate xmlns="urn:other"/>', "XML whose root is {urn:other}SPSCertificate"),
        (b"<a>\xff</a>", "no well-formed XML"),
        (b'<?xml version="1.0" encoding="UTF-7"?><a/>', "XML in UTF-7"),
        (b"<a>" * 400, "no well-formed XML: Excessive depth"),
        (b"{", "no strict JSON"),
        (b'{"doctype": "864", "doctype": "851"}', "no strict JSON"),
        (b'{"doctype": "864", "doc\\u0074ype": "851"}', "no strict JSON"),
        (b'{"number": NaN}', "no strict JSON"),
        (b"{}", "a JSON object without doctype"),
    ],
)
def test_what_is_no_certificate_is_unreadable(data: bytes, found: str) -> None:
    """Bytes that are no document are refused with what was found."""
    with pytest.raises(Unreadable) as caught:
        syntax.read(data)
    assert caught.value.found.startswith(found)
    assert caught.value.expected
    assert caught.value.todo


@pytest.mark.parametrize(
    ("prologue", "kind"),
    [
        ('<!DOCTYPE a SYSTEM "file:///etc/hostname">', xml.ExternalEntity),
        ('<!DOCTYPE a PUBLIC "-//X//Y" "file:///etc/hostname">', xml.ExternalEntity),
        ('<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]>', xml.ExternalEntity),
        ('<!DOCTYPE a [<!ENTITY % e SYSTEM "file:///etc/hostname"> %e;]>', xml.ExternalEntity),
        ('<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>', xml.EntityExpansion),
        ("<!DOCTYPE a>", Unreadable),
    ],
)
def test_document_type_is_refused_outright(prologue: str, kind: type[Unreadable]) -> None:
    """No XML with a document type is parsed, so no entity is fetched or expanded; what it was after is said."""
    content = sample("phytosanitary.xml").decode()
    declaration, _, rest = content.partition("\n")
    with pytest.raises(Unreadable) as caught:
        syntax.read(f"{declaration}\n{prologue}\n{rest}".encode())
    assert type(caught.value) is kind
    assert caught.value.expected == "XML without DOCTYPE and entities"


@pytest.mark.parametrize("name", ["SPSExchangedDocument", "SPSConsignment", "SPSCertificate"])
@pytest.mark.parametrize("where", ["beside", "below", "in another namespace"])
def test_a_second_one_is_refused(name: str, where: str) -> None:
    """A second certificate, head or consignment, wherever it stands, is refused: two readers may take another one."""
    content = sample("phytosanitary.xml").decode()
    prefix = "ram" if where == "in another namespace" else "rsm"
    second = f"<{prefix}:{name}/>"
    end = "</rsm:SPSCertificate>"
    wrapped = second if where == "beside" else f"<rsm:Extension>{second}</rsm:Extension>"
    with pytest.raises(xml.Wrapped):
        syntax.read(content.replace(end, f"{wrapped}{end}").encode())


def test_the_only_one_out_of_its_place_is_refused() -> None:
    """A head that stands below an element of somebody's is none."""
    content = sample("phytosanitary.xml").decode()
    moved = content.replace("<rsm:SPSExchangedDocument>", "<rsm:Extension><rsm:SPSExchangedDocument>")
    moved = moved.replace("</rsm:SPSExchangedDocument>", "</rsm:SPSExchangedDocument></rsm:Extension>")
    with pytest.raises(xml.Wrapped):
        syntax.read(moved.encode())


def test_oversized_xml_is_refused_before_parsing() -> None:
    """More octets than the limit are not parsed."""
    with pytest.raises(Unreadable, match="octets"):
        syntax.read(b"<a>" + b" " * xml.LARGEST + b"</a>")


def test_unknown_media_type_is_refused() -> None:
    """A syntax nobody reads is named, with those that are read."""
    with pytest.raises(Unreadable, match="media type 'application/edifact'"):
        syntax.read(b"UNB+", media_type="application/edifact")


def test_unknown_json_names_are_reported_by_pointer() -> None:
    """What the common model does not know is not dropped in silence."""
    values = json.loads(sample("origin-certificate.json"))
    values["colour"] = "blue"
    values["items"][1]["density"] = {"value": "2", "unit": "KGM"}
    read = syntax.read(json.dumps(values).encode())
    assert [(one.severity, one.code, one.pointer) for one in read.findings] == [
        (Severity.NOTE, "not-carried", "/items/1/density"),
        (Severity.NOTE, "not-carried", "/colour"),
    ]


@settings(max_examples=60, database=None, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(place=st.integers(min_value=0), octet=st.integers(min_value=0, max_value=255))
def test_damaged_certificate_is_read_or_refused_never_a_crash(place: int, octet: int) -> None:
    """Any octet changed to any other gives a document without errors or a refusal, no other exception."""
    for name in ("phytosanitary.xml", "origin-certificate.json"):
        data = bytearray(sample(name))
        data[place % len(data)] = octet
        said: list[Finding] = []
        with contextlib.suppress(Unreadable):
            said.extend(syntax.read(bytes(data)).findings)
        assert all(one.severity is not Severity.ERROR for one in said)


@pytest.mark.parametrize("held", ["aGVsbG8", "aGVs*bG8=", "\u0663\u0663"])
def test_attachment_that_is_no_base64_is_a_warning(held: str) -> None:
    """Octets that cannot be decoded have no digest: they are left out, and that is said."""
    inserted = (
        "<ram:ReferenceSPSReferencedDocument><ram:ID>A-1</ram:ID>"
        f'<ram:AttachmentBinaryObject filename="a.txt">{held}</ram:AttachmentBinaryObject>'
        "</ram:ReferenceSPSReferencedDocument></rsm:SPSExchangedDocument>"
    )
    document, findings = phytosanitary(edited("</rsm:SPSExchangedDocument>", inserted))
    assert document.references[-1].attachments == ()
    assert [(one.severity, one.code) for one in findings] == [(Severity.WARNING, "unreadable-attachment")]


def test_digest_of_an_attachment_is_that_of_its_octets() -> None:
    """The digest is of the decoded octets, blanks in the base64 notwithstanding."""
    inserted = (
        "<ram:ReferenceSPSReferencedDocument><ram:ID>A-1</ram:ID>"
        '<ram:AttachmentBinaryObject filename="a.txt">aGVs\n bG8=</ram:AttachmentBinaryObject>'
        "</ram:ReferenceSPSReferencedDocument></rsm:SPSExchangedDocument>"
    )
    document, _ = phytosanitary(edited("</rsm:SPSExchangedDocument>", inserted))
    (attached,) = document.references[-1].attachments
    assert (attached.size, attached.sha256) == (5, hashlib.sha256(b"hello").hexdigest())
