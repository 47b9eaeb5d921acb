"""Sample documents, written for this project: fictional parties in fictional countries.

- `origin-certificate.json`: cashmere yarn, without findings
- `origin-certificate-qp.json`: crystal glasses of the third country, without findings
- `phytosanitary.xml`: seed potatoes, without findings
- `phytosanitary-warnings.xml`: acceptable, with warnings
- `origin-certificate-rule-broken.json`: complete, and breaks rules
- `phytosanitary-incomplete.xml`: an SPS certificate without mandatory fields
- `not-a-certificate.xml`: XML, and no certificate
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from importlib import resources
from typing import Final

WRITTEN: Final = date(2026, 3, 12)
"""The day on which the samples read as fresh: ten days after they were issued."""

_DAY: Final = re.compile(rb"(?<![0-9-])[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")


def dated(name: str, at: datetime) -> bytes:
    """The sample `name` with every date moved so that it reads as fresh at `at`. Raises FileNotFoundError."""
    octets = resources.files(__package__).joinpath(name).read_bytes()
    by = timedelta(days=(at.date() - WRITTEN).days)
    return _DAY.sub(lambda found: (date.fromisoformat(found[0].decode()) + by).isoformat().encode(), octets)
