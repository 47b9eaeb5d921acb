"""Independent readers of the same tokens: openssl, node's jose, jwcrypto. Where one differs from us, the page says why.

For every algorithm the same cases, good and bad, are put to `corridor conformance jws` (the exchange's own gates and
check) and to each reader. The differences are exactly those in the table of docs/conformance.md.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwcrypto.common import JWException
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from certs.authority import Authority
from certs.gates import base64url_encode
from certs.identity import Algorithm, Identity
from harness.cli.conformance.jws import judged
from harness.clock import Chance

AT = datetime(2026, 3, 12, 9, tzinfo=UTC)
PAYLOAD = b'{"subject":"CO-0001"}'
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
JOSE = Path(sys.prefix) / "node" / "node_modules" / "jose" / "dist" / "webapi" / "index.js"

every_algorithm = pytest.mark.parametrize("algorithm", Algorithm)


@dataclass(frozen=True)
class Case:
    """One token, and whether it is a good one by the book (RFC 7515, RFC 8725)."""

    name: str
    token: bytes
    good: bool = False


@cache
def signer(algorithm: Algorithm, seed: int = 1) -> Identity:
    """Somebody who signs."""
    authority = Authority.found("QM", AT, Chance(seed).octets, timedelta(days=30))
    return authority.issue_signing("QM", algorithm, AT)


def number(value: int, octets: int | None = None) -> str:
    """A number as a JWK writes it."""
    size = (value.bit_length() + 7) // 8 if octets is None else octets
    return base64url_encode(value.to_bytes(size, "big")).decode()


def jwk_of(identity: Identity) -> dict[str, Any]:  # Any: JSON
    """Its public key in JSON, bound to its algorithm."""
    key, alg = identity.key.public_key(), {"alg": identity.algorithm.value}
    if isinstance(key, ec.EllipticCurvePublicKey):
        point = key.public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": number(point.x, 32), "y": number(point.y, 32), **alg}
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url_encode(key.public_bytes_raw()).decode(), **alg}
    if isinstance(key, rsa.RSAPublicKey):
        return {"kty": "RSA", "n": number(key.public_numbers().n), "e": number(key.public_numbers().e), **alg}
    assert isinstance(key, mldsa.MLDSA65PublicKey)
    return {"kty": "AKP", "pub": base64url_encode(key.public_bytes_raw()).decode(), **alg}


def made(identity: Identity, payload: bytes = PAYLOAD, text: bytes | None = None, **header: object) -> bytes:
    """A token under that header (or exactly that header text), with a signature that is good for its bytes."""
    written = json.dumps({"alg": identity.algorithm.value, **header}, separators=(",", ":")).encode()
    signing = base64url_encode(written if text is None else text) + b"." + base64url_encode(payload)
    return signing + b"." + base64url_encode(identity.sign(signing))


def cases(algorithm: Algorithm) -> Iterator[Case]:
    """The cases of every algorithm, and those that only ES256 has."""
    identity, alg = signer(algorithm), algorithm.value
    # PS256 and ML-DSA-65 sign otherwise each time; a signature without - and _ would be plain base64 as well.
    good = next(token for token in iter(lambda: made(identity), b"") if re.search(rb"[-_][^.]*$", token))
    head, payload, text = good.split(b".")
    signature = base64.urlsafe_b64decode(text + b"==")

    def signed_with(octets: bytes) -> bytes:
        return head + b"." + payload + b"." + base64url_encode(octets)

    yield Case("good", good, good=True)
    yield Case("empty payload", made(identity, b""), good=True)
    yield Case("a harmless header", made(identity, kid="2026", typ="x", note=1), good=True)
    yield Case("payload altered", b".".join([head, base64url_encode(PAYLOAD + b" "), text]))
    yield Case("header altered", b".".join([base64url_encode(json.dumps({"alg": alg}).encode()), payload, text]))
    yield Case("signature altered", signed_with(bytes([signature[0] ^ 1]) + signature[1:]))
    yield Case("signature stripped", head + b"." + payload + b".")
    yield Case("no signature segment", head + b"." + payload)
    yield Case("a fourth segment", good + b".")
    yield Case("signature too long, in front", signed_with(b"\0" + signature))
    yield Case("signature too long, behind", signed_with(signature + b"\0"))
    yield Case("signature too short", signed_with(signature[:-1]))
    yield Case("signature of zeros", signed_with(bytes(len(signature))))
    yield Case("signed by another key", made(signer(algorithm, 2)))
    yield Case("blank inside the signature", head + b"." + payload + b"." + text[:8] + b" " + text[8:])
    yield Case("blank inside the payload", head + b"." + payload[:8] + b" " + payload[8:] + b"." + text)
    yield Case("line feed behind", good + b"\n")
    yield Case("padding behind", good + b"=" * (-len(text) % 4 or 4))
    yield Case("plain base64", head + b"." + payload + b"." + text.replace(b"-", b"+").replace(b"_", b"/"))
    if len(text) % 4:
        yield Case(
            "loose last bits", head + b"." + payload + b"." + text[:-1] + LETTERS[LETTERS.index(text[-1]) | 1 :][:1]
        )
    yield Case("alg none", b".".join([base64url_encode(b'{"alg":"none"}'), payload, b""]))
    yield Case("alg none, signed", made(identity, alg="none"))
    secret = identity.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    shared = base64url_encode(b'{"alg":"HS256"}') + b"." + payload
    yield Case("the public key as secret", shared + b"." + base64url_encode(hmac.digest(secret, shared, "sha256")))
    yield Case("alg of another key", made(identity, alg="ES384" if algorithm is Algorithm.ES256 else "ES256"))
    yield Case("unknown crit", made(identity, crit=["exp"], exp=1))
    yield Case("b64 without crit", made(identity, b64=False))
    yield Case("a key in the header", made(signer(algorithm, 2), jwk=jwk_of(signer(algorithm, 2))))
    yield Case("a name twice", made(identity, text=f'{{"alg":"none","alg":"{alg}"}}'.encode()))
    yield Case("header no object", made(identity, text=b'["alg"]'))
    if algorithm is Algorithm.ES256:
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        yield Case("(r, n-s)", signed_with(signature[:32] + (P256_ORDER - s).to_bytes(32, "big")), good=True)
        yield Case("signature as DER", signed_with(encode_dss_signature(r, s)))
        yield Case("66 octets", signed_with(b"\0" + signature[:32] + b"\0" + signature[32:]))
        yield Case("514 octets", signed_with(bytes(225) + signature[:32] + bytes(225) + signature[32:]))


def ours(algorithm: Algorithm, case: Case) -> str:
    """Our verdict."""
    said = judged({"jwk": jwk_of(signer(algorithm)), "token": case.token.decode("latin-1")})
    return str(said["verdict"])


@pytest.fixture(scope="module")
def differences(repo_root: Path) -> Mapping[str, Mapping[str, str]]:
    """The table of docs/conformance.md: for each case what jose and jwcrypto say of it."""
    page = (repo_root / "docs" / "conformance.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| ([^|]+) \| refused \| (accepted|refused) \| (accepted|refused) \| [^|]+ \|$", page)
    return {case: {"jose": jose, "jwcrypto": jwcrypto} for case, jose, jwcrypto in rows}


def held_against(
    reader: str, told: Mapping[str, bool], algorithm: Algorithm, differences: Mapping[str, Mapping[str, str]]
) -> None:
    """We are right on each case, and the reader says the same or what the table says of it."""
    for case in cases(algorithm):
        verdict = ours(algorithm, case)
        assert verdict == ("accepted" if case.good else "refused"), case.name
        expected = differences.get(case.name, {}).get(reader, verdict)
        assert ("accepted" if told[case.name] else "refused") == expected, f"{reader}: {case.name}"


@pytest.mark.parametrize(
    "algorithm",
    [
        *(each for each in Algorithm if each is not Algorithm.ML_DSA_65),
        pytest.param(Algorithm.ML_DSA_65, marks=pytest.mark.may_be_absent("node knows ML-DSA since 24.7")),
    ],
)
def test_jose_of_node(algorithm: Algorithm, repo_root: Path, differences: Mapping[str, Mapping[str, str]]) -> None:
    """It says the same, but for the differences in the table."""
    if shutil.which("node") is None or not JOSE.is_file():
        pytest.skip("node's jose is not here: make .venv/.node")
    tried = list(cases(algorithm))
    asked = [
        {"jwk": jwk_of(signer(algorithm)), "alg": algorithm, "token": each.token.decode("latin-1")} for each in tried
    ]
    ran = subprocess.run(
        ["node", repo_root / "tests" / "readers" / "jose.mjs", JOSE],
        input="".join(json.dumps(each) + "\n" for each in asked),
        capture_output=True,
        text=True,
        check=True,
        timeout=15,
    )
    said = [json.loads(line) for line in ran.stdout.splitlines()]
    if all("NotSupported" in each["why"] for each in said):
        pytest.skip(f"node {said[0]['why']}")
    told = {case.name: each["accepted"] for case, each in zip(tried, said, strict=True)}
    held_against("jose", told, algorithm, differences)


@every_algorithm
def test_jwcrypto(algorithm: Algorithm, differences: Mapping[str, Mapping[str, str]]) -> None:
    """It says the same, but for the differences in the table."""

    def accepted(case: Case) -> bool:
        read = JWS()
        read.allowed_algs = [algorithm.value]
        try:
            read.deserialize(case.token.decode("latin-1"), JWK(**jwk_of(signer(algorithm))))
        except (JWException, ValueError):
            return False
        return True

    held_against("jwcrypto", {case.name: accepted(case) for case in cases(algorithm)}, algorithm, differences)


def test_the_table_names_no_case_that_is_none(differences: Mapping[str, Mapping[str, str]]) -> None:
    """Each line of the table is a case, and a difference."""
    names = {case.name for algorithm in Algorithm for case in cases(algorithm)}
    assert differences.keys() <= names
    assert all("accepted" in told.values() for told in differences.values())


OF_BYTES = (
    "good",
    "empty payload",
    "a harmless header",
    "payload altered",
    "header altered",
    "signature altered",
    "signature too long, in front",
    "signature too long, behind",
    "signature too short",
    "signature of zeros",
    "signed by another key",
    "(r, n-s)",
)
"""Cases about bytes and signature alone: openssl knows nothing of tokens."""


@pytest.mark.parametrize(
    "algorithm",
    [
        *(each for each in Algorithm if each is not Algorithm.ML_DSA_65),
        pytest.param(Algorithm.ML_DSA_65, marks=pytest.mark.may_be_absent("OpenSSL knows ML-DSA since 3.5")),
    ],
)
def test_openssl(algorithm: Algorithm, tmp_path: Path) -> None:
    """Of the bytes and the signature it says the same, without any difference."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not on PATH")
    key = signer(algorithm).key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "key.pem").write_bytes(key)
    read = subprocess.run([openssl, "pkey", "-pubin", "-in", "key.pem", "-noout"], cwd=tmp_path, check=False)
    if read.returncode != 0:
        pytest.skip(f"this OpenSSL reads no key of {algorithm}")
    words = [
        openssl,
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "key.pem",
        "-rawin",
        "-in",
        "data",
        "-sigfile",
        "signature",
    ]
    if algorithm not in (Algorithm.ED25519, Algorithm.ML_DSA_65):
        words += ["-digest", "sha256"]
    if algorithm is Algorithm.PS256:
        words += ["-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:32"]
    for case in (each for each in cases(algorithm) if each.name in OF_BYTES):
        data, _, text = case.token.rpartition(b".")
        signature = base64.urlsafe_b64decode(text + b"==")
        if algorithm is Algorithm.ES256 and len(signature) == 64:
            halves = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
            signature = encode_dss_signature(*halves)
        (tmp_path / "data").write_bytes(data)
        (tmp_path / "signature").write_bytes(signature)
        said = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False, timeout=15)
        assert (said.returncode == 0) is case.good, (case.name, said.stdout, said.stderr)
        assert ours(algorithm, case) == ("accepted" if case.good else "refused"), case.name
