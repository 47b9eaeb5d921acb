"""Read a UN/CEFACT SPS certificate in XML into the common model.

The reader is tolerant of looseness seen in real certificates (dates without time, blanks, empty elements, codes with
dots) and says so each time; it is strict about what is mandatory. What it did not carry into the model is reported by
path. Attachments are represented by name, size and digest: the original stays elsewhere, untouched.
"""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import date, datetime
from typing import TYPE_CHECKING

from lxml import etree

from harness.documents import sps, xml
from harness.documents.model import Finding, Incomplete, Severity, TradeDocument, Unreadable, from_plain, pointer

if TYPE_CHECKING:
    from harness.documents.xml import Node

TYPE_CODE = "851"
Plain = dict[str, object]

_DECIMAL = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?", re.ASCII)


def read(data: bytes) -> tuple[TradeDocument, tuple[Finding, ...]]:
    """The phytosanitary certificate in `data`, and what is to be said about reading it.

    Raises:
        Unreadable: no XML we accept, or no SPS certificate; closer where it means to mislead (`harness.documents.xml`).
        Incomplete: an SPS certificate without its mandatory fields; each is named.
    """
    root = xml.parse(data)
    name = etree.QName(root)
    if name.localname != sps.ROOT or not (name.namespace or "").startswith(sps.CERTIFICATE):
        raise Unreadable(
            f"XML whose root is {root.tag!s:.120}",
            expected=f"{sps.ROOT} in {sps.CERTIFICATE}{sps.VERSION}",
            todo="lodge a UN/CEFACT SPS certificate, or a document in another syntax this window reads",
        )
    xml.alone(root, sps.ROOT, "SPSExchangedDocument")
    xml.alone(root, sps.ROOT, "SPSConsignment")
    ledger = xml.Ledger(root, (sps.CERTIFICATE, sps.ENTITIES, sps.DATA_TYPES))
    if name.namespace != sps.CERTIFICATE + sps.VERSION:
        ledger.say(Severity.WARNING, "other-version", "", f"{name.namespace}, read as version {sps.VERSION}")
    own: tuple[Finding, ...] = ()
    stated = ledger.root.value("SPSExchangedDocument", "TypeCode")
    if stated != TYPE_CODE:
        sentence = f"found {stated or 'nothing'}, expected {TYPE_CODE}"
        own = (Finding(Severity.ERROR, "unknown-document-type", "/doctype", sentence),)
    try:
        document = from_plain(_certificate(ledger.root))
    except Incomplete as error:
        raise Incomplete((*own, *error.findings)) from error
    if own:
        raise Incomplete(own)
    return document, tuple(dict.fromkeys((*ledger.findings, *ledger.left())))


def _certificate(root: Node) -> Plain:
    values: Plain = {"doctype": TYPE_CODE}
    head = root.one("SPSExchangedDocument")
    if head:
        values |= _head(head)
    consignment = root.one("SPSConsignment")
    if consignment:
        values |= _consignment(consignment)
    return values


def _head(head: Node) -> Plain:
    notes = _notes(head.all("IncludedSPSNote"), pointer("notes"))
    replaces, notes = _single(notes, sps.REPLACED_CERTIFICATE)
    declarations, notes = _split(notes, sps.ADDITIONAL_DECLARATION)
    return _kept(
        reference=head.value("ID"),
        status=head.value("StatusCode"),
        issued=_moment(head.one("IssueDateTime"), "/issued"),
        issuer=_party(head.one("IssuerSPSParty"), "/issuer"),
        signatory=_signatory(head.one("SignatorySPSAuthentication")),
        references=_references(head.all("ReferenceSPSReferencedDocument")),
        replaces=replaces,
        declarations=declarations,
        notes=notes,
    )


def _consignment(node: Node) -> Plain:
    lines = [line for item in node.all("IncludedSPSConsignmentItem") for line in item.all("IncludedSPSTradeLineItem")]
    return _kept(
        consignor=_party(node.one("ConsignorSPSParty"), "/consignor"),
        consignee=_party(node.one("ConsigneeSPSParty"), "/consignee"),
        export_country=node.value("ExportSPSCountry", "ID"),
        import_country=node.value("ImportSPSCountry", "ID"),
        transit=[code for country in node.all("TransitSPSCountry") if (code := country.value("ID"))],
        loading=_place(node.one("LoadingBaseportSPSLocation")),
        entry=_place(node.one("UnloadingBaseportSPSLocation")),
        transport=[_transport(leg) for leg in node.all("MainCarriageSPSTransportMovement") if leg.value("ModeCode")],
        equipment=[kept for unit in node.all("UtilizedSPSTransportEquipment") if (kept := _equipment(unit))],
        items=[_item(line, place) for place, line in enumerate(lines)],
    )


def _item(line: Node, place: int) -> Plain:
    here = pointer("items", place)
    notes = _notes(line.all("AdditionalInformationSPSNote"), here + "/notes")
    declarations, notes = _split(notes, sps.ITEM_DECLARATION)
    commodity, classes = _classes(line, here)
    return _kept(
        number=_number(line.value("SequenceNumeric")),
        scientific_name=line.value("ScientificName"),
        common_name=line.value("CommonName"),
        description=_texts(line.all("Description"), here + "/description"),
        commodity=commodity,
        classes=classes,
        intended_use=line.value("IntendedUse"),
        origin=[_origin(country) for country in line.all("OriginSPSCountry") if country.value("ID")],
        net_weight=_measure(line.one("NetWeightMeasure"), here + "/net_weight"),
        gross_weight=_measure(line.one("GrossWeightMeasure"), here + "/gross_weight"),
        net_volume=_measure(line.one("NetVolumeMeasure"), here + "/net_volume"),
        gross_volume=_measure(line.one("GrossVolumeMeasure"), here + "/gross_volume"),
        packages=[_package(node) for node in line.all("PhysicalSPSPackage")],
        treatments=[_treatment(node, here, n) for n, node in enumerate(line.all("AppliedSPSProcess"))],
        declarations=declarations,
        notes=notes,
    )


def _classes(line: Node, here: str) -> tuple[str | None, list[Plain]]:
    commodity, classes = None, []
    for node in line.all("ApplicableSPSClassification"):
        system = node.value("SystemName")
        code = node.value("ClassCode")
        if system == sps.HARMONIZED_SYSTEM and commodity is None:
            commodity = _commodity(node, code, here + "/commodity")
        elif system:
            words = node.one("ClassName")
            name = _text(words, here + "/classes") if words else None
            classes.append(_kept(system=system, code=code, name=name))
    return commodity, classes


def _commodity(node: Node, code: str | None, where: str) -> str | None:
    digits = (code or "").replace(".", "").replace(" ", "")
    if code and not re.fullmatch(r"[0-9]{6}([0-9]{2}){0,2}", digits):
        sentence = f"HS code {code!r} has not 6, 8 or 10 digits and is not carried"
        node.ledger.say(Severity.WARNING, "unreadable-value", where, sentence)
        return None
    return digits or None


def _origin(node: Node) -> Plain:
    places = [name for part in node.all("SubordinateSPSCountrySubDivision") if (name := part.value("Name"))]
    return _kept(country=node.value("ID"), places=places)


def _package(node: Node) -> Plain:
    level = node.value("LevelCode")
    marks = [text for mark in node.all("PhysicalSPSShippingMarks") if (text := mark.value("Marking"))]
    return _kept(
        count=node.value("ItemQuantity"),
        kind=node.value("TypeCode"),
        level=_number(level),
        marks=" ".join(marks) or None,
    )


def _treatment(node: Node, here: str, place: int) -> Plain:
    where = f"{here}/treatments/{place}"
    period = node.one("CompletionSPSPeriod")
    details = []
    for characteristic in node.all("ApplicableSPSProcessCharacteristic"):
        # The first description is the code of the characteristic, the others say what it is.
        described = characteristic.all("Description")
        subject = described[0].text() if described else None
        if subject:
            measure = _measure(characteristic.one("ValueMeasure"), where + "/details")
            content = _texts(described[1:], where + "/details")
            details.append(_kept(subject=subject, content=content, measure=measure))
    return _kept(
        kind=node.value("TypeCode"),
        started=_day(period.one("StartDateTime") if period else None, where + "/started"),
        ended=_day(period.one("EndDateTime") if period else None, where + "/ended"),
        duration=_measure(period.one("DurationMeasure") if period else None, where + "/duration"),
        details=details,
        notes=_notes(node.all("AdditionalInformationSPSNote"), where + "/notes"),
    )


# ---------------------------------------------------------------------------------------------- parties, places


def _party(node: Node | None, where: str) -> Plain | None:
    if node is None:
        return None
    address: list[str] = []
    country = None
    stated = node.one("SpecifiedSPSAddress")
    if stated:
        names = ("LineOne", "LineTwo", "LineThree", "LineFour", "LineFive", "PostcodeCode", "CityName", "CountryName")
        address = [line for name in names if (line := stated.value(name))]
        if len(address) > 5:
            address = [*address[:4], ", ".join(address[4:])]
        country = stated.value("CountryID")
    number, register = node.one("ID"), "schemeID"
    if number is None:
        number, register = node.one("TypeCode"), "listName"
    identifier = number.text() if number else None
    return _kept(
        name=node.value("Name"),
        address=address,
        country=_matching(node, country, r"[A-Z]{2}", where + "/country"),
        identifier=identifier,
        register_name=number.attribute(register) if number and identifier else None,
    )


def _signatory(node: Node | None) -> Plain | None:
    name = node.value("ProviderSPSParty", "SpecifiedSPSPerson", "Name") if node else None
    if node is None or name is None:
        return None
    signed = _moment(node.one("ActualDateTime"), "/signatory/signed")
    return _kept(name=name, place=_place(node.one("IssueSPSLocation")), signed=signed)


def _place(node: Node | None) -> Plain | None:
    if node is None:
        return None
    number = node.one("ID")
    code = number.text() if number else None
    scheme = number.attribute("schemeID") if number and code else None
    if number and scheme and "LOCODE" not in scheme.upper():
        node.ledger.say(Severity.NOTE, "other-scheme", "", f"place {code} of scheme {scheme} read as UN/LOCODE")
    locode = _matching(node, code, r"[A-Z]{2}[A-Z0-9]{3}", "")
    return _kept(name=node.value("Name") or locode, locode=locode)


def _transport(node: Node) -> Plain:
    means = node.value("UsedSPSTransportMeans", "Name")
    return _kept(mode=node.value("ModeCode"), means=means, identifier=node.value("ID"))


def _equipment(node: Node) -> Plain:
    seals = [number for seal in node.all("AffixedSPSSeal") if (number := seal.value("ID"))]
    return _kept(identifier=node.value("ID"), seals=seals)


# ---------------------------------------------------------------------------------------- notes and references


def _notes(nodes: list[Node], where: str) -> list[Plain]:
    return [
        _kept(subject=subject, content=_texts(node.all("Content"), where))
        for node in nodes
        if (subject := node.value("Subject"))
    ]


def _split(notes: list[Plain], subject: str) -> tuple[list[object], list[Plain]]:
    """The texts of the notes on `subject`, and the other notes."""
    texts: list[object] = []
    for note in notes:
        content = note.get("content")
        if note["subject"] == subject and isinstance(content, list):
            texts += content
    return texts, [note for note in notes if note["subject"] != subject]


def _single(notes: list[Plain], subject: str) -> tuple[str | None, list[Plain]]:
    """The one plain text said on `subject` and the other notes; several or none leave the notes as they are."""
    texts, others = _split(notes, subject)
    if len(texts) == 1 and isinstance(texts[0], dict) and "language" not in texts[0]:
        return str(texts[0]["text"]), others
    return None, notes


def _references(nodes: list[Node]) -> list[Plain]:
    found: list[Plain] = []
    for node in nodes:
        reference = node.value("ID")
        if reference is None:
            continue
        where = pointer("references", len(found))
        attached = [_attachment(file, where) for file in node.all("AttachmentBinaryObject")]
        found.append(
            _kept(
                reference=reference,
                relation=node.value("RelationshipTypeCode"),
                issued=_day(node.one("IssueDateTime"), where + "/issued"),
                description=_texts(node.all("Information"), where + "/description"),
                attachments=[file for file in attached if file],
            )
        )
    return found


def _attachment(node: Node, where: str) -> Plain | None:
    filename = node.attribute("filename")
    held = "".join((node.text() or "").split())
    link = node.attribute("uri") or ""
    if not held and (pointed := re.fullmatch(re.escape(sps.DIGEST_URI) + r"([0-9a-f]{64})\?size=([0-9]{1,15})", link)):
        return _kept(filename=filename, size=int(pointed[2]), sha256=pointed[1])
    try:
        octets = base64.b64decode(held, validate=True)
    except ValueError:  # binascii.Error among them
        sentence = f"attachment {filename or 'without name'} is no base64 and is not carried"
        node.ledger.say(Severity.WARNING, "unreadable-attachment", where, sentence)
        return None
    return _kept(filename=filename, size=len(octets), sha256=hashlib.sha256(octets).hexdigest())


# ----------------------------------------------------------------------------------------------- simple values


def _kept(**values: object) -> Plain:
    """`values` without what is absent or empty: to the model, absent is the only form of nothing."""
    return {name: value for name, value in values.items() if value is not None and value not in ("", [], {})}


def _texts(nodes: list[Node], where: str) -> list[Plain]:
    return [text for node in nodes if (text := _text(node, where))]


def _text(node: Node, where: str) -> Plain | None:
    words = node.text()
    language = node.attribute("languageID")
    if words is None:
        return None
    return _kept(text=words, language=_matching(node, (language or "").lower() or None, r"[a-z]{2,3}", where))


def _matching(node: Node, value: str | None, pattern: str, where: str) -> str | None:
    if value is None or re.fullmatch(pattern, value):
        return value
    sentence = f"{node.ledger.path(node.element)}: {value!r:.60} is no code of its kind and is not carried"
    node.ledger.say(Severity.WARNING, "unreadable-value", where, sentence)
    return None


def _measure(node: Node | None, where: str) -> Plain | None:
    if node is None:
        return None
    value, unit = node.text(), node.attribute("unitCode")
    if value is None:
        return None
    if not _DECIMAL.fullmatch(value) or unit is None or not re.fullmatch(r"[A-Z0-9]{2,3}", unit):
        sentence = f"{value!r:.40} with unit {unit or 'none'} is no measure and is not carried"
        node.ledger.say(Severity.WARNING, "unreadable-value", where, sentence)
        return None
    return {"value": value, "unit": unit}


def _number(value: str | None) -> object:
    # What is no number goes on as it is: the model refuses it and names the field.
    return int(value) if value and re.fullmatch(r"[0-9]{1,9}", value) else value


def _stated_time(node: Node | None) -> str | None:
    if node is None:
        return None
    return node.value("DateTimeString") or node.value("DateTime") or node.text()


def _moment(node: Node | None, where: str) -> str | None:
    """The moment stated. A day alone is its first moment, a time without offset is UTC; either is a warning."""
    stated = _stated_time(node)
    if node is None or stated is None:
        return stated
    if _DAY.fullmatch(stated):
        sentence = f"{stated} has no time: read as the first moment of that day, UTC"
        node.ledger.say(Severity.WARNING, "no-time", where, sentence)
        return f"{stated}T00:00:00Z"
    if _LOCAL_TIME.fullmatch(stated):
        node.ledger.say(Severity.WARNING, "no-offset", where, f"{stated} has no offset: read as UTC")
        return f"{stated}Z"
    return stated


def _day(node: Node | None, where: str) -> str | None:
    """The day stated, as it is called where it was stated; a time of day beside it is a note."""
    stated = _stated_time(node)
    if node is None or stated is None:
        return None
    try:
        day = datetime.fromisoformat(stated).date() if "T" in stated else date.fromisoformat(stated)
    except ValueError:
        sentence = f"{stated!r:.40} is no day and is not carried"
        node.ledger.say(Severity.WARNING, "unreadable-value", where, sentence)
        return None
    if "T" in stated:
        node.ledger.say(Severity.NOTE, "time-of-day", where, f"{stated}: only the day is carried")
    return day.isoformat()
