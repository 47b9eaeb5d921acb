"""The UN/CEFACT form of a document that was sent: written beside the run, and reported apart from our own rules.

A schema forgives much (`{}` conforms), so nothing here bears on whether a document is accepted. The form itself:
`harness.documents.uncefact`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from harness.cli.files import read_file
from harness.documents import uncefact
from harness.documents.model import Finding, TradeDocument
from harness.errors import BadInput

_LARGEST: Final = 16 * 1024 * 1024
_WANTED: Final = "a UN/CEFACT JSON schema, such as SPSCertificate.schema.json"


@dataclass(frozen=True, slots=True)
class Form:
    """The UN/CEFACT form: its bytes, what it could not carry, where it departs from a schema (None: not checked)."""

    octets: bytes
    losses: tuple[Finding, ...]
    departures: tuple[Finding, ...] | None


def schema(path: Path | None) -> dict[str, Any] | None:  # Any: a JSON Schema
    """The schema in a file; None when no file is named.

    Raises:
        BadInput: no such file, no JSON object, or no schema of a form.
    """
    if path is None:
        return None
    try:
        read = json.loads(read_file(path, largest=_LARGEST, wanted=_WANTED))
    except ValueError as error:
        raise BadInput(f"{path} is no JSON: {error}", expected=_WANTED, todo="name the schema's file") from error
    if not isinstance(read, dict) or "$schema" not in read:
        raise BadInput(f"{path} is JSON and no schema", expected=_WANTED, todo="name the schema's file")
    # A list of codes is a schema too, and every form would conform to it.
    if not isinstance(read.get("properties"), dict):
        raise BadInput(
            f"{path} is a schema without properties, so of no form", expected=_WANTED, todo="name the form's schema"
        )
    return read


def form(document: TradeDocument, against: dict[str, Any] | None) -> Form:  # Any: a JSON Schema
    """The form of `document`, checked `against` a schema where there is one."""
    exported = uncefact.exported(document)
    octets = (json.dumps(exported.form, ensure_ascii=False, indent=2) + "\n").encode()
    departures = None if against is None else uncefact.conformance(exported.form, against)
    return Form(octets, exported.losses, departures)
