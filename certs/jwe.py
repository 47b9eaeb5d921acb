"""Encrypt octets for one certificate as a compact JWE (RFC 7516), read one, open one.

    encrypt   by the profile that the certificate's key dictates, with fresh keys for each message
    read      gates only: spelling, header, lengths, a point on the curve. Nothing is opened yet.
    decrypt   with the reader's own key

Two profiles, both with A256GCM: ECDH-ES for a P-256 key, HPKE-10-KE for a hybrid one (certs.hpke). No compression, no
extensions: what a header may say is a short list. What is inside is a signed token, whose signer names the receiver
(certs.jws): encryption alone says nothing of who sent it. Whether a certificate is to be encrypted for is decided by
certs.trust. Format: docs/wire.md, section 3.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self

from cryptography import exceptions, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from joserfc import jwe as jose
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from certs import drafts, hpke
from certs.errors import (
    AlgorithmMismatch,
    BrokenCipher,
    BrokenPath,
    ForbiddenHeader,
    MalformedToken,
    OtherRecipient,
    Oversized,
    UnsupportedAlgorithm,
    WrongKind,
)
from certs.gates import LARGEST_HEADER, LARGEST_TOKEN, JsonValue, base64url, base64url_encode, strict_object
from certs.identity import Algorithm, bearer, dictated
from certs.keyfiles import key_pem, private_folder, read_certificate, read_key, write_certificate, write_key
from certs.tokens import no_forbidden

MESSAGE: Final = "corridor-message+jwe"
RECEIPT: Final = "corridor-receipt+jwe"

ALG: Final = "ECDH-ES"
ENC: Final = hpke.ENC
ECDH: Final = f"{ALG}+{ENC}"
"""The first profile, by the agreement's word for it; the second is `hpke.PROFILE`."""

_IV, _TAG = 12, 16  # octets (RFC 7518, 5.3)
_HEADER: Final = frozenset({"alg", "enc", "typ", "epk", "x5t#S256"})
_HPKE_HEADER: Final = frozenset({"alg", "enc", "typ", "ek", "x5t#S256"})
_EPK: Final = frozenset({"kty", "crv", "x", "y"})


class _Registry(jose.JWERegistry):
    # The library's own limits are below a document's size; ours were applied by the gate.
    max_protected_header_length = LARGEST_HEADER
    max_ciphertext_length = LARGEST_TOKEN


_REGISTRY: Final = _Registry(algorithms=[ALG, ENC], strict_check_header=False)


@dataclass(frozen=True)
class Opener:
    """A party's key that others encrypt for, and the certificate that says so."""

    party: str
    key: ec.EllipticCurvePrivateKey | hpke.HybridKey = field(repr=False)
    certificate: x509.Certificate

    @cached_property
    def as_jose(self) -> ECKey:
        """The P-256 key as joserfc wants it, made once. Raises UnsupportedAlgorithm."""
        if isinstance(self.key, hpke.HybridKey):
            raise UnsupportedAlgorithm(f"{ALG} needs a P-256 key")
        return ECKey.import_key(key_pem(self.key))

    @property
    def profile(self) -> str:
        """What it opens: `ECDH` or `hpke.PROFILE`."""
        return hpke.PROFILE if isinstance(self.key, hpke.HybridKey) else ECDH

    def save(self, folder: Path) -> None:
        """Write key.pem (PKCS#8, 0600) and certificate.pem into `folder` (0700)."""
        private_folder(folder)
        if isinstance(self.key, hpke.HybridKey):
            self.key.write(folder / "key.pem")
        else:
            write_key(folder / "key.pem", self.key)
        write_certificate(folder / "certificate.pem", self.certificate)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises BrokenPath (another certificate's key), UnsupportedAlgorithm."""
        certificate = read_certificate(folder / "certificate.pem")
        if profile(certificate) == hpke.PROFILE:
            hybrid = hpke.HybridKey.read(folder / "key.pem")
            if hybrid.public_key() != hpke.certified(certificate):
                raise BrokenPath(f"{folder.name}: the key is not the one in the certificate")
            return cls(bearer(certificate)[1], hybrid, certificate)
        key = read_key(folder / "key.pem")
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise UnsupportedAlgorithm(f"{folder.name}: {ALG} needs a P-256 key")
        if certificate.public_key() != key.public_key():
            raise BrokenPath(f"{folder.name}: the key is not the one in the certificate")
        return cls(bearer(certificate)[1], key, certificate)


@dataclass(frozen=True)
class Closed:
    """An encrypted token that passed the gates, and that nobody opened. `thumbprint` names the reader (32 octets)."""

    raw: bytes
    header: Mapping[str, JsonValue]
    typ: str
    thumbprint: bytes
    profile: str


def profile(certificate: x509.Certificate) -> str:
    """The profile that a reader's certificate dictates: `ECDH` for a P-256 key, `hpke.PROFILE` for a hybrid one.

    Raises:
        UnsupportedAlgorithm: any other key.
    """
    try:
        hybrid = isinstance(certificate.public_key(), x25519.X25519PublicKey)
    except (ValueError, exceptions.UnsupportedAlgorithm) as error:
        raise UnsupportedAlgorithm(f"the certificate's key cannot be used: {error}") from error
    if hybrid:
        hpke.certified(certificate)
        return hpke.PROFILE
    if dictated(certificate)[0] is not Algorithm.ES256:
        raise UnsupportedAlgorithm(f"{ALG} here is on P-256; the reader's certificate has another key")
    return ECDH


def looks_encrypted(octets: bytes) -> bool:
    """Whether these are five segments, as only a compact JWE has; a compact JWS has three."""
    return octets.count(b".") == 4


def encrypt(octets: bytes, certificate: x509.Certificate, *, typ: str, chance: drafts.Octets, purpose: str) -> bytes:
    """Encrypt for the key in `certificate`.

    Args:
        octets: what is to be hidden.
        certificate: the reader's, already found good by certs.trust.
        typ: the kind of object; it stands outside.
        chance: where the fresh key and the IV come from; a second use of them would open both messages. What HPKE
            adds is drawn by the library.
        purpose: the stream of chance to draw from.

    Raises:
        UnsupportedAlgorithm: its key is neither on P-256 nor a hybrid one.
    """
    told: dict[str, object] = {
        "typ": typ,
        "x5t#S256": base64url_encode(certificate.fingerprint(hashes.SHA256())).decode("ascii"),
    }
    theirs = certificate.public_key()
    if isinstance(theirs, x25519.X25519PublicKey):
        key = chance(hpke.CONTENT_KEY, f"{purpose}/key")
        encapsulated, wrapped = hpke.wrap(key, hpke.certified(certificate))
        told |= {"alg": hpke.ALG, "enc": hpke.ENC, "ek": base64url_encode(encapsulated).decode("ascii")}
    elif isinstance(theirs, ec.EllipticCurvePublicKey) and isinstance(theirs.curve, ec.SECP256R1):
        ours = drafts.p256_key(chance, f"{purpose}/key")
        key, wrapped = _derived(ours.exchange(ec.ECDH(), theirs)), b""
        told |= {"alg": ALG, "enc": ENC, "epk": _point(ours.public_key())}
    else:
        raise UnsupportedAlgorithm(f"{ALG} here is on P-256; the reader's certificate has another key")
    protected = base64url_encode(json.dumps(told, sort_keys=True, separators=(",", ":")).encode("ascii"))
    iv = chance(_IV, f"{purpose}/iv")
    sealed = AESGCM(key).encrypt(iv, octets, protected)
    parts = (wrapped, iv, sealed[:-_TAG], sealed[-_TAG:])
    return b".".join((protected, *(base64url_encode(part) for part in parts)))


def read(token: bytes) -> Closed:
    """Pass an encrypted token through the gates (RFC 7516, 5.2, steps 1 to 6; RFC 8725, 3).

    Raises:
        Oversized, LooseSpelling: larger than we write, or spelt otherwise.
        MalformedToken: not five segments, a part of the wrong length, an ephemeral key off the curve.
        NotStrictJson: a header that can be read in two ways.
        KeyInHeader, KeyToFetch, Compressed, UnknownExtension: jwk; jku or x5u; zip; b64 or any crit.
        ForbiddenHeader: anything else that is not on the profile's list.
        UnsupportedAlgorithm: another algorithm than those of the two profiles.
        WrongKind: no `typ`.
    """
    if len(token) > LARGEST_TOKEN:
        raise Oversized(f"{len(token)} octets, more than {LARGEST_TOKEN}")
    parts = token.split(b".")
    if len(parts) != 5:
        raise MalformedToken(f"{len(parts)} segments where an encrypted token has 5")
    if len(parts[0]) > LARGEST_HEADER:
        raise Oversized(f"a header of {len(parts[0])} octets, more than {LARGEST_HEADER}")
    header = strict_object(base64url(parts[0], what="header"))
    hybrid = header.get("alg") == hpke.ALG
    if strange := sorted(header.keys() - (_HPKE_HEADER if hybrid else _HEADER)):
        no_forbidden(strange)
        raise ForbiddenHeader(f"the header carries {', '.join(strange)[:100]}")
    if header.get("alg") not in (ALG, hpke.ALG) or header.get("enc") != ENC:
        raise UnsupportedAlgorithm(f"alg {header.get('alg')!a} with enc {header.get('enc')!a}: neither of our profiles")
    typ = header.get("typ")
    if not isinstance(typ, str):
        raise WrongKind("the header names no kind (typ)")
    lengths = (
        (parts[1], hpke.WRAPPED if hybrid else 0, "encrypted key"),
        (parts[2], _IV, "IV"),
        (parts[4], _TAG, "tag"),
    )
    for part, octets, what in lengths:
        if (found := len(base64url(part, what=what))) != octets:
            raise MalformedToken(f"{what}: {found} octets, not {octets}")
    base64url(parts[3], what="ciphertext")
    if hybrid:
        _octets(header.get("ek"), "ek", hpke.ENCAPSULATED)
    else:
        _on_the_curve(header.get("epk"))
    thumbprint = _octets(header.get("x5t#S256"), "x5t#S256")
    return Closed(token, MappingProxyType(header), typ, thumbprint, hpke.PROFILE if hybrid else ECDH)


def decrypt(closed: Closed, opener: Opener) -> bytes:
    """Open with the reader's key.

    Raises:
        OtherRecipient: it names another certificate.
        AlgorithmMismatch: another profile than the certificate's key dictates.
        BrokenCipher: altered, or encrypted for another key than it names.
    """
    if closed.thumbprint != opener.certificate.fingerprint(hashes.SHA256()):
        raise OtherRecipient(f"encrypted for certificate {closed.thumbprint.hex()[:16]}, not for {opener.party}'s")
    if closed.profile != opener.profile:
        raise AlgorithmMismatch(f"the header says {closed.profile}, the certificate it names dictates {opener.profile}")
    if isinstance(opener.key, hpke.HybridKey):
        return _by_hpke(closed, opener.key)
    try:
        found = jose.decrypt_compact(closed.raw, opener.as_jose, registry=_REGISTRY).plaintext
    except (JoseError, ValueError) as error:  # the library lets some of its own parsing errors through
        raise BrokenCipher("the bytes are not those that were encrypted for this key") from error
    if found is None:
        raise BrokenCipher("nothing was encrypted")
    return found


def _by_hpke(closed: Closed, key: hpke.HybridKey) -> bytes:
    protected, *rest = closed.raw.split(b".")
    wrapped, iv, ciphertext, tag = (base64url(part, what="part") for part in rest)
    content_key = hpke.unwrap(_octets(closed.header.get("ek"), "ek", hpke.ENCAPSULATED), wrapped, key)
    try:
        return AESGCM(content_key).decrypt(iv, ciphertext + tag, protected)
    except exceptions.InvalidTag as error:
        raise BrokenCipher("the bytes are not those that were encrypted for this key") from error


def _derived(shared: bytes) -> bytes:
    """The content key from the shared secret (RFC 7518, 4.6.2: direct agreement, no party info)."""
    info = len(ENC).to_bytes(4, "big") + ENC.encode("ascii") + bytes(8) + (256).to_bytes(4, "big")
    return ConcatKDFHash(hashes.SHA256(), length=32, otherinfo=info).derive(shared)


def _point(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    numbers = key.public_numbers()
    x, y = (base64url_encode(each.to_bytes(32, "big")).decode("ascii") for each in (numbers.x, numbers.y))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


def _on_the_curve(epk: JsonValue) -> None:
    """An invalid point would let its sender learn the reader's key, answer by answer (CVE-2017-16007)."""
    if not isinstance(epk, dict) or epk.keys() != _EPK or (epk["kty"], epk["crv"]) != ("EC", "P-256"):
        raise MalformedToken("epk is no P-256 key with kty, crv, x and y alone")
    x, y = (int.from_bytes(_octets(epk[name], name), "big") for name in ("x", "y"))
    try:
        ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError as error:
        raise MalformedToken("epk is no point on P-256") from error


def _octets(text: JsonValue, what: str, length: int = 32) -> bytes:
    if not isinstance(text, str) or not text.isascii():
        raise MalformedToken(f"the header has no {what}")
    found = base64url(text.encode("ascii"), what=what)
    if len(found) != length:
        raise MalformedToken(f"{what} of {len(found)} octets, not {length}")
    return found
