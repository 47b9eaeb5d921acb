"""Wycheproof's JSON Web Signatures put to `corridor conformance jws`: its cases, made anew from what it says of each.

The suite (C2SP's, `json_web_signature_test.json`) brings 401 tokens. Half of them are RSA signatures whose padding says
the right digest in a wrong way; of those and of numbers out of range we make our own, with keys of our own. Where our
verdict is another than the suite's, docs/conformance.md says so.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from itertools import product

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from certs.gates import JsonValue, base64url_encode
from harness.cli.conformance.jws import judged

Jwk = dict[str, JsonValue]

RSA = rsa.generate_private_key(65537, 2048)
EDGE = ec.generate_private_key(ec.SECP256R1())
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
OCTETS = 256  # of RSA's modulus and signatures
SHA256 = bytes.fromhex("608648016503040201")  # its identifier, X.690 contents


def text(octets: bytes) -> str:
    """Base64url."""
    return base64url_encode(octets).decode("ascii")


def number(value: int) -> str:
    """As a JWK has it."""
    return text(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def rsa_key(**more: JsonValue) -> Jwk:
    """The public half of `RSA`."""
    public = RSA.public_key().public_numbers()
    return {"kty": "RSA", "n": number(public.n), "e": number(public.e), **more}


def curve_key(key: ec.EllipticCurvePrivateKey, crv: str, **more: JsonValue) -> Jwk:
    """The public half of a key on a curve."""
    public, size = key.public_key().public_numbers(), (key.curve.key_size + 7) // 8
    return {"kty": "EC", "crv": crv, "x": text(public.x.to_bytes(size)), "y": text(public.y.to_bytes(size)), **more}


def verdict(jwk: Jwk, alg: str, sign: Callable[[bytes], bytes], **header: JsonValue) -> str:
    """Of a token over `foo` with that signature."""
    signed = f"{text(json.dumps({'alg': alg, **header}).encode())}.{text(b'foo')}"
    said = judged({"id": alg, "jwk": jwk, "token": f"{signed}.{text(sign(signed.encode()))}"})
    return str(said["verdict"])


def tlv(tag: int, contents: bytes, length: bytes = b"") -> bytes:
    """One value in DER, or with a length of another spelling."""
    return bytes((tag,)) + (length or bytes((len(contents),))) + contents


def told(digest: bytes, **parts: bytes) -> bytes:
    """The digest and its algorithm, as PKCS #1 v1.5 has them, with other octets in one place."""
    algorithm = parts.get("oid", tlv(6, SHA256)) + parts.get("null", b"\5\0")
    return tlv(0x30, tlv(0x30, algorithm) + parts.get("last", tlv(4, digest)))


def padded(said: bytes, fill: bytes | None = None, head: bytes = b"\0\1", end: bytes = b"\0") -> bytes:
    """A whole block."""
    between = b"\xff" * (OCTETS - 3 - len(said)) if fill is None else fill
    return (head + between + end + said).ljust(OCTETS, b"\0")


def raw(block: bytes) -> bytes:
    """The signature that comes to this block."""
    numbers = RSA.private_numbers()
    return pow(int.from_bytes(block), numbers.d, numbers.public_numbers.n).to_bytes(OCTETS)


MODIFIED: dict[str, Callable[[bytes], bytes]] = {  # of the digest: the block
    "without null": lambda digest: padded(told(digest, null=b"")),
    "null with a long length": lambda digest: padded(told(digest, null=b"\5\x81\0")),
    "null with a leading 0 in its length": lambda digest: padded(told(digest, null=b"\5\x82\0\0")),
    "null with a length of 2^32": lambda digest: padded(told(digest, null=b"\5\x85\1\0\0\0\0")),
    "null of indefinite length": lambda digest: padded(told(digest, null=b"\5\x80\0\0")),
    "another value than null": lambda digest: padded(told(digest, null=b"\4\0")),
    "octets in null": lambda digest: padded(told(digest, null=b"\5\2\0\0")),
    "two nulls": lambda digest: padded(told(digest, null=b"\5\0\5\0")),
    "identifier with a long length": lambda digest: padded(told(digest, oid=tlv(6, SHA256, b"\x81\x09"))),
    "identifier cut short": lambda digest: padded(told(digest, oid=tlv(6, SHA256[:-1]))),
    "identifier too long": lambda digest: padded(told(digest, oid=tlv(6, SHA256 + b"\0"))),
    "identifier with a leading 0x80": lambda digest: padded(told(digest, oid=tlv(6, SHA256[:-1] + b"\x80\1"))),
    "identifier of SHA-512": lambda digest: padded(told(digest, oid=tlv(6, SHA256[:-1] + b"\3"))),
    "digest with a long length": lambda digest: padded(told(digest, last=tlv(4, digest, b"\x81\x20"))),
    "digest cut short": lambda digest: padded(told(digest, last=tlv(4, digest[:-1]))),
    "digest too long": lambda digest: padded(told(digest, last=tlv(4, digest + b"\0"))),
    "digest in pieces": lambda digest: padded(told(digest, last=tlv(0x24, tlv(4, digest)))),
    "no digest": lambda digest: padded(told(digest, last=b"")),
    "nothing but the digest": padded,
    "something behind": lambda digest: padded(told(digest) + bytes(8)),
    "short fill, zeros behind": lambda digest: padded(told(digest), b"\xff" * 8),
    "no fill": lambda digest: padded(told(digest), b""),
    "fill of zeros": lambda digest: padded(told(digest), bytes(OCTETS - 54)),
    "fill of another octet": lambda digest: padded(told(digest), b"\xfe" * (OCTETS - 54)),
    "for encryption": lambda digest: padded(told(digest), head=b"\0\2"),
    "type 0": lambda digest: padded(told(digest), head=b"\0\0"),
    "no end of the fill": lambda digest: padded(told(digest), end=b"\1"),
}


@pytest.mark.parametrize("case", [None, *MODIFIED])
def test_modified_padding(case: str | None) -> None:
    """Flag `ModifiedPadding`: one spelling of the digest and its algorithm is right, and every other is refused."""
    block = MODIFIED[case] if case else lambda digest: padded(told(digest))
    found = verdict(rsa_key(alg="RS256"), "RS256", lambda data: raw(block(hashlib.sha256(data).digest())))
    assert found == ("refused" if case else "accepted")


@pytest.mark.parametrize("change", ["0", "1", "n", "n - 1", "longer", "shorter", "empty"])
def test_numbers_that_are_no_signature(change: str) -> None:
    """Of an RSA key: 0, 1, the modulus, or of another length."""
    modulus = RSA.public_key().public_numbers().n
    numbers = {"0": 0, "1": 1, "n": modulus, "n - 1": modulus - 1}

    def sign(data: bytes) -> bytes:
        good = RSA.sign(data, padding.PKCS1v15(), hashes.SHA256())
        spelt = {"longer": b"\0" + good, "shorter": good[:-1], "empty": b""}
        return spelt[change] if change in spelt else numbers[change].to_bytes(OCTETS)

    assert verdict(rsa_key(), "RS256", sign) == "refused"


@pytest.mark.parametrize(
    ("salt", "mask", "over"),
    [
        (0, hashes.SHA256(), hashes.SHA256()),
        (20, hashes.SHA256(), hashes.SHA256()),
        (64, hashes.SHA256(), hashes.SHA256()),
        (32, hashes.SHA1(), hashes.SHA256()),  # noqa: S303 - the point of it
        (32, hashes.SHA512(), hashes.SHA512()),
    ],
)
def test_pss_with_other_parameters(salt: int, mask: hashes.HashAlgorithm, over: hashes.HashAlgorithm) -> None:
    """A salt as long as the digest, and SHA-256 in both places: all else is another algorithm."""

    def sign(data: bytes) -> bytes:
        return RSA.sign(data, padding.PSS(padding.MGF1(mask), salt), over)

    assert verdict(rsa_key(alg="PS256"), "PS256", sign) == "refused"


EDGES = (0, 1, ORDER - 1, ORDER, 2**256 - 1)


@pytest.mark.parametrize(("r", "s"), [*product(EDGES, EDGES)])
def test_r_and_s_at_their_edges(r: int, s: int) -> None:
    """Group `SpecialCaseEs256`: none of them is a signature of anything."""
    signature = r.to_bytes(32) + s.to_bytes(32)
    assert verdict(curve_key(EDGE, "P-256"), "ES256", lambda _: signature) == "refused"


@pytest.mark.parametrize("change", ["longer", "shorter", "zeros between", "DER", "r + n", "s + n"])
def test_r_and_s_in_another_spelling(change: str) -> None:
    """Group `SpecialCaseEs256`: side by side, of 32 octets each, below the order of the curve."""

    def sign(data: bytes) -> bytes:
        der = EDGE.sign(data, ec.ECDSA(hashes.SHA256()))
        r, s = utils.decode_dss_signature(der)
        first, second = r.to_bytes(32), s.to_bytes(32)
        return {
            "longer": b"\0" + first + b"\0" + second,
            "shorter": first + second[:-1],
            "zeros between": bytes(300) + first + bytes(300) + second,
            "DER": der,
            "r + n": (r + ORDER).to_bytes(33) + b"\0" + second,
            "s + n": b"\0" + first + (s + ORDER).to_bytes(33),
        }[change]

    assert verdict(curve_key(EDGE, "P-256"), "ES256", sign) == "refused"


def of_rsa(alg: str) -> Callable[[bytes], bytes]:
    """A good signature under an algorithm of RSA's."""
    over = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[alg[2:]]
    how = padding.PKCS1v15() if alg[0] == "R" else padding.PSS(padding.MGF1(over), over.digest_size)
    return lambda data: RSA.sign(data, how, over)


@pytest.mark.parametrize("alg", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
@pytest.mark.parametrize("own", ["RS256", "RS384", "PS256", None])
def test_a_key_for_another_algorithm(alg: str, own: str | None) -> None:
    """Flag `WrongPrimitive`: a good signature is refused under a key whose `alg` is another (RFC 7517, 4.4)."""
    done = "accepted" if alg in ("RS256", "PS256") else "unsupported"
    found = verdict(rsa_key(**({"alg": own} if own else {})), alg, of_rsa(alg))
    assert found == (done if own in (alg, None) else "refused")


def test_the_differences() -> None:
    """Where docs/conformance.md says that we differ from the suite, we do as it says."""
    # 346 and 350: a token under PS384, and a key for PS256; the suite calls it valid.
    assert verdict(rsa_key(alg="PS256"), "PS384", of_rsa("PS384")) == "refused"
    # 347 and 351: a key for ES521, which there is not; the suite calls it valid.
    long = ec.generate_private_key(ec.SECP521R1())

    def sign(data: bytes) -> bytes:
        r, s = utils.decode_dss_signature(long.sign(data, ec.ECDSA(hashes.SHA512())))
        return r.to_bytes(66) + s.to_bytes(66)

    assert verdict(curve_key(long, "P-521", alg="ES521"), "ES512", sign) == "unsupported"
    # A secret that both sides share.
    shared: Jwk = {"kty": "oct", "k": text(bytes(32)), "alg": "HS256"}
    assert verdict(shared, "HS256", lambda data: hashlib.sha256(data).digest()) == "unsupported"
