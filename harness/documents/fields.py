"""The simple values of the common model: decimals, moments, days, texts and the shapes of codes.

Each reads one spelling and writes the same. What the texts refuse is in `text`, which codes exist in `codes`.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema

from harness.documents import text

_DECIMAL = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _decimal(value: object) -> Decimal:
    # A JSON number has no one decimal value (1, 1.0, 1e0), so only the string form is read.
    if isinstance(value, Decimal):
        value = format(value, "f")
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        message = "a decimal is written as a string of digits, at most one full stop, no sign and no exponent"
        raise ValueError(message)
    return Decimal(value)


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        value = written_moment(value)
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        message = "a moment is RFC 3339 with its offset, such as 2026-03-02T09:30:00+02:00"
        raise ValueError(message)
    return datetime.fromisoformat(value)


def _day(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        message = "a day is written YYYY-MM-DD"
        raise ValueError(message)
    return date.fromisoformat(value)


def written_moment(moment: datetime) -> str:
    """Write RFC 3339 with the offset as it was stated, UTC as Z.

    Not `clock.stamp`: that turns to UTC and would lose the issuer's local date.
    """
    return moment.isoformat().replace("+00:00", "Z")


def _written_decimal(value: Decimal) -> str:
    return format(value, "f")


Quantity = Annotated[
    Decimal,
    PlainValidator(_decimal),
    PlainSerializer(_written_decimal, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{_DECIMAL.pattern}$"}),
]
Moment = Annotated[
    datetime,
    PlainValidator(_moment),
    PlainSerializer(written_moment, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Day = Annotated[
    date,
    PlainValidator(_day),
    PlainSerializer(date.isoformat, return_type=str),
    WithJsonSchema({"type": "string", "format": "date"}),
]
Identifier = Annotated[str, PlainValidator(text.identifier), WithJsonSchema({"type": "string", "maxLength": 70})]
Line = Annotated[str, PlainValidator(text.line), WithJsonSchema({"type": "string", "maxLength": 512})]
Prose = Annotated[str, PlainValidator(text.prose), WithJsonSchema({"type": "string", "maxLength": 8000})]

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217")]
Unit = Annotated[str, Field(pattern=r"^[A-Z0-9]{2,3}$", description="UNECE Recommendation 20")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$", description="ISO 639")]
Commodity = Annotated[str, Field(pattern=r"^[0-9]{6}([0-9]{2}){0,2}$", description="HS, with national digits if given")]
Subheading = Annotated[str, Field(pattern=r"^[0-9]{6}$", description="HS subheading, six digits")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256, hexadecimal")]
