"""Compact JWS: what is signed is read and checked, each tampering falls for its own reason. ATTACKS A1 to A13."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import warnings
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certs import jws
from certs.authority import Authority
from certs.errors import (
    AlgorithmMismatch,
    BadSignature,
    BrokenAlgorithm,
    Compressed,
    ForbiddenHeader,
    KeyInHeader,
    KeyToFetch,
    MalformedToken,
    NationalAlgorithm,
    NotStrictJson,
    TrustError,
    UnknownExtension,
    UnknownSigner,
    UnsupportedAlgorithm,
    WrongKind,
)
from certs.gates import base64url_encode
from certs.identity import Algorithm, Identity
from harness.clock import Chance

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
PAYLOAD = b'{"subject":"QM-PC-1"}'
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture(scope="module")
def authority() -> Authority:
    """The authorities of QM."""
    return Authority.found("QM", AT, Chance(1).octets, timedelta(days=3650))


@pytest.fixture(scope="module")
def qm(authority: Authority) -> Identity:
    """QM's window, signing with ES256."""
    return authority.issue_signing("QM", Algorithm.ES256, AT)


@pytest.fixture(scope="module")
def edwards(authority: Authority) -> Identity:
    """QM's window, signing with Ed25519."""
    return authority.issue_signing("QM", Algorithm.ED25519, AT)


def token_with(identity: Identity, changes: dict[str, object], payload: bytes = PAYLOAD) -> bytes:
    """A token under a changed header, with a signature that is good for exactly those bytes."""
    header = dict(jws.read(jws.sign(payload, identity, typ=jws.MESSAGE)).header) | changes
    text = json.dumps({name: value for name, value in header.items() if value is not ...}).encode()
    signing_input = base64url_encode(text) + b"." + base64url_encode(payload)
    return signing_input + b"." + base64url_encode(identity.sign(signing_input))


def opened(token: bytes, identity: Identity, *, typ: str = jws.MESSAGE) -> bytes:
    """Read and check."""
    return jws.check(jws.read(token), identity.certificate, typ=typ)


@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize(
    "payload", [b"", b"\x00\xff", PAYLOAD, b"x" * 300_000], ids=["empty", "octets", "json", "large"]
)
def test_what_was_signed_is_read_back(authority: Authority, algorithm: Algorithm, payload: bytes) -> None:
    """An honest token of either algorithm gives back exactly the octets that were signed."""
    signer = authority.issue_signing("QM", algorithm, AT)
    token = jws.read(jws.sign(payload, signer, typ=jws.MESSAGE))
    assert jws.check(token, signer.certificate, typ=jws.MESSAGE) == payload
    assert token.certificate == signer.certificate
    assert token.thumbprint == signer.thumbprint
    assert (token.alg, token.typ) == (algorithm, jws.MESSAGE)
    assert token.identity == hashlib.sha256(token.raw.rpartition(b".")[0]).hexdigest()


@pytest.mark.parametrize("algorithm", Algorithm)
def test_the_same_payload_is_the_same_token(authority: Authority, algorithm: Algorithm) -> None:
    """Where signing is deterministic a run repeated from its seed writes the same bytes; the identity is one always."""
    signer = authority.issue_signing("QM", algorithm, AT)
    first, second = (jws.sign(PAYLOAD, signer, typ=jws.RECEIPT) for _ in range(2))
    assert (first == second) is algorithm.repeatable
    assert jws.read(first).identity == jws.read(second).identity


def test_a_token_without_its_certificate_is_read(qm: Identity) -> None:
    """x5c is a convenience; the thumbprint alone names the certificate."""
    token = jws.read(token_with(qm, {"x5c": ...}))
    assert token.certificate is None
    assert jws.check(token, qm.certificate, typ=jws.MESSAGE) == PAYLOAD


def test_an_unknown_harmless_header_is_passed_over(qm: Identity) -> None:
    """RFC 7515, 4: what is not understood, and not critical, is ignored."""
    assert opened(token_with(qm, {"kid": "2026", "x-note": "hello"}), qm) == PAYLOAD


@pytest.mark.parametrize("place", ["payload", "signature"])
def test_a_flipped_byte_breaks_the_seal(qm: Identity, place: str) -> None:
    """A1: one changed bit, and the bytes are not those that were signed."""
    parts = jws.sign(PAYLOAD, qm, typ=jws.MESSAGE).split(b".")
    index = {"payload": 1, "signature": 2}[place]
    parts[index] = (b"A" if parts[index][:1] != b"A" else b"B") + parts[index][1:]
    with pytest.raises(BadSignature):
        opened(b".".join(parts), qm)


def test_a_changed_header_breaks_the_seal(qm: Identity) -> None:
    """A2: the header is signed too."""
    parts = jws.sign(PAYLOAD, qm, typ=jws.MESSAGE).split(b".")
    header = json.loads(base64.urlsafe_b64decode(parts[0] + b"==")) | {"kid": "other"}
    parts[0] = base64url_encode(json.dumps(header).encode())
    with pytest.raises(BadSignature):
        opened(b".".join(parts), qm)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_stripped_signature_is_malformed(authority: Authority, algorithm: Algorithm) -> None:
    """A3: an empty third segment, or none, is no token of ours."""
    token = jws.sign(PAYLOAD, authority.issue_signing("QM", algorithm, AT), typ=jws.MESSAGE)
    for stripped in (token.rpartition(b".")[0], token.rpartition(b".")[0] + b"."):
        with pytest.raises(MalformedToken):
            jws.read(stripped)


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE"])
def test_alg_none_is_refused(qm: Identity, alg: str) -> None:
    """A4, CVE-2015-9235: no certificate's key dictates `none`, in whatever letters."""
    token = token_with(qm, {"alg": alg})
    for tried in (token, token.rpartition(b".")[0] + b"."):
        with pytest.raises(AlgorithmMismatch):
            jws.read(tried)


def test_the_public_key_is_no_shared_secret(qm: Identity) -> None:
    """A5, CVE-2015-9235: HS256 with the public key as its secret is refused before any key is touched."""
    header = dict(jws.read(jws.sign(PAYLOAD, qm, typ=jws.MESSAGE)).header) | {"alg": "HS256"}
    signing_input = base64url_encode(json.dumps(header).encode()) + b"." + base64url_encode(PAYLOAD)
    secret = qm.certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    tag = hmac.new(secret, signing_input, hashlib.sha256).digest()
    with pytest.raises(AlgorithmMismatch):
        jws.read(signing_input + b"." + base64url_encode(tag))


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("jwk", {"kty": "EC"}, KeyInHeader),
        ("jku", "https://keys.example/", KeyToFetch),
        ("x5u", "https://keys.example/c.pem", KeyToFetch),
        ("zip", "DEF", Compressed),
        ("b64", False, UnknownExtension),
        ("crit", ["exp"], UnknownExtension),
        ("crit", [], UnknownExtension),
        ("crit", ["b64"], UnknownExtension),
    ],
)
def test_headers_that_bring_keys_or_rules_are_forbidden(
    qm: Identity, name: str, value: object, error: type[ForbiddenHeader]
) -> None:
    """A6 (CVE-2018-0114), A7, A8, B20: a well signed token with such a header is still refused, each for its own."""
    with pytest.raises(error, match=name):
        jws.read(token_with(qm, {name: value}))


def test_a_zero_signature_is_refused(qm: Identity) -> None:
    """A9, CVE-2022-21449: r = s = 0 signs nothing."""
    signing_input = jws.sign(PAYLOAD, qm, typ=jws.MESSAGE).rpartition(b".")[0]
    for signature in (bytes(64), bytes(32) + b"\x01" * 32, P256_ORDER.to_bytes(32, "big") * 2):
        with pytest.raises(BadSignature):
            opened(signing_input + b"." + base64url_encode(signature), qm)


@pytest.mark.parametrize("extra", [1, 2, 450, -1])
def test_a_signature_of_another_length_is_refused(qm: Identity, extra: int) -> None:
    """A10: ES256 signatures have 64 octets; 66 and 514, which one library takes, are no spelling of them."""
    signing_input, _, text = jws.sign(PAYLOAD, qm, typ=jws.MESSAGE).rpartition(b".")
    signature = base64.urlsafe_b64decode(text + b"==")
    half = extra // 2
    longer = bytes(half) + signature[:32] + bytes(extra - half) + signature[32:] if extra > 0 else signature[:extra]
    with pytest.raises(MalformedToken, match="exactly 64"):
        jws.read(signing_input + b"." + base64url_encode(longer))


def test_a_der_signature_is_refused(qm: Identity) -> None:
    """The signature of a JWS is r and s side by side, not the DER that other formats use."""
    signing_input = jws.sign(PAYLOAD, qm, typ=jws.MESSAGE).rpartition(b".")[0]
    assert isinstance(qm.key, ec.EllipticCurvePrivateKey)
    der = qm.key.sign(signing_input, ec.ECDSA(SHA256()))
    with pytest.raises(MalformedToken):
        jws.read(signing_input + b"." + base64url_encode(der))


def test_the_twin_signature_is_the_same_message(qm: Identity) -> None:
    """A11: (r, n - s) verifies as well; the identity is the same, so it is a duplicate and no equivocation."""
    token = jws.sign(PAYLOAD, qm, typ=jws.MESSAGE)
    signing_input, _, text = token.rpartition(b".")
    signature = base64.urlsafe_b64decode(text + b"==")
    twin_s = P256_ORDER - int.from_bytes(signature[32:], "big")
    twin = signing_input + b"." + base64url_encode(signature[:32] + twin_s.to_bytes(32, "big"))
    assert twin != token
    assert opened(twin, qm) == PAYLOAD
    assert jws.read(twin).identity == jws.read(token).identity


def test_a_receipt_is_no_message(qm: Identity) -> None:
    """A13: a good receipt shown as a message is refused for its kind."""
    token = jws.sign(PAYLOAD, qm, typ=jws.RECEIPT)
    with pytest.raises(WrongKind, match="corridor-receipt"):
        opened(token, qm)
    assert opened(token, qm, typ=jws.RECEIPT) == PAYLOAD


@pytest.mark.parametrize(
    "typ", ["Corridor-Message+JWS", "application/corridor-message+jws", "corridor-message+jws ", "", "JWT"]
)
def test_the_kind_is_compared_exactly(qm: Identity, typ: str) -> None:
    """No prefix, no other letters, no blank: a kind has one spelling."""
    with pytest.raises(WrongKind):
        opened(token_with(qm, {"typ": typ}), qm)


@pytest.mark.parametrize("typ", [..., None, 7, ["corridor-message+jws"]])
def test_a_token_without_kind_is_refused(qm: Identity, typ: object) -> None:
    """RFC 8725, 3.11: explicit typing, always."""
    with pytest.raises(WrongKind):
        jws.read(token_with(qm, {"typ": typ}))


def test_a_truncated_token_is_malformed(qm: Identity) -> None:
    """A14: wherever a record is cut, no part of it passes for a message."""
    token = jws.sign(PAYLOAD, qm, typ=jws.MESSAGE)
    for cut in range(0, len(token), 7):
        with pytest.raises((MalformedToken, NotStrictJson)):
            jws.read(token[:cut])


@pytest.mark.parametrize(
    ("alg", "kind"),
    [
        *((alg, UnsupportedAlgorithm) for alg in ("EdDSA", "ES384", "RS512", "PS384", "ML-DSA-87", "es256", "ES256 ")),
        *((alg, NationalAlgorithm) for alg in ("SM2", "SM2-SM3", "sgd_sm3_sm2", "GOST3410_2012_256", "GOST")),
        *((alg, BrokenAlgorithm) for alg in ("RS1", "SHA1withRSA", "RSA-SHA-1", "MD5withRSA")),
    ],
)
def test_an_unsupported_algorithm_has_its_own_reason(qm: Identity, alg: str, kind: type[TrustError]) -> None:
    """C38: what we cannot check is called that, never a bad signature; SM2 and GOST, and SHA-1, are named as such."""
    with pytest.raises(kind):
        jws.read(token_with(qm, {"alg": alg}))


@pytest.mark.parametrize("alg", [..., None, 1, ["ES256"]])
def test_a_token_without_algorithm_is_malformed(qm: Identity, alg: object) -> None:
    """RFC 7515, 4.1.1: alg is required."""
    with pytest.raises(MalformedToken):
        jws.read(token_with(qm, {"alg": alg}))


def test_the_key_dictates_the_algorithm(qm: Identity, edwards: Identity) -> None:
    """A header that names the other good algorithm is refused, in both directions."""
    for signer, alg in ((qm, "Ed25519"), (edwards, "ES256")):
        with pytest.raises(AlgorithmMismatch):
            opened(token_with(signer, {"alg": alg}), signer)


@pytest.mark.parametrize(("dictates", "said"), [("PS256", "RS256"), ("RS256", "PS256")])
def test_the_certificate_decides_between_the_two_of_rsa(authority: Authority, dictates: str, said: str) -> None:
    """What the certificate says of an RSA key is what its signatures are; the header does not choose."""
    signer = authority.issue_signing("QM", Algorithm(dictates), AT)
    assert signer.algorithm == dictates
    other = Identity("QM", "QM", signer.key, authority.issue_signing("QM", Algorithm(said), AT).certificate)
    signing_input = token_with(signer, {"alg": said}).rpartition(b".")[0]
    # Good under the algorithm that the header names, by the very key.
    token = signing_input + b"." + base64url_encode(other.sign(signing_input))
    with pytest.raises(AlgorithmMismatch):
        opened(token, signer)


@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize("extra", [-1, 1, 256])
def test_a_signature_has_one_length(authority: Authority, algorithm: Algorithm, extra: int) -> None:
    """Whatever the algorithm: for RSA it is the modulus that says how long, so another key's length is none."""
    signer = authority.issue_signing("QM", algorithm, AT)
    signing_input, _, text = jws.sign(PAYLOAD, signer, typ=jws.MESSAGE).rpartition(b".")
    signature = base64.urlsafe_b64decode(text + b"==")
    longer = signature[:extra] if extra < 0 else bytes(extra) + signature
    with pytest.raises(MalformedToken, match="octets"):
        opened(signing_input + b"." + base64url_encode(longer), signer)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_flipped_bit_under_every_algorithm(authority: Authority, algorithm: Algorithm) -> None:
    """A1: in payload or signature, it is a broken seal."""
    signer = authority.issue_signing("QM", algorithm, AT)
    token = jws.sign(PAYLOAD, signer, typ=jws.MESSAGE)
    for place in (1, 2):
        parts = token.split(b".")
        parts[place] = (b"A" if parts[place][:1] != b"A" else b"B") + parts[place][1:]
        with pytest.raises(BadSignature):
            opened(b".".join(parts), signer)


def test_a_token_checked_with_another_certificate_is_refused(qm: Identity, edwards: Identity) -> None:
    """The certificate at hand must be the one the token names."""
    with pytest.raises(UnknownSigner):
        opened(jws.sign(PAYLOAD, qm, typ=jws.MESSAGE), edwards)


def test_a_signature_by_another_key_is_refused(qm: Identity, authority: Authority) -> None:
    """A token that names QM's certificate, signed by somebody else's key, is a broken seal."""
    other = authority.issue_signing("QM", Algorithm.ES256, AT)
    with pytest.raises(BadSignature):
        opened(jws.sign(PAYLOAD, Identity("QM", "QM", other.key, qm.certificate), typ=jws.MESSAGE), qm)


@pytest.mark.parametrize("value", [..., None, "", "AAAA", "!" * 43, "\u00e9" * 43, "A" * 42 + "B"])
def test_a_token_must_name_its_certificate(qm: Identity, value: object) -> None:
    """x5t#S256 is required, 32 octets, in its canonical spelling."""
    with pytest.raises(MalformedToken):
        jws.read(token_with(qm, {"x5t#S256": value}))


def test_x5c_must_be_the_named_certificate_alone(qm: Identity, edwards: Identity, authority: Authority) -> None:
    """A chain, another certificate or rubbish in x5c is refused: it is no way to bring authorities along."""
    der = [base64.b64encode(each.public_bytes(Encoding.DER)).decode() for each in (qm.certificate, authority.issuing)]
    other = base64.b64encode(edwards.certificate.public_bytes(Encoding.DER)).decode()
    for x5c in (der, [], [other], [der[0] + "\n"], [der[0][:-8]], ["AAAA"], der[0], [7], None, ["\u00e9"]):
        with pytest.raises(MalformedToken):
            jws.read(token_with(qm, {"x5c": x5c}))


@pytest.mark.parametrize(
    "text", [b'{"alg":"ES256","alg":"none"}', b'{"alg":"ES256","al\\u0067":"none"}', b"[]", b'"x"']
)
def test_a_header_with_two_readings_is_refused(qm: Identity, text: bytes) -> None:
    """B15, B16: the header passes the JSON gate too."""
    signing_input = base64url_encode(text) + b"." + base64url_encode(PAYLOAD)
    with pytest.raises(NotStrictJson):
        jws.read(signing_input + b"." + base64url_encode(qm.sign(signing_input)))


def test_a_registered_header_of_the_wrong_form_is_malformed(qm: Identity) -> None:
    """A `kid` that is no text is refused as a malformed token, not as a bad signature."""
    with pytest.raises(MalformedToken):
        opened(token_with(qm, {"kid": 7}), qm)


def test_each_refusal_names_its_clause(qm: Identity) -> None:
    """Every class of the tree rests on a clause of its own choosing."""
    for kind in TrustError.__subclasses__():
        assert kind.rule, kind.__name__
    with pytest.raises(MalformedToken) as caught:
        jws.read(b"")
    assert "RFC 7515" in caught.value.rule


def test_rubbish_never_escapes_the_tree(qm: Identity) -> None:
    """Whatever the octets, reading ends in a token or in the tree of refusals."""
    token = jws.sign(PAYLOAD, qm, typ=jws.MESSAGE)
    chance = Chance(7)
    for number in range(400):
        at = int.from_bytes(chance.octets(4, "at"), "big") % len(token)
        octets = chance.octets(1 + number % 3, "rubbish")
        damaged = token[:at] + octets + token[at + len(octets) :]
        try:
            opened(damaged, qm)
        except TrustError:
            continue
        assert damaged == token, os.fsdecode(damaged)


def test_a_certificate_that_nobody_can_read(qm: Identity) -> None:
    """Whatever octets are changed in what x5c brings: it is read, or the token is malformed, and nothing falls."""
    der, random = qm.certificate.public_bytes(Encoding.DER), Random(39)
    refused = set[str]()
    for number in range(6000):
        octets = bytearray(der)
        for _ in range(random.choice((1, 1, 2, 4))):
            octets[random.randrange(len(octets))] = random.randrange(256)
        # Version 5, which the library has an error of its own for.
        changed = der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x04", 1) if number == 0 else bytes(octets)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what the library will not read any more one day
                jws._certificate(base64.b64encode(changed).decode())
        except MalformedToken as error:
            refused.add(str(error))
    assert len(refused) > 10
