"""Read and write trade documents in the syntaxes that cross a border.

The one way from bytes to a document and back. UN/CEFACT SPS XML is done in `sps_reader` and `sps_writer`; the common
model as JSON is done here. What the UN/CEFACT JSON form can carry is `uncefact`, an export only. National dialects
belong to the windows. The bytes read are never changed: a document is a reading of them, not their replacement.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from certs.errors import TrustError
from certs.gates import strict_json
from harness.documents import sps, sps_reader, sps_writer
from harness.documents.model import (
    Finding,
    Incomplete,
    PhytosanitaryCertificate,
    Severity,
    TradeDocument,
    Unreadable,
    from_plain,
    plain,
    pointer,
)
from harness.errors import BadInput

__all__ = ["JSON", "SPS_XML", "Incomplete", "Read", "Unreadable", "read", "recognise", "write"]

SPS_XML = sps.MEDIA_TYPE
JSON = "application/vnd.corridor.document+json"
LARGEST_JSON = 1024 * 1024
_ADVICE = "lodge the document as UN/CEFACT SPS XML or as JSON of the common model"


@dataclass(frozen=True, slots=True)
class Read:
    """A document, the syntax it was read from, and what is to be said about reading it (never an error)."""

    document: TradeDocument
    media_type: str
    findings: tuple[Finding, ...]


def recognise(data: bytes) -> str:
    """The media type of `data`, by its first character.

    Raises:
        Unreadable: neither XML nor JSON.
    """
    first = data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if first == b"<":
        return SPS_XML
    if first == b"{":
        return JSON
    found = f"a file that begins with {data[:16]!r}" if data else "an empty file"
    raise Unreadable(found, expected="a certificate in XML or JSON", todo=_ADVICE)


def read(data: bytes, *, media_type: str | None = None) -> Read:
    """The document in `data`; without `media_type` the syntax is recognised.

    Raises:
        Unreadable: not that syntax, or no trade document.
        Incomplete: a trade document without its mandatory fields; every one is named.
    """
    stated = media_type.partition(";")[0].strip().lower() if media_type is not None else recognise(data)
    if stated == SPS_XML:
        document, findings = sps_reader.read(data)
    elif stated == JSON:
        document, findings = _read_json(data)
    else:
        raise Unreadable(f"media type {media_type!r}", expected=f"{SPS_XML} or {JSON}", todo=_ADVICE)
    return Read(document, stated, findings)


def write(document: TradeDocument, media_type: str) -> bytes:
    """`document` in the syntax `media_type`; the same document gives the same bytes.

    Raises:
        BadInput: that syntax cannot carry this kind of document.
    """
    if media_type == JSON:
        return (json.dumps(plain(document), ensure_ascii=False, indent=2) + "\n").encode()
    if media_type == SPS_XML and isinstance(document, PhytosanitaryCertificate):
        return sps_writer.write(document)
    raise BadInput(
        f"document type {document.doctype} as {media_type}",
        expected=f"{JSON}, or {SPS_XML} for a phytosanitary certificate (851)",
        todo="choose a syntax that carries this document",
    )


def _read_json(data: bytes) -> tuple[TradeDocument, tuple[Finding, ...]]:
    try:
        values = strict_json(data, largest=LARGEST_JSON)
    except TrustError as error:
        raise Unreadable(f"no strict JSON: {error}", expected="JSON with unique names", todo=_ADVICE) from error
    if not isinstance(values, dict):
        raise Unreadable("JSON that is no object", expected="one trade document", todo=_ADVICE)
    if "doctype" not in values:
        raise Unreadable("a JSON object without doctype", expected="a document of the common model", todo=_ADVICE)
    document = from_plain(values, tolerant=True)
    return document, tuple(_not_carried(values, document.model_dump(mode="json"), ()))


def _not_carried(given: object, carried: object, where: tuple[str | int, ...]) -> Iterator[Finding]:
    """One note for each name that was given and is not in the model."""
    if isinstance(given, dict) and isinstance(carried, dict):
        for name, value in given.items():
            here = (*where, name)
            if name not in carried:
                sentence = f"{name!r:.60} is not carried into the common model"
                yield Finding(Severity.NOTE, "not-carried", pointer(*here), sentence)
            elif isinstance(value, dict | list):
                yield from _not_carried(value, carried[name], here)
    elif isinstance(given, list) and isinstance(carried, list):
        for place, (left, right) in enumerate(zip(given, carried, strict=True)):
            yield from _not_carried(left, right, (*where, place))
