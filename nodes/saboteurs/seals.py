"""Windows that believe one kind of forgery each (ATTACKS A): step 1 is wrong in one point, all else is honest.

They know the corridors' default algorithm, ES256, and leave the others to the honest window.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.request import urlopen

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey

from certs import jws
from certs.gates import base64url_encode
from certs.identity import dictated
from certs.trust import TrustStore
from harness.exchange import reasons
from harness.exchange.agreement import Agreement
from harness.exchange.bus import Delivery
from harness.exchange.envelope import parse
from harness.exchange.reasons import Reason, Refused
from harness.exchange.seal import Kind, Opened, Sealed, kind_of
from harness.exchange.seat import Seat
from nodes.steps import Known, Steps
from nodes.turn import Turn
from nodes.window import Window

__all__ = [
    "BelievesNone",
    "FetchesTheKey",
    "IdentifiesByEveryByte",
    "IgnoresCrit",
    "IgnoresLooseBits",
    "LetsTheHeaderChoose",
    "OverlooksKinds",
    "RebuildsTheHeader",
    "SkipsBlanks",
    "SkipsFragments",
    "TakesAnyHeader",
    "TakesTheHeadersKey",
    "TakesUnsigned",
    "TakesZero",
    "TrimsSignatures",
]


@dataclass(frozen=True, slots=True)
class Loose:
    """A token read without any gate."""

    header: Mapping[str, object]
    signing_input: bytes
    payload: bytes
    signature: bytes
    certificate: x509.Certificate


def loosely(token: bytes) -> Loose:
    """Read a token as a careless library does: whatever can be decoded is decoded."""
    head, payload, signature = token.split(b".")
    header = json.loads(_decoded(head))
    certificate = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
    return Loose(header, head + b"." + payload, _decoded(payload), _decoded(signature), certificate)


def fits(key: object, token: Loose) -> bool:
    """Whether the signature is that of a P-256 key over what stands before it."""
    if not isinstance(key, ec.EllipticCurvePublicKey) or len(token.signature) != 64:
        return False
    r, s = (int.from_bytes(half, "big") for half in (token.signature[:32], token.signature[32:]))
    try:
        key.verify(encode_dss_signature(r, s), token.signing_input, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _decoded(segment: bytes) -> bytes:
    return base64.urlsafe_b64decode(segment + b"==")


# ------------------------------------------------------------------- an own idea of a good signature


class _OwnIdea(Steps):
    """Where an honest window refuses for `passes_over`, `good` decides whether the signature will do."""

    passes_over: Reason

    def good(self, token: Loose) -> bool:
        raise NotImplementedError

    def verify(self, delivery: Delivery, *, party: str, trust: TrustStore) -> Opened:
        try:
            return super().verify(delivery, party=party, trust=trust)
        except Refused as refused:
            if refused.reason is not self.passes_over:
                raise
            token = loosely(delivery.value)
            if not self.good(token):
                raise
        signer = trust.validate(token.certificate, at=delivery.at)
        alg = dictated(token.certificate)[0].value
        return Opened(Sealed(delivery.value), Kind(str(token.header["typ"])), parse(token.payload), signer, alg)


class _OnlyIfThere(_OwnIdea):
    passes_over = reasons.NO_SIGNATURE

    def good(self, token: Loose) -> bool:
        return not token.signature


class TakesUnsigned(Window):
    """Checks the signature where there is one."""

    steps = _OnlyIfThere()


class _NoneIsAnAlgorithm(_OwnIdea):
    passes_over = reasons.UNSECURED

    def good(self, token: Loose) -> bool:
        return token.header["alg"] == "none" and not token.signature


class BelievesNone(Window):
    """Knows the algorithm `none`, and finds it always satisfied (CVE-2015-9235)."""

    steps = _NoneIsAnAlgorithm()


class _HeadersAlgorithm(_OwnIdea):
    passes_over = reasons.ALGORITHM_MISMATCH

    def good(self, token: Loose) -> bool:
        pem = token.certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        tag = hmac.new(pem, token.signing_input, hashlib.sha256).digest()
        return token.header["alg"] == "HS256" and hmac.compare_digest(tag, token.signature)


class LetsTheHeaderChoose(Window):
    """Uses the sender's key for whatever algorithm the header names, HMAC among them (CVE-2015-9235)."""

    steps = _HeadersAlgorithm()


class _HeadersKey(_OwnIdea):
    passes_over = reasons.FORBIDDEN_HEADER

    def good(self, token: Loose) -> bool:
        return "jwk" in token.header and fits(_key(token.header["jwk"]), token)


class TakesTheHeadersKey(Window):
    """Checks the signature with the key that came along with it (CVE-2018-0114)."""

    steps = _HeadersKey()


class _FetchedKey(_OwnIdea):
    passes_over = reasons.FORBIDDEN_HEADER

    def good(self, token: Loose) -> bool:
        if "jku" not in token.header:
            return False
        with urlopen(str(token.header["jku"]), timeout=2) as answer:  # noqa: S310 - that it opens any address is its fault
            return fits(_key(json.load(answer)["keys"][0]), token)


class FetchesTheKey(Window):
    """Fetches the key from the address that the header names."""

    steps = _FetchedKey()


class _AnyExtension(_OwnIdea):
    passes_over = reasons.FORBIDDEN_HEADER

    def good(self, token: Loose) -> bool:
        return "crit" in token.header and fits(token.certificate.public_key(), token)


class IgnoresCrit(Window):
    """Passes over an extension that it does not know, though the signature says that it must be understood."""

    steps = _AnyExtension()


class _ZeroWillDo(_OwnIdea):
    passes_over = reasons.SIGNATURE_OUT_OF_RANGE

    def good(self, token: Loose) -> bool:
        return not any(token.signature)


class TakesZero(Window):
    """Computes with r and s without looking whether they are in range: zeros always fit (CVE-2022-21449)."""

    steps = _ZeroWillDo()


class _AnySize(_OwnIdea):
    passes_over = reasons.TOO_MUCH

    def good(self, token: Loose) -> bool:
        return fits(token.certificate.public_key(), token)


class TakesAnyHeader(Window):
    """Decodes a header of any size before it asks whose it is."""

    steps = _AnySize()


# ------------------------------------------------------------------- tidied first, and then checked


class _Tidies(Steps):
    """Where an honest window refuses for `passes_over`, it checks a tidied copy and believes it of what came."""

    passes_over: Reason

    def tidied(self, token: bytes) -> bytes:
        raise NotImplementedError

    def verify(self, delivery: Delivery, *, party: str, trust: TrustStore) -> Opened:
        try:
            return super().verify(delivery, party=party, trust=trust)
        except Refused as refused:
            if refused.reason is not self.passes_over:
                raise
        tidy = replace(delivery, value=self.tidied(delivery.value))
        return replace(super().verify(tidy, party=party, trust=trust), sealed=Sealed(delivery.value))


class _OwnHeader(_Tidies):
    passes_over = reasons.OTHER_CERTIFICATE

    def tidied(self, token: bytes) -> bytes:
        read = loosely(token)
        named = base64url_encode(read.certificate.fingerprint(hashes.SHA256())).decode()
        header = json.dumps({**read.header, "x5t#S256": named}, separators=(",", ":"))
        return b".".join((base64url_encode(header.encode()), *token.split(b".")[1:]))


class RebuildsTheHeader(Window):
    """Checks the signature over the header as it should be, not over the header that came."""

    steps = _OwnHeader()


class _Trimmed(_Tidies):
    passes_over = reasons.SIGNATURE_LENGTH

    def tidied(self, token: bytes) -> bytes:
        read = loosely(token)
        half = len(read.signature) // 2
        short = read.signature[:half][-32:] + read.signature[half:][-32:]
        return read.signing_input + b"." + base64url_encode(short)


class TrimsSignatures(Window):
    """Reads r and s as numbers, however many zeros they begin with."""

    steps = _Trimmed()


class _NoBlanks(_Tidies):
    passes_over = reasons.LOOSE_SPELLING

    def tidied(self, token: bytes) -> bytes:
        return b"".join(token.split())


class SkipsBlanks(Window):
    """Takes the blanks out of a message before it checks it."""

    steps = _NoBlanks()


class _Respelt(_Tidies):
    passes_over = reasons.LOOSE_SPELLING

    def tidied(self, token: bytes) -> bytes:
        if token.split() != [token]:
            return token  # blanks are none of its fault
        return b".".join(base64url_encode(_decoded(segment)) for segment in token.split(b"."))


class IgnoresLooseBits(Window):
    """Decodes base64url and never asks whether the octets would be written so."""

    steps = _Respelt()


# ------------------------------------------------------------------------- of what kind, and which message


class _AnyKind(Steps):
    def verify(self, delivery: Delivery, *, party: str, trust: TrustStore) -> Opened:
        try:
            return super().verify(delivery, party=party, trust=trust)
        except Refused as refused:
            if refused.reason is not reasons.WRONG_KIND:
                raise
        token = jws.read(delivery.value)
        if token.certificate is None:
            raise Refused(reasons.UNKNOWN_SIGNER, "no certificate")
        signer = trust.validate(token.certificate, at=delivery.at)
        envelope = parse(jws.check(token, signer.certificate, typ=token.typ))
        return Opened(Sealed(delivery.value), kind_of(envelope), envelope, signer, token.alg)


class OverlooksKinds(Window):
    """Does not ask as what a thing was signed, and takes it for what it says inside."""

    steps = _AnyKind()


class SkipsFragments(Window):
    """Takes a record that was cut short for a hiccup of the line, and forgets it."""

    def refuse_unread(self, came: Delivery, delivery: Delivery, refused: Refused, turn: Turn) -> None:
        """Say nothing of what is no token."""
        if refused.reason is not reasons.NOT_A_TOKEN:
            super().refuse_unread(came, delivery, refused, turn)


class _ByEveryByte(Steps):
    def __init__(self) -> None:
        self.came: set[str] = set()

    def admit(self, opened: Opened, *, agreement: Agreement, known: Known, at: datetime) -> None:
        raw = opened.sealed.raw
        try:
            super().admit(opened, agreement=agreement, known=_Raw(known, raw in self.came), at=at)
        finally:
            self.came.add(raw)


@dataclass(frozen=True)
class _Raw:
    """A ledger that calls a message seen when these very bytes came before."""

    known: Known
    came: bool

    def seen(self, _identity: str, /) -> bool:
        return self.came

    def under_id(self, sender: str, message_id: str, /) -> str | None:
        return self.known.under_id(sender, message_id)


class IdentifiesByEveryByte(Window):
    """Knows a message by all of its bytes, the signature's among them, and so takes its twin for a second content."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.steps = _ByEveryByte()


def _key(jwk: object) -> object:
    """The public key in a JSON Web Key."""
    assert isinstance(jwk, dict)  # noqa: S101 - what comes here names a key as it should
    return ECKey.import_key(jwk).public_key
