"""Encrypt octets for one certificate as a compact JWE (RFC 7516), read one, open one.

    encrypt   ECDH-ES (direct) with A256GCM and a fresh key for each message; the caller's chance, as everywhere
    read      gates only: spelling, header, a point on the curve. Nothing is opened yet.
    decrypt   with the reader's own key

One algorithm, no compression, no extensions: what the header may say is a short list. What is inside is a signed token,
whose signer names the receiver (certs.jws): encryption alone says nothing of who sent it. Whether a certificate is to
be encrypted for is decided by certs.trust. Format: docs/wire.md, section 3.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from joserfc import jwe as jose
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from certs import drafts
from certs.errors import (
    BrokenCipher,
    BrokenPath,
    ForbiddenHeader,
    MalformedToken,
    OtherRecipient,
    UnsupportedAlgorithm,
    WrongKind,
)
from certs.gates import LARGEST_HEADER, LARGEST_TOKEN, JsonValue, base64url, base64url_encode, strict_object
from certs.identity import bearer
from certs.keyfiles import key_pem, private_folder, read_certificate, read_key, write_certificate, write_key

MESSAGE: Final = "corridor-message+jwe"
RECEIPT: Final = "corridor-receipt+jwe"

ALG: Final = "ECDH-ES"
ENC: Final = "A256GCM"

_IV, _TAG = 12, 16  # octets (RFC 7518, 5.3)
_HEADER: Final = frozenset({"alg", "enc", "typ", "epk", "x5t#S256"})
_COMPRESSED: Final = "RFC 7516, 4.1.3; RFC 8725, 3.6"  # what a small token becomes is its sender's choice
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
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate

    def save(self, folder: Path) -> None:
        """Write key.pem (PKCS#8, 0600) and certificate.pem into `folder` (0700)."""
        private_folder(folder)
        write_key(folder / "key.pem", self.key)
        write_certificate(folder / "certificate.pem", self.certificate)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote. Raises BrokenPath (another certificate's key), UnsupportedAlgorithm."""
        key, certificate = read_key(folder / "key.pem"), read_certificate(folder / "certificate.pem")
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise UnsupportedAlgorithm(f"{folder.name}: {ALG} needs a P-256 key")
        if certificate.public_key() != key.public_key():
            raise BrokenPath(f"{folder.name}: the key is not the one in the certificate")
        return cls(bearer(certificate)[1], key, certificate)


@dataclass(frozen=True)
class Closed:
    """An encrypted token that passed the gates, and that nobody opened. `thumbprint` names the reader (32 octets)."""

    raw: bytes
    typ: str
    thumbprint: bytes


def looks_encrypted(octets: bytes) -> bool:
    """Whether these are five segments, as only a compact JWE has; a compact JWS has three."""
    return octets.count(b".") == 4


def encrypt(octets: bytes, certificate: x509.Certificate, *, typ: str, chance: drafts.Octets, purpose: str) -> bytes:
    """Encrypt for the key in `certificate`.

    Args:
        octets: what is to be hidden.
        certificate: the reader's, already found good by certs.trust.
        typ: the kind of object; it stands outside.
        chance: where the fresh key and the IV come from; a second use of them would open both messages.
        purpose: the stream of chance to draw from.

    Raises:
        UnsupportedAlgorithm: its key is not on P-256.
    """
    theirs = certificate.public_key()
    if not isinstance(theirs, ec.EllipticCurvePublicKey) or not isinstance(theirs.curve, ec.SECP256R1):
        raise UnsupportedAlgorithm(f"{ALG} here is on P-256; the reader's certificate has another key")
    fresh = drafts.p256_key(chance, f"{purpose}/key")
    point = fresh.public_key().public_numbers()
    header = {
        "alg": ALG,
        "enc": ENC,
        "epk": {"crv": "P-256", "kty": "EC", "x": _coordinate(point.x), "y": _coordinate(point.y)},
        "typ": typ,
        "x5t#S256": base64url_encode(certificate.fingerprint(hashes.SHA256())).decode("ascii"),
    }
    protected = base64url_encode(json.dumps(header, separators=(",", ":")).encode("ascii"))
    iv = chance(_IV, f"{purpose}/iv")
    key = _derived(fresh.exchange(ec.ECDH(), theirs))
    sealed = AESGCM(key).encrypt(iv, octets, protected)
    parts = (protected, b"", base64url_encode(iv), base64url_encode(sealed[:-_TAG]), base64url_encode(sealed[-_TAG:]))
    return b".".join(parts)


def read(token: bytes) -> Closed:
    """Pass an encrypted token through the gates (RFC 7516, 5.2, steps 1 to 6; RFC 8725, 3).

    Raises:
        MalformedToken: not the canonical spelling, a part of the wrong length, an ephemeral key off the curve.
        NotStrictJson: a header that can be read in two ways.
        ForbiddenHeader: zip, crit, or anything else that is not on the list.
        UnsupportedAlgorithm: another algorithm than ECDH-ES with A256GCM.
        WrongKind: no `typ`.
    """
    if len(token) > LARGEST_TOKEN:
        raise MalformedToken(f"{len(token)} octets, more than {LARGEST_TOKEN}")
    parts = token.split(b".")
    if len(parts) != 5:
        raise MalformedToken(f"{len(parts)} segments where an encrypted token has 5")
    if len(parts[0]) > LARGEST_HEADER:
        raise MalformedToken(f"a header of {len(parts[0])} octets, more than {LARGEST_HEADER}")
    header = strict_object(base64url(parts[0], what="header"))
    if strange := sorted(header.keys() - _HEADER):
        clause = _COMPRESSED if "zip" in strange else ""
        raise ForbiddenHeader(f"the header carries {', '.join(strange)[:100]}", clause=clause)
    if (header.get("alg"), header.get("enc")) != (ALG, ENC):
        raise UnsupportedAlgorithm(f"alg {header.get('alg')!a} with enc {header.get('enc')!a}, not {ALG} with {ENC}")
    typ = header.get("typ")
    if not isinstance(typ, str):
        raise WrongKind("the header names no kind (typ)")
    if parts[1]:
        raise MalformedToken(f"an encrypted key, which {ALG} does not have")
    for part, octets, what in ((parts[2], _IV, "IV"), (parts[4], _TAG, "tag")):
        if (found := len(base64url(part, what=what))) != octets:
            raise MalformedToken(f"a {what} of {found} octets, not {octets}")
    base64url(parts[3], what="ciphertext")
    _on_the_curve(header.get("epk"))
    return Closed(raw=token, typ=typ, thumbprint=_octets(header.get("x5t#S256"), "x5t#S256"))


def decrypt(closed: Closed, opener: Opener) -> bytes:
    """Open with the reader's key.

    Raises:
        OtherRecipient: it names another certificate.
        BrokenCipher: altered, or encrypted for another key than it names.
    """
    if closed.thumbprint != opener.certificate.fingerprint(hashes.SHA256()):
        raise OtherRecipient(f"encrypted for certificate {closed.thumbprint.hex()[:16]}, not for {opener.party}'s")
    key = ECKey.import_key(key_pem(opener.key))
    try:
        found = jose.decrypt_compact(closed.raw, key, registry=_REGISTRY).plaintext
    except (JoseError, ValueError) as error:  # the library lets some of its own parsing errors through
        raise BrokenCipher("the bytes are not those that were encrypted for this key") from error
    if found is None:
        raise BrokenCipher("nothing was encrypted")
    return found


def _derived(shared: bytes) -> bytes:
    """The content key from the shared secret (RFC 7518, 4.6.2: direct agreement, no party info)."""
    info = len(ENC).to_bytes(4, "big") + ENC.encode("ascii") + bytes(8) + (256).to_bytes(4, "big")
    return ConcatKDFHash(hashes.SHA256(), length=32, otherinfo=info).derive(shared)


def _coordinate(number: int) -> str:
    return base64url_encode(number.to_bytes(32, "big")).decode("ascii")


def _on_the_curve(epk: JsonValue) -> None:
    """An invalid point would let its sender learn the reader's key, answer by answer (CVE-2017-16007)."""
    if not isinstance(epk, dict) or epk.keys() != _EPK or (epk["kty"], epk["crv"]) != ("EC", "P-256"):
        raise MalformedToken("epk is no P-256 key with kty, crv, x and y alone")
    x, y = (int.from_bytes(_octets(epk[name], name), "big") for name in ("x", "y"))
    try:
        ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError as error:
        raise MalformedToken("epk is no point on P-256") from error


def _octets(text: JsonValue, what: str) -> bytes:
    if not isinstance(text, str) or not text.isascii():
        raise MalformedToken(f"the header has no {what}")
    found = base64url(text.encode("ascii"), what=what)
    if len(found) != 32:
        raise MalformedToken(f"{what} of {len(found)} octets, not 32")
    return found
