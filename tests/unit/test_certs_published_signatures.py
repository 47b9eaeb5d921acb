"""Published signatures and keys by the code of the exchange: `certs.jwk` reads the key, `certs.algorithms` checks.

From `cryptography-vectors`: NIST's ECDSA (key pairs, points, signatures made and checked), RFC 6979, the thousand and
more of Ed25519's authors, NIST's RSA (PKCS #1 v1.5 and PSS), and the known answers of ML-DSA-65. All signatures go
through `verify`, over octets, as every token's does behind the gates.

Left out: other curves and hashes than our algorithms have, DSA and X9.31, which we do not do; RSA's FIPS 186-2 files of
made signatures and pkcs-1v2-1d2-vec, over SHA-1 or with another salt in all that fits; the private halves of RSA keys,
for ours come from chance alone. Among PSS there is none with a salt of 32 octets, and among ML-DSA-65 none without a
context: as published both must be refused, and what must be accepted of them we sign ourselves.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from certs import drafts, jwk
from certs.algorithms import Algorithm, PublicKey, sign, verify
from certs.errors import BadSignature, BrokenAlgorithm, MalformedKey, SignatureOutOfRange

from .published import VECTORS, Jwk, number, of_p256, on_p256, responses, text

RSA = "asymmetric/RSA/FIPS_186-2"
ECDSA = "asymmetric/ECDSA/FIPS_186-3"


class Case(NamedTuple):
    """One published signature, and whether it is good."""

    key: Jwk
    signature: bytes
    data: bytes
    good: bool


def public(key: Jwk) -> PublicKey:
    """The key that `certs.jwk` reads."""
    found = jwk.read(key).public
    assert found is not None
    return found


def drawing(drawn: bytes) -> drafts.Octets:
    """Chance that gives these octets."""
    return lambda octets, _: drawn[:octets]


def holds(algorithm: Algorithm, case: Case) -> bool:
    """Whether the key is read and the signature accepted; a refusal of the signature is by its name."""
    key = public(case.key)
    try:
        verify(algorithm, key, case.signature, case.data)
    except (BadSignature, SignatureOutOfRange):
        return False
    return True


def judged(algorithm: Algorithm, cases: list[Case]) -> tuple[int, int]:
    """How many were accepted and refused, each rightly; and each good one falls with one bit of its message changed."""
    accepted = 0
    for case in cases:
        assert holds(algorithm, case) is case.good, case
        if case.good:
            accepted += 1
            other = bytes((case.data[0] ^ 1,)) + case.data[1:] if case.data else b"\0"
            assert not holds(algorithm, case._replace(data=other)), case
    return accepted, len(cases) - accepted


def of_curve(path: str, last: str) -> list[Case]:
    """ECDSA on P-256 over SHA-256."""
    return [
        Case(
            key=on_p256(fields),
            signature=b"".join(int(fields[name], 16).to_bytes(32) for name in ("R", "S")),
            data=bytes.fromhex(fields["Msg"]),
            good=fields.get("Result", "P").startswith("P"),
        )
        for heading, fields in responses(path, last)
        if heading == "P-256,SHA-256"
    ]


def of_rsa(path: str, last: str) -> list[tuple[int, Case]]:
    """RSA over SHA-256, by the size of the modulus."""
    return [
        (
            int(heading.removeprefix("mod = ")),
            Case(
                key={"kty": "RSA", "n": number(fields["n"]), "e": number(fields["e"])},
                signature=bytes.fromhex(fields["S"]),
                data=bytes.fromhex(fields["Msg"]),
                good=fields.get("Result", "P").startswith("P"),
            ),
        )
        for heading, fields in responses(path, last)
        if fields["SHAAlg"] == "SHA256"
    ]


def taken(cases: list[tuple[int, Case]]) -> list[Case]:
    """Those under keys that are long enough."""
    return [case for bits, case in cases if bits >= 2048]


def test_ecdsa() -> None:
    """NIST's signatures, good and with message, key, r or s changed."""
    assert judged(Algorithm.ES256, of_curve(f"{ECDSA}/SigVer.rsp", "Result")) == (3, 12)
    assert judged(Algorithm.ES256, of_curve(f"{ECDSA}/SigGen.rsp", "S")) == (15, 0)


def test_points() -> None:
    """NIST's public keys on P-256: a point is read, one beside the curve or out of range is refused."""
    found = [fields for heading, fields in responses(f"{ECDSA}/PKV.rsp", "Result") if heading == "P-256"]
    good = [fields for fields in found if fields["Result"].startswith("P")]
    for fields in good:
        assert jwk.read(on_p256(fields)).names == {"ES256": Algorithm.ES256}
    for fields in found:
        if fields not in good:
            with pytest.raises(MalformedKey):
                jwk.read(on_p256(fields))
    assert (len(good), len(found)) == (4, 12)


def test_key_pairs() -> None:
    """Our own maker of keys comes to NIST's public point, when chance gives NIST's private number."""
    found = [fields for _, fields in responses(f"{ECDSA}/KeyPair.rsp", "Qy") if len(fields["d"]) == 64]  # P-256 alone
    for fields in found:
        drawn = (int(fields["d"], 16) - 1).to_bytes(48)
        made = drafts.p256_key(drawing(drawn), "test")
        assert made.public_key() == public(on_p256(fields))
    assert len(found) == 10


def test_deterministic_ecdsa() -> None:
    """RFC 6979, A.2.5: our signature is the RFC's, and the one with its last bit changed is refused."""
    told = (VECTORS / "asymmetric/ECDSA/RFC6979/evppkey_ecdsa_rfc6979.txt").read_text(encoding="ascii")
    pattern = r'DigestSign = SHA256\nKey = P-256_PRIV\nNonceType = deterministic\nInput = "(\w+)"\nOutput = (\w+)'
    found = re.findall(pattern, told)
    key = of_p256("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721")
    for said, der in found:
        r, s = decode_dss_signature(bytes.fromhex(der))
        expected = r.to_bytes(32) + s.to_bytes(32)
        assert sign(Algorithm.ES256, key, said.encode()) == expected
        verify(Algorithm.ES256, key.public_key(), expected, said.encode())
        with pytest.raises(BadSignature):
            verify(Algorithm.ES256, key.public_key(), expected[:-1] + bytes((expected[-1] ^ 1,)), said.encode())
    assert [said for said, _ in found] == ["sample", "test"]


def test_ed25519() -> None:
    """The keys and signatures of its authors: each made again, accepted, and refused over another message."""
    lines = (VECTORS / "asymmetric/Ed25519/sign.input").read_text(encoding="ascii").split()
    cases = []
    for line in lines:
        secret, key, data, signed, _ = line.split(":")
        made = drafts.key_for(Algorithm.ED25519, drawing(bytes.fromhex(secret)), "test")
        message, signature = bytes.fromhex(data), bytes.fromhex(signed)[:64]
        assert sign(Algorithm.ED25519, made, message) == signature
        cases.append(
            Case({"kty": "OKP", "crv": "Ed25519", "x": text(bytes.fromhex(key))}, signature, message, good=True)
        )
    assert judged(Algorithm.ED25519, cases) == (1024, 0)


def test_pkcs1() -> None:
    """PKCS #1 v1.5: good ones, and those with message, exponent, signature or padding changed."""
    assert judged(Algorithm.RS256, taken(of_rsa(f"{RSA}/SigVer15_186-3.rsp", "Result"))) == (9, 45)
    assert judged(Algorithm.RS256, taken(of_rsa(f"{RSA}/SigGen15_186-3.rsp", "S"))) == (30, 0)
    assert judged(Algorithm.RS256, taken(of_rsa("asymmetric/RSA/SigVer15EMTest.txt", "Result"))) == (0, 18)


def test_salts_of_another_length() -> None:
    """PSS with ten octets of salt is none of PS256, whose salt is as long as the hash (RFC 7518, 3.5)."""
    cases = taken(of_rsa(f"{RSA}/SigVerPSS_186-3.rsp", "Result"))
    assert sum(case.good for case in cases) == 9
    assert judged(Algorithm.PS256, [case._replace(good=False) for case in cases]) == (0, 54)


def test_keys_that_are_too_short() -> None:
    """RSA with 1024 and 1536 bits is called broken when the key is read, whatever the signature is."""
    files = [(f"{RSA}/SigVer15_186-3.rsp", "Result"), (f"{RSA}/SigVerPSS_186-3.rsp", "Result")]
    short = [case for path, last in files for bits, case in of_rsa(path, last) if bits < 2048]
    for case in short:
        with pytest.raises(BrokenAlgorithm, match=r"an RSA key of (1024|1536) bits"):
            jwk.read(case.key)
    assert len(short) == 72


def test_ml_dsa() -> None:
    """Seed to key as published; a signature under a context is refused (RFC 9964: it is empty), our own accepted."""
    found = [fields for _, fields in responses("asymmetric/MLDSA/kat_MLDSA_65_det_pure.rsp", "ctx")]
    for fields in found:
        key, message = bytes.fromhex(fields["pk"]), bytes.fromhex(fields["msg"])
        made = drafts.key_for(Algorithm.ML_DSA_65, drawing(bytes.fromhex(fields["xi"])), "test")
        assert isinstance(made, mldsa.MLDSA65PrivateKey)
        assert made.public_key().public_bytes_raw() == key
        read = public({"kty": "AKP", "alg": "ML-DSA-65", "pub": text(key)})
        assert isinstance(read, mldsa.MLDSA65PublicKey)
        published = bytes.fromhex(fields["sm"])[:3309]
        read.verify(published, message, bytes.fromhex(fields["ctx"]))
        with pytest.raises(BadSignature):
            verify(Algorithm.ML_DSA_65, read, published, message)
    assert len(found) == 100
    ours = sign(Algorithm.ML_DSA_65, made, message)
    verify(Algorithm.ML_DSA_65, read, ours, message)
    with pytest.raises(BadSignature):
        verify(Algorithm.ML_DSA_65, read, ours, message + b"\0")
