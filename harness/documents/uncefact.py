"""The UN/CEFACT JSON form of a document: an export, told together with what it could not carry.

The schemas forgive much and carry little: `{}` conforms to both, and the form of the preferential certificate of origin
has no place for a party's name, an origin criterion, a value or a status. So conformance is reported on its own, never
in place of `rules`, and `losses` names each field that stayed behind. Nothing is read from this form.

Source: UN/CEFACT, JSON schemas of Buy-Ship-Pay D.23B (not shipped here: the schema is handed in).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from harness.documents.conformance import conformance
from harness.documents.model import (
    CertificateOfOrigin,
    Finding,
    PhytosanitaryCertificate,
    Severity,
    TradeDocument,
    plain,
    pointer,
)
from harness.errors import BadInput

__all__ = ["SCHEMAS", "Exported", "conformance", "export", "exported", "losses"]

Form = dict[str, object]
SCHEMAS: Mapping[str, str] = {"851": "SPSCertificate.schema.json", "864": "PreferentialCoO.schema.json"}


@dataclass(frozen=True, slots=True)
class Exported:
    """The UN/CEFACT form, and one finding for each field of the document that it does not hold."""

    form: Form
    losses: tuple[Finding, ...]


def export(document: TradeDocument) -> Form:
    """The UN/CEFACT JSON form of `document`."""
    return exported(document).form


def losses(document: TradeDocument) -> tuple[Finding, ...]:
    """What the UN/CEFACT form of `document` does not carry: a warning for a mandatory field, a note for another."""
    return exported(document).losses


def exported(document: TradeDocument) -> Exported:
    """The form and the losses, both from one walk.

    Raises:
        BadInput: there is no UN/CEFACT form of this kind of document here.
    """
    source = _Source(plain(document))
    if isinstance(document, PhytosanitaryCertificate):
        form = _phytosanitary(source)
    elif isinstance(document, CertificateOfOrigin):
        form = _origin(source)
    else:
        raise BadInput(f"document type {document.doctype}", expected=f"one of {', '.join(SCHEMAS)}")
    return Exported(form, tuple(_lost(document, source)))


# ------------------------------------------------------------------------------------------------- the two forms


def _phytosanitary(source: _Source) -> Form:
    head = _some(
        id=_content(source.take("reference")),
        typeCode=_content(source.take("doctype")),
        statusCode=_content(source.take("status")),
        issueDateTime=source.take("issued"),
        issuer=_party(source, "issuer"),
        includedNote=[_note(source, "notes", n) for n in source.each("notes")],
        referenceReferencedDocument=[_reference(source, n) for n in source.each("references")],
        firstSignatoryDocumentAuthentication=_signatory(source),
    )
    consignment = _some(
        consignor=_party(source, "consignor"),
        consignee=_party(source, "consignee"),
        exportTradeCountry=_country(source.take("export_country")),
        importTradeCountry=_country(source.take("import_country")),
        transitTradeCountry=[_country(source.take("transit", n)) for n in source.each("transit")],
        loadingBaseportLogisticsLocation=_place(source, "loading"),
        unloadingBaseportLogisticsLocation=_place(source, "entry"),
        mainCarriageLogisticsTransportMovement=[_leg(source, n) for n in source.each("transport")],
        utilizedLogisticsTransportEquipment=[_equipment(source, n) for n in source.each("equipment")],
        includedConsignmentItem=[{"includedTradeLineItem": [_plant(source, n) for n in source.each("items")]}],
    )
    return {"exchangedDocument": head, "specifiedConsignment": [consignment]}


def _plant(source: _Source, n: int) -> Form:
    at = ("items", n)
    classes = [_class(source, n, held) for held in source.each(*at, "classes")]
    commodity = source.take(*at, "commodity")
    if commodity:
        classes.insert(0, {"systemName": [{"content": "HS"}], "classCode": {"content": commodity}})
    product = _some(
        description=_texts(source, *at, "description")[:1],
        commonName=_listed(source.take(*at, "common_name")),
        scientificName=_listed(source.take(*at, "scientific_name")),
        intendedUse=_listed(source.take(*at, "intended_use")),
        netWeight=_measure(source, *at, "net_weight"),
        grossWeight=_measure(source, *at, "gross_weight"),
        netVolume=_measure(source, *at, "net_volume"),
        grossVolume=_measure(source, *at, "gross_volume"),
        designatedProductClassification=classes,
        originTradeCountry=[_place_of_origin(source, n, held) for held in source.each(*at, "origin")],
    )
    return _some(
        sequenceNumeric=_listed(source.take(*at, "number")),
        specifiedTradeProduct=[product],
        additionalInformationNote=[_note(source, *at, "notes", held) for held in source.each(*at, "notes")],
        physicalReferencedLogisticsPackage=_packages(source, n),
        appliedProductHandlingProcess=[
            {"typeCode": _content(source.take(*at, "treatments", held, "kind"))}
            for held in source.each(*at, "treatments")
        ],
    )


def _origin(source: _Source) -> Form:
    head = _some(
        id=_content(source.take("reference")),
        typeCode=_content(source.take("doctype")),
        issueDateTime=source.take("issued"),
        issuer=_identifier(source, "issuer"),
    )
    lines = [
        _some(
            specifiedTradeProduct=[
                {
                    "designatedProductClassification": [
                        {"classCode": _content(source.take("items", n, "commodity"))},
                    ],
                    "originTradeCountry": [_country(source.take("items", n, "origin"))],
                }
            ],
            physicalReferencedLogisticsPackage=_packages(source, n),
        )
        for n in source.each("items")
    ]
    consignment = _some(
        consignor=_identifier(source, "exporter"),
        consignee=_identifier(source, "consignee"),
        applicableCrossBorderRegulatoryProcedure=[
            {"freeTradeAgreementName": _content(source.take("scheme", "name"))},
        ],
        mainCarriageLogisticsTransportMovement=[_leg(source, n) for n in source.each("transport")],
        includedConsignmentItem=[{"includedTradeLineItem": lines}],
    )
    return {"exchangedDocument": head, "specifiedConsignment": [consignment]}


def _party(source: _Source, name: str) -> Form:
    lines = ("lineOne", "lineTwo", "lineThree", "lineFour", "lineFive")
    address = {
        line: _content(source.take(name, "address", n))
        for line, n in zip(lines, source.each(name, "address"), strict=False)
    }
    return _some(
        **_identifier(source, name),
        name=_listed(source.take(name, "name")),
        postalTradeAddress=_some(**address, countryId=_content(source.take(name, "country"))),
    )


def _identifier(source: _Source, name: str) -> Form:
    return _some(id=_listed(source.take(name, "identifier")))


def _signatory(source: _Source) -> Form:
    name = source.take("signatory", "name")
    person = {"specifiedAuthoritativeSignatoryPerson": [{"name": _content(name)}]} if name else {}
    return _some(
        actualDateTime=source.take("signatory", "signed"),
        provider=person,
        issueLogisticsLocation=_place(source, "signatory", "place"),
    )


def _place(source: _Source, *at: str) -> Form:
    return _some(id=_listed(source.take(*at, "locode")), name=_listed(source.take(*at, "name")))


def _place_of_origin(source: _Source, n: int, held: int) -> Form:
    at = ("items", n, "origin", held)
    places = [{"name": _listed(source.take(*at, "places", m))} for m in source.each(*at, "places")]
    return _some(id=_listed(source.take(*at, "country")), subordinateTradeCountrySubDivision=places)


def _class(source: _Source, n: int, held: int) -> Form:
    at = ("items", n, "classes", held)
    name = _some(content=source.take(*at, "name", "text"), languageId=source.take(*at, "name", "language"))
    return _some(
        systemName=_listed(source.take(*at, "system")),
        classCode=_content(source.take(*at, "code")),
        className=[name] if name else None,
    )


def _packages(source: _Source, n: int) -> list[Form]:
    # The form demands a packaging level. Where none is stated we make none up: those packages are losses.
    places = source.each("items", n, "packages")
    return [_package(source, n, held) for held in places if source.holds("items", n, "packages", held, "level")]


def _package(source: _Source, n: int, held: int) -> Form:
    at = ("items", n, "packages", held)
    marks = source.take(*at, "marks")
    return _some(
        itemQuantity=_content(source.take(*at, "count")),
        levelCode=_content(source.take(*at, "level")),
        typeCode=_content(source.take(*at, "kind")),
        physicalLogisticsShippingMarks=[{"marking": _listed(marks)}] if marks else None,
    )


def _leg(source: _Source, n: int) -> Form:
    means = source.take("transport", n, "means")
    return _some(
        modeCode=_content(source.take("transport", n, "mode")),
        id=_content(source.take("transport", n, "identifier")),
        usedLogisticsTransportMeans={"name": _content(means)} if means else None,
    )


def _equipment(source: _Source, n: int) -> Form:
    seals = [{"id": _listed(source.take("equipment", n, "seals", m))} for m in source.each("equipment", n, "seals")]
    return _some(id=_content(source.take("equipment", n, "identifier")), affixedLogisticsSeal=seals)


def _reference(source: _Source, n: int) -> Form:
    at = ("references", n)
    return _some(
        id=_listed(source.take(*at, "reference")),
        relationshipTypeCode=_content(source.take(*at, "relation")),
        issueDateTime=source.take(*at, "issued"),
        information=_texts(source, *at, "description")[:1],
    )


def _note(source: _Source, *at: str | int) -> Form:
    return _some(subject=_content(source.take(*at, "subject")), content=_texts(source, *at, "content")[:1])


def _texts(source: _Source, *at: str | int) -> list[Form]:
    # The form holds one text where the model may hold several: only the first is taken, the others are losses.
    return [
        _some(content=source.take(*at, n, "text"), languageId=source.take(*at, n, "language"))
        for n in list(source.each(*at))[:1]
    ]


def _measure(source: _Source, *at: str | int) -> list[Form]:
    value = source.take(*at, "value")
    return [_some(content=value, unitCode=source.take(*at, "unit"))] if value else []


def _country(code: object) -> Form:
    return _some(id=_listed(code))


def _content(value: object) -> Form | None:
    return None if value is None else {"content": str(value)}


def _listed(value: object) -> list[Form] | None:
    return None if value is None else [{"content": str(value)}]


def _some(**values: object) -> Form:
    return {name: value for name, value in values.items() if value is not None and value not in ([], {})}


# ------------------------------------------------------------------------------------------------------ losses


class _Source:
    """A document as JSON values that remembers which of them were taken."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self.values = values
        self.taken: set[str] = set()

    def take(self, *steps: str | int) -> object:
        """The value at `steps`, None where there is none."""
        value = self._at(steps)
        self.taken.add(pointer(*steps))
        return value

    def holds(self, *steps: str | int) -> bool:
        """Whether there is a value at `steps`; it is not taken by this."""
        return self._at(steps) is not None

    def each(self, *steps: str | int) -> range:
        """The places of the array at `steps`."""
        value = self._at(steps)
        return range(len(value) if isinstance(value, list) else 0)

    def left(self) -> Iterator[tuple[str | int, ...]]:
        """The steps to each value that nobody took."""
        return (steps for steps in _leaf_steps(self.values, ()) if pointer(*steps) not in self.taken)

    def _at(self, steps: Sequence[str | int]) -> object:
        value: object = self.values
        for step in steps:
            if isinstance(value, Mapping):
                value = value.get(str(step))
            elif isinstance(value, list) and isinstance(step, int):
                value = value[step]
            else:
                return None
        return value


def _leaf_steps(value: object, steps: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaf_steps(inner, (*steps, str(name)))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _leaf_steps(inner, (*steps, place))
    else:
        yield steps


def _lost(document: TradeDocument, source: _Source) -> Iterator[Finding]:
    for steps in source.left():
        where = pointer(*steps)
        if _mandatory(document, steps):
            yield Finding(Severity.WARNING, "lost-mandatory", where, "mandatory, and the UN/CEFACT form has no place")
        else:
            yield Finding(Severity.NOTE, "lost", where, "the UN/CEFACT form has no place for it")


def _mandatory(document: TradeDocument, steps: Sequence[str | int]) -> bool:
    """Whether the model demands the value at `steps`: each field on the way to it is required."""
    value: object = document
    for step in steps:
        if isinstance(value, BaseModel):
            if not type(value).model_fields[str(step)].is_required():
                return False
            value = getattr(value, str(step))
        elif isinstance(value, tuple) and isinstance(step, int):
            value = value[step]
    return True
