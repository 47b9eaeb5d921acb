"""The hybrid profile of encryption: held against another implementation, against its papers, and against tampering."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from certs import drafts, hpke, jwe
from certs.authority import Authority
from certs.errors import (
    AlgorithmMismatch,
    BrokenCipher,
    BrokenPath,
    Compressed,
    ForbiddenHeader,
    MalformedToken,
    NotYetValid,
    OtherRecipient,
    Revoked,
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

from . import papers

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
SECRET = b"head.payload.signature" * 100

AUTHORITY = Authority.found("QM", AT, Chance(1).octets, timedelta(days=3650))
HYBRID = AUTHORITY.issue_opener("QM", AT, profile=hpke.PROFILE)
PLAIN = AUTHORITY.issue_opener("QM", AT)


def covered(opener: Opener = HYBRID, seed: int = 2) -> bytes:
    """Something encrypted for an opener."""
    return jwe.encrypt(SECRET, opener.certificate, typ=jwe.MESSAGE, chance=Chance(seed).octets, purpose="test")


TOKEN = covered()
OLDER = covered(PLAIN)


def parts_of(token: bytes) -> list[bytes]:
    """The five parts, decoded."""
    return [base64url(part, what="part") for part in token.split(b".")]


def joined(*parts: bytes) -> bytes:
    """A token of these parts."""
    return b".".join(base64url_encode(part) for part in parts)


def with_header(token: bytes, **changes: object) -> bytes:
    """The token under another header; None leaves a name out."""
    head, *rest = parts_of(token)
    header = {name: value for name, value in {**json.loads(head), **changes}.items() if value is not None}
    return joined(json.dumps(header, separators=(",", ":")).encode(), *rest)


def by_the_papers(token: bytes, key: hpke.HybridKey) -> bytes:
    """Open a token without the library's HPKE. What is bound: draft-ietf-jose-hpke-encrypt, 6.1."""
    head, wrapped, iv, ciphertext, tag = parts_of(token)
    encapsulated = base64url(json.loads(head)["ek"].encode(), what="ek")
    info = b"JOSE-HPKE rcpt\xffA256GCM\xff"
    wrapping, nonce, _ = papers.schedule(papers.shared(encapsulated, key), papers.AES256, info)
    content_key = AESGCM(wrapping).decrypt(nonce, wrapped, b"")
    return AESGCM(content_key).decrypt(iv, ciphertext + tag, token.split(b".")[0])


def vector(repo_root: Path, name: str) -> dict[str, str]:
    """A frozen token with its key."""
    told: dict[str, str] = json.loads((repo_root / "tests" / "vectors" / "cover" / name).read_text(encoding="utf-8"))
    return told


def test_what_another_implementation_published(repo_root: Path) -> None:
    """The draft's own test vector opens: its key grows from its seed, and its content key comes out of its token."""
    told = vector(repo_root, "published-hpke-10-ke.json")
    key = hpke.HybridKey.from_seed(base64url(told["priv"].encode(), what="priv"))
    public = key.mlkem.public_key().public_bytes_raw() + key.x25519.public_key().public_bytes_raw()
    assert hashlib.sha256(public).hexdigest() == told["pub_sha256"]
    token = told["token"].encode()
    head, wrapped, iv, ciphertext, tag = parts_of(token)
    content_key = hpke.unwrap(base64url(json.loads(head)["ek"].encode(), what="ek"), wrapped, key)
    assert AESGCM(content_key).decrypt(iv, ciphertext + tag, token.split(b".")[0]).decode() == told["inside"]
    assert by_the_papers(token, key).decode() == told["inside"]
    with pytest.raises(ForbiddenHeader, match="kid"):
        jwe.read(token)


def test_what_we_wrote() -> None:
    """It opens with our reader, and with one that is put together from the papers."""
    assert isinstance(HYBRID.key, hpke.HybridKey)
    closed = jwe.read(TOKEN)
    assert (closed.profile, closed.typ) == (hpke.PROFILE, jwe.MESSAGE)
    assert jwe.decrypt(closed, HYBRID) == by_the_papers(TOKEN, HYBRID.key) == SECRET
    assert jwe.looks_encrypted(TOKEN)


def test_a_frozen_token(repo_root: Path, tmp_path: Path) -> None:
    """What was encrypted once opens for ever, here and in anybody else's system."""
    told = vector(repo_root, "good-hpke.json")
    (tmp_path / "key.pem").write_text(told["key"], encoding="ascii")
    (tmp_path / "certificate.pem").write_text(told["certificate"], encoding="ascii")
    opener = Opener.load(tmp_path)
    assert (opener.party, opener.profile) == ("QP", hpke.PROFILE)
    assert jwe.decrypt(jwe.read(told["token"].encode()), opener) == told["inside"].encode()


def test_the_same_chance() -> None:
    """It does not make the same cover: the library draws for both halves itself. Key and certificate it does make."""
    one, other = parts_of(covered(seed=3)), parts_of(covered(seed=3))
    assert one[2] == other[2]
    assert one[0] != other[0]
    assert one[1] != other[1]
    again = Authority.found("QM", AT, Chance(1).octets, timedelta(days=3650))
    assert again.issue_opener("QM", AT, profile=hpke.PROFILE).certificate == HYBRID.certificate


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"zip": "DEF"}, Compressed),
        ({"crit": ["exp"]}, UnknownExtension),
        ({"kid": "QM"}, ForbiddenHeader),
        ({"psk_id": "QQ"}, ForbiddenHeader),
        ({"epk": {}}, ForbiddenHeader),
        ({"alg": "HPKE-10"}, ForbiddenHeader),
        ({"alg": "HPKE-10", "ek": None}, UnsupportedAlgorithm),
        ({"alg": "HPKE-0-KE", "ek": None}, UnsupportedAlgorithm),
        ({"enc": "A128GCM"}, UnsupportedAlgorithm),
        ({"enc": None}, UnsupportedAlgorithm),
        ({"typ": None}, WrongKind),
        ({"ek": None}, MalformedToken),
        ({"ek": 5}, MalformedToken),
        ({"ek": "QQ"}, MalformedToken),
        ({"ek": base64url_encode(bytes(1121)).decode()}, MalformedToken),
        ({"x5t#S256": "QQ"}, MalformedToken),
    ],
    ids=str,
)
def test_headers_that_do_not_pass(changes: dict[str, object], error: type[TrustError]) -> None:
    """A short list of names with exact lengths; the other profile's names are not on it."""
    with pytest.raises(error):
        jwe.read(with_header(TOKEN, **changes))


@pytest.mark.parametrize("length", [0, 47, 49])
def test_an_encrypted_key_of_another_length(length: int) -> None:
    """A key for AES-128, or none, is no key of this profile."""
    head, _, *rest = parts_of(TOKEN)
    with pytest.raises(MalformedToken, match="encrypted key"):
        jwe.read(joined(head, bytes(length), *rest))


def test_a_name_of_the_other_profile() -> None:
    """`ek` in an ECDH-ES header is as strange as any."""
    with pytest.raises(ForbiddenHeader, match="ek"):
        jwe.read(with_header(OLDER, ek="QQ"))


def flipped(octets: bytes, at: int) -> bytes:
    """With one bit changed."""
    changed = bytearray(octets)
    changed[at] ^= 1
    return bytes(changed)


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_bit_changed_under_way(at: int) -> None:
    """Encrypted key, IV, ciphertext and tag: one bit, and nothing is opened."""
    parts = parts_of(TOKEN)
    parts[at] = flipped(parts[at], 0)
    with pytest.raises(BrokenCipher):
        jwe.decrypt(jwe.read(joined(*parts)), HYBRID)


@pytest.mark.parametrize("octet", [0, 1087, 1088, 1119])
def test_a_bit_changed_in_either_half(octet: int) -> None:
    """Of the lattice's share or of the curve's: each alone keeps the message shut."""
    ek = base64url(json.loads(parts_of(TOKEN)[0])["ek"].encode(), what="ek")
    changed = with_header(TOKEN, ek=base64url_encode(flipped(ek, octet)).decode())
    with pytest.raises(BrokenCipher):
        jwe.decrypt(jwe.read(changed), HYBRID)


def test_a_share_of_small_order() -> None:
    """A curve's share that makes every secret zero is refused, not used (RFC 7748, 6.1)."""
    ek = base64url(json.loads(parts_of(TOKEN)[0])["ek"].encode(), what="ek")
    with pytest.raises(BrokenCipher):
        jwe.decrypt(jwe.read(with_header(TOKEN, ek=base64url_encode(ek[:1088] + bytes(32)).decode())), HYBRID)


def test_a_kind_changed_under_way() -> None:
    """What stands outside is bound: a message does not become a receipt."""
    with pytest.raises(BrokenCipher):
        jwe.decrypt(jwe.read(with_header(TOKEN, typ=jwe.RECEIPT)), HYBRID)


def test_a_token_for_somebody_else() -> None:
    """It says for whom it is; made for another's key and naming ours, it does not open."""
    other = AUTHORITY.issue_opener("QM-two", AT, profile=hpke.PROFILE)
    with pytest.raises(OtherRecipient):
        jwe.decrypt(jwe.read(TOKEN), other)
    mine = json.loads(parts_of(TOKEN)[0])["x5t#S256"]
    with pytest.raises(BrokenCipher):
        jwe.decrypt(jwe.read(with_header(covered(other), **{"x5t#S256": mine})), HYBRID)


def test_a_certificate_of_the_other_profile() -> None:
    """The reader's certificate dictates how to encrypt for it; who says otherwise is not opened."""
    for token, opener in ((TOKEN, PLAIN), (OLDER, HYBRID)):
        thumbprint = base64url_encode(opener.certificate.fingerprint(hashes.SHA256())).decode()
        with pytest.raises(AlgorithmMismatch):
            jwe.decrypt(jwe.read(with_header(token, **{"x5t#S256": thumbprint})), opener)


def test_a_key_on_disk(tmp_path: Path) -> None:
    """It comes back as it was written, for its owner only, and only with its own certificate."""
    HYBRID.save(tmp_path / "opener")
    back = Opener.load(tmp_path / "opener")
    assert (back.party, back.certificate, back.profile) == ("QM", HYBRID.certificate, hpke.PROFILE)
    assert jwe.decrypt(jwe.read(TOKEN), back) == SECRET
    assert (tmp_path / "opener" / "key.pem").stat().st_mode & 0o777 == 0o600
    AUTHORITY.issue_opener("QM-two", AT, profile=hpke.PROFILE).save(tmp_path / "other")
    (tmp_path / "opener" / "key.pem").write_bytes((tmp_path / "other" / "key.pem").read_bytes())
    with pytest.raises(BrokenPath, match="not the one in the certificate"):
        Opener.load(tmp_path / "opener")
    PLAIN.save(tmp_path / "older")
    (tmp_path / "opener" / "key.pem").write_bytes((tmp_path / "older" / "key.pem").read_bytes())
    with pytest.raises(UnsupportedAlgorithm, match="no X25519 key with an ML-KEM-768 key after it"):
        Opener.load(tmp_path / "opener")


def recognised() -> TrustStore:
    """Who knows QM's authorities."""
    trust = TrustStore()
    trust.load_list(AUTHORITY.trust_list(1, AT, AT + timedelta(days=1)), anchor=AUTHORITY.anchor, at=AT)
    for crl in AUTHORITY.crls(AT):
        trust.load_crl(crl)
    return trust


def test_who_vouches_for_both_halves() -> None:
    """The country's authority, in one certificate: for its usage, at its time, until it is withdrawn."""
    trust = recognised()
    assert trust.validate(HYBRID.certificate, at=AT, usage=KEY_AGREEMENT).party == "QM"
    with pytest.raises(UnsupportedAlgorithm):
        trust.validate(HYBRID.certificate, at=AT)
    later = AUTHORITY.issue_opener("QM", AT + timedelta(hours=1), profile=hpke.PROFILE)
    with pytest.raises(NotYetValid):
        trust.validate(later.certificate, at=AT, usage=KEY_AGREEMENT)
    authority = Authority.found("QM", AT, Chance(1).octets, timedelta(days=3650))
    authority.revoke(HYBRID.certificate, x509.ReasonFlags.key_compromise, AT)
    for crl in authority.crls(AT + timedelta(hours=1)):
        trust.load_crl(crl)
    with pytest.raises(Revoked):
        trust.validate(HYBRID.certificate, at=AT + timedelta(hours=1), usage=KEY_AGREEMENT)


def hybrid_key() -> hpke.HybridKey:
    """Some hybrid key."""
    return hpke.HybridKey.from_seed(bytes(32))


def second(octets: Callable[[bytes], bytes]) -> drafts.Extensions:
    """What an opener's certificate carries, with another second key."""
    genuine = hpke.beside(hybrid_key().public_key()).value
    return (*drafts.for_agreement(), (x509.UnrecognizedExtension(hpke.BESIDE, octets(genuine)), False))


def spki_of_p256(_: bytes) -> bytes:
    """Another kind of second key."""
    key = drafts.p256_key(Chance(4).octets, "test").public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "extensions",
    [
        drafts.for_agreement(),
        second(lambda _: b""),
        second(lambda octets: octets[:-1]),
        second(lambda octets: octets + b"\x00"),
        second(lambda octets: octets[:100] + bytes([octets[100] ^ 1]) + b"\xff" * 1105),
        second(spki_of_p256),
    ],
    ids=["no second key", "empty", "cut", "more behind", "no lattice key", "a curve's"],
)
def test_a_certificate_with_half_a_key(extensions: drafts.Extensions) -> None:
    """Nobody is encrypted for by X25519 alone where two keys were meant: not recognised, and not encrypted for."""
    draft = drafts.Draft(
        name=drafts.name("QM", "QM"),
        key=hybrid_key().x25519.public_key(),
        serial=7,
        since=AT,
        until=AT + timedelta(days=1),
        extensions=extensions,
    )
    certificate = draft.signed(drafts.Issuer(AUTHORITY.issuing.subject, AUTHORITY._issuing_key))
    with pytest.raises(UnsupportedAlgorithm):
        recognised().validate(certificate, at=AT, usage=KEY_AGREEMENT)
    with pytest.raises(UnsupportedAlgorithm):
        jwe.encrypt(SECRET, certificate, typ=jwe.MESSAGE, chance=Chance(4).octets, purpose="test")


def test_keys_are_for_one_thing() -> None:
    """A signer's certificate is not encrypted for; no other profile is issued."""
    signer = AUTHORITY.issue_signing("QM", Algorithm.ES256, AT)
    with pytest.raises(WrongUsage):
        recognised().validate(signer.certificate, at=AT, usage=KEY_AGREEMENT)
    with pytest.raises(UnsupportedAlgorithm):
        AUTHORITY.issue_opener("QM", AT, profile="RSA-OAEP+A256GCM")
    with pytest.raises(ValueError, match="a seed of 31 octets"):
        hpke.HybridKey.from_seed(bytes(31))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(base64url_encode(bytes(1120)).decode()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
NAMES = st.sampled_from(["alg", "enc", "typ", "ek", "epk", "x5t#S256", "zip", "crit", "kid", "p2c"])
HEADERS = st.dictionaries(NAMES, JSON | st.sampled_from(["ECDH-ES", "HPKE-10-KE", "A256GCM", jwe.MESSAGE]), max_size=6)
SHORT = st.binary(max_size=64)


def opened(token: bytes) -> bytes | TrustError:
    """What comes out, be it a refusal; anything else is a failure of the test that asks."""
    found: bytes | TrustError
    try:
        closed = jwe.read(token)
        found = jwe.decrypt(closed, HYBRID if closed.profile == hpke.PROFILE else PLAIN)
    except TrustError as error:
        found = error
    return found


@given(st.binary(max_size=200), st.integers(0, 6))
def test_any_octets(octets: bytes, dots: int) -> None:
    """Whatever comes is refused by name."""
    assert isinstance(opened(octets + b"." * dots + octets), TrustError)


@given(HEADERS, SHORT, SHORT, SHORT, SHORT)
def test_any_header(header: dict[str, object], one: bytes, two: bytes, three: bytes, four: bytes) -> None:
    """Any JSON under the names that matter, over parts of any length: refused by name."""
    assert isinstance(opened(joined(json.dumps(header).encode(), one, two, three, four)), TrustError)


@settings(max_examples=150)
@given(st.sampled_from([TOKEN, OLDER]), st.data())
def test_any_change_of_a_good_token(token: bytes, data: st.DataObject) -> None:
    """One octet replaced, dropped or doubled anywhere in a good token: refused by name, or it is the same token."""
    at = data.draw(st.integers(0, len(token) - 1))
    middle = data.draw(st.binary(max_size=2))
    changed = token[:at] + middle + token[at + 1 :]
    found = opened(changed)
    assert isinstance(found, TrustError) or changed == token
