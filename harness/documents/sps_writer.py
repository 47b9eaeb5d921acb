"""Write a phytosanitary certificate of the common model as UN/CEFACT SPS XML, version 17.

Elements stand in the order of certificates seen in use. Attachments are written by name, digest and size: their octets
are not in the model. Runs of blanks and line breaks do not survive in XML, all other content does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from harness.documents import sps
from harness.documents.fields import written_moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.documents.model import (
        Attachment,
        Equipment,
        LocalText,
        Measure,
        Note,
        Package,
        Party,
        PhytosanitaryCertificate,
        Place,
        PlantItem,
        Reference,
        Signatory,
        Transport,
        Treatment,
    )

_CERTIFICATE = sps.CERTIFICATE + sps.VERSION
_ENTITIES = sps.ENTITIES + sps.ENTITIES_VERSION
_DATA_TYPES = sps.DATA_TYPES + sps.ENTITIES_VERSION


def write(document: PhytosanitaryCertificate) -> bytes:
    """`document` as UTF-8 XML; the same document gives the same bytes."""
    root: etree._Element = etree.Element(
        etree.QName(_CERTIFICATE, sps.ROOT), nsmap={"rsm": _CERTIFICATE, "ram": _ENTITIES, "udt": _DATA_TYPES}
    )
    head = etree.SubElement(root, etree.QName(_CERTIFICATE, "SPSExchangedDocument"))
    _head(head, document)
    consignment = etree.SubElement(root, etree.QName(_CERTIFICATE, "SPSConsignment"))
    _consignment(consignment, document)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _head(head: etree._Element, document: PhytosanitaryCertificate) -> None:
    _add(head, "ID", document.reference)
    _add(head, "TypeCode", document.doctype)
    if document.status:
        _add(head, "StatusCode", document.status)
    _time(head, "IssueDateTime", written_moment(document.issued))
    _party(head, "IssuerSPSParty", document.issuer)
    _notes(head, "IncludedSPSNote", sps.ADDITIONAL_DECLARATION, document.declarations, document.notes)
    if document.replaces:
        note = _add(head, "IncludedSPSNote")
        _add(note, "Subject", sps.REPLACED_CERTIFICATE)
        _add(note, "Content", document.replaces)
    if document.signatory:
        _signatory(head, document.signatory)
    for reference in document.references:
        _reference(head, reference)


def _consignment(node: etree._Element, document: PhytosanitaryCertificate) -> None:
    for country in document.transit:
        _add(_add(node, "TransitSPSCountry"), "ID", country)
    _party(node, "ConsignorSPSParty", document.consignor)
    _party(node, "ConsigneeSPSParty", document.consignee)
    for unit in document.equipment:
        _equipment(node, unit)
    _add(_add(node, "ExportSPSCountry"), "ID", document.export_country)
    _add(_add(node, "ImportSPSCountry"), "ID", document.import_country)
    _place(node, "LoadingBaseportSPSLocation", document.loading)
    _place(node, "UnloadingBaseportSPSLocation", document.entry)
    for leg in document.transport:
        _transport(node, leg)
    included = _add(node, "IncludedSPSConsignmentItem")
    for item in document.items:
        _item(included, item)


def _item(parent: etree._Element, item: PlantItem) -> None:
    line = _add(parent, "IncludedSPSTradeLineItem")
    _add(line, "SequenceNumeric", str(item.number))
    _texts(line, "Description", item.description)
    for name, value in (
        ("CommonName", item.common_name),
        ("ScientificName", item.scientific_name),
        ("IntendedUse", item.intended_use),
    ):
        if value:
            _add(line, name, value)
    _measure(line, "NetWeightMeasure", item.net_weight)
    _measure(line, "GrossWeightMeasure", item.gross_weight)
    _measure(line, "NetVolumeMeasure", item.net_volume)
    _measure(line, "GrossVolumeMeasure", item.gross_volume)
    _classes(line, item)
    _notes(line, "AdditionalInformationSPSNote", sps.ITEM_DECLARATION, item.declarations, item.notes)
    for package in item.packages:
        _package(line, package)
    for origin in item.origin:
        country = _add(line, "OriginSPSCountry")
        _add(country, "ID", origin.country)
        for place in origin.places:
            _add(_add(country, "SubordinateSPSCountrySubDivision"), "Name", place)
    for treatment in item.treatments:
        _treatment(line, treatment)


def _classes(line: etree._Element, item: PlantItem) -> None:
    if item.commodity:
        node = _add(line, "ApplicableSPSClassification")
        _add(node, "SystemName", sps.HARMONIZED_SYSTEM)
        _add(node, "ClassCode", item.commodity)
    for held in item.classes:
        node = _add(line, "ApplicableSPSClassification")
        _add(node, "SystemName", held.system)
        if held.code:
            _add(node, "ClassCode", held.code)
        if held.name:
            _texts(node, "ClassName", (held.name,))


def _package(line: etree._Element, package: Package) -> None:
    node = _add(line, "PhysicalSPSPackage")
    if package.level is not None:
        _add(node, "LevelCode", str(package.level))
    _add(node, "TypeCode", package.kind)
    _add(node, "ItemQuantity", format(package.count, "f"))
    if package.marks:
        _add(_add(node, "PhysicalSPSShippingMarks"), "Marking", package.marks)


def _treatment(line: etree._Element, treatment: Treatment) -> None:
    node = _add(line, "AppliedSPSProcess")
    _add(node, "TypeCode", treatment.kind)
    for detail in treatment.details:
        characteristic = _add(node, "ApplicableSPSProcessCharacteristic")
        _add(characteristic, "Description", detail.subject)
        _texts(characteristic, "Description", detail.content)
        _measure(characteristic, "ValueMeasure", detail.measure)
    _notes(node, "AdditionalInformationSPSNote", "", (), treatment.notes)
    if treatment.started or treatment.ended or treatment.duration:
        period = _add(node, "CompletionSPSPeriod")
        if treatment.started:
            _time(period, "StartDateTime", treatment.started.isoformat())
        if treatment.ended:
            _time(period, "EndDateTime", treatment.ended.isoformat())
        _measure(period, "DurationMeasure", treatment.duration)


def _party(parent: etree._Element, name: str, party: Party) -> None:
    node = _add(parent, name)
    if party.identifier:
        _add(node, "ID", party.identifier, schemeID=party.register_name)
    _add(node, "Name", party.name)
    if party.address or party.country:
        address = _add(node, "SpecifiedSPSAddress")
        for line, text in zip(("LineOne", "LineTwo", "LineThree", "LineFour", "LineFive"), party.address, strict=False):
            _add(address, line, text)
        if party.country:
            _add(address, "CountryID", party.country)


def _signatory(head: etree._Element, signatory: Signatory) -> None:
    node = _add(head, "SignatorySPSAuthentication")
    if signatory.signed:
        _time(node, "ActualDateTime", written_moment(signatory.signed))
    _place(node, "IssueSPSLocation", signatory.place)
    _add(_add(_add(node, "ProviderSPSParty"), "SpecifiedSPSPerson"), "Name", signatory.name)


def _place(parent: etree._Element, name: str, place: Place | None) -> None:
    if place:
        node = _add(parent, name)
        if place.locode:
            _add(node, "ID", place.locode, schemeID="UN/LOCODE")
        _add(node, "Name", place.name)


def _transport(parent: etree._Element, leg: Transport) -> None:
    node = _add(parent, "MainCarriageSPSTransportMovement")
    if leg.identifier:
        _add(node, "ID", leg.identifier)
    _add(node, "ModeCode", leg.mode)
    if leg.means:
        _add(_add(node, "UsedSPSTransportMeans"), "Name", leg.means)


def _equipment(parent: etree._Element, unit: Equipment) -> None:
    node = _add(parent, "UtilizedSPSTransportEquipment")
    if unit.identifier:
        _add(node, "ID", unit.identifier)
    for seal in unit.seals:
        _add(_add(node, "AffixedSPSSeal"), "ID", seal)


def _reference(head: etree._Element, reference: Reference) -> None:
    node = _add(head, "ReferenceSPSReferencedDocument")
    if reference.issued:
        _time(node, "IssueDateTime", reference.issued.isoformat())
    if reference.relation:
        _add(node, "RelationshipTypeCode", reference.relation)
    _add(node, "ID", reference.reference)
    _texts(node, "Information", reference.description)
    for attachment in reference.attachments:
        _add(node, "AttachmentBinaryObject", filename=attachment.filename, uri=_digest_uri(attachment))


def _digest_uri(attachment: Attachment) -> str:
    return f"{sps.DIGEST_URI}{attachment.sha256}?size={attachment.size}"


def _notes(
    parent: etree._Element, name: str, subject: str, declarations: Iterable[LocalText], notes: Iterable[Note]
) -> None:
    for text in declarations:
        node = _add(parent, name)
        _add(node, "Subject", subject)
        _texts(node, "Content", (text,))
    for note in notes:
        node = _add(parent, name)
        _add(node, "Subject", note.subject)
        _texts(node, "Content", note.content)


def _texts(parent: etree._Element, name: str, texts: Iterable[LocalText]) -> None:
    for text in texts:
        _add(parent, name, text.text, languageID=text.language)


def _measure(parent: etree._Element, name: str, measure: Measure | None) -> None:
    if measure:
        _add(parent, name, format(measure.value, "f"), unitCode=measure.unit)


def _time(parent: etree._Element, name: str, written: str) -> None:
    node = _add(parent, name)
    stated = etree.SubElement(node, etree.QName(_DATA_TYPES, "DateTimeString"))
    stated.text = written


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str | None) -> etree._Element:
    node = etree.SubElement(parent, etree.QName(_ENTITIES, name))
    node.text = text
    for attribute, value in attributes.items():
        if value is not None:
            node.set(attribute, value)
    return node
