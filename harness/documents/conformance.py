"""Conformance of an exported form with a UN/CEFACT JSON schema, reported apart from our own rules.

`{}` conforms to the schemas of both certificates, and in the schema of the preferential certificate of origin the lists
of countries, packages and transport modes hold one code each: conformance neither needs nor proves interoperability.
What is exported is made in `uncefact`, from where `conformance` is offered, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from harness.documents.model import Finding, Severity, pointer

if TYPE_CHECKING:
    from jsonschema import FormatChecker
    from jsonschema.exceptions import ValidationError


def conformance(exported: Mapping[str, object], schema: Mapping[str, object]) -> tuple[Finding, ...]:
    """Where `exported` departs from the UN/CEFACT `schema`; pointers are into the exported form."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415  50 ms of import, for a check that few ask for

    validator = Draft202012Validator(dict(schema), format_checker=_formats())
    found = [
        Finding(Severity.ERROR, "not-conformant", pointer(*leaf.absolute_path), _sentence(leaf))
        for error in validator.iter_errors(exported)
        for leaf in _leaves(error)
    ]
    return tuple(dict.fromkeys(found))


def _formats() -> FormatChecker:
    """The formats the schemas name. Without them a date would be every one of four alternatives at once."""
    from jsonschema import FormatChecker  # noqa: PLC0415  see conformance

    day, clock = r"\d{4}-\d\d-\d\d", r"\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    patterns = {
        "date": day,
        "time": clock,
        "date-time": f"{day}T{clock}",
        "duration": r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?",
        "uri": r"[A-Za-z][A-Za-z0-9+.-]*:\S+",
    }
    checker = FormatChecker(formats=())
    for name, pattern in patterns.items():
        checker.checks(name)(partial(_written_as, re.compile(pattern)))
    return checker


def _written_as(pattern: re.Pattern[str], value: object) -> bool:
    return not isinstance(value, str) or pattern.fullmatch(value) is not None


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """The errors at the bottom of `error`, in those alternatives that were at all of the right type."""
    branches: dict[object, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.relative_schema_path[0], []).append(inner)
    meant = [inner for inners in branches.values() if not any(map(_wrong_type, inners)) for inner in inners]
    if not meant or all(inner.validator == "const" for inner in meant):
        yield error  # an alternative of constants is a code list: one error, not one for each of its codes
        return
    for inner in meant:
        yield from _leaves(inner)


def _wrong_type(error: ValidationError) -> bool:
    return error.validator == "type" and not error.relative_path


def _sentence(error: ValidationError) -> str:
    if error.validator in {"oneOf", "const"} and isinstance(error.instance, str):
        return f"{error.instance!r:.60} is not in the code list of the schema"
    return f"{error.message:.200}"
