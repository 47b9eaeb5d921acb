"""RFC 3161 timestamps: read one, and prove that a given certificate's key made it, of just these octets.

Nothing that a token brings along is believed: the caller hands in the certificates that may have signed it, and asks
`certs.trust` (or `certs.stamp_paths`) whether the one found was recognised at the stamp's own time. Making timestamps:
certs.stamping.  One reading of BER: certs.ber.  Why this is not a library's work: docs/adr/0056.

    (1) one bounded value, a TimeStampResp that grants a token, or a bare TimeStampToken
    (2) signed data over a TSTInfo in DER, with exactly one signer
    (3) of the octets asked about: hash algorithm and digest; of the request: nonce and policy, where asked
    (4) the signed attributes name content type, digest and the signer's certificate (RFC 5035, RFC 5816)
    (5) the certificate is for timestamping alone, critically (RFC 3161, 2.3), and is the authority that TSTInfo names
    (6) the signature is its key's, under an algorithm we trust
"""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from asn1crypto import cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs import ber
from certs.errors import (
    BadSignature,
    MalformedTimestamp,
    OtherTimestamp,
    UnknownSigner,
    UnsupportedAlgorithm,
    WrongUsage,
)
from certs.identity import UNREADABLE, readable
from certs.stamp_keys import HASHES, Asn1, verify_signature

LARGEST: Final = 256 * 1024
"""Octets of a token; one with its chain inside takes about 6000."""

MOST_BROUGHT: Final = 16
"""Certificates that a token may bring."""

TIME_STAMPING: Final = ExtendedKeyUsageOID.TIME_STAMPING

_GRANTED: Final = frozenset({"granted", "granted_with_mods"})
_MOMENT: Final = re.compile(rb"\d{14}(\.\d{0,5}[1-9])?Z")
_LISTED: Final = ("content_type", "message_digest", "signing_certificate", "signing_certificate_v2")
# What asn1crypto raises on octets that are well-formed BER and not what they should be; what else comes is our defect.
# AttributeError: of some kinds of value, an object descriptor say, the library knows the tag and no more.
_UNREADABLE: Final = (ValueError, TypeError, IndexError, OverflowError, AttributeError)


@dataclass(frozen=True)
class Timestamp:
    """A timestamp as it says of itself. Nobody checked anything until `proved` did."""

    time: datetime
    accuracy: timedelta
    policy: str
    hash: str
    digest: bytes
    nonce: int | None
    serial: int
    brought: tuple[x509.Certificate, ...]
    tsa: bytes | None = field(repr=False)  # GeneralName, DER
    content: bytes = field(repr=False)  # TSTInfo, DER
    attributes: bytes = field(repr=False)  # those that were signed, a SET in DER
    signer: Asn1 = field(repr=False, compare=False)  # cms.SignerInfo: published without types

    @property
    def earliest(self) -> datetime:
        """The first moment at which it can have been made."""
        return self.time - self.accuracy

    @property
    def latest(self) -> datetime:
        """The last moment at which it can have been made: from then on its octets certainly existed."""
        return self.time + self.accuracy


@dataclass(frozen=True)
class Proved:
    """A timestamp that the key in `certificate` made, of the octets asked about. Whose that is: certs.trust."""

    timestamp: Timestamp
    certificate: x509.Certificate


def read(octets: bytes) -> Timestamp:
    """Read a TimeStampResp or a TimeStampToken, in DER or BER. Steps (1) and (2).

    Raises:
        MalformedTimestamp: it is neither, or its authority granted none.
        UnsupportedAlgorithm: the digest in it is of an algorithm that proves nothing any more, or one we do not know.
    """
    try:
        return _read(ber.canonical(octets, largest=LARGEST))
    except _UNREADABLE as error:
        raise MalformedTimestamp(f"no timestamp: {' '.join(str(error).split())[:200]}") from error


def proved(
    timestamp: Timestamp,
    *,
    digest: bytes,
    hash_name: str | None,
    signers: Sequence[x509.Certificate],
    nonce: int | None = None,
    policy: str | None = None,
) -> Proved:
    """Prove that one of `signers` made `timestamp` of the octets with this digest. Steps (3) to (6).

    Args:
        timestamp: as `read` returned it.
        digest: of the octets in question.
        hash_name: the algorithm of `digest`, "sha256" say; None takes the timestamp's own word.
        signers: the certificates that may have made it. None of them is trusted for being here.
        nonce: what the request asked for, if this is the answer to a request of ours.
        policy: the policy asked for, dotted.

    Raises:
        OtherTimestamp: at (3), (4) or (5): of other octets, for another request, by another authority.
        UnknownSigner: none of `signers` is named as its signer.
        WrongUsage: at (5), the certificate may do something else too, or not this.
        MalformedTimestamp: at (4), attributes that RFC 5652 or RFC 3161 does not allow.
        AlgorithmMismatch, UnsupportedAlgorithm, BadSignature: at (6).
    """
    # (3) Of these octets, for this request.
    if hash_name is not None and timestamp.hash != hash_name:
        raise OtherTimestamp(f"a timestamp of a {timestamp.hash} digest, not of a {hash_name} one")
    if timestamp.digest != digest:
        raise OtherTimestamp(f"a timestamp of other octets: {timestamp.digest.hex()}, not {digest.hex()[:128]}")
    if nonce is not None and timestamp.nonce != nonce:
        raise OtherTimestamp("a timestamp for another request: the nonce is not the one asked for")
    if policy is not None and timestamp.policy != policy:
        raise OtherTimestamp(f"a timestamp under policy {timestamp.policy}, not {policy}")
    certificate = _named_signer(timestamp, signers)
    try:
        # (4) What was signed: attributes in the order of DER, each once.
        signed = _attributes(timestamp, certificate)
        # (5) By an authority for timestamps and nothing else, under its own name.
        meant_for_timestamps(certificate)
        _named_authority(timestamp, certificate)
    except _UNREADABLE as error:
        raise MalformedTimestamp(f"its attributes cannot be read: {' '.join(str(error).split())[:200]}") from error
    # (6) Last: all that is said above is worth something only now.
    verify_signature(timestamp.signer, certificate, signed)
    return Proved(timestamp, certificate)


def meant_for_timestamps(certificate: x509.Certificate) -> x509.Certificate:
    """Return `certificate` once it is one of a timestamping authority and of nothing else (RFC 3161, 2.3).

    Raises:
        WrongUsage: it is not, or not only, or does not say so critically.
    """
    named = certificate.subject.rfc4514_string()
    try:
        extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension) as error:
        raise WrongUsage(f"{named} does not say that it is for timestamps: {error}") from error
    if list(extended.value) != [TIME_STAMPING]:
        found = ", ".join(each.dotted_string for each in extended.value)
        raise WrongUsage(f"{named} is meant for {found}; an authority for timestamps is for those alone")
    if not extended.critical:
        raise WrongUsage(f"{named}: its extended key usage is not critical")
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return certificate
    others = usage.key_encipherment, usage.data_encipherment, usage.key_agreement, usage.key_cert_sign, usage.crl_sign
    if any(others) or not (usage.digital_signature or usage.content_commitment):
        raise WrongUsage(f"{named}: its key usage is another than signing")
    return certificate


def _read(octets: bytes) -> Timestamp:
    # (1) The first thing in a reply is a status, in a token an object identifier.
    token = octets if _is_token(octets) else _granted(octets)
    outer = cms.ContentInfo.load(token, strict=True)
    if outer["content_type"].native != "signed_data":
        raise ValueError(f"content of type {outer['content_type'].native}, not signed data")
    signed = outer["content"]
    inner = signed["encap_content_info"]
    if signed["version"].native != "v3" or inner["content_type"].native != "tst_info":
        raise ValueError(f"signed data {signed['version'].native} over {inner['content_type'].native}, not a TSTInfo")
    # (2) One signer: with two, two readers may look at different ones.
    if len(signed["signer_infos"]) != 1:
        raise ValueError(f"{len(signed['signer_infos'])} signers, not one")
    content = inner["content"].contents
    if content is None or ber.canonical(content, largest=LARGEST) != content:
        raise ValueError("the TSTInfo is absent, or not in DER")
    signer = signed["signer_infos"][0]
    info = tsp.TSTInfo.load(content, strict=True)
    _ = info.native, signer["sid"].native, signer["signature"].native  # parsed to the end, here and not later
    return _told(info, content, signer, _signed_attributes(token), _brought(signed["certificates"]))


def _is_token(octets: bytes) -> bool:
    # After `canonical`: tag, length, and the tag of the first element.
    size = 2 if octets[1] < 0x80 else 2 + (octets[1] & 0x7F)
    return octets[0] == 0x30 and octets[size : size + 1] == b"\x06"


def _granted(octets: bytes) -> bytes:
    """The token in a reply that grants one."""
    parts = ber.inside(octets)
    status = tsp.PKIStatusInfo.load(parts[0], strict=True)
    if status["status"].native not in _GRANTED:
        said = "; ".join(status["status_string"].native or ())
        raise ValueError(f"the authority granted none: {status['status'].native} {said}")
    if len(parts) != 2:
        raise ValueError(f"a reply of {len(parts)} parts, not a status and a token")
    return parts[1]


def _signed_attributes(token: bytes) -> bytes:
    """The signed attributes as they stand in the token: the library puts them in order when it looks at them."""
    data = ber.inside(ber.inside(token)[1])[0]
    signer = ber.inside(ber.inside(data)[-1])[0]
    for each in ber.inside(signer):
        if each[0] == 0xA0:
            return b"\x31" + each[1:]
    raise ValueError("no signed attributes")


def _told(
    info: Asn1, content: bytes, signer: Asn1, attributes: bytes, brought: tuple[x509.Certificate, ...]
) -> Timestamp:
    if info["version"].native != "v1":
        raise ValueError(f"a TSTInfo of version {info['version'].native}")
    for extension in info["extensions"] or ():
        if extension["critical"].native:
            raise ValueError(f"a critical extension that we do not know: {extension['extn_id'].dotted}")
    imprint = info["message_imprint"]
    name, digest = imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native
    if name not in HASHES:
        raise UnsupportedAlgorithm(f"a timestamp of a {name} digest")
    if len(digest) != HASHES[name].digest_size:
        raise ValueError(f"a {name} digest of {len(digest)} octets")
    if not _MOMENT.fullmatch(info["gen_time"].contents):
        raise ValueError("its time is not in the one spelling of RFC 3161, 2.4.2")
    tsa = info["tsa"]
    return Timestamp(
        time=info["gen_time"].native,
        accuracy=_accuracy(info["accuracy"]),
        policy=info["policy"].dotted,
        hash=name,
        digest=digest,
        nonce=info["nonce"].native,
        serial=info["serial_number"].native,
        brought=brought,
        tsa=None if isinstance(tsa, core.Void) else _general_name(tsa),
        content=content,
        attributes=attributes,
        signer=signer,
    )


def _accuracy(found: Asn1) -> timedelta:
    if isinstance(found, core.Void):
        return timedelta(0)
    millis, micros = found["millis"].native or 0, found["micros"].native or 0
    whole = found["seconds"].native or 0
    if not (0 <= millis < 1000 and 0 <= micros < 1000 and 0 <= whole < 2**31):
        raise ValueError("an accuracy that is none")
    return timedelta(seconds=whole, milliseconds=millis, microseconds=micros)


def _brought(found: Asn1) -> tuple[x509.Certificate, ...]:
    if isinstance(found, core.Void):
        return ()
    if len(found) > MOST_BROUGHT:
        raise ValueError(f"it brings {len(found)} certificates")
    read = []
    for each in found:
        # One that cannot be read signs nothing and vouches for nothing; it does not spoil a stamp either. What the
        # library only warns of (a serial number of 0, a country of three letters) it will soon not read at all.
        with suppress(*UNREADABLE, Warning), warnings.catch_warnings():
            warnings.simplefilter("error")
            read.append(readable(x509.load_der_x509_certificate(each.chosen.dump())))
    return tuple(read)


def _named_signer(timestamp: Timestamp, signers: Sequence[x509.Certificate]) -> x509.Certificate:
    """The one of `signers` that the token names: by issuer and number or by key identifier, then by its digest."""
    named = [each for each in signers if _names(timestamp.signer["sid"], each)]
    if not named:
        raise UnknownSigner("none of the certificates at hand is named as the signer of the timestamp")
    if len(named) == 1:
        return named[0]
    # Two certificates under one issuer and number are somebody's trick; which of them was meant is said by (4).
    return next((each for each in named if _is_cited(timestamp, each)), named[0])


def _names(sid: Asn1, certificate: x509.Certificate) -> bool:
    if sid.name == "issuer_and_serial_number":
        serial, issuer = sid.chosen["serial_number"].native, sid.chosen["issuer"].dump()
        return bool(certificate.serial_number == serial and certificate.issuer.public_bytes() == issuer)
    try:
        key = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return False
    return bool(key == sid.chosen.native)


def _is_cited(timestamp: Timestamp, certificate: x509.Certificate) -> bool:
    try:
        _attributes(timestamp, certificate)
    except (OtherTimestamp, MalformedTimestamp, UnsupportedAlgorithm, *_UNREADABLE):
        return False
    return True


def _attributes(timestamp: Timestamp, certificate: x509.Certificate) -> bytes:
    """The octets that were signed, once they say what they must (RFC 5652, 5.4 and 11; RFC 5816, 2)."""
    elements = ber.inside(timestamp.attributes)
    if elements != sorted(elements):
        raise MalformedTimestamp("the signed attributes are not in the order of DER")
    found: dict[str, Asn1] = {}
    for each in cms.CMSAttributes.load(timestamp.attributes, strict=True):
        name = each["type"].native
        if name in _LISTED:
            if name in found or len(each["values"]) != 1:
                raise MalformedTimestamp(f"the attribute {name} stands there twice")
            found[name] = each["values"][0]
    if "content_type" not in found or found["content_type"].native != "tst_info":
        raise MalformedTimestamp("the signed attributes do not say that this is a timestamp")
    name = timestamp.signer["digest_algorithm"]["algorithm"].native
    if name not in HASHES:
        raise UnsupportedAlgorithm(f"signed over a {name} digest")
    content = hashlib.new(name, timestamp.content).digest()
    if "message_digest" not in found or found["message_digest"].native != content:
        raise BadSignature("what the authority signed is not the time and digest that stand here")
    _cites(found, certificate)
    return timestamp.attributes


def _cites(found: dict[str, Asn1], certificate: x509.Certificate) -> None:
    """The certificate is inside the signature: another one under the same key is another authority (RFC 5035, 4)."""
    der = certificate.public_bytes(Encoding.DER)
    cited = [found[name]["certs"][0] for name in _LISTED[2:] if name in found]
    if not cited:
        raise MalformedTimestamp("the signed attributes do not name the authority's certificate")
    for each in cited:
        # SHA-1 in the older form names one certificate among those at hand, and vouches for nothing (RFC 2634, 5.4.1).
        name = each["hash_algorithm"]["algorithm"].native if "hash_algorithm" in each.native else "sha1"
        if name not in HASHES and not (name == "sha1" and "hash_algorithm" not in each.native):
            raise UnsupportedAlgorithm(f"the authority's certificate is named by a {name} digest")
        if each["cert_hash"].native != hashlib.new(name, der).digest():
            raise OtherTimestamp("another certificate than the one it was signed with is named inside the signature")
        where = each["issuer_serial"]
        if where.native is not None and (
            where["serial_number"].native != certificate.serial_number
            or [_general_name(one) for one in where["issuer"]] != [certificate.issuer.public_bytes()]
        ):
            raise OtherTimestamp("issuer and number inside the signature are another certificate's")


def _named_authority(timestamp: Timestamp, certificate: x509.Certificate) -> None:
    """The `tsa` that the token names, if it does, is one of the certificate's own names (RFC 3161, 2.4.2)."""
    named = timestamp.tsa
    if named is None or named == certificate.subject.public_bytes():
        return
    others: list[bytes] = []
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            others = [_general_name(one) for one in asn1_x509.GeneralNames.load(extension.value.public_bytes())]
    if named not in others:
        raise OtherTimestamp("the timestamp names another authority than the one that signed it")


def _general_name(name: Asn1) -> bytes:
    """A directory name as the Name that certificates hold, any other as it stands."""
    return bytes(name.chosen.untag().dump() if name.name == "directory_name" else name.chosen.dump())
