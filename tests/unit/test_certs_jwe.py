"""Compact JWE: what is encrypted for a certificate is read and opened, each tampering falls for its own reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwe as jose
from joserfc.jwk import ECKey

from certs import jwe
from certs.authority import Authority
from certs.errors import (
    BrokenCipher,
    BrokenPath,
    Compressed,
    ForbiddenHeader,
    KeyInHeader,
    KeyToFetch,
    MalformedToken,
    NotStrictJson,
    OtherRecipient,
    TrustError,
    UnknownExtension,
    UnsupportedAlgorithm,
    WrongKind,
    WrongUsage,
)
from certs.gates import base64url, base64url_encode
from certs.identity import KEY_AGREEMENT, Algorithm
from certs.jwe import Opener
from certs.trust import TrustStore
from harness.clock import Chance

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
SECRET = b"head.payload.signature" * 100


@pytest.fixture(scope="module")
def authority() -> Authority:
    """The authorities of QM."""
    return Authority.found("QM", AT, Chance(1).octets, timedelta(days=3650))


@pytest.fixture(scope="module")
def qm(authority: Authority) -> Opener:
    """QM's key that others encrypt for."""
    return authority.issue_opener("QM", AT)


@pytest.fixture(scope="module")
def token(qm: Opener) -> bytes:
    """Something encrypted for QM."""
    return jwe.encrypt(SECRET, qm.certificate, typ=jwe.MESSAGE, chance=Chance(2).octets, purpose="test")


def with_header(token: bytes, **changes: object) -> bytes:
    """The token under another header; None leaves a name out."""
    head, rest = token.split(b".", 1)
    header = {**json.loads(base64url(head, what="header")), **changes}
    return again({name: value for name, value in header.items() if value is not None}) + b"." + rest


def again(header: Mapping[str, object]) -> bytes:
    """A header segment."""
    return base64url_encode(json.dumps(header, separators=(",", ":")).encode())


def with_part(token: bytes, at: int, part: bytes) -> bytes:
    """The token with another segment."""
    parts = token.split(b".")
    parts[at] = part
    return b".".join(parts)


def test_what_was_encrypted_is_opened(qm: Opener, token: bytes) -> None:
    """Our writer and the library's reader agree; outside stand the kind and the reader's certificate."""
    closed = jwe.read(token)
    assert jwe.decrypt(closed, qm) == SECRET
    assert closed.typ == jwe.MESSAGE
    assert jwe.looks_encrypted(token)
    assert not jwe.looks_encrypted(b"a.b.c")


def test_what_another_implementation_encrypted(qm: Opener, token: bytes) -> None:
    """The library's writer is read too: the form is the standard's, not ours."""
    thumbprint = json.loads(base64url(token.split(b".")[0], what="header"))["x5t#S256"]
    protected = {"alg": "ECDH-ES", "enc": "A256GCM", "typ": jwe.RECEIPT, "x5t#S256": thumbprint}
    key = ECKey.import_key(qm.certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    registry = jose.JWERegistry(algorithms=["ECDH-ES", "A256GCM"], strict_check_header=False)
    theirs = jose.encrypt_compact(protected, SECRET, key, registry=registry).encode()
    closed = jwe.read(theirs)
    assert (closed.typ, jwe.decrypt(closed, qm)) == (jwe.RECEIPT, SECRET)


def test_two_covers_of_one_message(qm: Opener, token: bytes) -> None:
    """Each has a key and an IV of its own: nobody can tell that they hold the same."""
    other = jwe.encrypt(SECRET, qm.certificate, typ=jwe.MESSAGE, chance=Chance(3).octets, purpose="test")
    assert all(mine != theirs for mine, theirs in zip(token.split(b"."), other.split(b"."), strict=True) if mine)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"zip": "DEF"}, Compressed),
        ({"crit": ["exp"], "exp": 1}, UnknownExtension),
        ({"jku": "https://qx.example/keys"}, KeyToFetch),
        ({"jwk": {}}, KeyInHeader),
        ({"apu": "QQ"}, ForbiddenHeader),
        ({"alg": "ECDH-ES+A256KW"}, UnsupportedAlgorithm),
        ({"alg": "dir"}, UnsupportedAlgorithm),
        ({"alg": "RSA1_5"}, UnsupportedAlgorithm),
        ({"enc": "A128CBC-HS256"}, UnsupportedAlgorithm),
        ({"enc": None}, UnsupportedAlgorithm),
        ({"typ": None}, WrongKind),
        ({"typ": 5}, WrongKind),
        ({"x5t#S256": None}, MalformedToken),
        ({"x5t#S256": "QQ"}, MalformedToken),
        ({"x5t#S256": "é"}, MalformedToken),
        ({"epk": None}, MalformedToken),
        ({"epk": "QQ"}, MalformedToken),
    ],
)
def test_headers_that_do_not_pass(token: bytes, changes: dict[str, object], error: type[TrustError]) -> None:
    """What could compress, bring a key, change the rules or the algorithm falls before anything is opened."""
    with pytest.raises(error):
        jwe.read(with_header(token, **changes))


@pytest.mark.parametrize(
    "wrong",
    [
        {"x": "A" * 43, "y": "A" * 43},
        {"crv": "P-384"},
        {"kty": "OKP"},
        {"d": "A" * 43},
        {"y": "A" * 42},
        {"x": 7},
    ],
    ids=str,
)
def test_an_ephemeral_key_that_is_none(token: bytes, wrong: dict[str, object]) -> None:
    """Off the curve, on another curve, with a private part, too short: it never meets our key (CVE-2017-16007)."""
    epk = json.loads(base64url(token.split(b".")[0], what="header"))["epk"]
    with pytest.raises(MalformedToken):
        jwe.read(with_header(token, epk={**epk, **wrong}))


def test_spellings_that_do_not_pass(token: bytes) -> None:
    """One spelling: five segments, no encrypted key, exact lengths, canonical base64url, one meaning of the header."""
    for wrong in (
        token.rpartition(b".")[0],
        token + b".QQ",
        with_part(token, 1, b"QQ"),
        with_part(token, 2, b"QQ"),
        with_part(token, 4, base64url_encode(b"short")),
        with_part(token, 3, token.split(b".")[3] + b"="),
        with_part(token, 3, b" " + token.split(b".")[3]),
        with_part(token, 0, b"A" * 9000),
        b"x" * (4 * 1024 * 1024 + 1),
    ):
        with pytest.raises(MalformedToken):
            jwe.read(wrong)
    with pytest.raises(NotStrictJson):
        jwe.read(with_part(token, 0, base64url_encode(b'{"alg":"ECDH-ES","alg":"dir"}')))


@pytest.mark.parametrize("at", [0, 2, 3, 4])
def test_a_byte_changed_under_way(qm: Opener, token: bytes, at: int) -> None:
    """Header, IV, ciphertext and tag are all covered: one bit, and nothing is opened."""
    octets = bytearray(base64url(token.split(b".")[at], what="part"))
    if at == 0:
        octets[octets.index(b"message")] ^= 1  # the kind that stands outside
    else:
        octets[0] ^= 1
    with pytest.raises(BrokenCipher):
        jwe.decrypt(jwe.read(with_part(token, at, base64url_encode(bytes(octets)))), qm)


def test_a_token_for_somebody_else(authority: Authority, qm: Opener, token: bytes) -> None:
    """It says for whom it is; where it names us and was made for another's key, it does not open."""
    other = authority.issue_opener("QM-two", AT)
    with pytest.raises(OtherRecipient, match="not for QM-two's"):
        jwe.decrypt(jwe.read(token), other)
    mine = json.loads(base64url(token.split(b".")[0], what="header"))["x5t#S256"]
    theirs = jwe.encrypt(SECRET, other.certificate, typ=jwe.MESSAGE, chance=Chance(5).octets, purpose="test")
    with pytest.raises(BrokenCipher):
        jwe.decrypt(jwe.read(with_header(theirs, **{"x5t#S256": mine})), qm)


def test_a_key_on_disk(authority: Authority, qm: Opener, tmp_path: Path) -> None:
    """It comes back as it was written, for its owner only, and only with its own certificate."""
    qm.save(tmp_path / "opener")
    back = Opener.load(tmp_path / "opener")
    assert (back.party, back.certificate) == ("QM", qm.certificate)
    assert (tmp_path / "opener" / "key.pem").stat().st_mode & 0o777 == 0o600
    authority.issue_opener("QM-two", AT).save(tmp_path / "other")
    (tmp_path / "opener" / "key.pem").write_bytes((tmp_path / "other" / "key.pem").read_bytes())
    with pytest.raises(BrokenPath, match="not the one in the certificate"):
        Opener.load(tmp_path / "opener")


def test_keys_are_for_one_thing(authority: Authority, qm: Opener) -> None:
    """Who signs cannot be encrypted for, and what is encrypted for signs nothing; the country's lists cover both."""
    trust = TrustStore()
    trust.load_list(authority.trust_list(1, AT, AT + timedelta(days=1)), anchor=authority.anchor, at=AT)
    for crl in authority.crls(AT):
        trust.load_crl(crl)
    signer = authority.issue_signing("QM", Algorithm.ES256, AT)
    assert trust.validate(qm.certificate, at=AT, usage=KEY_AGREEMENT).party == "QM"
    with pytest.raises(WrongUsage, match="may not sign documents"):
        trust.validate(qm.certificate, at=AT)
    with pytest.raises(WrongUsage, match="may not have documents encrypted for it"):
        trust.validate(signer.certificate, at=AT, usage=KEY_AGREEMENT)
    edwards = authority.issue_signing("QM", Algorithm.ED25519, AT)
    with pytest.raises(UnsupportedAlgorithm, match="P-256"):
        jwe.encrypt(SECRET, edwards.certificate, typ=jwe.MESSAGE, chance=Chance(4).octets, purpose="test")


def test_a_frozen_token(repo_root: Path, tmp_path: Path) -> None:
    """What was encrypted once opens for ever, here and in anybody else's system."""
    told = json.loads((repo_root / "tests" / "vectors" / "cover" / "good.json").read_text(encoding="utf-8"))
    (tmp_path / "key.pem").write_text(told["key"], encoding="ascii")
    (tmp_path / "certificate.pem").write_text(told["certificate"], encoding="ascii")
    opener = Opener.load(tmp_path)
    assert opener.party == "QP"
    assert jwe.decrypt(jwe.read(told["token"].encode()), opener) == told["inside"].encode()
