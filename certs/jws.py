"""Sign octets as a compact JWS (RFC 7515), read one, check one: what the corridor asks of a token.

    read    gates only: spelling, header, lengths. Nothing is believed yet.
    check   the signature, against a certificate that the caller has reason to believe.

Gates and signature are those of any JWS: certs.tokens. A kind and a certificate are asked for here. Nothing decides
whom to believe (certs.trust) or looks into a payload (harness.exchange.seal). Format: docs/wire.md, section 3.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from certs import tokens
from certs.algorithms import Algorithm, Key, named
from certs.errors import MalformedToken, OtherCertificate, UnknownSigner, WrongKind
from certs.gates import JsonValue, base64url, base64url_encode
from certs.identity import UNREADABLE, Identity, dictated, readable

MESSAGE: Final = "corridor-message+jws"
RECEIPT: Final = "corridor-receipt+jws"
CHECKPOINT: Final = "corridor-checkpoint+jws"
COSIGNATURE: Final = "corridor-cosignature+jws"
AGREEMENT: Final = "corridor-agreement+jws"
TRUST_LIST: Final = "corridor-trust-list+jws"
MANIFEST: Final = "corridor-manifest+jws"


@dataclass(frozen=True, slots=True)
class Token:
    """A token that passed the gates and that nobody checked.

    `thumbprint` is what the header says (32 octets); `certificate` is what `x5c` brought along, and no
    source of trust.
    """

    raw: bytes
    gated: tokens.Gated
    typ: str
    alg: Algorithm
    thumbprint: bytes
    certificate: x509.Certificate | None

    @property
    def identity(self) -> str:
        """The hex SHA-256 of the signing input, the same for every signature over it."""
        return hashlib.sha256(self.gated.segments.signing_input).hexdigest()

    @property
    def header(self) -> Mapping[str, JsonValue]:
        """The protected header; there is no other."""
        return self.gated.header

    @property
    def payload(self) -> bytes:
        """What is said in it."""
        return self.gated.segments.payload

    @property
    def signature(self) -> bytes:
        """The raw signature."""
        return self.gated.segments.signature


def sign(payload: bytes, identity: Identity, *, typ: str) -> bytes:
    """Sign `payload` as it is; header: alg, typ, x5t#S256 and x5c with the signer's certificate alone."""
    signing_input = _header_text(identity.certificate, typ) + b"." + base64url_encode(payload)
    return signing_input + b"." + base64url_encode(identity.sign(signing_input))


def read(token: bytes) -> Token:
    """Pass a token through the gates (certs.tokens), and find the kind and the certificate that it names.

    Raises:
        MalformedToken: not three segments, or a header without its fields.
        Oversized, LooseSpelling, NoSignature, SignatureLength: what is wrong with its form, closer.
        OtherCertificate: x5c is not what x5t#S256 names.
        NotStrictJson: a header that can be read in two ways.
        KeyInHeader, KeyToFetch, Compressed, UnknownExtension: jwk; jku or x5u; zip; b64 or any crit.
        WrongKind: no `typ`.
        Unsecured: `none`.
        AlgorithmMismatch: a shared-secret algorithm.
        UnsupportedAlgorithm, NationalAlgorithm, BrokenAlgorithm: an algorithm we do not do.
    """
    gated = tokens.gated(token)
    header = gated.header
    typ = header.get("typ")
    if not isinstance(typ, str):
        raise WrongKind("the header names no kind (typ)")
    alg = named(gated.alg)
    tokens.measured(gated.segments.signature, alg.octets, alg)
    thumbprint = _thumbprint(header.get("x5t#S256"))
    return Token(
        raw=token,
        gated=gated,
        typ=typ,
        alg=alg,
        thumbprint=thumbprint,
        certificate=_carried(header["x5c"], thumbprint) if "x5c" in header else None,
    )


def check(token: Token, certificate: x509.Certificate, *, typ: str) -> bytes:
    """Check the signature with the key in `certificate` and return the payload.

    Whether the certificate is to be believed is the caller's question: certs.trust.

    Raises:
        WrongKind: another kind than `typ`, compared exactly.
        UnknownSigner: the token names another certificate.
        AlgorithmMismatch: the header's algorithm is not the one the key dictates.
        UnsupportedAlgorithm, NationalAlgorithm, BrokenAlgorithm: a key we cannot or will not check with.
        SignatureLength: a signature of another length than this key's have.
        SignatureOutOfRange: r or s is no number that a signature has.
        BadSignature: the bytes are not those that were signed.
    """
    if token.typ != typ:
        raise WrongKind(f"a token of kind {token.typ!a}, not {typ}")
    if token.thumbprint != _sha256(certificate):
        raise UnknownSigner("the token names another certificate (x5t#S256) than the one at hand")
    tokens.fits(token.gated, _checking_key(certificate))
    return token.payload


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
    except (*UNREADABLE, binascii.Error) as error:
        raise MalformedToken(f"x5c holds no certificate: {error}") from error


@lru_cache(maxsize=256)
def _checking_key(certificate: x509.Certificate) -> Key:
    # One name: what a certificate dictates is spelt one way here, so EdDSA is not another word for Ed25519.
    algorithm, public = dictated(certificate)
    return Key(public, {algorithm.value: algorithm})


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
