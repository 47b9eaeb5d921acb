"""Windows that keep no secret, or open more than was agreed: what encryption is for, undone in one point."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

from certs import jwe
from harness.exchange import reasons
from harness.exchange.bus import Delivery, Record
from harness.exchange.cover import claims_receipt
from harness.exchange.reasons import Refused
from harness.exchange.seal import Opened
from harness.exchange.seat import Seat
from nodes.covering import Covering
from nodes.outbox import own_envelope
from nodes.window import Window

# ----------------------------------------------------------------------------------------------------------- sent bare


class _Bare(Covering):
    def over(self, record: Record) -> Record:
        return record


class SendsPlain(Window):
    """Encrypts nothing, whatever was agreed."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.covering = _Bare(seat)


class _BareReceipts(Covering):
    def over(self, record: Record) -> Record:
        return record if claims_receipt(record.value) else super().over(record)


class AnswersPlain(Window):
    """Encrypts documents and takes receipts for harmless."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.covering = _BareReceipts(seat)


class _Labelled(Covering):
    def over(self, record: Record) -> Record:
        after = super().over(record)
        if after is record:
            return record
        label = own_envelope(record.value).subject.encode()
        return replace(after, headers=(*after.headers, ("ce_subject", base64.b64encode(label))))


class LeaksInHeaders(Window):
    """Encrypts, and labels the outside with the document's reference, so that support can find it."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.covering = _Labelled(seat)


# --------------------------------------------------------------------------------------------------- taken as it comes


class _AnyCover(Covering):
    def as_agreed(self, came: Delivery, opened: Opened) -> None:
        """Whatever came will do."""


class TakesPlain(Window):
    """Works on what comes in plain, though encryption was agreed."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.covering = _AnyCover(seat)


class _AnyProfile(Covering):
    def off(self, delivery: Delivery) -> Delivery:
        try:
            return super().off(delivery)
        except Refused as refused:
            if refused.reason is not reasons.ENCRYPTION_NOT_AGREED:
                raise
        closed = jwe.read(delivery.value)
        return replace(delivery, value=jwe.decrypt(closed, self._seat.openers[closed.profile]))


class OpensAnyProfile(Window):
    """Opens whatever it has a key for, be it the weaker of two profiles: encrypted is encrypted."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.covering = _AnyProfile(seat)


class _Inflating(Covering):
    """Opens what was compressed before it was encrypted, however much comes out."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self._opener = seat.openers[jwe.ECDH]

    def off(self, delivery: Delivery) -> Delivery:
        try:
            return super().off(delivery)
        except Refused as refused:
            if refused.reason is not reasons.COMPRESSED:
                raise
        protected, _, iv, hidden, tag = delivery.value.split(b".")
        epk = json.loads(_octets(protected))["epk"]
        x, y = (int.from_bytes(_octets(epk[name].encode()), "big") for name in ("x", "y"))
        theirs = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        assert isinstance(self._opener.key, ec.EllipticCurvePrivateKey)  # noqa: S101 - what that profile takes
        shared = self._opener.key.exchange(ec.ECDH(), theirs)
        info = len(jwe.ENC).to_bytes(4, "big") + jwe.ENC.encode() + bytes(8) + (256).to_bytes(4, "big")
        key = ConcatKDFHash(hashes.SHA256(), length=32, otherinfo=info).derive(shared)
        small = AESGCM(key).decrypt(_octets(iv), _octets(hidden) + _octets(tag), protected)
        return replace(delivery, value=zlib.decompress(small, -15))

    def as_agreed(self, came: Delivery, opened: Opened) -> None:
        """It was encrypted, and that will do."""


class InflatesAnything(Window):
    """Takes the compression off before it knows whose message it is, and how large."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.covering = _Inflating(seat)


def _octets(segment: bytes) -> bytes:
    return base64.urlsafe_b64decode(segment + b"==")


class _NoReasons(Covering):
    def off(self, delivery: Delivery) -> Delivery:
        try:
            return super().off(delivery)
        except Refused as refused:
            raise Refused(reasons.NOT_A_TOKEN, "could not be opened") from refused


class NamesNoFault(Window):
    """Says of whatever it cannot open that it is no token, so that nobody learns what was done to it."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.covering = _NoReasons(seat)
