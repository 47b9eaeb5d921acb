"""Sign octets as a compact JWS (RFC 7515), read one, check one.

    read    gates only: spelling, header, lengths. Nothing is believed yet.
    check   the signature, against a certificate that the caller has reason to believe.

Nothing here decides whom to believe (certs.trust) or looks into a payload (harness.exchange.seal).
Format: docs/wire.md, section 3.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws as jose
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import ECKey, OKPKey

from certs.errors import (
    AlgorithmMismatch,
    BadSignature,
    ForbiddenHeader,
    MalformedToken,
    NoSignature,
    OtherCertificate,
    SignatureLength,
    SignatureOutOfRange,
    UnknownSigner,
    Unsecured,
    UnsupportedAlgorithm,
    WrongKind,
)
from certs.gates import LARGEST_HEADER, LARGEST_TOKEN, JsonValue, base64url, base64url_encode, compact, strict_object
from certs.identity import Algorithm, Identity, dictated, readable

MESSAGE: Final = "corridor-message+jws"
RECEIPT: Final = "corridor-receipt+jws"
CHECKPOINT: Final = "corridor-checkpoint+jws"
COSIGNATURE: Final = "corridor-cosignature+jws"
AGREEMENT: Final = "corridor-agreement+jws"
TRUST_LIST: Final = "corridor-trust-list+jws"
MANIFEST: Final = "corridor-manifest+jws"

# Each could bring a key of the sender's choice, make us fetch one, or change what the signature covers.
_FORBIDDEN: Final = {
    "jwk": "RFC 7515, 4.1.3",
    "jku": "RFC 7515, 4.1.2; RFC 8725, 3.10",
    "x5u": "RFC 7515, 4.1.5; RFC 8725, 3.10",
    "zip": "RFC 7516, 4.1.3",
    "b64": "RFC 7797, 3",
    "crit": "RFC 7515, 4.1.11",
}
# "none" signs nothing and HS* would take the public key for a secret: no certificate dictates them, ever.
_SHARED_SECRET: Final = frozenset({"hs256", "hs384", "hs512"})

_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (SP 800-186, 3.2.1.3)


class _Registry(jose.JWSRegistry):
    # The library's own limits are below a document's size; ours were applied by the gate.
    max_header_length = LARGEST_HEADER
    max_payload_length = LARGEST_TOKEN
    max_signature_length = 86  # of the encoded segment, like the two above


_REGISTRIES: Final = {each: _Registry(algorithms=[each.value], strict_check_header=False) for each in Algorithm}


@dataclass(frozen=True)
class Token:
    """A token that passed the gates and that nobody checked.

    `thumbprint` is what the header says (32 octets); `certificate` is what `x5c` brought along, and no
    source of trust; `identity` is the hex SHA-256 of the signing input, the same for both valid spellings
    of an ECDSA signature.
    """

    raw: bytes
    header: Mapping[str, JsonValue]
    payload: bytes
    signature: bytes
    typ: str
    alg: Algorithm
    thumbprint: bytes
    certificate: x509.Certificate | None
    identity: str


def sign(payload: bytes, identity: Identity, *, typ: str) -> bytes:
    """Sign `payload` as it is; header: alg, typ, x5t#S256 and x5c with the signer's certificate alone."""
    signing_input = _header_text(identity.certificate, typ) + b"." + base64url_encode(payload)
    return signing_input + b"." + base64url_encode(identity.sign(signing_input))


def read(token: bytes) -> Token:
    """Pass a token through the gates (RFC 7515, 5.2, steps 1 to 7; RFC 8725, 3).

    Raises:
        MalformedToken: not three segments, or a header without its fields.
        Oversized, LooseSpelling, NoSignature, SignatureLength: what is wrong with its form, closer.
        OtherCertificate: x5c is not what x5t#S256 names.
        NotStrictJson: a header that can be read in two ways.
        ForbiddenHeader: jwk, jku, x5u, zip, b64 or any crit.
        WrongKind: no `typ`.
        Unsecured: `none`.
        AlgorithmMismatch: a shared-secret algorithm.
        UnsupportedAlgorithm: an algorithm we do not know.
    """
    segments = compact(token)
    header = strict_object(segments.header)
    for name, clause in _FORBIDDEN.items():
        if name in header:
            raise ForbiddenHeader(f"the header carries {name}", clause=clause)
    typ = header.get("typ")
    if not isinstance(typ, str):
        raise WrongKind("the header names no kind (typ)")
    alg = _algorithm(header.get("alg"))
    if len(segments.signature) != alg.signature_octets:
        found = len(segments.signature)
        if not found:
            raise NoSignature("nothing stands where the signature should")
        raise SignatureLength(f"a signature of {found} octets; {alg} has exactly {alg.signature_octets}")
    thumbprint = _thumbprint(header.get("x5t#S256"))
    return Token(
        raw=token,
        header=MappingProxyType(header),
        payload=segments.payload,
        signature=segments.signature,
        typ=typ,
        alg=alg,
        thumbprint=thumbprint,
        certificate=_carried(header["x5c"], thumbprint) if "x5c" in header else None,
        identity=hashlib.sha256(segments.signing_input).hexdigest(),
    )


def check(token: Token, certificate: x509.Certificate, *, typ: str) -> bytes:
    """Check the signature with the key in `certificate` and return the payload.

    Whether the certificate is to be believed is the caller's question: certs.trust.

    Raises:
        WrongKind: another kind than `typ`, compared exactly.
        UnknownSigner: the token names another certificate.
        AlgorithmMismatch: the header's algorithm is not the one the key dictates.
        UnsupportedAlgorithm: a key we cannot check with.
        MalformedToken: a registered header field of the wrong form.
        SignatureOutOfRange: r or s is no number that a signature has.
        BadSignature: the bytes are not those that were signed.
    """
    if token.typ != typ:
        raise WrongKind(f"a token of kind {token.typ!a}, not {typ}")
    if token.thumbprint != _sha256(certificate):
        raise UnknownSigner("the token names another certificate (x5t#S256) than the one at hand")
    alg, key = _checking_key(certificate)
    if token.alg is not alg:
        raise AlgorithmMismatch(f"the header says {token.alg}, the certificate's key dictates {alg}")
    if alg is Algorithm.ES256:
        _in_range(token.signature)
    try:
        jose.deserialize_compact(token.raw, key, algorithms=[alg.value], registry=_REGISTRIES[alg])
    except BadSignatureError as error:
        raise BadSignature("the signature does not fit the bytes") from error
    except JoseError as error:  # a header field of a form the library refuses, such as a `kid` that is no text
        raise MalformedToken(f"the header cannot be used: {error}") from error
    return token.payload


def _algorithm(alg: JsonValue) -> Algorithm:
    if not isinstance(alg, str):
        raise MalformedToken("the header names no algorithm (alg)")
    if alg.lower() == "none":
        raise Unsecured(f"alg {alg!a}: the header says that nothing is signed")
    if alg.lower() in _SHARED_SECRET:
        raise AlgorithmMismatch(f"alg {alg!a}: no certificate's key dictates that")
    try:
        return Algorithm(alg)
    except ValueError as error:
        raise UnsupportedAlgorithm(f"alg {alg!a}; known here: {', '.join(Algorithm)}") from error


def _in_range(signature: bytes) -> None:
    """The library checks this too, and calls it a bad signature; one in Java did not (CVE-2022-21449)."""
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    if not (0 < r < _ORDER and 0 < s < _ORDER):
        raise SignatureOutOfRange("r or s is not between 1 and n - 1: no key makes such a signature")


def _thumbprint(text: JsonValue) -> bytes:
    if not isinstance(text, str) or not text.isascii():
        raise MalformedToken("the header names no certificate (x5t#S256)")
    thumbprint = base64url(text.encode("ascii"), what="x5t#S256")
    if len(thumbprint) != 32:
        raise MalformedToken(f"an x5t#S256 of {len(thumbprint)} octets, not 32")
    return thumbprint


def _carried(x5c: JsonValue, thumbprint: bytes) -> x509.Certificate:
    if not isinstance(x5c, list) or len(x5c) != 1 or not isinstance(x5c[0], str):
        raise MalformedToken("x5c must hold the signer's certificate alone")
    certificate, found = _certificate(x5c[0])
    if found != thumbprint:
        raise OtherCertificate("x5c and x5t#S256 name two certificates")
    return certificate


@lru_cache(maxsize=256)
def _certificate(text: str) -> tuple[x509.Certificate, bytes]:
    # A partner sends the same few certificates with every message; the text is their name here.
    try:
        der = base64.b64decode(text, validate=True)
        if base64.b64encode(der).decode("ascii") != text:
            raise MalformedToken("x5c is not canonical base64")
        return readable(x509.load_der_x509_certificate(der)), hashlib.sha256(der).digest()
    except (ValueError, binascii.Error, x509.InvalidVersion) as error:
        raise MalformedToken(f"x5c holds no certificate: {error}") from error


@lru_cache(maxsize=256)
def _checking_key(certificate: x509.Certificate) -> tuple[Algorithm, ECKey | OKPKey]:
    alg, key = dictated(certificate)
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return alg, ECKey.import_key(pem) if alg is Algorithm.ES256 else OKPKey.import_key(pem)


@lru_cache(maxsize=256)
def _sha256(certificate: x509.Certificate) -> bytes:
    return certificate.fingerprint(hashes.SHA256())


@lru_cache(maxsize=256)
def _header_text(certificate: x509.Certificate, typ: str) -> bytes:
    header = {
        "alg": dictated(certificate)[0].value,
        "typ": typ,
        "x5c": [base64.b64encode(certificate.public_bytes(Encoding.DER)).decode("ascii")],
        "x5t#S256": base64url_encode(_sha256(certificate)).decode("ascii"),
    }
    return base64url_encode(json.dumps(header, separators=(",", ":")).encode("ascii"))
