"""A compact JWS by itself (RFC 7515): its gates, and its signature against a key.

    gated    spelling and header. Nothing is believed yet.
    fits     the signature, with the algorithm that the key dictates; the header can only agree.

What the corridor asks of a token besides (a kind, a certificate) is in certs.jws. The same two functions answer public
test vectors (`corridor conformance jws`). Format: docs/wire.md, section 3.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from certs.algorithms import Algorithm, Key, signature_octets, verify
from certs.errors import (
    AlgorithmMismatch,
    Compressed,
    ForbiddenHeader,
    KeyInHeader,
    KeyToFetch,
    MalformedToken,
    NoSignature,
    SignatureLength,
    UnknownExtension,
    Unsecured,
    UnsupportedAlgorithm,
    WrongKind,
)
from certs.gates import JsonValue, Segments, base64url, compact, strict_object

# Each could bring a key of the sender's choice, make us fetch one, or change what the signature covers.
_FORBIDDEN: Final[Mapping[str, tuple[type[ForbiddenHeader], str]]] = {
    "jwk": (KeyInHeader, ""),
    "jku": (KeyToFetch, "RFC 7515, 4.1.2; RFC 8725, 3.10"),
    "x5u": (KeyToFetch, "RFC 7515, 4.1.5; RFC 8725, 3.10"),
    "zip": (Compressed, ""),
    "b64": (UnknownExtension, "RFC 7797, 3"),
    "crit": (UnknownExtension, ""),
}
# "none" signs nothing and HS* would take the public key for a secret: no public key dictates them, ever.
_SHARED_SECRET: Final = frozenset({"hs256", "hs384", "hs512"})
_TEXTS: Final = ("cty", "kid", "x5t", "x5t#S256")


class Gated(NamedTuple):
    """A token that passed the gates and that nobody checked. `alg` is what its header says, and no more."""

    header: Mapping[str, JsonValue]
    alg: str
    segments: Segments


def gated(token: bytes) -> Gated:
    """Pass a token through the gates (RFC 7515, 5.2, steps 1 to 7; RFC 8725, 3).

    Raises:
        Oversized, LooseSpelling, MalformedToken: its form, or a header without alg or with a field of another form.
        NotStrictJson: a header that can be read in two ways.
        KeyInHeader, KeyToFetch, Compressed, UnknownExtension: jwk; jku or x5u; zip; b64 or any crit.
        WrongKind: a `typ` that is no text.
        Unsecured: `none`.
        AlgorithmMismatch: a shared-secret algorithm.
    """
    segments = compact(token)
    header, alg = _header(segments.header_text)
    return Gated(header, alg, segments)


def no_forbidden(names: Collection[str]) -> None:
    """Return when none of a header's names is forbidden wherever it stands.

    Raises:
        KeyInHeader, KeyToFetch, Compressed, UnknownExtension: jwk; jku or x5u; zip; b64 or any crit.
    """
    for name, (error, clause) in _FORBIDDEN.items():
        if name in names:
            raise error(f"the header carries {name}", clause=clause)


def fits(token: Gated, key: Key) -> Algorithm:
    """Return the algorithm once the signature is one of `key`, under an algorithm that the key is for.

    Raises:
        AlgorithmMismatch: the header names an algorithm that the key is not for.
        UnsupportedAlgorithm: the key is for it, and we do not do it.
        NoSignature, SignatureLength: a signature of another length than this key's have.
        SignatureOutOfRange: r or s is no number that a signature has.
        BadSignature: the bytes are not those that were signed.
    """
    # (1) The key is asked first: what the header says can contradict it, and then nothing else matters.
    if token.alg not in key.names:
        raise AlgorithmMismatch(f"the header says {token.alg[:40]!a}, the key is for {' or '.join(key.names)}")
    # (2) Not done here is no verdict on the signature.
    algorithm = key.names[token.alg]
    if algorithm is None or key.public is None:
        raise UnsupportedAlgorithm(f"alg {token.alg[:40]!a}; known here: {', '.join(Algorithm)}")
    # (3) One length for each key: libraries take longer ones.
    expected = signature_octets(algorithm, key.public)
    measured(token.segments.signature, range(expected, expected + 1), f"{algorithm} with this key")
    # (4) The signature itself.
    verify(algorithm, key.public, token.segments.signature, token.segments.signing_input)
    return algorithm


def measured(signature: bytes, lengths: range, whose: str) -> None:
    """Return when a signature has one of `lengths`, in octets; `whose` says in an error who else has them.

    Raises:
        NoSignature: nothing stands there.
        SignatureLength: any other length.
    """
    if not signature:
        raise NoSignature("nothing stands where the signature should")
    if len(signature) not in lengths:
        expected = f"exactly {lengths[0]}" if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]}"
        raise SignatureLength(f"a signature of {len(signature)} octets; {whose} has {expected}")


@lru_cache(maxsize=256)
def _header(text: bytes) -> tuple[Mapping[str, JsonValue], str]:
    """The header in this segment, read. A partner sends the same few with every message."""
    header = strict_object(base64url(text, what="header"))
    no_forbidden(header)
    if not isinstance(header.get("typ", ""), str):
        raise WrongKind("the header's kind (typ) is no text")
    for name in _TEXTS:
        if not isinstance(header.get(name, ""), str):
            raise MalformedToken(f"the header's {name} is no text")
    alg = header.get("alg")
    if not isinstance(alg, str):
        raise MalformedToken("the header names no algorithm (alg)")
    if alg.lower() == "none":
        raise Unsecured(f"alg {alg!a}: the header says that nothing is signed")
    if alg.lower() in _SHARED_SECRET:
        raise AlgorithmMismatch(f"alg {alg!a}: no public key dictates that")
    return MappingProxyType(header), alg
