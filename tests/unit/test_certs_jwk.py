"""Keys in JSON: what each is for, and what is refused, unsupported, or no key at all."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from hypothesis import given
from hypothesis import strategies as st

from certs import jwk
from certs.algorithms import Algorithm
from certs.errors import (
    BrokenAlgorithm,
    MalformedKey,
    NationalAlgorithm,
    TrustError,
    UnsupportedAlgorithm,
    WrongUsage,
)
from certs.gates import base64url_encode
from certs.rsa_keys import _ROCA, generate, strong, strong_numbers
from harness.cli.conformance.jws import judged
from harness.clock import Chance

Jwk = dict[str, Any]  # Any: JSON


def b64(octets: bytes) -> str:
    """As a JWK writes octets."""
    return base64url_encode(octets).decode()


def number(value: int) -> str:
    """As a JWK writes a number."""
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def on(curve: ec.EllipticCurve, crv: str) -> Jwk:
    """A key on a curve."""
    point, octets = ec.derive_private_key(4711, curve).public_key().public_numbers(), (curve.key_size + 7) // 8
    return {
        "kty": "EC",
        "crv": crv,
        "x": b64(point.x.to_bytes(octets, "big")),
        "y": b64(point.y.to_bytes(octets, "big")),
    }


@cache
def modulus() -> int:
    """Of a good RSA key."""
    return generate(Chance(3).octets, "test").public_key().public_numbers().n


P256 = on(ec.SECP256R1(), "P-256")
EDWARDS = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": b64(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()),
}
LATTICE = {
    "kty": "AKP",
    "alg": "ML-DSA-65",
    "pub": b64(mldsa.MLDSA65PrivateKey.from_seed_bytes(bytes(32)).public_key().public_bytes_raw()),
}
RSA = {"kty": "RSA", "n": number(modulus()), "e": "AQAB"}


@pytest.mark.parametrize(
    ("key", "names"),
    [
        (P256, {"ES256": Algorithm.ES256}),
        (EDWARDS, {"Ed25519": Algorithm.ED25519, "EdDSA": Algorithm.ED25519}),
        (EDWARDS | {"alg": "EdDSA"}, {"EdDSA": Algorithm.ED25519}),
        (EDWARDS | {"alg": "Ed25519"}, {"Ed25519": Algorithm.ED25519}),
        (LATTICE, {"ML-DSA-65": Algorithm.ML_DSA_65}),
        (RSA | {"alg": "RS256"}, {"RS256": Algorithm.RS256}),
        (RSA | {"alg": "PS256"}, {"PS256": Algorithm.PS256}),
        (RSA | {"alg": "RS512"}, {"RS512": None}),
        (on(ec.SECP384R1(), "P-384"), {"ES384": None}),
        (on(ec.SECP521R1(), "P-521"), {"ES512": None}),
        (on(ec.SECP256K1(), "secp256k1"), {"ES256K": None}),
        (LATTICE | {"alg": "ML-DSA-87"}, {"ML-DSA-87": None}),
        ({"kty": "OKP", "crv": "Ed448", "x": b64(bytes(57))}, {"Ed448": None, "EdDSA": None}),
        (
            P256 | {"use": "sig", "key_ops": ["verify"], "kid": "1", "x5u": "https://example.test"},
            {"ES256": Algorithm.ES256},
        ),
    ],
)
def test_what_a_key_is_for(key: Jwk, names: dict[str, Algorithm | None]) -> None:
    """Its own alg binds; without one, its kind and curve say what a header may say beside it."""
    read = jwk.read(key)
    assert dict(read.names) == names
    assert (read.public is not None) is any(names.values()) or key["kty"] == "RSA"


def test_an_rsa_key_without_alg_leaves_two() -> None:
    """The header picks between what the key allows, and from nothing else."""
    names = dict(jwk.read(RSA).names)
    assert {name for name, algorithm in names.items() if algorithm is not None} == {"RS256", "PS256"}
    assert {name for name, algorithm in names.items() if algorithm is None} == {"RS384", "RS512", "PS384", "PS512"}


REFUSED: list[tuple[str, Jwk, type[TrustError]]] = [
    ("no kty", {}, MalformedKey),
    ("kty no text", {"kty": 7}, MalformedKey),
    ("symmetric", {"kty": "oct", "k": "AA"}, UnsupportedAlgorithm),
    ("kind unknown", {"kty": "LWE"}, UnsupportedAlgorithm),
    ("kind in other letters", P256 | {"kty": "ec"}, UnsupportedAlgorithm),
    ("private, EC", P256 | {"d": "AA"}, MalformedKey),
    ("private, RSA", RSA | {"p": "AA", "q": "AA"}, MalformedKey),
    ("private, AKP", LATTICE | {"priv": "AA"}, MalformedKey),
    ("a secret in it", RSA | {"k": "AA"}, MalformedKey),
    ("kid no text", P256 | {"kid": 1}, MalformedKey),
    ("use enc", P256 | {"use": "enc"}, WrongUsage),
    ("use no text", P256 | {"use": ["sig"]}, MalformedKey),
    ("key_ops without verify", P256 | {"key_ops": ["sign"]}, WrongUsage),
    ("key_ops empty", P256 | {"key_ops": []}, WrongUsage),
    ("key_ops no list", P256 | {"key_ops": "verify"}, MalformedKey),
    ("key_ops twice", P256 | {"key_ops": ["verify", "verify"]}, MalformedKey),
    ("key_ops without end", P256 | {"key_ops": ["verify", *map(str, range(100_000))]}, MalformedKey),
    ("alg no text", P256 | {"alg": None}, MalformedKey),
    ("alg of another kind", P256 | {"alg": "RS256"}, MalformedKey),
    ("alg of another curve", P256 | {"alg": "ES384"}, MalformedKey),
    ("alg of a secret", RSA | {"alg": "HS256"}, MalformedKey),
    ("alg none", RSA | {"alg": "none"}, MalformedKey),
    ("alg of encryption", RSA | {"alg": "RSA-OAEP-256"}, WrongUsage),
    ("alg of agreement", P256 | {"alg": "ECDH-ES"}, WrongUsage),
    ("alg SM2", P256 | {"alg": "SM2"}, NationalAlgorithm),
    ("alg over SHA-1", RSA | {"alg": "RS1"}, BrokenAlgorithm),
    ("alg unknown", P256 | {"alg": "X"}, UnsupportedAlgorithm),
    ("curve missing", {name: value for name, value in P256.items() if name != "crv"}, MalformedKey),
    ("curve unknown", P256 | {"crv": "P-192"}, UnsupportedAlgorithm),
    ("another curve than the point's", P256 | {"crv": "secp256k1"}, MalformedKey),
    ("off the curve", P256 | {"y": P256["x"]}, MalformedKey),
    ("at infinity", P256 | {"x": b64(bytes(32)), "y": b64(bytes(32))}, MalformedKey),
    ("beyond the field", P256 | {"x": b64(b"\xff" * 32)}, MalformedKey),
    ("x missing", {name: value for name, value in P256.items() if name != "x"}, MalformedKey),
    ("x too short", P256 | {"x": P256["x"][:-2]}, MalformedKey),
    ("x with a zero before", P256 | {"x": b64(b"\0" + bytes(32))}, MalformedKey),
    ("x a number", P256 | {"x": 4711}, MalformedKey),
    ("x with padding", P256 | {"x": P256["x"] + "="}, MalformedKey),
    ("x not ASCII", P256 | {"x": "\u00e9" * 43}, MalformedKey),
    ("X25519", EDWARDS | {"crv": "X25519"}, WrongUsage),
    ("Ed25519 too short", EDWARDS | {"x": b64(bytes(31))}, MalformedKey),
    ("Ed25519, the neutral point", EDWARDS | {"x": b64(b"\1" + bytes(31))}, BrokenAlgorithm),
    ("Ed25519, order 4", EDWARDS | {"x": b64(bytes(32))}, BrokenAlgorithm),
    ("Ed25519, order 2", EDWARDS | {"x": b64((2**255 - 20).to_bytes(32, "little"))}, BrokenAlgorithm),
    (
        "Ed25519, order 4 spelt otherwise",
        EDWARDS | {"x": b64((2**255 - 19 | 1 << 255).to_bytes(32, "little"))},
        BrokenAlgorithm,
    ),
    ("AKP without alg", {"kty": "AKP", "pub": LATTICE["pub"]}, MalformedKey),
    ("AKP with an alg of RSA", LATTICE | {"alg": "RS256"}, MalformedKey),
    ("AKP with an unknown alg", LATTICE | {"alg": "SLH-DSA-SHA2-128s"}, UnsupportedAlgorithm),
    ("ML-DSA-65 of another size", LATTICE | {"pub": b64(bytes(1312))}, MalformedKey),
    ("RSA without modulus", {"kty": "RSA", "e": "AQAB"}, MalformedKey),
    ("RSA of 1024 bits", RSA | {"n": number(modulus() >> 1024 | 1)}, BrokenAlgorithm),
    ("RSA of 2047 bits", RSA | {"n": number(modulus() >> 1 | 1)}, BrokenAlgorithm),
    ("RSA of 16384 bits", RSA | {"n": number(1 << 16383 | 1)}, BrokenAlgorithm),
    ("RSA, modulus even", RSA | {"n": number(modulus() - 1)}, BrokenAlgorithm),
    ("RSA, exponent 1", RSA | {"e": "AQ"}, BrokenAlgorithm),
    ("RSA, exponent even", RSA | {"e": "Ag"}, BrokenAlgorithm),
    ("RSA, exponent as long as the modulus", RSA | {"e": number(modulus() - 2)}, BrokenAlgorithm),
    ("RSA, exponent empty", RSA | {"e": ""}, MalformedKey),
    ("RSA, zeros before the modulus", RSA | {"n": b64(b"\0" + modulus().to_bytes(256, "big"))}, MalformedKey),
]


@pytest.mark.parametrize(("key", "kind"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_key_that_is_not_taken(key: Jwk, kind: type[TrustError]) -> None:
    """Each for its own reason."""
    with pytest.raises(TrustError) as refused:
        jwk.read(key)
    assert type(refused.value) is kind


def test_a_key_of_the_roca_kind() -> None:
    """CVE-2017-15361: a modulus that is a power of 65537 modulo every small prime is told, and no other."""
    product = 1
    for prime, _ in _ROCA:
        product *= prime
    for power in (1, 2, 1000):
        n = ((1 << 2047) // product + 1) * product + pow(65537, power, product)
        n += 0 if n % 2 else product
        with pytest.raises(BrokenAlgorithm, match="ROCA"):
            strong_numbers(n, 65537)
    strong_numbers(modulus(), 65537)


def test_keys_from_chance() -> None:
    """The same octets make the same RSA key, others another; the library finds each sound, and it is of 2048 bits."""
    first, again, other = (generate(Chance(seed).octets, "key") for seed in (1, 1, 2))
    assert first.private_numbers() == again.private_numbers()
    assert first.public_key() != other.public_key()
    assert (first.key_size, other.key_size) == (2048, 2048)
    assert strong(first.public_key()) == first.public_key()
    assert isinstance(generate(Chance().octets, "key"), rsa.RSAPrivateKey)


TOKENS = ["", ".", "..", "a.b.c", "eyJhbGciOiJFUzI1NiJ9.e30." + "A" * 86]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
FIELDS = ["kty", "crv", "x", "y", "n", "e", "pub", "alg", "use", "key_ops", "kid", "d", "x5c", "k"]


@given(
    base=st.sampled_from([P256, EDWARDS, LATTICE, RSA, {}]),
    changes=st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4),
    token=st.sampled_from(TOKENS) | st.text(max_size=60).filter(lambda text: text.isascii() or text.isprintable()),
)
def test_whatever_the_key_there_is_an_answer(base: Jwk, changes: Jwk, token: str) -> None:
    """A key changed in any way, beside any text: refused or unsupported, never accepted, never another exception."""
    answer = judged({"jwk": base | changes, "token": token})
    assert answer["verdict"] in {"refused", "unsupported"}
    assert answer["payload"] is None


@pytest.mark.parametrize(
    ("key", "header", "verdict"),
    [
        (on(ec.SECP384R1(), "P-384"), "ES384", "unsupported"),
        (on(ec.SECP384R1(), "P-384"), "ES256", "refused"),
        (on(ec.SECP384R1(), "P-384"), "none", "refused"),
        (on(ec.SECP384R1(), "P-384"), "HS256", "refused"),
        (on(ec.SECP384R1(), "P-384") | {"x": "AA"}, "ES384", "refused"),
        (RSA, "RS384", "unsupported"),
        (RSA | {"alg": "RS256"}, "RS384", "refused"),
        (RSA | {"alg": "RS384"}, "RS256", "refused"),
        (RSA | {"alg": "RS384"}, "RS384", "unsupported"),
        (RSA, "ES256", "refused"),
        (RSA, "RS1", "refused"),
        (P256, "SM2", "refused"),
        (P256 | {"alg": "SM2"}, "SM2", "unsupported"),
        (EDWARDS | {"alg": "Ed25519"}, "EdDSA", "refused"),
        ({"kty": "oct", "k": "AA"}, "HS256", "unsupported"),
        ({"kty": "oct", "k": "AA"}, "none", "unsupported"),
        ({"kty": "unknown"}, "X", "unsupported"),
    ],
)
def test_which_verdict_comes_first(key: Jwk, header: str, verdict: str) -> None:
    """The header against the key before all that is not done here: what contradicts the key is refused."""
    text = b64(json.dumps({"alg": header}).encode())
    token = f"{text}.e30.{'A' * 86}"
    assert judged({"jwk": key, "token": token})["verdict"] == verdict


@pytest.mark.parametrize("token", ["", "e30.e30", "a b.e30.e30", "eyJhbGciOiJFUzM4NCJ9.e30.e30=", "W10.e30.AA"])
def test_a_malformed_token_under_a_key_we_do_not_do(token: str) -> None:
    """It is refused: it is malformed under any key. Only a shared secret comes first."""
    assert judged({"jwk": on(ec.SECP384R1(), "P-384"), "token": token})["verdict"] == "refused"
    assert judged({"jwk": {"kty": "unknown"}, "token": token})["verdict"] == "refused"
    assert judged({"jwk": {"kty": "oct"}, "token": token})["verdict"] == "unsupported"
