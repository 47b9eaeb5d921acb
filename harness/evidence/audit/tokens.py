"""The second reader's own reading of RFC 3161 timestamps: one reply in DER, with the few forms that a bundle may hold.

Narrow on purpose: ECDSA, Ed25519 or RSA, SHA-2, one signer, no BER. Whatever a reply brings along is passed over; the
certificates that may have signed it are handed in. Whether one of them was good then: harness.evidence.audit.chains.
Sources: RFC 3161, 2.4.2; RFC 5652, 5; RFC 5816; RFC 4055, 3 and 5; ITU-T X.690, 10.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from harness.errors import NotProved

Element: TypeAlias = tuple[int, bytes, bytes]
"""Tag, content, and the whole of it."""

_SIGNED_DATA: Final = bytes.fromhex("2a864886f70d010702")
_TST_INFO: Final = bytes.fromhex("2a864886f70d0109100104")
_CONTENT_TYPE: Final = bytes.fromhex("2a864886f70d010903")
_MESSAGE_DIGEST: Final = bytes.fromhex("2a864886f70d010904")
_SIGNING_CERTIFICATE_V2: Final = bytes.fromhex("2a864886f70d010910022f")
_HASHES: Final = {
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}
_ECDSA: Final[dict[bytes, hashes.HashAlgorithm]] = {
    bytes.fromhex("2a8648ce3d040302"): hashes.SHA256(),
    bytes.fromhex("2a8648ce3d040303"): hashes.SHA384(),
    bytes.fromhex("2a8648ce3d040304"): hashes.SHA512(),
}
_ED25519: Final = bytes.fromhex("2b6570")
_OVER: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_RSA: Final = {
    bytes.fromhex("2a864886f70d010101"): None,  # over the digest that the signer names
    bytes.fromhex("2a864886f70d01010b"): "sha256",
    bytes.fromhex("2a864886f70d01010c"): "sha384",
    bytes.fromhex("2a864886f70d01010d"): "sha512",
}
_PSS: Final = bytes.fromhex("2a864886f70d01010a")
_MGF1: Final = bytes.fromhex("2a864886f70d010108")
_LEAST_BITS: Final = 2048  # of an RSA key; NIST SP 800-131A, table 2
_MOMENT: Final = re.compile(rb"(\d{14})(?:\.(\d{0,5}[1-9]))?Z")
_INTEGER, _OCTETS, _OID, _SEQUENCE, _SET, _TIME = 0x02, 0x04, 0x06, 0x30, 0x31, 0x18
_FIRST, _SECOND, _THIRD = 0xA0, 0xA1, 0xA2


@dataclass(frozen=True, slots=True)
class Token:
    """A timestamp that the key in `certificate` made of the octets asked about: its time, and how exact that is."""

    at: datetime
    accuracy: timedelta
    certificate: x509.Certificate


def token(name: str, data: bytes, octets: bytes, signers: Iterable[x509.Certificate]) -> Token:
    """Read the reply in file `name` and check that one of `signers` made it, of these octets.

    Raises:
        NotProved: it is no such reply, of other octets, or signed by nobody of them.
    """
    try:
        content, signer = _signed(name, data)
        at, accuracy = _info(name, content, octets)
        certificate = _signer(name, signer, signers)
        _checked(name, signer, content, certificate)
    except (IndexError, KeyError, ValueError, OverflowError) as error:
        raise NotProved(f"{name}: is no timestamp (RFC 3161): {error}") from error
    return Token(at, accuracy, certificate)


def _signed(name: str, data: bytes) -> tuple[bytes, Sequence[Element]]:
    """The signed TSTInfo, and the one signer's parts."""
    ((_, reply, _),) = _items(data, _SEQUENCE)
    status, *rest = _items(reply)
    if _items(status[1])[0][:2] not in ((_INTEGER, b"\0"), (_INTEGER, b"\1")) or len(rest) != 1:
        raise NotProved(f"{name}: its authority granted no timestamp")
    kind, carried = _items(rest[0][1], _OID, _FIRST)
    ((_, signed, _),) = _items(carried[1], _SEQUENCE)
    version, _, inner, *others, signers = _items(signed)
    said, wrapped = _items(inner[1], _OID, _FIRST)
    ((_, content, _),) = _items(wrapped[1], _OCTETS)
    if (kind[1], version[1], said[1]) != (_SIGNED_DATA, b"\3", _TST_INFO) or any(
        each[0] not in (_FIRST, _SECOND) for each in others
    ):
        raise NotProved(f"{name}: is no signed TSTInfo")
    ((_, signer, _),) = _items(signers[1], _SEQUENCE)
    return content, _items(signer)


def _info(name: str, content: bytes, octets: bytes) -> tuple[datetime, timedelta]:
    ((_, info, _),) = _items(content, _SEQUENCE)
    version, _, imprint, _, moment, *rest = _items(info)
    algorithm, digest = _items(imprint[1], _SEQUENCE, _OCTETS)
    if _HASHES.get(_items(algorithm[1])[0][1]) != "sha256" or digest[1] != hashlib.sha256(octets).digest():
        raise NotProved(f"{name}: a timestamp of other octets")
    written = _MOMENT.fullmatch(moment[1])
    if version[1] != b"\1" or moment[0] != _TIME or written is None:
        raise NotProved(f"{name}: its time is not in the one spelling of RFC 3161")
    if any(tag == _SECOND for tag, _, _ in rest):
        raise NotProved(f"{name}: a timestamp with extensions, which we do not read")
    micros = int((written[2] or b"0").ljust(6, b"0"))
    at = datetime.strptime(written[1].decode(), "%Y%m%d%H%M%S").replace(microsecond=micros, tzinfo=UTC)
    accuracy = timedelta(0)
    for tag, value, _ in _items(rest[0][1]) if rest and rest[0][0] == _SEQUENCE else ():
        amount = int.from_bytes(value, "big", signed=True)
        if amount < 0:
            raise NotProved(f"{name}: an accuracy that is none")
        unit = {_INTEGER: "seconds", 0x80: "milliseconds", 0x81: "microseconds"}[tag]
        accuracy += timedelta(**{unit: amount})
    return at, accuracy


def _signer(name: str, signer: Sequence[Element], signers: Iterable[x509.Certificate]) -> x509.Certificate:
    """The one of `signers` that is named by issuer and number."""
    issuer, number = _items(signer[1][1], _SEQUENCE, _INTEGER)
    serial = int.from_bytes(number[1], "big", signed=True)
    for each in signers:
        if each.issuer.public_bytes() == issuer[2] and each.serial_number == serial:
            return each
    raise NotProved(f"{name}: signed by none of the timestamping authorities on that country's trust list")


def _checked(name: str, signer: Sequence[Element], content: bytes, certificate: x509.Certificate) -> None:
    """The signed attributes say what they must, and the signature over them is the certificate's key's."""
    _, _, digested, attributes, signed_with, signature = signer[:6]
    hash_name = _HASHES.get(_items(digested[1])[0][1])
    if hash_name is None or attributes[0] != _FIRST or signature[0] != _OCTETS:
        raise NotProved(f"{name}: signed in a way that we do not read")
    listed = _items(attributes[1])
    if [each[2] for each in listed] != sorted(each[2] for each in listed):
        raise NotProved(f"{name}: its signed attributes are not in the order of DER")
    said: dict[bytes, bytes] = {}
    for _, attribute, _ in listed:
        kind, values = _items(attribute, _OID, _SET)
        ((_, _, value),) = _items(values[1])
        if kind[1] in said:
            raise NotProved(f"{name}: says one thing twice")
        said[kind[1]] = value
    digest = hashlib.new(hash_name, content).digest()
    if said.get(_CONTENT_TYPE) != b"\x06" + bytes((len(_TST_INFO),)) + _TST_INFO:
        raise NotProved(f"{name}: was not signed as a timestamp")
    if said.get(_MESSAGE_DIGEST) != b"\x04" + bytes((len(digest),)) + digest:
        raise NotProved(f"{name}: what its authority signed is not what stands there")
    _cited(name, said.get(_SIGNING_CERTIFICATE_V2, b""), certificate)
    covered = bytes((_SET,)) + attributes[2][1:]
    _fits(name, certificate, _items(signed_with[1]), hash_name, signature[1], covered)


def _cited(name: str, value: bytes, certificate: x509.Certificate) -> None:
    """The certificate is named inside the signature (RFC 5816): SHA-256, unless another hash is said."""
    ((_, citing, _),) = _items(value, _SEQUENCE)
    ((_, first, _), *_) = _items(_items(citing)[0][1])
    parts = _items(first)
    hash_name: str | None = "sha256"
    if parts[0][0] == _SEQUENCE:
        hash_name = _HASHES.get(_items(parts.pop(0)[1])[0][1])
    digest = certificate.public_bytes(Encoding.DER)
    if hash_name is None or parts[0][1] != hashlib.new(hash_name, digest).digest():
        raise NotProved(f"{name}: another certificate than its authority's is named inside the signature")


def _fits(
    name: str,
    certificate: x509.Certificate,
    signed_with: Sequence[Element],
    hash_name: str,
    signature: bytes,
    covered: bytes,
) -> None:
    key, algorithm = certificate.public_key(), signed_with[0][1]
    try:
        if isinstance(key, ed25519.Ed25519PublicKey) and algorithm == _ED25519:
            key.verify(signature, covered)
            return
        if isinstance(key, ec.EllipticCurvePublicKey) and algorithm in _ECDSA:
            key.verify(signature, covered, ec.ECDSA(_ECDSA[algorithm]))
            return
        if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_BITS and algorithm in (_PSS, *_RSA):
            if algorithm == _PSS:
                key.verify(signature, covered, *_salted(signed_with[1][1]))
            else:
                key.verify(signature, covered, padding.PKCS1v15(), _OVER[_RSA[algorithm] or hash_name])
            return
    except InvalidSignature as error:
        raise NotProved(f"{name}: the signature does not fit, or is another authority's") from error
    raise NotProved(f"{name}: signed with an algorithm that is not its authority's")


def _salted(parameters: bytes) -> tuple[padding.PSS, hashes.HashAlgorithm]:
    """What RSASSA-PSS is told: digest, mask and salt, each of them (the defaults are SHA-1's)."""
    over, mask, salt = _items(parameters, _FIRST, _SECOND, _THIRD)
    ((_, digest, _),), ((_, masking, _),) = _items(over[1], _SEQUENCE), _items(mask[1], _SEQUENCE)
    kind, masked = _items(masking, _OID, _SEQUENCE)
    if kind[1] != _MGF1:
        raise ValueError("a mask of an unknown kind")
    ((_, length, _),) = _items(salt[1], _INTEGER)
    mgf = padding.MGF1(_OVER[_HASHES[_items(masked[1])[0][1]]])
    return padding.PSS(mgf, int.from_bytes(length)), _OVER[_HASHES[_items(digest)[0][1]]]


def _items(content: bytes, *tags: int) -> list[Element]:
    """The elements one after the other, in DER; of just these tags where any are given."""
    found: list[Element] = []
    at = 0
    while at < len(content):
        tag, size, start = content[at], content[at + 1], at + 2
        if size > 0x80:
            start += size - 0x80
            size = int.from_bytes(content[at + 2 : start], "big")
            if size < 0x80 or content[at + 2] == 0:
                raise ValueError(f"a length that is not the shortest, at octet {at}")
        elif size == 0x80:
            raise ValueError(f"an indefinite length, at octet {at}")
        end = start + size
        if end > len(content):
            raise ValueError(f"cut short, at octet {at}")
        found.append((tag, content[start:end], content[at:end]))
        at = end
    if tags and tuple(tag for tag, _, _ in found) != tags:
        raise ValueError("not the parts it must have")
    return found
