"""Customs of a country: uses a certificate's quantity for import declarations.

A certificate of origin covers a quantity; each declaration uses some of it, and never more than there is.
Telling the issuer is the window's work (`nodes.counter`); deciding on arrival is `nodes.decision`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from harness.documents.model import CertificateOfOrigin
from harness.errors import BadInput
from harness.exchange.receipt import Status
from nodes import mapping
from nodes.profile import Profile

_PLAIN: Final = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,6})?")


def after_use(own: bytes, profile: Profile, used: Sequence[str], quantity: str) -> Status:
    """What a certificate is once `quantity` more of it is used: utilised, or utilised in part.

    Args:
        own: the certificate in this country's national form, as the window keeps it.
        profile: this country's profile.
        used: the quantities used so far, decimals as text in the certificate's unit.
        quantity: the quantity to use now.

    Raises:
        BadInput: no certificate of origin, several units, no positive quantity, or more than is left.
    """
    document = mapping.from_national(own, profile.dialect_for("864")).document
    if not isinstance(document, CertificateOfOrigin):
        raise BadInput(f"document {document.doctype} has no quantity to use", expected="a certificate of origin (864)")
    units = {item.quantity.unit for item in document.items}
    if len(units) != 1:
        raise BadInput(
            f"certificate {document.reference} counts in several units: {sorted(units)}", expected="one unit"
        )
    covered = sum((item.quantity.value for item in document.items), Decimal(0))
    left = covered - sum((_decimal(one) for one in used), Decimal(0))
    wanted = _decimal(quantity)
    if not 0 < wanted <= left:
        raise BadInput(
            f"{wanted} {units.pop()} to be used, {left} left of {covered} on certificate {document.reference}",
            expected="a quantity above zero that is still left",
            todo="use another certificate for the rest, or correct the declaration",
        )
    return Status.UTILISED if wanted == left else Status.UTILISED_PARTLY


def _decimal(text: str) -> Decimal:
    # Decimal() also reads NaN, 1e99, 1_000 and the digits of other scripts.
    if not _PLAIN.fullmatch(text):
        raise BadInput(f"{text!r} is no quantity", expected="a decimal number such as 120.5")
    return Decimal(text)
