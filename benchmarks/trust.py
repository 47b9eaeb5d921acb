"""What trust costs: gates, seal, unseal, path validation and encryption, each against the bare primitive inside it.

`python benchmarks/trust.py` prints one table, `--json` the same as NDJSON; `--seconds` is the time for each row. One
thread, so every rate is per core. Ours and the bare primitive take turns, and both columns and the ratio are medians of
those turns: a slow moment of the machine is slow for both.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from certs import hpke, jwe, paths, tokens
from certs.authority import Authority
from certs.gates import compact, strict_json
from certs.identity import KEY_AGREEMENT, Algorithm, Identity
from certs.trust import TrustStore
from harness.clock import Chance, seconds
from harness.exchange.envelope import Envelope, Type
from harness.exchange.seal import Sealed, seal, unseal

MESSAGE: Final = 2048
"""Octets of the envelope that is signed."""

TURNS: Final = 7
AT: Final = datetime(2026, 3, 12, 9, tzinfo=UTC)

Runs = Callable[[int], float]
"""Does something so many times and returns the seconds that it took."""


@dataclass(frozen=True, slots=True)
class Case:
    """Something of ours, and the bare primitive that it is held against."""

    what: str
    of: str
    against: str
    ours: Runs
    bare: Runs


@dataclass(frozen=True, slots=True)
class Row:
    """What came out of a case: rates a second on one core, microseconds, and how often the bare one fits in."""

    what: str
    of: str
    per_second: float
    microseconds: float
    against: str
    bare_microseconds: float
    ratio: float


def repeated(once: Callable[[], object]) -> Runs:
    """Time something that can be done again and again."""

    def runs(times: int) -> float:
        begun = seconds()
        for _ in range(times):
            once()
        return seconds() - begun

    return runs


def measured(case: Case, spend: float) -> Row:
    """Let ours and the bare one take turns for about `spend` seconds."""
    each = spend / TURNS / 2
    often = [max(1, int(each / max(runs(1), runs(1), 1e-7))) for runs in (case.ours, case.bare)]
    turns = [(case.ours(often[0]) / often[0], case.bare(often[1]) / often[1]) for _ in range(TURNS)]
    ours, bare = (median(turn[side] for turn in turns) for side in (0, 1))
    ratio = median(one / other for one, other in turns)
    return Row(case.what, case.of, 1 / ours, ours * 1e6, case.against, bare * 1e6, ratio)


class Country:
    """A country that trusts itself, and whom the others trust."""

    def __init__(self) -> None:
        self.authority = Authority.found("QM", AT - timedelta(days=1), Chance().octets, timedelta(days=30))
        self.token = self.authority.trust_list(1, AT - timedelta(days=1), AT + timedelta(days=1))
        self.crls = self.authority.crls(AT - timedelta(hours=1))

    def trust(self) -> TrustStore:
        """A store that has seen no certificate yet."""
        store = TrustStore()
        store.load_list(self.token, anchor=self.authority.anchor, at=AT)
        for der in self.crls:
            store.load_crl(der)
        return store


def message() -> Envelope:
    """An envelope of `MESSAGE` octets, give or take three."""
    said = {
        "id": "qm-00000001",
        "source": "QM",
        "type": Type.DOCUMENT.value,
        "subject": "CO-0001",
        "time": AT,
        "datacontenttype": "application/vnd.qm.origin+json",
        "receiver": "QN",
        "topic": "qn.in.from.qm",
        "corridor": "QM-QN",
        "correlationid": "5ca1ab1e" * 2,
        "expirytime": AT + timedelta(days=1),
        "sequence": 1,
        "nonce": "5ca1ab1e" * 4,
        "doctype": "864",
        "function": "9",
        "data_base64": "QUJD",
    }
    room = MESSAGE - len(Envelope.model_validate(said).octets())
    return Envelope.model_validate(said | {"data_base64": "QUJD" * (1 + room // 4)})


def bare_verify(identity: Identity, data: bytes) -> Callable[[], object]:
    """One verification by the library alone, with the key as an object already."""
    # object: a kind of key that identities may have one day is no less bare.
    key, signature = identity.certificate.public_key(), identity.sign(data)
    if isinstance(key, ec.EllipticCurvePublicKey):
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        der, elliptic = encode_dss_signature(r, s), key
        return lambda: elliptic.verify(der, data, ec.ECDSA(hashes.SHA256()))
    if isinstance(key, rsa.RSAPublicKey):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        scheme, modular = pss if identity.algorithm.value == "PS256" else padding.PKCS1v15(), key
        return lambda: modular.verify(signature, data, scheme, hashes.SHA256())
    if isinstance(key, x25519.X25519PublicKey):
        raise TypeError("a key that signs nothing")
    other = key
    return lambda: other.verify(signature, data)  # type: ignore[union-attr,call-arg] # Ed25519, ML-DSA: the rest has another usage


def of_seals(country: Country, algorithm: Algorithm) -> Iterator[Case]:
    """Gates, seal and unseal of one message, under one algorithm."""
    identity = country.authority.issue_signing("QM", algorithm, AT - timedelta(days=1))
    envelope, trust = message(), country.trust()
    token = seal(envelope, identity).token
    signing_input = token.rpartition(b".")[0]
    verify = repeated(bare_verify(identity, signing_input))
    assert unseal(Sealed(token), trust=trust, at=AT).envelope == envelope

    def lenient() -> None:
        head, payload, signature = token.split(b".")
        for part in (head, payload):
            json.loads(base64.urlsafe_b64decode(part + b"=="))
        base64.urlsafe_b64decode(signature + b"==")

    def gates() -> None:
        tokens.gated(token)
        strict_json(payload)

    def strictly() -> None:
        strict_json(tokens.gated(token).segments.payload)

    payload = compact(token).payload
    sign = repeated(lambda: identity.sign(signing_input))
    yield Case("seal", algorithm.value, "sign", repeated(lambda: seal(envelope, identity)), sign)
    yield Case("both gates", algorithm.value, "verify", repeated(gates), verify)
    yield Case("strict reading", algorithm.value, "lenient reading", repeated(strictly), repeated(lenient))
    unsealing = repeated(lambda: unseal(Sealed(token), trust=trust, at=AT))
    yield Case("unseal", algorithm.value, "verify", unsealing, verify)


def of_paths(country: Country) -> Iterator[Case]:
    """Whom a certificate belongs to: asked for the first time, and again."""
    identity = country.authority.issue_signing("QM", Algorithm.ES256, AT - timedelta(days=1))
    verify, warm = repeated(bare_verify(identity, b"x" * MESSAGE)), country.trust()

    def cold(times: int) -> float:
        stores, spent = [country.trust() for _ in range(times)], 0.0
        for store in stores:
            paths.forget()  # what another store of this process found out
            begun = seconds()
            store.validate(identity.certificate, at=AT)
            spent += seconds() - begun
        return spent

    yield Case("path, cold", "three certificates", "ES256 verify", cold, verify)
    again = repeated(lambda: warm.validate(identity.certificate, at=AT))
    yield Case("path, cached", "three certificates", "ES256 verify", again, verify)


def by_ecdh(theirs: ec.EllipticCurvePrivateKey, octets: bytes) -> tuple[Runs, Runs]:
    """Bare ECDH on P-256 with AES-256-GCM: a fresh key and its exchange, and the exchange of who reads."""
    iv, public, fresh = bytes(12), theirs.public_key(), ec.generate_private_key(ec.SECP256R1()).public_key()
    sealed = AESGCM(theirs.exchange(ec.ECDH(), fresh)).encrypt(iv, octets, None)

    def there() -> None:
        shared = ec.generate_private_key(ec.SECP256R1()).exchange(ec.ECDH(), public)
        AESGCM(shared).encrypt(iv, octets, None)

    def back() -> None:
        AESGCM(theirs.exchange(ec.ECDH(), fresh)).decrypt(iv, sealed, None)

    return repeated(there), repeated(back)


def by_hpke(theirs: hpke.HybridKey, octets: bytes) -> tuple[Runs, Runs]:
    """Bare HPKE of a content key, with AES-256-GCM of the content."""
    suite = Suite(KEM.MLKEM768_X25519, KDF.SHAKE256, AEAD.AES_256_GCM)
    key, iv, public = bytes(32), bytes(12), theirs.public_key().whole
    wrapped, sealed = suite.encrypt(key, public), AESGCM(key).encrypt(iv, octets, None)

    def there() -> None:
        suite.encrypt(key, public)
        AESGCM(key).encrypt(iv, octets, None)

    def back() -> None:
        AESGCM(suite.decrypt(wrapped, theirs.whole)).decrypt(iv, sealed, None)

    return repeated(there), repeated(back)


def of_covers(country: Country, profile: str) -> Iterator[Case]:
    """Encrypt a sealed message, and open it again, gates included."""
    opener = country.authority.issue_opener("QM", AT - timedelta(days=1), profile=profile)
    certificate, chance = opener.certificate, Chance().octets
    assert country.trust().validate(certificate, at=AT, usage=KEY_AGREEMENT).party == "QM"
    token = seal(message(), country.authority.issue_signing("QM", Algorithm.ES256, AT - timedelta(days=1))).token
    if isinstance(opener.key, hpke.HybridKey):
        name, (there, back) = "HPKE, AES-GCM", by_hpke(opener.key, token)
    else:
        name, (there, back) = "ECDH, AES-GCM", by_ecdh(opener.key, token)

    def hidden() -> bytes:
        return jwe.encrypt(token, certificate, typ=jwe.MESSAGE, chance=chance, purpose="bench")

    cover = hidden()
    assert jwe.decrypt(jwe.read(cover), opener) == token
    yield Case("encrypt", profile, name, repeated(hidden), there)
    yield Case("encryption's gates", profile, name, repeated(lambda: jwe.read(cover)), back)
    yield Case("decrypt", profile, name, repeated(lambda: jwe.decrypt(jwe.read(cover), opener)), back)


def cases() -> Iterator[Case]:
    """All that is measured, in the order of the table."""
    country = Country()
    for algorithm in Algorithm:
        yield from of_seals(country, algorithm)
    yield from of_paths(country)
    for profile in (jwe.ECDH, hpke.PROFILE):
        yield from of_covers(country, profile)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description="What trust costs, against the bare primitives.")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each row [default: 0.5]")
    parser.add_argument("--json", action="store_true", help="NDJSON, one row a line")
    asked = parser.parse_args()
    if not asked.json:
        load = os.getloadavg()[0]
        print(f"{MESSAGE} octets of envelope; one thread of {os.cpu_count()} cores, load {load:.1f} when it began\n")
        print("| | of | a second | us | bare primitive | us | ratio |\n|---|---|---:|---:|---|---:|---:|")
    for row in (measured(case, asked.seconds) for case in cases()):
        if asked.json:
            print(json.dumps(asdict(row)), flush=True)
            continue
        shown = f"{row.ratio:.2f}" if row.ratio < 10 else f"{row.ratio:.0f}"
        own = f"| {row.what} | {row.of} | {row.per_second:,.0f} | {row.microseconds:,.1f} "
        print(f"{own}| {row.against} | {row.bare_microseconds:,.1f} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
