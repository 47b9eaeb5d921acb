"""Where the check looks for what an operator must not learn, and that it finds it there."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from harness.trial import secrets

WORD = "Sjøblad & Ævarsdóttir"
URL_WORD = WORD.encode()


def seen(value: bytes = b"", key: str = "", headers: tuple[tuple[str, bytes], ...] = ()) -> dict[str, Any]:  # Any: JSON
    """A delivery as the history keeps it."""
    return {
        "value": base64.b64encode(value).decode(),
        "key": key,
        "headers": [[name, octets.decode("latin-1")] for name, octets in headers],
    }


def in_a_token(octets: bytes) -> bytes:
    """As the payload of a compact JWS."""
    segment = base64.urlsafe_b64encode(octets).rstrip(b"=")
    return b"eyJhbGciOiJFUzI1NiJ9." + segment + b".c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "value",
    [
        URL_WORD,
        json.dumps(WORD).encode(),
        URL_WORD.hex().encode(),
        base64.b64encode(URL_WORD),
        base64.b64encode(b"x" + URL_WORD + b"yz"),
        base64.urlsafe_b64encode(b"xy" + URL_WORD + b"z"),
        b"=broken=" + base64.b64encode(b"x" + URL_WORD + b"yz")[1:],
        in_a_token(json.dumps({"subject": WORD}).encode()),
        in_a_token(json.dumps({"data_base64": base64.b64encode(URL_WORD).decode()}).encode()),
    ],
)
def test_a_value_that_leaks(value: bytes) -> None:
    """Plain, escaped, in hexadecimal, in base64 at any alignment, inside a token, or inside what a token holds."""
    assert secrets.found_in(seen(value), (WORD,)) == ("value", WORD)


def test_a_label_on_the_outside() -> None:
    """Headers and key are read like the value, and named when they tell."""
    assert secrets.found_in(seen(headers=(("ce_subject", URL_WORD),)), (WORD,)) == ("header ce_subject", WORD)
    assert secrets.found_in(seen(key="CO-0001"), ("CO-0001",)) == ("key", "CO-0001")


def test_what_tells_nothing() -> None:
    """Other words, and a word that stands there by halves only, are no leak."""
    assert secrets.found_in(seen(in_a_token(URL_WORD[: len(URL_WORD) // 2])), (WORD,)) is None
