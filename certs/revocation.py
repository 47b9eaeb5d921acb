"""What was withdrawn, why, since when, and when that was known: reading revocation lists (RFC 5280, 5).

Making them: certs.authority.  Which lists a party holds, and what follows from them: certs.trust.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from certs.errors import BadSignature, MalformedList, UnknownSigner
from certs.identity import UNREADABLE, dictated

# With one of these the key may be in other hands, and signatures before the revocation date are in doubt too.
_COMPROMISED: Final = frozenset(
    {x509.ReasonFlags.key_compromise, x509.ReasonFlags.ca_compromise, x509.ReasonFlags.aa_compromise}
)


@dataclass(frozen=True)
class Revocation:
    """One withdrawn certificate. `known_since` is the issue date of the list that said so."""

    serial: int
    at: datetime
    reason: x509.ReasonFlags
    invalid_since: datetime | None
    known_since: datetime

    @property
    def counts_from(self) -> datetime:
        """From when on a signature no longer counts, unless its existence is proven earlier.

        The revocation date; after a compromise, the invalidity date when that is earlier (docs/wire.md, section 5).
        """
        if self.invalid_since is None or self.reason not in _COMPROMISED:
            return self.at
        return min(self.at, self.invalid_since)


@dataclass(frozen=True)
class RevocationList:
    """A revocation list, as read. Nobody checked its signature until `signed_by` did."""

    issuer: x509.Name
    issuer_key: bytes  # the authority key identifier
    number: int
    issued: datetime
    next_update: datetime
    revocations: Mapping[int, Revocation] = field(hash=False)  # by serial number
    crl: x509.CertificateRevocationList = field(repr=False)
    der: bytes = field(repr=False)

    def signed_by(self, authority: x509.Certificate) -> RevocationList:
        """Return this list once `authority` is proven to have signed it (RFC 5280, 6.3.3 (f) and (g)).

        Raises:
            UnknownSigner: another issuer's list.
            BadSignature: the bytes are not those that were signed.
        """
        if self.issuer != authority.subject or self.issuer_key != key_identifier(authority):
            raise UnknownSigner(f"a revocation list of {self.issuer.rfc4514_string()}, another authority")
        _, key = dictated(authority)
        try:
            good = self.crl.is_signature_valid(key)
        except (UnsupportedAlgorithm, TypeError) as error:
            raise BadSignature(f"the revocation list's signature cannot be of its issuer's key: {error}") from error
        if not good:
            raise BadSignature(f"the revocation list of {self.issuer.rfc4514_string()} was altered")
        return self


def read_crl(der: bytes) -> RevocationList:
    """Read a complete, direct revocation list.

    Raises:
        MalformedList: not a revocation list, without number, issuer key or next update, or with a critical
            extension: a delta, indirect or partial list would be read wrongly here, so it is not read at all.
    """
    try:
        crl = x509.load_der_x509_crl(der)
        for extension in crl.extensions:
            if extension.critical:
                raise MalformedList(f"a revocation list with the critical extension {extension.oid.dotted_string}")
        number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        key = crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        issued, next_update = crl.last_update_utc, crl.next_update_utc
        revocations = {each.serial_number: _revocation(each, issued) for each in crl}
    except UNREADABLE as error:
        raise MalformedList(f"no revocation list that can be used: {error}") from error
    if key is None or next_update is None:
        raise MalformedList("a revocation list must name its issuer's key and its next update")
    return RevocationList(crl.issuer, key, number, issued, next_update, MappingProxyType(revocations), crl, der)


def key_identifier(authority: x509.Certificate) -> bytes:
    """The subject key identifier of an authority's certificate.

    Raises:
        MalformedList: it has none, which no authority may (RFC 5280, 4.2.1.2).
    """
    try:
        return authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension) as error:
        raise MalformedList(f"{authority.subject.rfc4514_string()} has no key identifier: {error}") from error


def _revocation(entry: x509.RevokedCertificate, issued: datetime) -> Revocation:
    reason = x509.ReasonFlags.unspecified
    invalid_since: datetime | None = None
    for extension in entry.extensions:
        if isinstance(extension.value, x509.CRLReason):
            reason = extension.value.reason
        elif isinstance(extension.value, x509.InvalidityDate):
            invalid_since = extension.value.invalidity_date.replace(tzinfo=UTC)
        elif extension.critical:
            raise MalformedList(f"an entry with the critical extension {extension.oid.dotted_string}")
    return Revocation(
        serial=entry.serial_number,
        at=entry.revocation_date_utc,
        reason=reason,
        invalid_since=invalid_since,
        known_since=issued,
    )
