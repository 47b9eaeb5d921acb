"""Published key agreements by the code of the exchange: `certs.jwe` opens by NIST's ECDH, `certs.hpke` holds the keys.

From `cryptography-vectors`: NIST's validity tests of ECDH on P-256 (static, no key confirmation, Z alone), put into
tokens of ours, and the two HPKE vectors of MLKEM768-X25519.

Left out: other curves; NIST's KDFConcat tests, whose party info is not ours (RFC 7518, 4.6.2, with none); HPKE's other
KEMs and modes. No vector is of our whole suite: both of our KEM are under ChaCha20-Poly1305 with an aad, one of them
after our SHAKE256. So our keys must come to their shared secret, and `unwrap` must refuse them; key schedule and
opening are held against the papers (`papers`), and the papers against these vectors. AES-GCM by itself does not fit:
what a token binds is its header, and no vector's. ML-KEM and X25519 by themselves are the library's, with no line of
ours.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from certs import hpke, jwe
from certs.authority import Authority
from certs.errors import BrokenCipher, MalformedToken
from certs.gates import base64url_encode
from harness.clock import Chance

from . import papers
from .published import VECTORS, Fields, coordinate, of_p256, responses, text

AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
SECRET = b"head.payload.signature"
OPENER = Authority.found("QM", AT, Chance(1).octets, timedelta(days=30)).issue_opener("QM", AT)

REFUSED_BY_READING = ("F (1 ", "F (2 ")  # the sender's point is none
KEY_PAIR_APART = ("F (5 ", "F (6 ", "F (7 ")  # the reader's private key is not the one of its public key


def agreements(role: str) -> list[Fields]:
    """NIST's cases on P-256, seen from one side."""
    path = f"asymmetric/ECDH/KASValidityTest_ECCStaticUnified_NOKC_ZZOnly_{role}.fax"
    return [fields for heading, fields in responses(path, "Result") if heading == "EC - SHA256"]


def token(fields: Fields) -> bytes:
    """What NIST's sender would put on the topic, encrypted under its Z (RFC 7518, 4.6.2), by nothing of ours."""
    header = {
        "alg": "ECDH-ES",
        "enc": "A256GCM",
        "typ": jwe.MESSAGE,
        "epk": {
            "kty": "EC",
            "crv": "P-256",
            "x": coordinate(fields["QsCAVSx"]),
            "y": coordinate(fields["QsCAVSy"]),
        },
        "x5t#S256": text(OPENER.certificate.fingerprint(hashes.SHA256())),
    }
    protected = base64url_encode(json.dumps(header).encode())
    info = b"\0\0\0\x07A256GCM" + bytes(8) + b"\0\0\x01\0"
    key = hashlib.sha256(b"\0\0\0\x01" + bytes.fromhex(fields["Z"]) + info).digest()
    sealed = AESGCM(key).encrypt(bytes(12), SECRET, protected)
    parts = (b"", bytes(12), sealed[:-16], sealed[-16:])
    return b".".join((protected, *map(base64url_encode, parts)))


@pytest.mark.parametrize("role", ["init", "resp"])
def test_ecdh(role: str) -> None:
    """What fits opens, a leading zero in Z kept; no point is refused when read; another Z or key opens nothing."""
    opened = refused = shut = apart = 0
    for fields in agreements(role):
        verdict, raw = fields["Result"], token(fields)
        if verdict.startswith(REFUSED_BY_READING):
            with pytest.raises(MalformedToken, match="epk is no point on P-256"):
                jwe.read(raw)
            refused += 1
            continue
        opener = replace(OPENER, key=of_p256(fields["dsIUT"]))
        if verdict.startswith("P"):
            assert jwe.decrypt(jwe.read(raw), opener) == SECRET
            opened += 1
        elif verdict.startswith("F (8 "):
            with pytest.raises(BrokenCipher):
                jwe.decrypt(jwe.read(raw), opener)
            shut += 1
        else:
            assert verdict.startswith(KEY_PAIR_APART)
            numbers = opener.key.public_key().public_numbers()  # type: ignore[union-attr] # a curve's
            assert (numbers.x, numbers.y) != tuple(int(fields[name], 16) for name in ("QsIUTx", "QsIUTy"))
            apart += 1
    assert (opened, refused, shut, apart) == (18, 4, 2, 6)


def hybrids() -> list[dict[str, Any]]:  # Any: JSON
    """The vectors of our KEM."""
    told = json.loads((VECTORS / "HPKE/hpke-pq-test-vectors.json").read_bytes())
    return [one for one in told if one["kem_id"] == 0x647A]


def test_hybrid_keys() -> None:
    """From the published seed grows the published key, both halves, and both come to the published shared secret."""
    found = hybrids()
    for one in found:
        key = hpke.HybridKey.from_seed(bytes.fromhex(one["skRm"]))
        halves = key.public_key()
        whole = halves.mlkem.public_bytes_raw() + halves.x25519.public_bytes_raw()
        assert whole == bytes.fromhex(one["pkRm"])
        assert len(bytes.fromhex(one["enc"])) == hpke.ENCAPSULATED
        assert papers.shared(bytes.fromhex(one["enc"]), key).hex() == one["shared_secret"]
    assert len(found) == 2


def test_the_papers() -> None:
    """The reader that ours is held against schedules keys as published, so that a slip in both would show."""
    (one,) = (one for one in hybrids() if one["kdf_id"] == 0x0011)
    found = papers.schedule(bytes.fromhex(one["shared_secret"]), papers.CHACHA20, bytes.fromhex(one["info"]))
    assert [each.hex() for each in found] == [one["key"], one["base_nonce"], one["exporter_secret"]]
    for each in one["encryptions"][:1]:
        ct, aad = (bytes.fromhex(each[name]) for name in ("ct", "aad"))
        assert ChaCha20Poly1305(found[0]).decrypt(found[1], ct, aad).hex() == each["pt"]


def test_another_suite() -> None:
    """What is under another suite than ours does not open, though the key is the right one; ours does."""
    for one in hybrids():
        key = hpke.HybridKey.from_seed(bytes.fromhex(one["skRm"]))
        encapsulated = bytes.fromhex(one["enc"])
        for each in one["encryptions"]:
            with pytest.raises(BrokenCipher):
                hpke.unwrap(encapsulated, bytes.fromhex(each["ct"]), key)
        content_key = bytes(range(hpke.CONTENT_KEY))
        assert hpke.unwrap(*hpke.wrap(content_key, key.public_key()), key) == content_key
