"""A message shown to an arbiter beside a bundle: judged by the bundle's lists, at the moment said and by its date."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from certs import jws
from certs.identity import Algorithm, Identity
from harness.clock import stamp
from harness.errors import BadInput, NotProved
from harness.evidence.audit import shown

if TYPE_CHECKING:
    from tests.unit.evidence.conftest import Corridor

Minutes = Callable[[float], datetime]


def signed(identity: Identity, at: datetime, *, source: str = "QM") -> bytes:
    """A message that no bundle holds; only what is asked about it stands in it."""
    said = json.dumps({"source": source, "time": stamp(at)}).encode()
    return jws.sign(said, identity, typ=jws.MESSAGE)


def issued(corridor: Corridor, party: str, at: datetime, lifetime: timedelta = timedelta(days=1)) -> Identity:
    """A new key of QM's authority."""
    return corridor.authorities["QM"].issue_signing(party, Algorithm.ES256, at, lifetime=lifetime, country=party[:2])


def test_a_message_that_nobody_refuses(traded: Corridor, honest: bytes, minutes: Minutes) -> None:
    """A good signature at both moments is its signer's, whatever the bundle is about."""
    token = signed(issued(traded, "QM", minutes(0)), minutes(2))
    assert shown(honest, token, at=minutes(3)) == "QM"
    assert shown(honest, token, at=minutes(3), roots=traded.roots) == "QM"


def test_a_message_at_two_moments(traded: Corridor, honest: bytes, minutes: Minutes) -> None:
    """Dated back into a certificate's life it is bad by the bus's moment, dated ahead of the bus by its date."""
    short = issued(traded, "QM", minutes(1), timedelta(minutes=2))
    assert shown(honest, signed(short, minutes(2)), at=minutes(2)) == "QM"
    for dated, came in ((2, 5), (5, 2), (0, 2)):
        with pytest.raises(NotProved, match=r"^the message shown: the certificate was not valid on"):
            shown(honest, signed(short, minutes(dated)), at=minutes(came))


def test_a_message_of_somebody_else(traded: Corridor, honest: bytes, minutes: Minutes) -> None:
    """The signer is the sender that is named, and of the country that vouches."""
    good = issued(traded, "QM", minutes(0))
    with pytest.raises(NotProved, match="the message shown: signed by QM, not QN"):
        shown(honest, signed(good, minutes(2), source="QN"), at=minutes(2))
    with pytest.raises(NotProved, match="the message shown: no authority on the trust list of QN issued"):
        shown(honest, signed(issued(traded, "QN", minutes(0)), minutes(2)), at=minutes(2))
    with pytest.raises(NotProved, match="the message shown: signed under QP, whose trust list is not"):
        shown(honest, signed(issued(traded, "QP", minutes(0)), minutes(2)), at=minutes(2))


def test_octets_that_are_no_message(traded: Corridor, honest: bytes, minutes: Minutes) -> None:
    """Whatever is shown gets a sentence, not a traceback."""
    token = signed(issued(traded, "QM", minutes(0)), minutes(2))
    head, payload, signature = token.split(b".")
    header = json.loads(base64.urlsafe_b64decode(head + b"=="))

    def under(**changed: object) -> bytes:
        spelt = json.dumps({name: value for name, value in (header | changed).items() if value is not None})
        return base64.urlsafe_b64encode(spelt.encode()).rstrip(b"=") + b"." + payload + b"." + signature

    other = payload[:-6] + (b"A" if payload[-6:-5] != b"A" else b"B") + payload[-5:]
    for spoilt in (
        b"",
        b"a.b.c",
        b".".join((head, other, signature)),
        b".".join((head, payload, signature[:-4] + b"AAAA")),
        under(x5c=None),
        under(x5c=[]),
        under(x5c=["AAAA"]),
        under(x5c=["?"]),
        under(x5c=header["x5c"] * 2),
        under(typ="corridor-receipt+jws"),
    ):
        with pytest.raises(NotProved, match=r"^the message shown: "):
            shown(honest, spoilt, at=minutes(2))


def test_a_message_beside_no_bundle(traded: Corridor, honest: bytes, minutes: Minutes) -> None:
    """The bundle is audited first: by lists that nobody vouches for, nothing is judged."""
    token = signed(issued(traded, "QM", minutes(0)), minutes(2))
    with pytest.raises(BadInput):
        shown(b"no ZIP", token, at=minutes(2))
    with pytest.raises(NotProved):
        shown(honest, token, at=minutes(2), roots={"QM": "0" * 64, "QN": traded.roots["QN"]})
