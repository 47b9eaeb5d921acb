"""The common model: what a trade document says, whatever syntax or national dialect it came in.

Here are the phytosanitary certificate (UNTDID 1001: 851), the preferential certificate of origin (864), the values
they are made of, and `Finding`. A field without a default is mandatory: without it there is no document. Simple values
are in `fields`; what a document must satisfy beyond its shape is in `rules`; how it is read and written in `syntax`.

All models are frozen, strict and closed. Numbers are decimals written as strings, moments carry their offset.
Sources: IPPC, ISPM 12 (model phytosanitary certificate); UN/CEFACT SPS certificate, D23B; the minimum information
common to preferential certificates of origin. The field names are ours.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.documents.fields import (
    Commodity,
    Country,
    Currency,
    Day,
    Digest,
    Identifier,
    Language,
    Line,
    Moment,
    Prose,
    Quantity,
    Subheading,
    Unit,
)
from harness.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Severity(StrEnum):
    """How much a finding weighs: an error stops the document, a warning and a note do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a document: how grave, which rule, where (JSON pointer into the common model), in words."""

    # A finding also comes in receipts: what a later version adds to it stays in the signed bytes, not here.
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="ignore")

    severity: Severity
    code: str
    pointer: str
    sentence: str


class Unreadable(BadInput):
    """The bytes are no document of a kind and syntax we read; `findings` says where, as far as that is known."""

    findings: tuple[Finding, ...] = ()


class Incomplete(Unreadable):
    """The common model cannot be built: `findings` names every field that is missing or cannot be read."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Name each of `findings` in one message."""
        self.findings = tuple(findings)
        listed = ", ".join(f"{finding.pointer or '/'} ({finding.sentence})" for finding in self.findings)
        super().__init__(
            f"document with {len(self.findings)} field(s) missing or unreadable: {listed}",
            expected="every mandatory field of the document type",
            todo="ask the issuer for a complete certificate, or correct the named fields and lodge it again",
        )


class _Value(BaseModel):
    """What every part of a document shares: frozen, strict, and closed to names it does not know."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, strict=True, extra="forbid", str_max_length=8000)


class LocalText(_Value):
    """Words, and the language they are in where it was stated."""

    text: Prose
    language: Language | None = None


class Measure(_Value):
    """A quantity and its unit (UNECE Recommendation 20)."""

    value: Quantity
    unit: Unit


class Money(_Value):
    """An amount and its currency (ISO 4217)."""

    amount: Quantity
    currency: Currency


class Place(_Value):
    """A place by name, with its UN/LOCODE where there is one."""

    name: Line
    locode: Annotated[str, Field(pattern=r"^[A-Z]{2}[A-Z0-9]{3}$")] | None = None


class Party(_Value):
    """A party by name; `identifier` is its number in the register named by `register_name`."""

    name: Line
    address: Annotated[tuple[Line, ...], Field(max_length=5)] = ()
    country: Country | None = None
    identifier: Identifier | None = None
    register_name: Identifier | None = None


class Package(_Value):
    """Packages of one kind: how many, and of what type (UNECE Recommendation 21)."""

    count: Quantity
    kind: Annotated[str, Field(pattern=r"^[A-Z0-9]{1,3}$")]
    level: Annotated[int, Field(ge=1, le=9)] | None = None
    marks: Prose | None = None


class Transport(_Value):
    """One leg: its mode (UNECE Recommendation 19, one digit), the vehicle or voyage and its identifier."""

    mode: Annotated[str, Field(pattern=r"^[0-9]$")]
    means: Line | None = None
    identifier: Line | None = None


class Equipment(_Value):
    """A container or the like, and the seals on it."""

    identifier: Identifier | None = None
    seals: tuple[Identifier, ...] = ()


class Note(_Value):
    """A note: what it is about (code or words, as the issuer gave it) and what it says."""

    subject: Line
    content: tuple[LocalText, ...] = ()


class Attachment(_Value):
    """A file carried inside the original: named and fixed by its digest. The bytes stay in the original."""

    filename: Line | None = None
    size: Annotated[int, Field(ge=0, lt=2**53, description="octets")]
    sha256: Digest


class Reference(_Value):
    """Another document this one refers to (UNTDID 1153 says how it relates)."""

    reference: Identifier
    relation: Identifier | None = None
    issued: Day | None = None
    description: tuple[LocalText, ...] = ()
    attachments: tuple[Attachment, ...] = ()


# ------------------------------------------------------------------------------------------------- documents


class TradeDocument(_Value):
    """What all certificates have in common: who issued what, when, for which road.

    `doctype` is UNTDID 1001, `status` UNTDID 1373. `replaces` is the reference of the certificate this one replaces.
    """

    doctype: str
    reference: Identifier
    issued: Moment
    issuer: Party
    status: Annotated[str, Field(pattern=r"^[0-9]{1,3}$")] | None = None
    export_country: Country
    import_country: Country
    consignee: Party
    replaces: Identifier | None = None
    references: tuple[Reference, ...] = ()
    notes: tuple[Note, ...] = ()


class Signatory(_Value):
    """Who signed on paper: name, place, and when, where stated."""

    name: Line
    place: Place | None = None
    signed: Moment | None = None


class TreatmentDetail(_Value):
    """One characteristic of a treatment: chemical, concentration, temperature ..."""

    subject: Line
    content: tuple[LocalText, ...] = ()
    measure: Measure | None = None


class Treatment(_Value):
    """A disinfestation or disinfection treatment. `details` keeps code and content of each characteristic stated."""

    kind: Line
    started: Day | None = None
    ended: Day | None = None
    duration: Measure | None = None
    details: tuple[TreatmentDetail, ...] = ()
    notes: tuple[Note, ...] = ()


class Classification(_Value):
    """A class in another system than HS, such as the IPPC's commodity class (IPPCPCC) and part of plant (IPPCPCVP)."""

    system: Line
    code: Line | None = None
    name: LocalText | None = None


class Origin(_Value):
    """A country of origin, and the places in it where stated."""

    country: Country
    places: tuple[Line, ...] = ()


class PlantItem(_Value):
    """One line of a phytosanitary certificate. `origin` is never empty in an acceptable one, see `rules`."""

    number: Annotated[int, Field(ge=0, le=999_999)]
    scientific_name: Line | None = None
    common_name: Line | None = None
    description: tuple[LocalText, ...] = ()
    commodity: Commodity | None = None
    classes: tuple[Classification, ...] = ()
    intended_use: Line | None = None
    origin: tuple[Origin, ...] = ()
    net_weight: Measure | None = None
    gross_weight: Measure | None = None
    net_volume: Measure | None = None
    gross_volume: Measure | None = None
    packages: tuple[Package, ...] = ()
    treatments: tuple[Treatment, ...] = ()
    declarations: tuple[LocalText, ...] = ()
    notes: tuple[Note, ...] = ()


class PhytosanitaryCertificate(TradeDocument):
    """Phytosanitary certificate for export, UNTDID 1001: 851 (ISPM 12, annex 1)."""

    doctype: Literal["851"] = "851"
    consignor: Party
    signatory: Signatory | None = None
    transit: tuple[Country, ...] = ()
    loading: Place | None = None
    entry: Place | None = None
    transport: tuple[Transport, ...] = ()
    equipment: tuple[Equipment, ...] = ()
    items: Annotated[tuple[PlantItem, ...], Field(min_length=1)]
    declarations: tuple[LocalText, ...] = ()


class Scheme(_Value):
    """The agreement or scheme under which preference is claimed."""

    code: Identifier
    name: Line


class Invoice(_Value):
    """A commercial invoice the certificate covers."""

    number: Identifier
    issued: Day


class Declaration(_Value):
    """The exporter's declaration that the goods comply: by whom, where, when."""

    name: Line
    place: Line
    made: Day


class OriginItem(_Value):
    """One line of a certificate of origin.

    `criterion` is a code of the list `origin-criteria`; `content` is the regional value content in percent.
    """

    number: Annotated[int, Field(ge=1, le=999_999)]
    description: Prose
    commodity: Subheading
    origin: Country
    criterion: Annotated[str, Field(pattern=r"^[A-Z]{2,3}$")]
    content: Quantity | None = None
    quantity: Measure
    gross_weight: Measure
    value: Money
    invoice: Identifier
    packages: tuple[Package, ...] = ()


class CertificateOfOrigin(TradeDocument):
    """Preferential certificate of origin, UNTDID 1001: 864."""

    doctype: Literal["864"] = "864"
    # Looser in the base: an old phytosanitary certificate may state no status, a preference without one is worthless.
    status: Annotated[str, Field(pattern=r"^[0-9]{1,3}$")]
    scheme: Scheme
    exporter: Party
    producer: Party | None = None
    invoices: Annotated[tuple[Invoice, ...], Field(min_length=1)]
    declaration: Declaration
    valid_until: Day | None = None
    retrospective: bool = False
    transport: tuple[Transport, ...] = ()
    items: Annotated[tuple[OriginItem, ...], Field(min_length=1)]


KINDS: Mapping[str, type[TradeDocument]] = {"851": PhytosanitaryCertificate, "864": CertificateOfOrigin}


# --------------------------------------------------------------------------------- to and from plain JSON values


def plain(document: TradeDocument) -> dict[str, object]:
    """The document as JSON values (decimals and moments as strings); what is absent or empty is left out."""
    values: dict[str, object] = document.model_dump(mode="json", exclude_none=True)
    return {name: kept for name, value in values.items() if (kept := _without_empty(value)) not in ([], {})}


def from_plain(values: Mapping[str, object], *, tolerant: bool = False) -> TradeDocument:
    """Build the document that `values` describe; with `tolerant`, names the model does not know are passed over.

    Raises:
        Incomplete: a mandatory field is missing or a value cannot be read; every such field is named.
    """
    kind = KINDS.get(str(values.get("doctype")))
    if kind is None:
        sentence = f"found {values.get('doctype')!r}, expected one of {', '.join(KINDS)}"
        raise Incomplete((Finding(Severity.ERROR, "unknown-document-type", "/doctype", sentence),))
    try:
        # By way of JSON text: pydantic's strict mode then takes arrays for tuples and nothing else for anything.
        return kind.model_validate_json(_json(values), extra="ignore" if tolerant else "forbid")
    except ValidationError as error:
        raise Incomplete(_findings(error)) from error


def pointer(*steps: str | int) -> str:
    """A JSON pointer (RFC 6901) from its steps."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _json(values: Mapping[str, object]) -> bytes:
    try:
        return json.dumps(values, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:  # a lone surrogate is a ValueError here, too
        finding = Finding(Severity.ERROR, "not-json", "", f"not plain JSON values: {error}")
        raise Incomplete((finding,)) from error


def _without_empty(value: object) -> object:
    if isinstance(value, dict):
        return {name: kept for name, inner in value.items() if (kept := _without_empty(inner)) not in ([], {})}
    if isinstance(value, list):
        return [_without_empty(inner) for inner in value]
    return value


_CODES = {"missing": "missing-field", "too_short": "missing-field", "extra_forbidden": "unknown-field"}
_SENTENCES = {
    "missing": "missing",
    "too_short": "at least one is needed",
    "extra_forbidden": "not a field of the model",
}


def _findings(error: ValidationError) -> tuple[Finding, ...]:
    details = error.errors(include_url=False, include_input=False)
    found = []
    for detail in details:
        where = pointer(*detail["loc"])
        below = any(pointer(*other["loc"]).startswith(where + "/") for other in details)
        if detail["type"] == "too_short" and below:
            continue  # there are lines, each of them is already named
        sentence = _SENTENCES.get(detail["type"], detail["msg"].removeprefix("Value error, "))
        found.append(Finding(Severity.ERROR, _CODES.get(detail["type"], "unreadable-value"), where, sentence))
    return tuple(found)
