"""Cross-certificates: one authority vouches for another's root, within bounds that it sets.

What such a certificate carries, and which of them lead from one root to another. Signing them: certs.authority.
Believing them is path validation's business: certs.trust asks for it with a policy, in the anchor's own terms.
Profile: RFC 5280, 4.2.1.4, 4.2.1.5, 4.2.1.10, 4.2.1.11 and 4.2.1.14; docs/wire.md, section 5.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID

from certs.errors import UnknownSigner
from certs.revocation import key_identifier

Extensions = tuple[tuple[x509.ExtensionType, bool], ...]  # each with whether it is critical

BRIDGE: Final = "XB"
"""The country code of a bridge authority: user-assigned in ISO 3166-1, so nobody's."""

_UUID_ARC: Final = "2.25"  # X.667: an identifier that needs no registry


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a cross-certificate allows.

    Args:
        policy: at which the other authority is recognised, in the issuer's own terms.
        equals: the other authority's name for it: where its certificates say this, they mean `policy` here.
        countries: whose names the other authority, and those it vouches for in turn, may vouch for.
        below: how many authorities may follow it.
        mappings: how many certificates after this one may map policies.
    """

    policy: x509.ObjectIdentifier
    equals: x509.ObjectIdentifier
    countries: Sequence[str]
    below: int = 1
    mappings: int = 0


def policy_of(country: str, level: str) -> x509.ObjectIdentifier:
    """A country's identifier for one of its levels of assurance: made of the words, without a registry."""
    digest = bytearray(hashlib.sha256(f"corridor policy {country} {level}".encode()).digest()[:16])
    digest[6], digest[8] = digest[6] & 0x0F | 0x80, digest[8] & 0x3F | 0x80  # RFC 9562, 5.8: version 8
    return x509.ObjectIdentifier(f"{_UUID_ARC}.{int.from_bytes(digest, 'big')}")


def policies(*issued_under: x509.ObjectIdentifier) -> Extensions:
    """The policies that a certificate was issued under (RFC 5280, 4.2.1.4); without any, no extension."""
    if not issued_under:
        return ()
    return ((x509.CertificatePolicies([x509.PolicyInformation(each, None) for each in issued_under]), False),)


def issued_under(certificate: x509.Certificate) -> tuple[x509.ObjectIdentifier, ...]:
    """The policies that `policies` wrote into a certificate."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(each.policy_identifier for each in found)


def for_crossing(bounds: Bounds) -> Extensions:
    """What a cross-certificate carries besides what every authority's does."""
    subtrees = [
        x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, each)])) for each in bounds.countries
    ]
    return (
        *policies(bounds.policy),
        (_mapping(bounds.policy, bounds.equals), True),
        (x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=bounds.mappings), True),
        (x509.InhibitAnyPolicy(0), True),
        (x509.NameConstraints(permitted_subtrees=subtrees, excluded_subtrees=None), True),
    )


def between(
    crossings: Iterable[x509.Certificate], root: x509.Certificate, own: x509.Certificate
) -> tuple[tuple[x509.Certificate, ...], ...]:
    """The ways from the root `root` up to `own`, in their order: each one cross-certificate, or two over a bridge.

    There are several where one is renewed: what rested on the one before still does.

    Raises:
        UnknownSigner: there are none.
    """
    known, ways = tuple(crossings), list[tuple[x509.Certificate, ...]]()
    for last in known:
        if (last.subject, key_identifier(last)) != (root.subject, key_identifier(root)):
            continue
        if last.issuer == own.subject:
            ways.append((last,))
            continue
        ways += [(last, first) for first in known if (first.subject, first.issuer) == (last.issuer, own.subject)]
    if not ways:
        found, wanted = root.subject.rfc4514_string(), own.subject.rfc4514_string()
        raise UnknownSigner(f"no cross-certificate leads from {wanted} to {found}")
    return tuple(ways)


def _mapping(own: x509.ObjectIdentifier, theirs: x509.ObjectIdentifier) -> x509.UnrecognizedExtension:
    # One pair of identifiers is encoded like a list of two usages; the library has no class for mappings.
    pair = x509.ExtendedKeyUsage([own, theirs]).public_bytes()
    if len(pair) > 127:  # the short form of a length, X.690, 8.1.3.4
        raise ValueError("identifiers too long to be mapped here")
    return x509.UnrecognizedExtension(ExtensionOID.POLICY_MAPPINGS, bytes((0x30, len(pair))) + pair)
