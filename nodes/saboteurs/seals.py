"""Windows that believe one kind of forgery each (ATTACKS A): each has one idea of its own of a good signature.

They know the corridors' default algorithm, ES256, and leave the others to the honest window.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.request import urlopen

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey

from certs.identity import dictated
from certs.trust import TrustStore
from harness.exchange import reasons
from harness.exchange.bus import Delivery
from harness.exchange.envelope import parse
from harness.exchange.reasons import Reason, Refused
from harness.exchange.seal import Kind, Opened, Sealed
from nodes.steps import Steps
from nodes.window import Window


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
    header = json.loads(decoded(head))
    certificate = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
    return Loose(header, head + b"." + payload, decoded(payload), decoded(signature), certificate)


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


def decoded(segment: bytes) -> bytes:
    """Decode base64url as careless libraries do: what is none of it is skipped."""
    return base64.urlsafe_b64decode(segment + b"==")


class _OwnIdea(Steps, ABC):
    """Where an honest window refuses for `passes_over`, `good` decides whether the signature will do."""

    passes_over: Reason

    @abstractmethod
    def good(self, token: Loose) -> bool:
        """Whether it will do."""

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
    passes_over = reasons.KEY_IN_HEADER

    def good(self, token: Loose) -> bool:
        return "jwk" in token.header and fits(_key(token.header["jwk"]), token)


class TakesTheHeadersKey(Window):
    """Checks the signature with the key that came along with it (CVE-2018-0114)."""

    steps = _HeadersKey()


class _FetchedKey(_OwnIdea):
    passes_over = reasons.KEY_TO_FETCH

    def good(self, token: Loose) -> bool:
        if "jku" not in token.header:
            return False
        with urlopen(str(token.header["jku"]), timeout=2) as answer:  # noqa: S310 - that it opens any address is its fault
            return fits(_key(json.load(answer)["keys"][0]), token)


class FetchesTheKey(Window):
    """Fetches the key from the address that the header names."""

    steps = _FetchedKey()


class _AnyExtension(_OwnIdea):
    passes_over = reasons.UNKNOWN_EXTENSION

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


def _key(jwk: object) -> object:
    """The public key in a JSON Web Key."""
    assert isinstance(jwk, dict)  # noqa: S101 - what comes here names a key as it should
    return ECKey.import_key(jwk).public_key
