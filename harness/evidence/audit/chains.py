"""The second reader's own reading of certificates, revocation lists and trust lists.

A chain here is short and known beforehand: a signer, an issuing authority that a trust list names, and that
list's root, whose fingerprint is pinned. Nothing else is ever built or fetched.
Sources: RFC 5280, 4.2, 5 and 6; RFC 9336; docs/wire.md, section 6.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from harness.errors import NotProved
from harness.evidence.audit import names, reading, signatures
from harness.evidence.audit.crossings import Crossing

TRUST_LIST: Final = "corridor-trust-list+jws"
OTHER_ROOTS: Final = (
    "these are not the roots you named: make sure that those you named are this corridor's; if they are, do not rely"
    " on the bundle"
)
"""What to do when what was handed in and what the bundle stands under are two things."""
_DOCUMENT_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336
_ENDED_WELL: Final = frozenset(
    {x509.ReasonFlags.affiliation_changed, x509.ReasonFlags.superseded, x509.ReasonFlags.cessation_of_operation}
)
_COMPROMISED: Final = frozenset(
    {x509.ReasonFlags.key_compromise, x509.ReasonFlags.ca_compromise, x509.ReasonFlags.aa_compromise}
)
_UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.NAME_CONSTRAINTS,
    }
)


class Doubted(NotProved):
    """Signed under a chain that holds, with a certificate that was withdrawn: it may be its bearer's, or a thief's."""


@dataclass(frozen=True, slots=True)
class Authority:
    """One recognised hierarchy of a country, its root pinned."""

    country: str
    root: x509.Certificate
    issuing: tuple[x509.Certificate, ...]
    spans: tuple[tuple[x509.Certificate, datetime, datetime | None], ...]
    """Each issuing authority with the time in which it is recognised: from, and until when, if it was withdrawn."""
    next_update: datetime
    crossings: tuple[x509.Certificate, ...] = ()
    timestamping: tuple[x509.Certificate, ...] = ()

    def recognised(self, issuer: x509.Certificate, at: datetime) -> bool:
        """Whether the list recognises this issuing authority at that moment."""
        return any(
            each == issuer and since <= at and (until is None or at < until) for each, since, until in self.spans
        )


@dataclass(frozen=True, slots=True)
class Revocations:
    """One revocation list, its signature checked."""

    name: str
    issuer: x509.Certificate
    content: x509.CertificateRevocationList
    next_update: datetime


@dataclass(frozen=True, slots=True)
class Signer:
    """Whom a certificate names, once its chain held."""

    party: str
    country: str


@dataclass(frozen=True, slots=True)
class Trust:
    """Everything a bundle brings by which a signer can be recognised."""

    authorities: Mapping[str, Authority]
    revocations: tuple[Revocations, ...]
    crossed: Mapping[str, tuple[Crossing, ...]] = field(default_factory=dict)
    """By the signers' country: how the other party of the agreement recognises them, if not by their list alone.

    One way that holds is enough: where recognition was renewed there are several.
    """

    def signer(
        self, name: str, certificate: x509.Certificate, at: datetime, *, existed_by: datetime | None = None
    ) -> Signer:
        """Recognise the signer of file `name`, as of the moment `at` that the signed bytes speak of.

        Args:
            name: the file, for the sentence.
            certificate: the one that the signature was checked with.
            at: the moment the signature claims to be from.
            existed_by: when somebody else, the witness, proves that it already existed.

        Raises:
            NotProved: the chain did not hold then, or is another country's than the party's.
            Doubted: the certificate was withdrawn with effect before then; or it was withdrawn later, and nothing
                proves that the signature is older than that.
        """
        with x509_of(name):
            signer = bearer(name, certificate)
            authority, issuer = self.vouching(name, certificate)
            _fresh(name, authority, at)
            _recognised(name, authority, issuer, at)
            wrong: list[NotProved] = []
            for crossing in self.crossed.get(authority.country, (None,)):
                above = (authority.root,) if crossing is None else (crossing.issuers[-1], *reversed(crossing.chain))
                try:
                    names.within(name, (*above, issuer, certificate))
                    # What no constraint forbade is still another country's.
                    if not signer.party[:2] == signer.country == authority.country:
                        raise NotProved(f"{name}: signed by {signer.party} under an authority of {authority.country}")
                    self._held(name, (certificate, issuer, authority.root), crossing, at, existed_by)
                except NotProved as error:
                    wrong.append(error)
                else:
                    return signer
        raise wrong[0]

    def publisher(self, name: str, certificate: x509.Certificate, at: datetime) -> Signer:
        """Recognise who signed a country's trust list, as of its issue: somebody under its own pinned root.

        How others recognise that country's signers is no matter here: their cross-certificates stand on such lists.

        Raises:
            NotProved, Doubted: as for `signer`.
        """
        return replace(self, crossed={}).signer(name, certificate, at)

    def _held(
        self,
        name: str,
        chain: tuple[x509.Certificate, x509.Certificate, x509.Certificate],
        crossing: Crossing | None,
        at: datetime,
        existed_by: datetime | None,
    ) -> None:
        """Return when signer, issuing authority and root were good at `at`, and the way that leads there."""
        certificate, issuer, root = chain
        for each, what in ((certificate, "certificate"), (issuer, "issuing authority"), (root, "root")):
            _valid_then(name, each, what, at)
        self._not_revoked(name, certificate, issuer, at, existed_by)
        self._not_revoked(name, issuer, root, at, existed_by)
        if crossing is not None:
            crossing.reaches(name, certificate, issuer)
            for each, by in zip(crossing.chain, crossing.issuers, strict=True):
                _valid_then(name, each, "cross-certificate", at)
                self._not_revoked(name, each, by, at, existed_by)

    def timestamping(self, name: str, country: str) -> tuple[x509.Certificate, ...]:
        """The timestamping authorities on a country's trust list."""
        authority = self.authorities.get(country)
        if authority is None or not authority.timestamping:
            raise NotProved(f"{name}: no trust list here names a timestamping authority of {country}")
        return authority.timestamping

    def stamper(self, name: str, certificate: x509.Certificate, country: str, at: datetime) -> None:
        """Return when this timestamping authority of `country` was good at `at`, a stamp's own time.

        Raises:
            NotProved: the chain did not hold then; or it was withdrawn, before, or later for a reason that lets whoever
                has its key date back (RFC 3161, 4).
        """
        with x509_of(name):
            authority = self.authorities.get(country)
            if authority is None:
                raise _unlisted(name, country)
            _fresh(name, authority, at)
            _may_stamp(name, certificate)
            issuer = next((each for each in authority.issuing if issued_by(certificate, each)), None)
            if issuer is None or bearer(name, certificate).country != country:
                raise NotProved(f"{name}: no authority on the trust list of {country} issued its certificate")
            _recognised(name, authority, issuer, at)
            names.within(name, (authority.root, issuer, certificate))
            for each, what in ((certificate, "certificate"), (issuer, "issuing authority"), (authority.root, "root")):
                _valid_then(name, each, what, at)
            self._not_revoked(name, issuer, authority.root, at, at)
            self._not_revoked(name, certificate, issuer, at, at)
            for known in self.revocations:
                entry = known.content.get_revoked_certificate_by_serial_number(certificate.serial_number)
                if known.issuer == issuer and entry is not None and not _ended_well(entry):
                    raise NotProved(f"{name}: its authority was withdrawn, and its key may date back ({known.name})")

    def vouching(self, name: str, certificate: x509.Certificate) -> tuple[Authority, x509.Certificate]:
        """The hierarchy, of whatever date, that issued a signer's certificate, and its issuing authority.

        Over trust lists that is one of the signer's own country. Over cross-certificates it may be another's: whom that
        may name is then for the constraints on the way to say.
        """
        _may_sign(name, certificate)
        country = bearer(name, certificate).country
        own = self.authorities.get(country)
        several = tuple(self.authorities.values()) if self.crossed else ()
        for each in several if own is None else (own, *several):
            for issuing in each.issuing:
                if issued_by(certificate, issuing):
                    return each, issuing
        if own is None:
            raise _unlisted(name, country)
        raise NotProved(f"{name}: no authority on the trust list of {country} issued the certificate")

    def _not_revoked(
        self,
        name: str,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        at: datetime,
        existed_by: datetime | None,
    ) -> None:
        known = [each for each in self.revocations if _one(each.issuer, issuer) and at <= each.next_update]
        if not known:
            raise NotProved(f"{name}: no revocation list of {issuer.subject.rfc4514_string()} speaks of that moment")
        for each in known:
            entry = each.content.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if entry is None:
                continue
            withdrawn = _effective(entry)
            if at >= withdrawn:
                raise Doubted(f"{name}: signed with a certificate withdrawn before that moment ({each.name})")
            # The signature's own word for its moment proves nothing once the key may be in other hands.
            if existed_by is None or existed_by >= withdrawn:
                raise Doubted(
                    f"{name}: signed with a certificate withdrawn later ({each.name}), and no witness proves that"
                    " the signature is older"
                )


def _unlisted(name: str, country: str) -> NotProved:
    return NotProved(f"{name}: signed under {country}, whose trust list is not in the bundle")


def _fresh(name: str, authority: Authority, at: datetime) -> None:
    if at > authority.next_update:
        country = authority.country
        raise NotProved(f"{name}: the trust list of {country} was past its next update on {at:%Y-%m-%d %H:%M:%S}")


def _recognised(name: str, authority: Authority, issuer: x509.Certificate, at: datetime) -> None:
    if not authority.recognised(issuer, at):
        country = authority.country
        raise NotProved(f"{name}: the authorities of {country} were not recognised on {at:%Y-%m-%d %H:%M:%S}")


def _one(authority: x509.Certificate, other: x509.Certificate) -> bool:
    """One authority is a name and a key, whichever of its certificates says so."""
    return authority.subject == other.subject and authority.public_key() == other.public_key()


@contextmanager
def x509_of(name: str) -> Iterator[None]:
    """Whatever a malformed certificate makes the library raise becomes a sentence about `name`.

    certs.identity has such a list too, and this reader shares no code with what it checks.
    """
    try:
        yield
    except (
        ValueError,
        TypeError,
        OverflowError,
        x509.InvalidVersion,
        x509.DuplicateExtension,
        x509.ExtensionNotFound,
        x509.UnsupportedGeneralNameType,
        UnsupportedAlgorithm,
    ) as error:
        raise NotProved(f"{name}: holds or names a certificate that cannot be read ({error})") from error


def certificate_in(name: str, pem: bytes) -> x509.Certificate:
    """The one certificate in PEM bytes, in its one spelling, with a key of a kind we know."""
    with x509_of(name):
        certificate = x509.load_pem_x509_certificate(pem)
        if certificate.public_bytes(Encoding.PEM) != pem:
            raise NotProved(f"{name}: holds more than one certificate in its one spelling")
        if not isinstance(certificate.public_key(), signatures.KINDS):
            raise NotProved(f"{name}: a key of a kind that nothing is signed with")
    return certificate


def certificate_brought(name: str, der: bytes) -> x509.Certificate:
    """The one certificate in DER, as `certificate_in` has it."""
    with x509_of(name):
        pem = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
    return certificate_in(name, pem)


def thumbprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the DER, hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def bearer(name: str, certificate: x509.Certificate) -> Signer:
    """The one party (CN) and country (C) that a certificate names."""
    party, country = (
        [str(each.value) for each in certificate.subject.get_attributes_for_oid(kind)]
        for kind in (NameOID.COMMON_NAME, NameOID.COUNTRY_NAME)
    )
    if len(party) != 1 or len(country) != 1:
        raise NotProved(f"{name}: the certificate must name one party and one country")
    return Signer(party[0], country[0])


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the name and the key of `issuer` are behind the signature on `certificate`."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def authority(name: str, data: bytes, country: str, anchor: str) -> tuple[Authority, datetime]:
    """The hierarchy on a trust list's payload whose root is `anchor`, and when the list was issued.

    The list's signature is checked by the caller, under the very hierarchy that is returned here.
    """
    told = reading.thing(name, data)
    if reading.text(name, told, "country") != country:
        raise NotProved(f"{name}: is a trust list of {told['country']}")
    next_update = reading.moment_in(name, told, "nextupdate")
    pinned: x509.Certificate | None = None
    spans: list[tuple[x509.Certificate, datetime, datetime | None]] = []
    stampers: list[x509.Certificate] = []
    for one in reading.things(name, told, "authorities"):
        root = certificate_in(name, reading.text(name, one, "root").encode())
        if thumbprint(root) != anchor:
            continue
        pinned = root
        listed = one.get("issuing")
        if not isinstance(listed, list) or not listed:
            raise NotProved(f"{name}: names no issuing authority")
        issuing = tuple(certificate_in(name, str(pem).encode()) for pem in listed)
        with x509_of(name):
            _hierarchy(name, country, root, issuing)
        until = None if one.get("until") is None else reading.moment_in(name, one, "until")
        since = reading.moment_in(name, one, "since")
        spans += [(each, since, until) for each in issuing]
        stampers += [certificate_in(name, str(pem).encode()) for pem in _listed(name, one, "timestamping")]
    if pinned is not None:
        every = tuple(dict.fromkeys(each for each, _, _ in spans))
        crossings = tuple(certificate_in(name, str(pem).encode()) for pem in _texts(name, told.get("crossings")))
        read = Authority(country, pinned, every, tuple(spans), next_update, crossings, tuple(dict.fromkeys(stampers)))
        return read, reading.moment_in(name, told, "issued")
    raise NotProved(f"{name}: does not name the root {anchor[:16]} that {country} is pinned to", todo=OTHER_ROOTS)


def revocations(name: str, der: bytes, authorities: Mapping[str, Authority]) -> Revocations:
    """A revocation list of one of the recognised authorities, its signature checked."""
    with x509_of(name):
        content = x509.load_der_x509_crl(der)
        if any(each.critical for each in content.extensions):
            raise NotProved(f"{name}: a revocation list with a critical extension, which we do not read")
        until = content.next_update_utc
        if until is None:
            raise NotProved(f"{name}: a revocation list that does not say until when it is good")
        for each in authorities.values():
            for issuer in (each.root, *each.issuing, *each.crossings):
                key = issuer.public_key()
                if (
                    isinstance(key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey)
                    and content.issuer == issuer.subject
                    and content.is_signature_valid(key)
                ):
                    return Revocations(name, issuer, content, until)
    raise NotProved(f"{name}: a revocation list that no recognised authority signed")


def _texts(name: str, value: object) -> list[object]:
    if value is not None and not isinstance(value, list):
        raise NotProved(f"{name}: crossings must be a list")
    return value or []


def _listed(name: str, one: reading.Thing, field: str) -> list[reading.Json]:
    """A list in a trust list that may be absent: it was written before there was such a thing."""
    found = one.get(field, [])
    if not isinstance(found, list):
        raise NotProved(f"{name}: {field} is no list")
    return found


def _ended_well(entry: x509.RevokedCertificate) -> bool:
    """Whether a timestamping authority was withdrawn with its key where it had been (RFC 3161, 4)."""
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return False
    return reason in _ENDED_WELL


def _effective(entry: x509.RevokedCertificate) -> datetime:
    """From when a withdrawal counts: earlier than its date, when the key was lost earlier (RFC 5280, 5.3.2)."""
    try:
        # Only then is a signature between the two dates in doubt: nobody else had the key of one who merely left.
        if entry.extensions.get_extension_for_class(x509.CRLReason).value.reason not in _COMPROMISED:
            return entry.revocation_date_utc
        invalid = entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc
    except x509.ExtensionNotFound:
        return entry.revocation_date_utc
    return min(entry.revocation_date_utc, invalid)


def _valid_then(name: str, certificate: x509.Certificate, what: str, at: datetime) -> None:
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise NotProved(f"{name}: the {what} was not valid on {at:%Y-%m-%d %H:%M:%S}")


def _may_sign(name: str, certificate: x509.Certificate) -> None:
    """A signer's certificate: no authority, for digital signatures, for documents and nothing else."""
    found = _extensions(name, certificate)
    basic, usage, extended = (
        found.get(ExtensionOID.BASIC_CONSTRAINTS),
        found.get(ExtensionOID.KEY_USAGE),
        found.get(ExtensionOID.EXTENDED_KEY_USAGE),
    )
    if isinstance(basic, x509.BasicConstraints) and basic.ca:
        raise NotProved(f"{name}: signed with an authority's certificate")
    if not isinstance(usage, x509.KeyUsage) or not usage.digital_signature:
        raise NotProved(f"{name}: the certificate is not meant for signatures")
    if not isinstance(extended, x509.ExtendedKeyUsage) or list(extended) != [_DOCUMENT_SIGNING]:
        raise NotProved(f"{name}: the certificate is not meant for signing documents (RFC 9336)")


def _may_stamp(name: str, certificate: x509.Certificate) -> None:
    """A timestamping authority's certificate: for that and nothing else, critically (RFC 3161, 2.3)."""
    found = _extensions(name, certificate)
    extended, basic = found.get(ExtensionOID.EXTENDED_KEY_USAGE), found.get(ExtensionOID.BASIC_CONSTRAINTS)
    critical = any(each.critical for each in certificate.extensions if each.oid == ExtensionOID.EXTENDED_KEY_USAGE)
    alone = isinstance(extended, x509.ExtendedKeyUsage) and list(extended) == [ExtendedKeyUsageOID.TIME_STAMPING]
    if not alone or not critical or (isinstance(basic, x509.BasicConstraints) and basic.ca):
        raise NotProved(f"{name}: stamped with a certificate that is not for timestamps alone (RFC 3161, 2.3)")


def _hierarchy(name: str, country: str, root: x509.Certificate, issuing: tuple[x509.Certificate, ...]) -> None:
    for each, below in ((root, 1), *((one, 0) for one in issuing)):
        if bearer(name, each).country != country:
            raise NotProved(f"{name}: names an authority outside {country}")
        if not issued_by(each, root):
            raise NotProved(f"{name}: names an authority that its root did not issue")
        found = _extensions(name, each)
        basic, usage = found.get(ExtensionOID.BASIC_CONSTRAINTS), found.get(ExtensionOID.KEY_USAGE)
        if not isinstance(basic, x509.BasicConstraints) or not basic.ca:
            raise NotProved(f"{name}: names an authority whose certificate makes it none")
        if basic.path_length is not None and basic.path_length < below:
            raise NotProved(f"{name}: names an authority below one that may have none")
        if not isinstance(usage, x509.KeyUsage) or not usage.key_cert_sign or not usage.crl_sign:
            raise NotProved(f"{name}: names an authority that may not sign certificates and revocation lists")


def _extensions(name: str, certificate: x509.Certificate) -> dict[x509.ObjectIdentifier, x509.ExtensionType]:
    for each in certificate.extensions:
        if each.critical and each.oid not in _UNDERSTOOD:
            raise NotProved(
                f"{name}: a certificate with a critical extension we do not know ({each.oid.dotted_string})"
            )
    return {each.oid: each.value for each in certificate.extensions}
