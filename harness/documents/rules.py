"""Our own business rules: what a document of the right shape must still satisfy.

Each rule has a code, a severity and a source; `check` is a pure function of a document and the code lists a window
holds. Shape and mandatory fields are the model's (`model`), national rules the windows', conformance with a UN/CEFACT
schema is reported apart (`uncefact`). A rule never repairs anything.

ISPM 12 is the standard of the IPPC for phytosanitary certificates. Preferential agreements word their rules of origin
each in its own way; what we ask of a certificate of origin is what any of them needs, and is marked as ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from harness.documents import codes
from harness.documents.codes import CodeLists
from harness.documents.model import (
    CertificateOfOrigin,
    Finding,
    Measure,
    OriginItem,
    PhytosanitaryCertificate,
    PlantItem,
    Severity,
    TradeDocument,
)

D = TypeVar("D", bound=TradeDocument)
Hits = Iterator[tuple[str, str]]  # where (JSON pointer into the document), and the sentence

ERROR, WARNING = Severity.ERROR, Severity.WARNING
WEIGHT_UNITS = frozenset({"GRM", "KGM", "TNE"})
# UNTDID 1373: rejected, not available, on hold, suspended, revoked, in error.
OUT_OF_FORCE = frozenset({"8", "11", "39", "40", "41", "42"})


@dataclass(frozen=True, slots=True)
class Rule(Generic[D]):
    """One rule: `hits` yields where a document breaks it, and in which words to say so."""

    code: str
    severity: Severity
    source: str
    hits: Callable[[D], Hits]


def check(document: TradeDocument, *, lists: CodeLists | None = None) -> tuple[Finding, ...]:
    """What `document` breaks; without `lists`, by the editions this distribution ships."""
    found = [*_apply(COMMON, document)]
    if isinstance(document, PhytosanitaryCertificate):
        found += _apply(PHYTOSANITARY, document)
    if isinstance(document, CertificateOfOrigin):
        found += _apply(ORIGIN, document)
    found += _unknown_codes(document, lists or codes.current())
    return tuple(found)


def _apply(rules: Sequence[Rule[D]], document: D) -> Iterator[Finding]:
    for rule in rules:
        for where, sentence in rule.hits(document):
            yield Finding(rule.severity, rule.code, where, sentence)


# ------------------------------------------------------------------------------------------------ every document


def _same_country(document: TradeDocument) -> Hits:
    if document.export_country == document.import_country:
        yield "/import_country", f"exported from and imported into {document.export_country}"


def _out_of_force(document: TradeDocument) -> Hits:
    if document.status in OUT_OF_FORCE:
        yield "/status", f"status {document.status}: the issuer itself does not hold this certificate good"


def _replaces_itself(document: TradeDocument) -> Hits:
    if document.replaces == document.reference:
        yield "/replaces", f"{document.reference} replaces itself"


def _repeated_numbers(items: Sequence[PlantItem | OriginItem]) -> Hits:
    counted = Counter(item.number for item in items)
    for place, item in enumerate(items):
        if counted[item.number] > 1:
            yield f"/items/{place}/number", f"line number {item.number} stands {counted[item.number]} times"


COMMON: tuple[Rule[TradeDocument], ...] = (
    Rule("same-country", ERROR, "ours: a corridor joins two countries", _same_country),
    Rule("out-of-force", ERROR, "UNTDID 1373, D.23B", _out_of_force),
    Rule("replaces-itself", ERROR, "ours: versions form a chain", _replaces_itself),
)

# --------------------------------------------------------------------------------------- phytosanitary certificate


def _botanical_name(document: PhytosanitaryCertificate) -> Hits:
    for place, item in enumerate(document.items):
        if item.scientific_name is None:
            yield f"/items/{place}/scientific_name", f"line {item.number} has no botanical name"


def _place_of_origin(document: PhytosanitaryCertificate) -> Hits:
    for place, item in enumerate(document.items):
        if not item.origin:
            yield f"/items/{place}/origin", f"line {item.number} has no place of origin"


def _quantity_declared(document: PhytosanitaryCertificate) -> Hits:
    for place, item in enumerate(document.items):
        if not (item.net_weight or item.gross_weight or item.net_volume or item.gross_volume or item.packages):
            yield f"/items/{place}/net_weight", f"line {item.number} declares no weight, volume or packages"


def _gross_below_net(document: PhytosanitaryCertificate) -> Hits:
    for place, item in enumerate(document.items):
        if _less(item.gross_weight, item.net_weight):
            yield f"/items/{place}/gross_weight", f"line {item.number} weighs less with its packing than without"
        if _less(item.gross_volume, item.net_volume):
            yield f"/items/{place}/gross_volume", f"line {item.number} is smaller with its packing than without"


def _less(left: Measure | None, right: Measure | None) -> bool:
    return left is not None and right is not None and left.unit == right.unit and left.value < right.value


def _commodity_code(document: PhytosanitaryCertificate) -> Hits:
    for place, item in enumerate(document.items):
        if item.commodity is None:
            yield f"/items/{place}/commodity", f"line {item.number} has no HS code, so no declaration line matches it"


def _treatment_ends_first(document: PhytosanitaryCertificate) -> Hits:
    for place, item in enumerate(document.items):
        for step, treatment in enumerate(item.treatments):
            if treatment.started and treatment.ended and treatment.ended < treatment.started:
                yield f"/items/{place}/treatments/{step}/ended", "the treatment ended before it started"


def _signed(document: PhytosanitaryCertificate) -> Hits:
    if document.signatory is None:
        yield "/signatory", "no authorised officer is named"
    elif document.signatory.signed is None:
        yield "/signatory/signed", f"{document.signatory.name} signed on no stated date"


def _consignor_address(document: PhytosanitaryCertificate) -> Hits:
    if not document.consignor.address:
        yield "/consignor/address", f"{document.consignor.name} has no address"


def _point_of_entry(document: PhytosanitaryCertificate) -> Hits:
    entry = document.entry
    if entry and entry.locode and not entry.locode.startswith(document.import_country):
        yield "/entry/locode", f"point of entry {entry.locode} is not in {document.import_country}"


PHYTOSANITARY: tuple[Rule[PhytosanitaryCertificate], ...] = (
    Rule(
        "repeated-line", ERROR, "ours: a finding must name one line", lambda document: _repeated_numbers(document.items)
    ),
    Rule(
        "no-botanical-name", ERROR, "ISPM 12, model certificate, section I, botanical name of plants", _botanical_name
    ),
    Rule("no-place-of-origin", ERROR, "ISPM 12, model certificate, section I, place of origin", _place_of_origin),
    Rule("gross-below-net", ERROR, "ours: arithmetic", _gross_below_net),
    Rule("treatment-ends-first", ERROR, "ISPM 12, model certificate, section III", _treatment_ends_first),
    Rule("no-quantity", WARNING, "ISPM 12, model certificate, section I, quantity declared", _quantity_declared),
    Rule("no-commodity-code", WARNING, "ours: customs joins certificate and declaration by HS code", _commodity_code),
    Rule("not-signed", WARNING, "ISPM 12, model certificate, name of authorised officer and date", _signed),
    Rule("no-address", WARNING, "ISPM 12, model certificate, section I, exporter", _consignor_address),
    Rule("entry-elsewhere", WARNING, "ISPM 12, model certificate, section I, point of entry", _point_of_entry),
)

# ------------------------------------------------------------------------------------------ certificate of origin


def _invoice_listed(document: CertificateOfOrigin) -> Hits:
    numbers = {invoice.number for invoice in document.invoices}
    for place, item in enumerate(document.items):
        if item.invoice not in numbers:
            yield f"/items/{place}/invoice", f"invoice {item.invoice} is not among those of the certificate"


def _nothing_of_it(document: CertificateOfOrigin) -> Hits:
    for place, item in enumerate(document.items):
        for name, amount in (
            ("quantity/value", item.quantity.value),
            ("gross_weight/value", item.gross_weight.value),
            ("value/amount", item.value.amount),
        ):
            if not amount:
                yield f"/items/{place}/{name}", f"line {item.number} states zero"


def _weight_unit(document: CertificateOfOrigin) -> Hits:
    for place, item in enumerate(document.items):
        if item.gross_weight.unit not in WEIGHT_UNITS:
            yield f"/items/{place}/gross_weight/unit", f"{item.gross_weight.unit} is no unit of weight"


def _value_content(document: CertificateOfOrigin) -> Hits:
    for place, item in enumerate(document.items):
        if item.criterion == "RVC" and item.content is None:
            yield f"/items/{place}/content", "criterion RVC without the regional value content in percent"
        if item.content is not None and item.content > 100:
            yield f"/items/{place}/content", f"a regional value content of {item.content} per cent"


def _declared_in_time(document: CertificateOfOrigin) -> Hits:
    # Both days as they are called where they were stated: the issuer's offset decides its own date.
    if document.declaration.made > document.issued.date():
        yield "/declaration/made", "the exporter's declaration is later than the certificate it supports"


def _expired_at_issue(document: CertificateOfOrigin) -> Hits:
    if document.valid_until is not None and document.valid_until < document.issued.date():
        yield "/valid_until", f"issued on {document.issued.date()}, valid until {document.valid_until}"


def _no_validity(document: CertificateOfOrigin) -> Hits:
    if document.valid_until is None:
        yield "/valid_until", "no last day of validity is stated"


def _origin_elsewhere(document: CertificateOfOrigin) -> Hits:
    for place, item in enumerate(document.items):
        if item.origin != document.export_country:
            yield f"/items/{place}/origin", f"origin {item.origin}, exported from {document.export_country}"


def _currencies(document: CertificateOfOrigin) -> Hits:
    stated = sorted({item.value.currency for item in document.items})
    if len(stated) > 1:
        yield "/items", f"values in several currencies: {', '.join(stated)}"


def _exporter_address(document: CertificateOfOrigin) -> Hits:
    if not document.exporter.address:
        yield "/exporter/address", f"{document.exporter.name} has no address"


_OURS = "ours: needed under any preferential agreement"
ORIGIN: tuple[Rule[CertificateOfOrigin], ...] = (
    Rule(
        "repeated-line", ERROR, "ours: a finding must name one line", lambda document: _repeated_numbers(document.items)
    ),
    Rule("invoice-not-listed", ERROR, _OURS, _invoice_listed),
    Rule("zero-stated", ERROR, _OURS, _nothing_of_it),
    Rule("not-a-weight", ERROR, "UNECE Recommendation 20", _weight_unit),
    Rule("value-content", ERROR, _OURS, _value_content),
    Rule("declared-after-issue", ERROR, _OURS, _declared_in_time),
    Rule("expired-at-issue", ERROR, _OURS, _expired_at_issue),
    Rule("no-validity", WARNING, _OURS, _no_validity),
    Rule("origin-elsewhere", WARNING, "ours: cumulation is for the importing country to accept", _origin_elsewhere),
    Rule("several-currencies", WARNING, "ours: totals cannot be formed", _currencies),
    Rule("no-address", WARNING, _OURS, _exporter_address),
)

# ------------------------------------------------------------------------------------------------------- codes


def _unknown_codes(document: TradeDocument, lists: CodeLists) -> Iterator[Finding]:
    """A code that the list lacks: an error where the list is complete, a warning where it is an extract."""
    seen: set[tuple[str, str]] = set()
    for where, name, code in _codes(document):
        held = lists[name]
        if code in held or (name, code) in seen:
            continue
        seen.add((name, code))
        severity = ERROR if held.complete else WARNING
        extent = "" if held.complete else ", of which this window holds an extract"
        yield Finding(severity, "unknown-code", where, f"{code} is not in {name} {held.edition}{extent}")


def _codes(document: TradeDocument) -> Iterator[tuple[str, str, str]]:
    """Every coded value of `document`: where, the list's name, the code."""
    yield "/export_country", "countries", document.export_country
    yield "/import_country", "countries", document.import_country
    if document.status is not None:
        yield "/status", "document-statuses", document.status
    if isinstance(document, PhytosanitaryCertificate):
        for place, item in enumerate(document.items):
            yield from _plant_codes(item, f"/items/{place}")
    if isinstance(document, CertificateOfOrigin):
        for place, line in enumerate(document.items):
            yield from _origin_codes(line, f"/items/{place}")


def _plant_codes(item: PlantItem, here: str) -> Iterator[tuple[str, str, str]]:
    if item.commodity is not None:
        yield f"{here}/commodity", "hs-chapters", item.commodity[:2]
    for place, origin in enumerate(item.origin):
        yield f"{here}/origin/{place}/country", "countries", origin.country
    for name in ("net_weight", "gross_weight", "net_volume", "gross_volume"):
        measure: Measure | None = getattr(item, name)
        if measure:
            yield f"{here}/{name}/unit", "units", measure.unit
    for place, package in enumerate(item.packages):
        yield f"{here}/packages/{place}/kind", "packages", package.kind


def _origin_codes(item: OriginItem, here: str) -> Iterator[tuple[str, str, str]]:
    yield f"{here}/commodity", "hs-chapters", item.commodity[:2]
    yield f"{here}/origin", "countries", item.origin
    yield f"{here}/criterion", "origin-criteria", item.criterion
    yield f"{here}/quantity/unit", "units", item.quantity.unit
    yield f"{here}/gross_weight/unit", "units", item.gross_weight.unit
    yield f"{here}/value/currency", "currencies", item.value.currency
    for place, package in enumerate(item.packages):
        yield f"{here}/packages/{place}/kind", "packages", package.kind
