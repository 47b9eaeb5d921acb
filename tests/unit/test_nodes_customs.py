"""Customs: a certificate is used until nothing is left, and never beyond."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from harness.documents import syntax
from harness.errors import BadInput
from harness.exchange.receipt import Status
from nodes import mapping
from nodes.customs import after_use
from nodes.profile import load
from scenarios import samples

AT = datetime(2026, 3, 12, 9, tzinfo=UTC)
NORLUND = load("QN")


def own(name: str = "origin-certificate.json", **changes: bytes) -> bytes:
    """A certificate in Norlund's own form: 1500 units in all."""
    octets = samples.dated(name, AT)
    for old, new in changes.items():
        octets = octets.replace(old.encode(), new)
    document = syntax.read(octets).document
    return mapping.to_national(document, NORLUND.dialect_for(document.doctype)).octets


@pytest.mark.parametrize(
    ("used", "quantity", "status"),
    [
        ((), "1500", Status.UTILISED),
        ((), "1500.000", Status.UTILISED),
        ((), "0.001", Status.UTILISED_PARTLY),
        ((), "1499.999", Status.UTILISED_PARTLY),
        (("1000", "499.999"), "0.001", Status.UTILISED),
        (("1000",), "300", Status.UTILISED_PARTLY),
    ],
)
def test_a_use_within_what_is_left(used: tuple[str, ...], quantity: str, status: Status) -> None:
    """It is utilised when nothing is left, and in part before."""
    assert after_use(own(), NORLUND, used, quantity) is status


@pytest.mark.parametrize(
    "quantity",
    ["1500.001", "0", "-1", "-0", "NaN", "Infinity", "many", "", "1,5", "1e99", "1_000", "１５", "0.0000001"],
)
def test_a_quantity_that_cannot_be_used(quantity: str) -> None:
    """More than is left, nothing, less than nothing, and what is no number: each is the asker's mistake."""
    with pytest.raises(BadInput, match=r"is no quantity|to be used"):
        after_use(own(), NORLUND, (), quantity)


def test_a_certificate_that_is_used_up() -> None:
    """Not a gram more, whatever the decimals of the uses before."""
    with pytest.raises(BadInput, match=r"0\.000 left of 1500"):
        after_use(own(), NORLUND, ("0.001", "1499.999"), "0.001")


def test_a_document_without_a_quantity() -> None:
    """A phytosanitary certificate is not used up."""
    octets = samples.dated("phytosanitary.xml", AT)
    with pytest.raises(BadInput):
        after_use(octets, NORLUND, (), "1")
