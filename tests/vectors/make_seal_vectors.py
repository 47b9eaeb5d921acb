"""Write tests/vectors/seal anew: frozen tokens, each with the reason that `unseal` must refuse it for, or none.

    PYTHONPATH=. python tests/vectors/make_seal_vectors.py

The vectors are what other implementations, and our own later versions, are held to: they are made once, and made
anew only when the wire format changes. Keys come from a fixed seed and are worth nothing.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from certs import jws
from certs.authority import Authority
from certs.gates import base64url, base64url_encode
from certs.identity import Algorithm, Identity
from harness.clock import Chance, stamp
from harness.exchange import reasons
from harness.exchange.reasons import Reason
from harness.exchange.seal import Kind

FOLDER: Final = Path(__file__).parent / "seal"
AT: Final = datetime(2026, 3, 12, 9, tzinfo=UTC)
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the group of P-256 (SP 800-186, 3.2.1.3)."""

Case = tuple[str, str, bytes, Reason | None, datetime]

_day = timedelta(days=1)
_chance = Chance(20260312)
_qm, _qp, _qx = (Authority.found(code, AT - 60 * _day, _chance.octets, 400 * _day) for code in ("QM", "QP", "QX"))
_es256 = _qm.issue_signing("QM", Algorithm.ES256, AT - _day)
_ed25519 = _qm.issue_signing("QM", Algorithm.ED25519, AT - _day)

ENVELOPE: Final[Mapping[str, object]] = {
    "specversion": "1.0",
    "id": "qm-0001",
    "source": "QM",
    "type": "corridor.document.v1",
    "subject": "CO-0001",
    "time": stamp(AT),
    "datacontenttype": "application/vnd.corridor.document+json",
    "receiver": "QN",
    "topic": "qn.in.from.qm",
    "corridor": "QM-QN",
    "correlationid": "trade-1",
    "expirytime": stamp(AT + _day),
    "sequence": 1,
    "nonce": "5ca1ab1e" * 4,
    "doctype": "864",
    "function": "9",
    "data_base64": base64.b64encode(b'{"doctype":"864"}').decode(),
}


def written(**changes: object) -> bytes:
    """The envelope with other values."""
    return json.dumps({**ENVELOPE, **changes}, sort_keys=True, separators=(",", ":")).encode()


def sealed(octets: bytes = written(), identity: Identity = _es256, typ: str = Kind.MESSAGE) -> bytes:
    """A token as any signer could make it."""
    return jws.sign(octets, identity, typ=typ)


def with_header(token: bytes, identity: Identity, **changes: object) -> bytes:
    """The token with another header, signed again over it."""
    head, payload, _ = token.split(b".")
    header = {**json.loads(base64url(head, what="header")), **changes}
    signing = base64url_encode(json.dumps(header, separators=(",", ":")).encode()) + b"." + payload
    return signing + b"." + base64url_encode(identity.sign(signing))


def other_half(token: bytes) -> bytes:
    """The (r, n-s) twin of an ECDSA token: as valid, over the same bytes."""
    head, _, signature = token.rpartition(b".")
    octets = base64url(signature, what="signature")
    s = ORDER - int.from_bytes(octets[32:])
    return head + b"." + base64url_encode(octets[:32] + s.to_bytes(32))


def server() -> Identity:
    """A certificate of QM's own authority for a server, used for signing."""
    key, chain = _qm.issue_tls("QM", ("localhost",), AT - _day)
    private = load_pem_private_key(key, None)
    return Identity("QM", "QM", private, x509.load_pem_x509_certificates(chain)[0])  # type: ignore[arg-type]  # EC


def revoked() -> Identity:
    """A certificate that QM withdrew an hour ago."""
    identity = _qm.issue_signing("QM", Algorithm.ES256, AT - _day)
    _qm.revoke(identity.certificate, x509.ReasonFlags.key_compromise, AT - timedelta(hours=1))
    return identity


def texts() -> Iterator[Case]:
    """What was signed, and two readers read in two ways, or none to its end."""

    def spelt(text: str) -> bytes:
        return sealed(written().replace(b'"subject":"CO-0001"', text.encode()))

    said = '"subject":"CO-0001",'
    escaped = said + '"s\\u0075bject":"CO-9999"'
    yield "name-twice-escaped", "one name twice, once escaped", spelt(escaped), reasons.ESCAPED_DUPLICATE, AT
    yield "number-beyond", "an integer beyond 2^53", spelt(said + '"v":9007199254740993'), reasons.LOSSY_NUMBER, AT
    yield "whole-fraction", "1.0 for 1", spelt(said + '"v":1.0'), reasons.LOSSY_NUMBER, AT
    yield "half-a-character", "a lone surrogate", spelt(said + '"v":"\\ud83d"'), reasons.MISLEADING_TEXT, AT
    yield "look-alike", "a Cyrillic letter", spelt('"subject":"\u0421O-0001"'), reasons.MISLEADING_TEXT, AT
    yield "turned-around", "a bidirectional mark", spelt('"subject":"CO-\u202e1000"'), reasons.MISLEADING_TEXT, AT
    yield "too-deep", "33 levels", spelt(said + '"v":' + "[" * 32 + "]" * 32), reasons.TOO_MUCH, AT
    large = with_header(sealed(), _es256, kid="7" * 9000)
    yield "too-large", "a header of 9 kB and more", large, reasons.TOO_MUCH, AT
    yield "not-json", "NaN", spelt(said + '"v":NaN'), reasons.NOT_STRICT_JSON, AT
    other = base64url_encode(bytes(32)).decode()
    named = with_header(sealed(), _es256, **{"x5t#S256": other})
    yield "another-certificate", "x5t#S256 names another than x5c", named, reasons.OTHER_CERTIFICATE, AT


def cases() -> Iterator[Case]:
    """Name, situation, token, the reason it is refused for, and the moment it is checked for."""
    good, twice = sealed(), written().replace(b'"id":"qm-0001"', b'"id":"qm-0001","id":"qm-0002"')
    head, payload, signature = good.split(b".")
    flipped = base64url_encode(written(subject="CO-0000"))
    yield "good-es256", "a message, ES256", good, None, AT
    yield "good-ed25519", "a message, Ed25519", sealed(identity=_ed25519), None, AT
    yield (
        "good-twin",
        "the (r, n-s) twin of good-es256: the same message, the same identity",
        other_half(good),
        None,
        AT,
    )
    yield (
        "byte-flipped",
        "one byte of the payload changed",
        b".".join([head, flipped, signature]),
        reasons.BROKEN_SEAL,
        AT,
    )
    yield "no-signature", "the signature stripped", head + b"." + payload + b".", reasons.NO_SIGNATURE, AT
    yield "cut-short", "half a record", good[: len(good) // 2], reasons.NOT_A_TOKEN, AT
    zeros = base64url_encode(bytes(64))
    yield "zero-signature", "r = s = 0", b".".join([head, payload, zeros]), reasons.SIGNATURE_OUT_OF_RANGE, AT
    long = base64url_encode(b"\0\0" + base64url(signature, what="signature"))
    yield (
        "long-signature",
        "an ES256 signature of 66 octets",
        b".".join([head, payload, long]),
        reasons.SIGNATURE_LENGTH,
        AT,
    )
    blank = payload[:8] + b" " + payload[8:]
    yield "blank-inside", "a blank within a segment", b".".join([head, blank, signature]), reasons.LOOSE_SPELLING, AT
    yield "alg-none", "alg none", with_header(good, _es256, alg="none"), reasons.UNSECURED, AT
    yield (
        "alg-hs256",
        "a shared-secret algorithm",
        with_header(good, _es256, alg="HS256"),
        reasons.ALGORITHM_MISMATCH,
        AT,
    )
    mismatch = with_header(good, _es256, alg="Ed25519")
    yield "alg-of-another-key", "Ed25519 stated for a P-256 key", mismatch, reasons.ALGORITHM_MISMATCH, AT
    yield (
        "alg-unknown",
        "an algorithm we do not have",
        with_header(good, _es256, alg="ES512"),
        reasons.UNSUPPORTED_ALGORITHM,
        AT,
    )
    yield "alg-national", "SM2", with_header(good, _es256, alg="SM2"), reasons.NATIONAL_ALGORITHM, AT
    yield "alg-sha1", "RSA over SHA-1", with_header(good, _es256, alg="RS1"), reasons.BROKEN_ALGORITHM, AT
    jwk = {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}
    yield (
        "jwk-embedded",
        "the header brings its own key",
        with_header(good, _es256, jwk=jwk),
        reasons.KEY_IN_HEADER,
        AT,
    )
    yield (
        "jku-address",
        "the header names an address of a key",
        with_header(good, _es256, jku="https://qx.example/keys"),
        reasons.KEY_TO_FETCH,
        AT,
    )
    yield (
        "zip-compressed",
        "the header says that it is compressed",
        with_header(good, _es256, zip="DEF"),
        reasons.COMPRESSED,
        AT,
    )
    yield (
        "crit-unknown",
        "an extension nobody agreed",
        with_header(good, _es256, crit=["exp"]),
        reasons.UNKNOWN_EXTENSION,
        AT,
    )
    yield "kind-contradicted", "typ of a receipt around a document", sealed(typ=Kind.RECEIPT), reasons.WRONG_KIND, AT
    yield "kind-of-a-checkpoint", "typ of a checkpoint", sealed(typ=jws.CHECKPOINT), reasons.WRONG_KIND, AT
    yield "name-twice", "one JSON name twice in the signed bytes", sealed(twice), reasons.DUPLICATE_NAME, AT
    yield from texts()
    yield "no-nonce", "a signed envelope without its nonce", sealed(written(nonce="")), reasons.NOT_AN_ENVELOPE, AT
    stranger = _qx.issue_signing("QM", Algorithm.ES256, AT - _day)
    yield "unknown-authority", "an authority on no trust list", sealed(identity=stranger), reasons.UNKNOWN_SIGNER, AT
    other = _qp.issue_signing("QP", Algorithm.ES256, AT - _day)
    yield "another-countrys-key", "QP signs as QM", sealed(identity=other), reasons.SIGNER_IS_NOT_SENDER, AT
    yield "server-certificate", "a certificate for a server", sealed(identity=server()), reasons.WRONG_KEY_USAGE, AT
    old = _qm.issue_signing("QM", Algorithm.ES256, AT - 3 * _day, lifetime=_day)
    yield "expired", "signed with a certificate that had expired", sealed(identity=old), reasons.EXPIRED_CERTIFICATE, AT
    young = _qm.issue_signing("QM", Algorithm.ES256, AT + _day)
    yield "not-yet-valid", "a certificate of tomorrow", sealed(identity=young), reasons.CERTIFICATE_NOT_YET_VALID, AT
    yield (
        "revoked",
        "a certificate withdrawn an hour before",
        sealed(identity=revoked()),
        reasons.REVOKED_CERTIFICATE,
        AT,
    )
    yield (
        "revocation-unknown",
        "checked when the revocation list had ended",
        good,
        reasons.REVOCATION_UNKNOWN,
        AT + 20 * _day,
    )
    yield "trust-list-stale", "checked when the trust list had ended", good, reasons.STALE_TRUST_LIST, AT + 40 * _day
    # Last, so that these keys change no others. Signatures of PS256 and ML-DSA-65 differ each time they are made.
    for algorithm in (Algorithm.ML_DSA_65, Algorithm.PS256, Algorithm.RS256):
        signer = _qm.issue_signing("QM", algorithm, AT - _day)
        yield f"good-{algorithm.lower()}", f"a message, {algorithm}", sealed(identity=signer), None, AT
    stated = with_header(sealed(identity=signer), signer, alg="PS256")
    yield "alg-of-the-same-key", "PS256 stated for a key that is for RS256", stated, reasons.ALGORITHM_MISMATCH, AT


def main() -> None:
    """Write the trust material and one file for each case."""
    FOLDER.mkdir(exist_ok=True)
    made = {name: (situation, token, reason, at) for name, situation, token, reason, at in cases()}
    # After the cases: one of them withdraws a certificate.
    trust = {
        "at": stamp(AT),
        "anchors": {each.country: each.anchor for each in (_qm, _qp)},
        "lists": {each.country: each.trust_list(1, AT - _day, AT + 30 * _day).decode() for each in (_qm, _qp)},
        "crls": [base64.b64encode(der).decode() for each in (_qm, _qp) for der in each.crls(AT, lifetime=10 * _day)],
    }
    write("trust", trust)
    for name, (situation, token, reason, at) in made.items():
        code = None if reason is None else reason.code
        write(name, {"situation": situation, "token": token.decode("latin-1"), "at": stamp(at), "reason": code})


def write(name: str, told: Mapping[str, object]) -> None:
    """One file."""
    (FOLDER / f"{name}.json").write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
