"""A timestamping authority of the rehearsal: answers RFC 3161 requests, and makes them.

Same key, same moment, same chance: same octets. Believing a timestamp: certs.timestamps and certs.trust.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Final, Self

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from certs import ber, drafts, keyfiles
from certs.errors import BrokenPath, UnsupportedAlgorithm
from certs.identity import bearer
from certs.stamp_keys import HASHES, Asn1
from certs.timestamps import LARGEST, meant_for_timestamps

POLICY: Final = "2.25.122908989597089580120286592612165065096"
"""The policy of a rehearsal's timestamps: nobody audits it. An OID made of a UUID (X.667), ours alone."""

_SEQUENCE, _SET, _OCTETS, _CONTEXT_0 = 0x30, 0x31, 0x04, 0xA0  # tags (X.690, 8.1.2)
_VERSION_1: Final = bytes(core.Integer(1).dump())
_VERSION_3: Final = bytes(core.Integer(3).dump())
_SHA256: Final = bytes(algos.DigestAlgorithm({"algorithm": "sha256"}).dump())
_SHA256_ECDSA: Final = bytes(algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}).dump())
_TST_INFO: Final = bytes(cms.ContentType("tst_info").dump())
_SIGNED_DATA: Final = bytes(cms.ContentType("signed_data").dump())
_MESSAGE_DIGEST: Final = bytes(cms.CMSAttributeType("message_digest").dump())
_GRANTED: Final = bytes(tsp.PKIStatusInfo({"status": "granted"}).dump())
_ECDSA: Final = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_UNREADABLE: Final = (ValueError, TypeError, KeyError, IndexError, OverflowError, AttributeError)


def request(digest: bytes, *, nonce: int, hash_name: str = "sha256") -> bytes:
    """A TimeStampReq (RFC 3161, 2.4.1) that asks for the authority's certificate too."""
    asked = tsp.TimeStampReq(
        {"version": "v1", "message_imprint": _imprint(hash_name, digest), "nonce": nonce, "cert_req": True}
    )
    return bytes(asked.dump())


@dataclass(frozen=True, slots=True)
class _Fixed:
    """Parts of a SignedData, DER: the signer's name, all signed attributes but the digest, the certificates."""

    signer: bytes
    attributes: tuple[bytes, ...]
    certificates: bytes


@dataclass(frozen=True)
class TimestampAuthority:
    """A country's timestamping authority: its key, and the certificate that its trust list names."""

    country: str
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate

    def answer(self, asked: bytes, *, at: datetime, chance: drafts.Octets) -> bytes:
        """The TimeStampResp to a TimeStampReq, both DER: a timestamp of the moment `at`, or a rejection that says why.

        Args:
            asked: the request. Whatever it holds, there is an answer.
            at: the moment, cut to milliseconds.
            chance: where serial numbers come from.
        """
        try:
            asking = tsp.TimeStampReq.load(ber.canonical(asked, largest=LARGEST), strict=True)
            _ = asking.native
        except _UNREADABLE:
            return _rejected("bad_data_format", "no request as RFC 3161, 2.4.1 has it")
        name = asking["message_imprint"]["hash_algorithm"]["algorithm"].native
        digest = asking["message_imprint"]["hashed_message"].native
        if name not in HASHES or len(digest) != HASHES[name].digest_size:
            return _rejected("bad_alg", f"a {name} digest of {len(digest)} octets")
        if asking["req_policy"].native is not None and asking["req_policy"].dotted != POLICY:
            return _rejected("unaccepted_policy", f"policy {asking['req_policy'].dotted}")
        if asking["extensions"].native:
            return _rejected("unaccepted_extensions", "a request with extensions")
        info = self._info(name, digest, asking["nonce"].native, at, chance)
        token = self._signed(bytes(info.dump()), brings=bool(asking["cert_req"].native))
        return ber.written(_SEQUENCE, _GRANTED + token)

    def save(self, folder: Path) -> None:
        """Write key.pem (0600) and certificate.pem into `folder` (0700)."""
        keyfiles.private_folder(folder)
        keyfiles.write_key(folder / "key.pem", self.key)
        keyfiles.write_certificate(folder / "certificate.pem", self.certificate)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BrokenPath: the key is not the certificate's.
            UnsupportedAlgorithm: not a P-256 key.
            WrongUsage: a certificate for something else.
        """
        key, certificate = keyfiles.read_key(folder / "key.pem"), keyfiles.read_certificate(folder / "certificate.pem")
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise UnsupportedAlgorithm("the key of our timestamping authorities is P-256")
        if key.public_key() != certificate.public_key():
            raise BrokenPath(f"{folder.name}: the key is not the one in the certificate")
        return cls(bearer(meant_for_timestamps(certificate))[0], key, certificate)

    def _info(self, name: str, digest: bytes, nonce: int | None, at: datetime, chance: drafts.Octets) -> Asn1:
        moment = at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)
        told: dict[str, Asn1] = {
            "version": "v1",
            "policy": POLICY,
            "message_imprint": _imprint(name, digest),
            "serial_number": drafts.serial(chance, f"certs/{self.country}/timestamp/serial"),
            "gen_time": moment,
            "accuracy": {"millis": 1},  # the step of the rehearsal's clock
            "tsa": asn1_x509.GeneralName(
                "directory_name", asn1_x509.Name.load(self.certificate.subject.public_bytes())
            ),
        }
        if nonce is not None:
            told["nonce"] = nonce
        return tsp.TSTInfo(told)

    @cached_property
    def _fixed(self) -> _Fixed:
        """What is the same in each of its tokens: made once, for it takes longer than all the rest."""
        theirs = asn1_x509.Certificate.load(self.certificate.public_bytes(Encoding.DER))
        named = cms.IssuerAndSerialNumber({"issuer": theirs.issuer, "serial_number": theirs.serial_number})
        cited = tsp.SigningCertificateV2({"certs": [{"cert_hash": self.certificate.fingerprint(hashes.SHA256())}]})
        return _Fixed(
            signer=bytes(named.dump()),
            attributes=tuple(
                bytes(cms.CMSAttribute({"type": name, "values": [value]}).dump())
                for name, value in (("content_type", "tst_info"), ("signing_certificate_v2", cited))
            ),
            certificates=ber.written(_CONTEXT_0, bytes(theirs.dump())),
        )

    def _signed(self, content: bytes, *, brings: bool) -> bytes:
        """The ContentInfo around a TSTInfo, DER (RFC 5652, 5.1 and 5.3; RFC 3161, 2.4.2)."""
        digest = _MESSAGE_DIGEST + ber.written(_SET, ber.written(_OCTETS, hashlib.sha256(content).digest()))
        # In DER a set is sorted by its encodings (X.690, 11.6). It is signed as a set, and stands there under a tag.
        attributes = b"".join(sorted((*self._fixed.attributes, ber.written(_SEQUENCE, digest))))
        signer = (
            _VERSION_1
            + self._fixed.signer
            + _SHA256
            + ber.written(_CONTEXT_0, attributes)
            + _SHA256_ECDSA
            + ber.written(_OCTETS, self.key.sign(ber.written(_SET, attributes), _ECDSA))
        )
        signed = (
            _VERSION_3
            + ber.written(_SET, _SHA256)
            + ber.written(_SEQUENCE, _TST_INFO + ber.written(_CONTEXT_0, ber.written(_OCTETS, content)))
            # Only its own: with its chain inside, some strict readers refuse the reply as not in DER (docs/wire.md, 7).
            + (self._fixed.certificates if brings else b"")
            + ber.written(_SET, ber.written(_SEQUENCE, signer))
        )
        return ber.written(_SEQUENCE, _SIGNED_DATA + ber.written(_CONTEXT_0, ber.written(_SEQUENCE, signed)))


def _imprint(name: str, digest: bytes) -> dict[str, object]:
    return {"hash_algorithm": {"algorithm": name}, "hashed_message": digest}


def _rejected(failure: str, why: str) -> bytes:
    status = {"status": "rejection", "status_string": [why], "fail_info": {failure}}
    return ber.written(0x30, bytes(tsp.PKIStatusInfo(status).dump()))
