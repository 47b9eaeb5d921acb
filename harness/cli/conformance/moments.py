"""Moments in a case, as RFC 3339, 5.6 writes them and no other way."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from harness.cli.conformance.stream import Case, NotACase, text

_DATE: Final = r"(\d{4})-(\d\d)-(\d\d)"
_TIME: Final = r"([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.(\d+))?"
_OFFSET: Final = r"(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))"
_MOMENT: Final = re.compile(f"{_DATE}[Tt]{_TIME}{_OFFSET}", re.ASCII)
_SECOND: Final = timedelta(seconds=1)


def moment(case: Case, name: str) -> datetime:
    """The moment under `name`, in UTC, cut to microseconds.

    A leap second is read as the second after it, and only where one can be: at the end of a month in UTC (5.7).

    Raises:
        NotACase: missing, no text, or not a moment in that spelling.
    """
    found = _MOMENT.fullmatch(text(case, name))
    if found is None:
        raise NotACase(f"{name} must be a moment as in RFC 3339, 2026-03-01T09:30:00Z say")
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    fraction, sign, hours, minutes = found.groups()[6:]
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
    micros = int((fraction or "")[:6].ljust(6, "0"))
    try:
        read = datetime(year, month, day, hour, minute, min(second, 59), micros, timezone(offset)).astimezone(UTC)
        if second < 60:
            return read
        after = read + _SECOND
    except (ValueError, OverflowError) as error:
        raise NotACase(f"{name} is no moment that there is (RFC 3339, 5.7): {error}") from error
    if (after.day, after.hour, after.minute) != (1, 0, 0):
        raise NotACase(f"{name} has a leap second where none can be (RFC 3339, 5.7)")
    return after
