"""How a window covers what it sends and uncovers what it gets, where its agreements ask for encryption.

The format is `harness.exchange.cover`; here is only which agreement, whose key, and what to do without one.
"""

from __future__ import annotations

from cryptography import x509

from certs import jwe
from certs.errors import TrustError
from certs.identity import KEY_AGREEMENT
from harness.errors import BadInput, RoadFailed
from harness.exchange import cover, topics
from harness.exchange.agreement import Agreement
from harness.exchange.bus import Delivery, Record
from harness.exchange.seal import Opened
from harness.exchange.seat import Seat


class Covering:
    """One window's covers, both ways. Keeps nothing: what it needs is in the seat.

    Raises:
        BadInput: an agreement asks for encryption, and the seat has not the keys for it.
    """

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._partners = {topics.inbox(partner, seat.party): partner for partner in seat.agreements}
        for partner, agreement in seat.agreements.items():
            if agreement.encrypts and not (
                agreement.encryption in seat.openers and _fits(seat.readers.get(partner), agreement)
            ):
                raise BadInput(
                    f"agreement {agreement.id} asks for encryption, and {seat.party} has no key to open, or none of "
                    f"{partner} to encrypt for",
                    expected=f"a certificate of each side for {agreement.encryption}, published by its country",
                    todo="issue them, and give the seat both",
                )

    def over(self, record: Record) -> Record:
        """A record of ours as it crosses. Raises RoadFailed: nobody vouches for the partner's key any more."""
        partner = self._partners.get(record.topic)
        if partner is None or not self._seat.agreements[partner].encrypts:
            return record
        purpose = f"{self._seat.party}/cover"
        return cover.cover(record, self._reader(partner), chance=self._seat.chance.octets, purpose=purpose)

    def off(self, delivery: Delivery) -> Delivery:
        """What came, with its sealed token inside. Raises Refused."""
        sender = topics.sender_of(delivery.topic, self._seat.agreements)
        agreement = self._seat.agreements.get(sender) if sender is not None else None
        opener = self._seat.openers.get(agreement.encryption) if agreement is not None else None
        return cover.uncover(delivery, opener, agreement)

    def as_agreed(self, came: Delivery, opened: Opened) -> None:
        """Whether it came covered as the agreement with its sender asks. Raises Refused."""
        cover.as_agreed(came.value, opened, self._seat.agreement_with(opened.envelope.source))

    def _reader(self, partner: str) -> x509.Certificate:
        certificate = self._seat.readers[partner]
        try:
            known = self._seat.trust.validate(certificate, at=self._seat.clock.now(), usage=KEY_AGREEMENT)
        except TrustError as error:
            raise RoadFailed(
                f"{self._seat.party} cannot encrypt for {partner}: {error}",
                expected="a key-agreement certificate that is good now",
                todo=f"ask {partner} for a new one",
            ) from error
        if known.party != partner:
            raise RoadFailed(f"{known.party}'s key was published for {partner}", todo=f"ask {partner} for its own")
        return certificate


def _fits(certificate: x509.Certificate | None, agreement: Agreement) -> bool:
    try:
        return certificate is not None and jwe.profile(certificate) == agreement.encryption
    except TrustError:
        return False
