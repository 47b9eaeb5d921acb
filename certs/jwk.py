"""Public keys in JSON (JWK, RFC 7517): read strictly, for checking signatures and for nothing else.

The exchange itself takes keys from certificates alone (certs.identity); this is for public test vectors. What a key is
for is decided here once: its own `alg` where it has one, otherwise what its kind allows. Nothing in it that could
vouch for it (x5c, x5u) is looked at. Sources: RFC 7518, 6; RFC 8037; RFC 8812; RFC 9864; RFC 9964.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from cryptography import exceptions
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa

from certs.algorithms import Algorithm, Key, PublicKey, named, sound
from certs.errors import MalformedKey, MalformedToken, UnsupportedAlgorithm, WrongUsage
from certs.gates import JsonValue, base64url
from certs.rsa_keys import strong_numbers

Jwk = Mapping[str, JsonValue]
Names = Mapping[str, Algorithm | None]

_PRIVATE: Final = ("d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv")
_AKP: Final = ("ML-DSA-44", "ML-DSA-65", "ML-DSA-87")
_OF_RSA: Final[Names] = {
    "RS256": Algorithm.RS256,
    "PS256": Algorithm.PS256,
    **dict.fromkeys(("RS384", "RS512", "PS384", "PS512")),
}
_ENCRYPTING: Final = ("RSA1_5", "RSA-OAEP", "ECDH-ES", "HPKE", "A128", "A192", "A256", "PBES2", "dir")


class _Curve(NamedTuple):
    curve: ec.EllipticCurve
    octets: int  # of a coordinate
    names: Names


_CURVES: Final = {
    "P-256": _Curve(ec.SECP256R1(), 32, {"ES256": Algorithm.ES256}),
    "P-384": _Curve(ec.SECP384R1(), 48, {"ES384": None}),
    "P-521": _Curve(ec.SECP521R1(), 66, {"ES512": None}),
    "secp256k1": _Curve(ec.SECP256K1(), 32, {"ES256K": None}),
}
_EDWARDS: Final[Mapping[str, tuple[int, Names]]] = {
    "Ed25519": (32, {"Ed25519": Algorithm.ED25519, "EdDSA": Algorithm.ED25519}),
    "Ed448": (57, {"Ed448": None, "EdDSA": None}),
}
_ALL_NAMES: Final = frozenset(
    [*_OF_RSA, *_AKP, *(name for each in _CURVES.values() for name in each.names), "Ed25519", "Ed448", "EdDSA"]
)


def read(jwk: Jwk) -> Key:
    """The public key in `jwk`, and the names that a token's header may say beside it.

    Raises:
        UnsupportedAlgorithm, NationalAlgorithm: a kind of key, or an `alg`, that is not done here.
        MalformedKey: a field missing or of another form, a point off its curve, a private key, another kind's `alg`.
        WrongUsage: a key that is not for checking signatures.
        BrokenAlgorithm: a key that is known to be weak.
    """
    # (1) What kind of key it is, and that it is public.
    kty = jwk.get("kty")
    if kty == "oct":
        raise UnsupportedAlgorithm("a symmetric key: here every signature is checked with a public key")
    if private := [name for name in _PRIVATE if name in jwk]:
        raise MalformedKey(f"a private key where a public one belongs ({', '.join(private)})")
    if not isinstance(jwk.get("kid", ""), str):
        raise MalformedKey("kid is no text")
    # (2) What it is meant for (RFC 7517, 4.2 and 4.3).
    _for_checking(jwk)
    # (3) The key itself, and what its kind could be for.
    reader = _KINDS.get(kty) if isinstance(kty, str) else None
    if reader is None:
        kind = f"kty {kty[:40]!a}" if isinstance(kty, str) else "no kty"
        raise (UnsupportedAlgorithm if isinstance(kty, str) else MalformedKey)(f"{kind}; known: EC, OKP, RSA, AKP")
    public, names = reader(jwk)
    # (4) Its own alg binds (RFC 7517, 4.4).
    return Key(public, _bound(jwk, names))


def _for_checking(jwk: Jwk) -> None:
    use = jwk.get("use", "sig")
    if not isinstance(use, str):
        raise MalformedKey("use is no text")
    if use != "sig":
        raise WrongUsage(f"a key for use {use[:40]!a}, not for signatures")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or not all(isinstance(one, str) for one in operations):
        raise MalformedKey("key_ops is no list of texts")
    if any(operations.count(one) > 1 for one in operations[:20]) or len(operations) > 20:
        raise MalformedKey("key_ops says something twice")
    if "verify" not in operations:
        raise WrongUsage("a key whose key_ops do not name verify")


def _bound(jwk: Jwk, names: Names) -> Names:
    if "alg" not in jwk:
        return names
    alg = jwk["alg"]
    if not isinstance(alg, str):
        raise MalformedKey("alg is no text")
    if alg in names:
        return {alg: names[alg]}
    if alg.startswith(_ENCRYPTING):
        raise WrongUsage(f"a key for alg {alg[:40]!a}, not for signatures")
    if alg in _ALL_NAMES or alg.upper().startswith("HS") or alg.lower() == "none":
        raise MalformedKey(f"alg {alg[:40]!a} is not one of this kind of key: {', '.join(names)}")
    return {alg: named(alg)}  # never returns: no name of ours is left


def _ec(jwk: Jwk) -> tuple[PublicKey | None, Names]:
    curve = _CURVES.get(_text(jwk, "crv"))
    if curve is None:
        raise UnsupportedAlgorithm(f"crv {_text(jwk, 'crv')[:40]!a}; known: {', '.join(_CURVES)}")
    x, y = (int.from_bytes(_octets(jwk, name, curve.octets), "big") for name in ("x", "y"))
    try:
        public = ec.EllipticCurvePublicNumbers(x, y, curve.curve).public_key()
    except (ValueError, exceptions.UnsupportedAlgorithm) as error:
        raise MalformedKey(f"x and y are no point on {_text(jwk, 'crv')}") from error
    return (public if curve.curve.name == ec.SECP256R1.name else None), curve.names


def _okp(jwk: Jwk) -> tuple[PublicKey | None, Names]:
    crv = _text(jwk, "crv")
    if crv in ("X25519", "X448"):
        raise WrongUsage(f"a key on {crv}, which signs nothing")
    if crv not in _EDWARDS:
        raise UnsupportedAlgorithm(f"crv {crv[:40]!a}; known: {', '.join(_EDWARDS)}")
    octets, names = _EDWARDS[crv]
    x = _octets(jwk, "x", octets)
    return (sound(ed25519.Ed25519PublicKey.from_public_bytes(x)) if crv == "Ed25519" else None), names


def _rsa(jwk: Jwk) -> tuple[PublicKey | None, Names]:
    n, e = (int.from_bytes(_octets(jwk, name), "big") for name in ("n", "e"))
    strong_numbers(n, e)
    try:
        return rsa.RSAPublicNumbers(e, n).public_key(), _OF_RSA
    except ValueError as error:
        raise MalformedKey(f"n and e are no RSA key: {error}") from error


def _akp(jwk: Jwk) -> tuple[PublicKey | None, Names]:
    alg = _text(jwk, "alg")  # RFC 9964: required here, because it says what kind of key it is
    if alg not in _AKP:
        raise (MalformedKey if alg in _ALL_NAMES else UnsupportedAlgorithm)(f"alg {alg[:40]!a} of a key of kty AKP")
    if alg != Algorithm.ML_DSA_65:
        return None, {alg: None}
    return mldsa.MLDSA65PublicKey.from_public_bytes(_octets(jwk, "pub", 1952)), {alg: Algorithm.ML_DSA_65}


_KINDS: Final[Mapping[str, Callable[[Jwk], tuple[PublicKey | None, Names]]]] = {
    "EC": _ec,
    "OKP": _okp,
    "RSA": _rsa,
    "AKP": _akp,
}


def _text(jwk: Jwk, name: str) -> str:
    found = jwk.get(name)
    if not isinstance(found, str):
        raise MalformedKey(f"{name} is missing or no text")
    return found


def _octets(jwk: Jwk, name: str, exactly: int | None = None) -> bytes:
    """A field in base64url: of `exactly` so many octets, or a number without leading zeros (RFC 7518, 2)."""
    try:
        found = base64url(_text(jwk, name).encode(), what=name)
    except MalformedToken as error:
        raise MalformedKey(str(error)) from error
    if exactly is not None and len(found) != exactly:
        raise MalformedKey(f"{name} of {len(found)} octets, not {exactly}")
    if exactly is None and found[:1] in (b"", b"\0"):
        raise MalformedKey(f"{name} is no number in its one spelling")
    return found
