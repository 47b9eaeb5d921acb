"""Certificates that the library will not make: keys for SM2 and GOST, a curve spelt out, a broken hash.

A certificate made by the library is taken apart, one part is replaced, and an authority signs it again. Only the
misfits need this: nothing that is issued to be believed comes from here, and nothing is believed here.
Sources: RFC 5280, 4.1; RFC 5480; GB/T 32918.5 (SM2); RFC 9215 and RFC 4357, 11.4 (GOST); X9.62 (ECParameters).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from asn1crypto import core, parser
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from certs.drafts import Issuer

_SEQUENCE, _UNIVERSAL, _CONSTRUCTED = 16, 0, 1
_ALGORITHM, _PUBLIC_KEY = 2, 6  # the places of both in a TBSCertificate that says its version


@dataclass(frozen=True)
class Curve:
    """A short Weierstrass curve over a prime field, with a base point of prime order; `octets` a coordinate takes."""

    p: int
    a: int
    b: int
    x: int
    y: int
    order: int
    octets: int = 32

    def times(self, secret: int) -> tuple[int, int]:
        """The base point, `secret` times, by doubling and adding: slow, and no place for a secret that matters."""
        found: tuple[int, int] | None = None
        point = self.x, self.y
        while secret:
            if secret & 1:
                found = point if found is None else self._sum(found, point)
            point = self._sum(point, point)
            secret >>= 1
        return found or (self.x, self.y)

    def holds(self, x: int, y: int) -> bool:
        """Whether a point lies on the curve."""
        return (y * y - x**3 - self.a * x - self.b) % self.p == 0

    def _sum(self, one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
        # Never a point and its negative: both are small multiples of a point of prime order.
        if one == other:
            slope = (3 * one[0] ** 2 + self.a) * pow(2 * one[1], -1, self.p)
        else:
            slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, self.p)
        x = (slope * slope - one[0] - other[0]) % self.p
        return x, (slope * (one[0] - x) - one[1]) % self.p


P256: Final = Curve(
    p=0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
    a=0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC,
    b=0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    x=0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    y=0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    order=0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
)
SM2: Final = Curve(
    p=0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF,
    a=0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC,
    b=0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93,
    x=0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    y=0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
    order=0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123,
)
GOST: Final = Curve(  # id-GostR3410-2001-CryptoPro-A
    p=2**256 - 617,
    a=2**256 - 620,
    b=166,
    x=1,
    y=0x8D91E471E0989CDA27DF505A453F2B7635294F2DDF23E3B122ACC99C9E9F1E14,
    order=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF6C611070995AD10045841B09B761B893,
)


def sm2_key(secret: int) -> bytes:
    """The SubjectPublicKeyInfo (DER) of an SM2 key: an EC key on the curve sm2p256v1."""
    x, y = SM2.times(secret % (SM2.order - 1) + 1)
    algorithm = _sequence(_oid("1.2.840.10045.2.1"), _oid("1.2.156.10197.1.301"))
    return _sequence(algorithm, _bits(_uncompressed(x, y)))


def gost_key(secret: int) -> bytes:
    """The SubjectPublicKeyInfo (DER) of a GOST R 34.10-2012 key, 256 bits (RFC 9215, 4.2: coordinates turned)."""
    x, y = GOST.times(secret % (GOST.order - 1) + 1)
    parameters = _sequence(_oid("1.2.643.2.2.35.1"), _oid("1.2.643.7.1.1.2.2"))
    turned = x.to_bytes(32, "little") + y.to_bytes(32, "little")
    return _sequence(_sequence(_oid("1.2.643.7.1.1.1.1"), parameters), _bits(core.OctetString(turned).dump()))


def spelt_out(key: ec.EllipticCurvePublicKey) -> bytes:
    """The SubjectPublicKeyInfo (DER) of a P-256 key whose curve is spelt out, which RFC 5480, 2.1.1 forbids."""
    numbers = key.public_numbers()
    field = _sequence(_oid("1.2.840.10045.1.1"), core.Integer(P256.p).dump())
    curve = _sequence(_octets(P256.a), _octets(P256.b))
    base = core.OctetString(_uncompressed(P256.x, P256.y)).dump()
    version, order, cofactor = core.Integer(1).dump(), core.Integer(P256.order).dump(), core.Integer(1).dump()
    algorithm = _sequence(_oid("1.2.840.10045.2.1"), _sequence(version, field, curve, base, order, cofactor))
    return _sequence(algorithm, _bits(_uncompressed(numbers.x, numbers.y)))


def with_key(certificate: x509.Certificate, key: bytes, issuer: Issuer) -> x509.Certificate:
    """The same certificate for another key (SubjectPublicKeyInfo, DER), signed by `issuer` as always."""
    parts = _parts(certificate)
    parts[_PUBLIC_KEY] = key
    return _signed(parts, issuer, hashes.SHA256())


def with_sha1(certificate: x509.Certificate, issuer: Issuer) -> x509.Certificate:
    """The same certificate, signed by `issuer` over SHA-1."""
    parts = _parts(certificate)
    parts[_ALGORITHM] = _sequence(_oid("1.2.840.10045.4.1"))  # ecdsa-with-SHA1
    return _signed(parts, issuer, hashes.SHA1())  # noqa: S303 - that it is broken is the point


def _parts(certificate: x509.Certificate) -> list[bytes]:
    return list(_elements(parser.parse(certificate.tbs_certificate_bytes)[4]))


def _elements(content: bytes) -> Iterator[bytes]:
    while content:
        size: int = parser.peek(content)
        yield content[:size]
        content = content[size:]


def _signed(parts: list[bytes], issuer: Issuer, over: hashes.HashAlgorithm) -> x509.Certificate:
    tbs = _sequence(*parts)
    signature = issuer.key.sign(tbs, ec.ECDSA(over, deterministic_signing=True))
    return x509.load_der_x509_certificate(_sequence(tbs, parts[_ALGORITHM], _bits(signature)))


def _sequence(*parts: bytes) -> bytes:
    made: bytes = parser.emit(_UNIVERSAL, _CONSTRUCTED, _SEQUENCE, b"".join(parts))
    return made


def _oid(dotted: str) -> bytes:
    made: bytes = core.ObjectIdentifier(dotted).dump()
    return made


def _octets(number: int) -> bytes:
    made: bytes = core.OctetString(number.to_bytes(32, "big")).dump()
    return made


def _bits(octets: bytes) -> bytes:
    made: bytes = core.OctetBitString(octets).dump()
    return made


def _uncompressed(x: int, y: int) -> bytes:
    return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")
