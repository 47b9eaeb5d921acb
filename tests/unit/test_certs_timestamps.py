"""RFC 3161 timestamps: the honest one is accepted, each fault falls for its own reason, and openssl is asked each time.

ATTACKS F70 and F71. Where openssl says something else, the test says so; docs/conformance.md says why.
"""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from certs import ber, drafts, stamp_paths, stamping, stamps, timestamps
from certs.authority import Authority
from certs.drafts import Draft, Issuer
from certs.errors import (
    AlgorithmMismatch,
    BadSignature,
    BrokenPath,
    Expired,
    MalformedTimestamp,
    NotYetValid,
    OtherTimestamp,
    Revoked,
    TrustError,
    UnknownSigner,
    UnsupportedAlgorithm,
    WrongUsage,
)
from certs.stamp_keys import Asn1
from certs.trust import Authorities, TrustList, TrustStore
from harness.clock import Chance
from harness.errors import NotProved
from harness.evidence.audit.tokens import token as audited

AT = datetime(2026, 3, 1, 9, 0, 0, tzinfo=UTC)
MADE = datetime(2026, 3, 1, 9, 30, 0, 120000, tzinfo=UTC)
YEARS = timedelta(days=3650)
WORDS = b"corridor/run/QM\n7\n"
DIGEST = hashlib.sha256(WORDS).digest()

Values = Mapping[str, Asn1]


@dataclass(frozen=True)
class World:
    """Two countries, and whoever trusts both."""

    qm: Authority
    qn: Authority
    trust: TrustStore
    chance: Chance

    def stamp(self, country: str = "QM") -> bytes:
        """An honest reply of a country's authority about WORDS."""
        asked = stamping.request(DIGEST, nonce=77)
        one = self.qm if country == "QM" else self.qn
        return one.timestamping.answer(asked, at=MADE, chance=self.chance.octets)

    def certified(
        self, key: Asn1, extensions: drafts.Extensions, common: str = "QM other authority"
    ) -> x509.Certificate:
        """A certificate under QM's issuing authority that says what it likes."""
        draft = Draft(drafts.name("QM", common), key.public_key(), 4711, AT, AT + YEARS, extensions)
        issuer = Issuer(self.qm.issuing.subject, self.qm._issuing_key)
        return draft.signed(issuer)


def trusting(*authorities: Authority, at: datetime = MADE) -> TrustStore:
    """A store with the lists of each, as of `at`."""
    store = TrustStore()
    for each in authorities:
        store.load_list(each.trust_list(1, AT, AT + YEARS), anchor=each.anchor, at=at)
    for each in authorities:
        for crl in each.crls(at, lifetime=YEARS):
            store.load_crl(crl)
    return store


@pytest.fixture
def world() -> World:
    """Two countries of one seed."""
    qm, qn = (Authority.found(each, AT, Chance(1).octets, YEARS) for each in ("QM", "QN"))
    return World(qm, qn, trusting(qm, qn), Chance(2))


@pytest.fixture
def openssl(tmp_path: Path, world: World) -> Callable[..., bool]:
    """Whether `openssl ts -verify` takes a token of WORDS under QM's root, at the moment it was made."""
    found = shutil.which("openssl")
    if found is None:
        pytest.skip("openssl is not on PATH")

    def takes(token: bytes, *, data: bytes = WORDS, authority: Authority = world.qm, bare: bool = False) -> bool:
        (tmp_path / "root.pem").write_bytes(authority.root.public_bytes(Encoding.PEM))
        (tmp_path / "issuing.pem").write_bytes(authority.issuing.public_bytes(Encoding.PEM))
        (tmp_path / "token").write_bytes(token)
        (tmp_path / "data").write_bytes(data)
        words = ["ts", "-verify", "-data", "data", "-in", "token", "-CAfile", "root.pem", "-untrusted", "issuing.pem"]
        words += ["-attime", str(int(MADE.timestamp())), *(["-token_in"] if bare else [])]
        done = subprocess.run([found, *words], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=15)
        assert ("Verification: OK" in done.stdout) is (done.returncode == 0)
        return done.returncode == 0

    return takes


# -------------------------------------------------------------------------------------------- a hand that makes others


@dataclass(frozen=True)
class Forger:
    """Makes tokens that differ in one thing from what an honest authority makes."""

    certificate: x509.Certificate
    sign: Callable[[bytes], bytes]
    algorithm: str = "sha256_ecdsa"
    brings: tuple[x509.Certificate, ...] | None = None
    cites: x509.Certificate | None = None
    hash: str = "sha256"

    def token(
        self,
        *,
        info: Values | None = None,
        attributes: Callable[[list[Asn1]], list[Asn1]] = list,
        signers: int = 1,
        content: Callable[[bytes], bytes] = bytes,
    ) -> bytes:
        """A bare TimeStampToken."""
        told = content(bytes(tsp.TSTInfo(_info() | dict(info or {})).dump()))
        cited = self.cites or self.certificate
        signed = cms.CMSAttributes(
            attributes(
                [
                    {"type": "content_type", "values": ["tst_info"]},
                    {"type": "message_digest", "values": [hashlib.new(self.hash, told).digest()]},
                    {"type": "signing_certificate_v2", "values": [_cited(cited)]},
                ]
            )
        )
        theirs = _theirs(self.certificate)
        signer = {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number", {"issuer": theirs.issuer, "serial_number": theirs.serial_number}
            ),
            "digest_algorithm": {"algorithm": self.hash},
            "signed_attrs": signed,
            "signature_algorithm": {"algorithm": self.algorithm},
            "signature": self.sign(bytes(signed.dump())),
        }
        brought = [self.certificate] if self.brings is None else self.brings
        data = {
            "version": "v3",
            "digest_algorithms": [{"algorithm": self.hash}],
            "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(told)},
            "certificates": [cms.CertificateChoices("certificate", _theirs(each)) for each in brought],
            "signer_infos": [signer] * signers,
        }
        return bytes(cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(data)}).dump())


def _info() -> dict[str, Asn1]:
    return {
        "version": "v1",
        "policy": stamping.POLICY,
        "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": DIGEST},
        "serial_number": 5,
        "gen_time": MADE,
    }


def _sha1(octets: bytes) -> dict[str, Asn1]:
    return {"hash_algorithm": {"algorithm": "sha1"}, "hashed_message": hashlib.sha1(octets).digest()}  # noqa: S324 - what is refused


def _cited(certificate: x509.Certificate) -> Asn1:
    return tsp.SigningCertificateV2({"certs": [{"cert_hash": certificate.fingerprint(hashes.SHA256())}]})


def _theirs(certificate: x509.Certificate) -> Asn1:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def ecdsa(key: ec.EllipticCurvePrivateKey) -> Callable[[bytes], bytes]:
    """How an ECDSA key signs."""
    return lambda data: key.sign(data, ec.ECDSA(hashes.SHA256()))


def honest(world: World) -> Forger:
    """A forger with QM's own timestamping key, who does nothing wrong unless told to."""
    return Forger(world.qm.timestamping.certificate, ecdsa(world.qm.timestamping.key))


def proved(token: bytes, *, digest: bytes = DIGEST, nonce: int | None = None) -> x509.Certificate:
    """The certificate that a token is proved to be signed with, from those it brings."""
    found = timestamps.read(token)
    return timestamps.proved(found, digest=digest, hash_name="sha256", signers=found.brought, nonce=nonce).certificate


# ----------------------------------------------------------------------------------------------------- the honest twin


def test_a_stamp_is_believed(world: World, openssl: Callable[..., bool]) -> None:
    """A country's authority stamps octets; its trust list says whose stamp that is; openssl and we say the same."""
    token = world.stamp()
    found = stamps.believed(token, of=WORDS, country="QM", trust=world.trust, nonce=77)
    assert (found.time, found.nonce, found.policy) == (MADE, 77, stamping.POLICY)
    assert found.latest - found.earliest == timedelta(milliseconds=2)
    assert openssl(token)
    assert openssl(honest(world).token(), bare=True)
    assert proved(honest(world).token()) == world.qm.timestamping.certificate


def test_the_same_seed_and_moment_make_the_same_stamp(world: World) -> None:
    """Requests, replies, serial numbers: a run can be made again, bit for bit."""
    other = World(world.qm, world.qn, world.trust, Chance(2))
    assert world.stamp() == other.stamp()
    assert world.stamp() != other.stamp("QN")


def test_an_authority_answers_whatever_it_is_asked(world: World) -> None:
    """No request, a weak digest, a foreign policy, an extension: a rejection that says why."""
    weak = {"version": "v1", "message_imprint": {"hash_algorithm": {"algorithm": "sha1"}, "hashed_message": bytes(20)}}
    policy = tsp.TimeStampReq.load(stamping.request(DIGEST, nonce=1)).native | {"req_policy": "1.2.3"}
    extended = {
        **weak,
        "message_imprint": _info()["message_imprint"],
        "extensions": [{"extn_id": "1.2.3", "extn_value": b""}],
    }
    asked = {
        b"no request": "bad_data_format",
        bytes(tsp.TimeStampReq(weak).dump()): "bad_alg",
        bytes(tsp.TimeStampReq({**policy, "message_imprint": _info()["message_imprint"]}).dump()): "unaccepted_policy",
        bytes(tsp.TimeStampReq(extended).dump()): "unaccepted_extensions",
    }
    for request, why in asked.items():
        reply = world.qm.timestamping.answer(request, at=MADE, chance=world.chance.octets)
        assert tsp.PKIStatusInfo.load(core.Sequence.load(reply)[0].dump())["fail_info"].native == {why}
        with pytest.raises(MalformedTimestamp, match="granted none: rejection"):
            timestamps.read(reply)


@pytest.mark.parametrize("kind", ["rsa", "pss", "p384", "p521", "ed25519"])
def test_keys_of_foreign_authorities(world: World, openssl: Callable[..., bool], kind: str) -> None:
    """RSA and the curves that an authority may have chosen are read, by the auditor too; openssl reads what it can."""
    rsa_key = rsa.generate_private_key(65537, 2048)
    curve = ec.generate_private_key(ec.SECP521R1() if kind == "p521" else ec.SECP384R1())
    edwards = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    salted = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    key, sign, algorithm, hash_name = {
        "rsa": (rsa_key, lambda data: rsa_key.sign(data, padding.PKCS1v15(), hashes.SHA512()), "sha512_rsa", "sha512"),
        "pss": (rsa_key, lambda data: rsa_key.sign(data, salted, hashes.SHA256()), "rsassa_pss", "sha256"),
        "p384": (curve, lambda data: curve.sign(data, ec.ECDSA(hashes.SHA384())), "sha384_ecdsa", "sha384"),
        "p521": (curve, lambda data: curve.sign(data, ec.ECDSA(hashes.SHA512())), "sha512_ecdsa", "sha512"),
        "ed25519": (edwards, edwards.sign, "ed25519", "sha512"),
    }[kind]
    certificate = world.certified(key, drafts.for_timestamping())
    forger = Forger(certificate, sign, algorithm, hash=hash_name)
    named: Asn1 = {"hash_algorithm": {"algorithm": "sha256"}, "salt_length": 32}
    named["mask_gen_algorithm"] = {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}}
    token = forger.token() if kind != "pss" else _with_parameters(forger, named)
    assert proved(token) == certificate
    assert openssl(token, bare=True) is (kind not in {"pss", "ed25519"})  # PKCS #7 in openssl 3 knows neither
    reply = core.Sequence(contents=bytes.fromhex("3003020100") + token).dump()
    assert audited("x.tsr", reply, WORDS, [certificate]).at == MADE
    with pytest.raises(NotProved, match="fit"):
        audited("x.tsr", reply[:-1] + bytes((reply[-1] ^ 1,)), WORDS, [certificate])


def _with_parameters(forger: Forger, named: Asn1) -> bytes:
    outer = cms.ContentInfo.load(forger.token())
    signer = outer["content"]["signer_infos"][0]
    signer["signature_algorithm"] = {"algorithm": "rsassa_pss", "parameters": named}
    return bytes(outer.dump(force=True))


def test_the_older_name_of_a_certificate(world: World, openssl: Callable[..., bool]) -> None:
    """SHA-1 that only names the certificate, as authorities wrote before RFC 5816, is no weakness: it is read."""
    certificate = world.qm.timestamping.certificate
    old = tsp.SigningCertificate({"certs": [{"cert_hash": certificate.fingerprint(hashes.SHA1())}]})  # noqa: S303 - the form of RFC 2634
    token = honest(world).token(attributes=lambda all_: [*all_[:2], {"type": "signing_certificate", "values": [old]}])
    assert proved(token) == certificate
    assert openssl(token, bare=True)


# ------------------------------------------------------------------------------------------------------ other readings


def indefinite(octets: bytes, depth: int = 3) -> bytes:
    """The same value as an authority writes it that knows BER only: indefinite lengths, a string in pieces."""
    tag = octets[0]
    if tag == 0x04:
        content = core.OctetString.load(octets).native
        half = len(content) // 2
        return b"\x24\x80" + ber.written(4, content[:half]) + ber.written(4, content[half:]) + b"\0\0"
    if not tag & 0x20 or depth == 0:
        return octets
    return bytes((tag, 0x80)) + b"".join(indefinite(each, depth - 1) for each in ber.inside(octets)) + b"\0\0"


def test_a_token_in_ber(world: World, openssl: Callable[..., bool]) -> None:
    """CMS may come in indefinite lengths: it says the same, to openssl too."""
    plain = honest(world).token()
    loose = indefinite(plain, depth=4)
    assert loose != plain
    assert ber.canonical(loose, largest=timestamps.LARGEST) == plain
    assert proved(loose) == world.qm.timestamping.certificate
    assert openssl(loose, bare=True)


def test_a_reply_with_its_chain_inside(world: World, openssl: Callable[..., bool]) -> None:
    """As `openssl ts -reply -chain` makes it, in whatever order: what is brought along changes nothing."""
    forger = dataclasses.replace(
        honest(world), brings=(world.qm.root, world.qm.timestamping.certificate, world.qm.issuing)
    )
    assert proved(forger.token()) == world.qm.timestamping.certificate
    assert stamps.believed(forger.token(), of=WORDS, country="QM", trust=world.trust).time == MADE
    assert openssl(forger.token(), bare=True)


# ------------------------------------------------------------------------------------------------------------- attacks


def test_a_stamp_of_other_octets(world: World, openssl: Callable[..., bool]) -> None:
    """The digest decides, and the hash it was made with."""
    with pytest.raises(OtherTimestamp, match="of other octets"):
        stamps.believed(world.stamp(), of=WORDS + b"x", country="QM", trust=world.trust)
    assert not openssl(world.stamp(), data=WORDS + b"x")
    found = timestamps.read(world.stamp())
    with pytest.raises(OtherTimestamp, match="not of a sha384 one"):
        timestamps.proved(found, digest=DIGEST, hash_name="sha384", signers=found.brought)


def test_an_answer_to_another_request(world: World) -> None:
    """Nonce and policy, where they were asked for, must come back: else an old stamp would do."""
    found = timestamps.read(world.stamp())
    for asked in ({"nonce": 78}, {"policy": "1.2.3"}):
        with pytest.raises(OtherTimestamp):
            timestamps.proved(found, digest=DIGEST, hash_name="sha256", signers=found.brought, **asked)


def test_a_stamp_of_one_authority_shown_as_anothers(world: World, openssl: Callable[..., bool]) -> None:
    """F70: QN's honest stamp is not QM's."""
    with pytest.raises(UnknownSigner):
        stamps.believed(world.stamp("QN"), of=WORDS, country="QM", trust=world.trust)
    assert not openssl(world.stamp("QN"))
    assert stamps.believed(world.stamp("QN"), of=WORDS, country="QN", trust=world.trust).time == MADE


def test_a_stamp_that_names_another_authority(world: World, openssl: Callable[..., bool]) -> None:
    """F70: signed by one, and inside it says that it is another's."""
    subject = asn1_x509.Name.load(world.qn.timestamping.certificate.subject.public_bytes())
    token = honest(world).token(info={"tsa": asn1_x509.GeneralName("directory_name", subject)})
    with pytest.raises(OtherTimestamp, match="names another authority"):
        proved(token)
    assert not openssl(token, bare=True)


def test_an_injected_authority(world: World, openssl: Callable[..., bool]) -> None:
    """F71: a stranger's certificate and root travel inside the token; neither is believed for being there."""
    stranger = Authority.found("QM", AT, Chance(9).octets, YEARS)
    token = dataclasses.replace(
        Forger(stranger.timestamping.certificate, ecdsa(stranger.timestamping.key)),
        brings=(stranger.timestamping.certificate, stranger.issuing, stranger.root),
    ).token()
    with pytest.raises(UnknownSigner):
        stamps.believed(token, of=WORDS, country="QM", trust=world.trust)
    assert not openssl(token, bare=True)


def test_an_injected_certificate_under_the_true_name(world: World, openssl: Callable[..., bool]) -> None:
    """F71: a second certificate of the same issuer and number, with a thief's key: the signature names the true one."""
    key = drafts.p256_key(Chance(5).octets, "thief")
    true = world.qm.timestamping.certificate
    issuer = Issuer(world.qm.issuing.subject, world.qm._issuing_key)
    twin = Draft(true.subject, key.public_key(), true.serial_number, AT, AT + YEARS, drafts.for_timestamping()).signed(
        issuer
    )
    token = Forger(twin, ecdsa(key), cites=true, brings=(twin, true)).token()
    with pytest.raises(BadSignature):
        proved(token)
    assert not openssl(token, bare=True)
    with pytest.raises(OtherTimestamp, match="another certificate"):
        proved(Forger(true, ecdsa(world.qm.timestamping.key), cites=twin).token())


def extensions(fault: str) -> drafts.Extensions:
    """What a certificate says that is not for timestamps alone."""
    basic, usage, extended = drafts.for_timestamping()
    both = x509.ExtendedKeyUsage([timestamps.TIME_STAMPING, ExtendedKeyUsageOID.CLIENT_AUTH])
    return {
        "not critical": (basic, usage, (extended[0], False)),
        "something else too": (basic, usage, (both, True)),
        "no word of it": (basic, usage),
        "for documents": drafts.for_signing(),
        "keys of an authority": (basic, drafts.for_authority(below=0)[1], extended),
    }[fault]


@pytest.mark.parametrize(
    "fault", ["not critical", "something else too", "no word of it", "for documents", "keys of an authority"]
)
def test_a_certificate_for_something_else(world: World, openssl: Callable[..., bool], fault: str) -> None:
    """RFC 3161, 2.3: critically, and for nothing else."""
    key = drafts.p256_key(Chance(5).octets, "other")
    token = Forger(world.certified(key, extensions(fault)), ecdsa(key)).token()
    with pytest.raises(WrongUsage):
        proved(token)
    assert not openssl(token, bare=True)


def test_signed_attributes_that_do_not_say_what_they_must(world: World, openssl: Callable[..., bool]) -> None:
    """No certificate named, no type, another type, one of them twice: not a timestamp."""
    forger = honest(world)
    other = {"type": "content_type", "values": ["data"]}
    for attributes, taken in (
        (lambda all_: all_[:2], False),
        (lambda all_: all_[1:], True),
        (lambda all_: [other, *all_[1:]], True),
        (lambda all_: [*all_, all_[1]], True),
    ):
        token = forger.token(attributes=attributes)
        with pytest.raises(MalformedTimestamp):
            proved(token)
        assert openssl(token, bare=True) is taken


def test_signed_attributes_in_another_order(world: World, openssl: Callable[..., bool]) -> None:
    """The signature is over DER: attributes that were signed in another order are read in two ways."""
    key = rsa.generate_private_key(65537, 2048)  # its signatures have one length, so that one can replace another
    certificate = world.certified(key, drafts.for_timestamping())
    forger = Forger(certificate, lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256()), "sha256_rsa")
    token = forger.token()
    signer = cms.ContentInfo.load(token)["content"]["signer_infos"][0]
    forwards = signer["signed_attrs"].contents
    backwards = b"".join(reversed(ber.inside(ber.written(0x31, forwards))))
    loose = token.replace(forwards, backwards).replace(
        signer["signature"].native, forger.sign(ber.written(0x31, backwards))
    )
    with pytest.raises(MalformedTimestamp, match="order of DER"):
        proved(loose)
    assert openssl(loose, bare=True)


def test_what_was_signed_is_not_what_stands_there(world: World, openssl: Callable[..., bool]) -> None:
    """Another time, another digest, another signature: altered."""
    plain = world.stamp()
    assert plain.count(b"20260301093000.12Z") == 1
    later = plain.replace(b"20260301093000.12Z", b"20260301093000.13Z")
    with pytest.raises(BadSignature):
        proved(later)
    assert not openssl(later)
    outer = tsp.TimeStampResp.load(plain)
    signer = outer["time_stamp_token"]["content"]["signer_infos"][0]
    signer["signature"] = world.qn.timestamping.key.sign(b"other", ec.ECDSA(hashes.SHA256()))
    with pytest.raises(BadSignature):
        proved(bytes(outer.dump(force=True)))
    assert not openssl(bytes(outer.dump(force=True)))


def test_forms_that_are_no_timestamp(world: World, openssl: Callable[..., bool]) -> None:
    """Two signers or none, a loose time, a critical extension, more octets behind: no timestamp."""
    forger = honest(world)
    extension = {"extensions": [{"extn_id": "1.2.3.4", "critical": True, "extn_value": b"x"}]}
    plain = forger.token()
    wrong = {
        "two signers": (forger.token(signers=2), False),
        "no signer": (forger.token(signers=0), False),
        "a loose time": (forger.token(content=lambda info: info.replace(b".12Z", b".10Z")), True),
        "a critical extension": (forger.token(info=extension), True),
        "an accuracy of 1500 ms": (forger.token(info={"accuracy": {"millis": 1500}}), True),
        "more behind": (plain + b"\0\0", True),
        "cut short": (plain[:-1], False),
        "empty": (b"", False),
        "a certificate": (world.qm.root.public_bytes(Encoding.DER), False),
    }
    for fault, (token, taken) in wrong.items():
        with pytest.raises(MalformedTimestamp):
            timestamps.read(token)
        assert openssl(token, bare=True) is taken, fault


def test_algorithms_that_prove_nothing(world: World, openssl: Callable[..., bool]) -> None:
    """SHA-1 and a short RSA key are unsupported, which is not the same as altered."""
    with pytest.raises(UnsupportedAlgorithm):
        timestamps.read(honest(world).token(info={"message_imprint": _sha1(WORDS)}))
    assert openssl(honest(world).token(info={"message_imprint": _sha1(WORDS)}), bare=True)
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505 - the point of the test
    certificate = world.certified(short, drafts.for_timestamping())
    weak = Forger(certificate, lambda data: short.sign(data, padding.PKCS1v15(), hashes.SHA256()), "sha256_rsa").token()
    with pytest.raises(UnsupportedAlgorithm, match="1024 bits"):
        proved(weak)
    assert openssl(weak, bare=True)
    with pytest.raises(AlgorithmMismatch):
        proved(dataclasses.replace(honest(world), algorithm="sha256_rsa").token())


# --------------------------------------------------------------------------------------------- the authority's own day


def test_a_stamp_before_and_after_its_authoritys_days(world: World) -> None:
    """The authority is asked about at the stamp's own time, not at the time of reading."""
    key, hour = drafts.p256_key(Chance(5).octets, "short"), timedelta(minutes=10)
    subject = world.qm.timestamping.certificate.subject
    draft = Draft(subject, key.public_key(), 9, MADE - hour, MADE + hour, drafts.for_timestamping())
    issuer = Issuer(world.qm.issuing.subject, world.qm._issuing_key)
    short = stamping.TimestampAuthority("QM", key, draft.signed(issuer))
    listed = dataclasses.replace(_listed(world).authorities[0], timestamping=(short.certificate,))
    store = TrustStore()
    store.load_list(
        world.qm.publish(dataclasses.replace(_listed(world), authorities=(listed,))), anchor=world.qm.anchor, at=MADE
    )
    for crl in world.qm.crls(MADE, lifetime=YEARS):
        store.load_crl(crl)

    def stamped(at: datetime) -> datetime:
        token = short.answer(stamping.request(DIGEST, nonce=1), at=at, chance=world.chance.octets)
        return stamps.believed(token, of=WORDS, country="QM", trust=store).time

    assert stamped(MADE) == MADE
    with pytest.raises(NotYetValid):
        stamped(MADE - hour - timedelta(seconds=1))
    with pytest.raises(Expired):
        stamped(MADE + hour + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("reason", "believed"),
    [
        (x509.ReasonFlags.superseded, True),
        (x509.ReasonFlags.cessation_of_operation, True),
        (x509.ReasonFlags.key_compromise, False),
        (x509.ReasonFlags.unspecified, False),
    ],
)
def test_an_authority_withdrawn_later(world: World, reason: x509.ReasonFlags, *, believed: bool) -> None:
    """RFC 3161, 4: after a good end earlier stamps stay good; a stolen key may date back, so none of its does."""
    token = world.stamp()
    later = MADE + timedelta(hours=1)
    world.qm.revoke(world.qm.timestamping.certificate, reason, later)
    trust = trusting(world.qm, at=later)
    if believed:
        assert stamps.believed(token, of=WORDS, country="QM", trust=trust).time == MADE
        return
    with pytest.raises(Revoked):
        stamps.believed(token, of=WORDS, country="QM", trust=trust)


def test_a_list_that_names_no_timestamping_authority(world: World) -> None:
    """A list of before there were timestamps is still a list; it vouches for nobody's stamp."""
    store = TrustStore()
    token = world.qm.publish(dataclasses.replace(_listed(world), authorities=(_without(world),)))
    assert store.load_list(token, anchor=world.qm.anchor, at=MADE).authorities[0].timestamping == ()
    with pytest.raises(UnknownSigner, match="on its trust list"):
        stamps.believed(world.stamp(), of=WORDS, country="QM", trust=store)


def _listed(world: World) -> TrustList:
    return TrustStore().load_list(world.qm.trust_list(1, AT, AT + YEARS), anchor=world.qm.anchor, at=MADE)


def _without(world: World) -> Authorities:
    return dataclasses.replace(_listed(world).authorities[0], timestamping=())


def test_a_document_signer_on_the_list_of_timestamping_authorities(world: World) -> None:
    """Who signs documents does not stamp them: the list as a whole is refused."""
    listed = dataclasses.replace(_listed(world).authorities[0], timestamping=(world.qm.publisher.certificate,))
    token = world.qm.publish(dataclasses.replace(_listed(world), authorities=(listed,)))
    with pytest.raises(WrongUsage):
        TrustStore().load_list(token, anchor=world.qm.anchor, at=MADE)


# ------------------------------------------------------------------------------------------------------------- garbage


_QM = Authority.found("QM", AT, Chance(1).octets, YEARS)
_HONEST = _QM.timestamping.answer(stamping.request(DIGEST, nonce=77), at=MADE, chance=Chance(2).octets)


@given(st.data())
def test_any_octet_changed(data: st.DataObject) -> None:
    """Whatever one octet of a reply becomes, it is refused in a word of ours, or says exactly what it said."""
    at = data.draw(st.integers(0, len(_HONEST) - 1))
    changed = _HONEST[:at] + bytes((data.draw(st.integers(0, 255)),)) + _HONEST[at + 1 :]
    try:
        found = timestamps.read(changed)
        timestamps.proved(found, digest=DIGEST, hash_name="sha256", signers=(_QM.timestamping.certificate,))
    except TrustError:
        return
    assert dataclasses.replace(found, brought=()) == dataclasses.replace(timestamps.read(_HONEST), brought=())


@pytest.mark.parametrize("tag", [7, 8, 9, 11], ids=["object descriptor", "external", "real", "embedded value"])
def test_a_kind_of_value_that_the_library_cannot_read(tag: int) -> None:
    """Wherever such a tag stands, reply and request are answered in a word of ours."""
    asked = stamping.request(DIGEST, nonce=77)
    for at in range(len(_HONEST)):
        with suppress(MalformedTimestamp, UnsupportedAlgorithm):
            timestamps.read(_HONEST[:at] + bytes((tag,)) + _HONEST[at + 1 :])
    for at in range(len(asked)):
        changed = asked[:at] + bytes((tag,)) + asked[at + 1 :]
        assert _QM.timestamping.answer(changed, at=MADE, chance=Chance(2).octets)[:1] == b"0"


@given(st.binary(max_size=300) | st.integers(0, len(_HONEST)).map(lambda end: _HONEST[:end]))
def test_garbage(octets: bytes) -> None:
    """It is refused in a word of ours."""
    if octets == _HONEST:
        return
    with pytest.raises(TrustError):
        timestamps.read(octets)


@pytest.mark.parametrize(
    "octets",
    [
        b"\x30\x80" * 5000,
        b"\x30" * 4000,
        b"\x24\x80" * 3000,
        b"\x30\x84\xff\xff\xff\xff",
        bytes(300_000),
        b"\x1f\x81\x01\x00",
    ],
    ids=["nested", "tags alone", "strings in strings", "a length beyond", "huge", "a long tag"],
)
def test_bombs(octets: bytes) -> None:
    """Deep, long and huge things are refused at once, without a stack that runs over."""
    with pytest.raises(MalformedTimestamp):
        timestamps.read(octets)


def test_the_limit_between() -> None:
    """Eight certificates may stand between and a root above them; with a ninth none is tried, and it says nine."""
    root = Authority.found("QM", AT, Chance(1).octets, YEARS)
    signer, key = root.timestamping.certificate, root._issuing_key
    between = [root.issuing]
    for number in range(stamp_paths.MOST_BETWEEN):
        again = Draft(root.issuing.subject, key.public_key(), number + 1, AT, AT + YEARS, drafts.for_authority(below=0))
        between.append(again.signed(root.root_issuer))
    *enough, _ = between
    assert len(enough) == stamp_paths.MOST_BETWEEN
    assert stamp_paths.vouched(signer, roots=[root.root], between=[*enough, root.root], at=MADE) == signer
    with pytest.raises(BrokenPath, match=r"^9 certificates between; at most 8 take part"):
        stamp_paths.vouched(signer, roots=[root.root], between=[*between, root.root], at=MADE)
