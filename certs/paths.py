"""Certificates and the paths they stand on: does one hold (RFC 5280, 6.1), and is each meant for its place?

Only certificates that somebody pinned take part, so a stranger cannot lengthen the search: `walk` asks a process of
its own (certs.worker, certs.walker), behind small gates of ours.  Who is pinned, and since when: certs.trust.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from cryptography import exceptions, x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs import worker
from certs.algorithms import usable
from certs.errors import BrokenPath, LeafAsAuthority, PathTooCostly, UnknownSigner, WrongUsage
from certs.identity import KEY_AGREEMENT
from certs.question import Question
from certs.revocation import RevocationList

LONGEST_PATH: Final = 4  # certificates below the anchor: leaf, issuing authority, and two crossings at most
LONGEST_WALK: Final = 2.0
"""Seconds of processor time for one path, once for each certificate and epoch; a window waits five times as long at
most (certs.worker)."""

LARGEST: Final = 16 * 1024  # octets of a certificate; one with ML-DSA-65 has 6 000
MOST_EXTENSIONS: Final = 32
MOST_NAMES: Final = 64  # in one certificate: alternative names, and constraints on names
MOST_POLICIES: Final = 16  # in one certificate
SIZE_ALLOWED: Final = "docs/wire.md, 5 (the size allowed)"
"""The clause on which a certificate is refused that was not even looked at."""

MOST_HELD: Final = 1024  # paths; a rehearsal has some dozens
_HELD: Final[set[bytes]] = set()
"""What was asked about paths that held. Owned by `walk`: what held for one who asks holds for any other."""
_WHENEVER: Final = datetime.min.replace(tzinfo=UTC)


def walk(
    path: Sequence[x509.Certificate],
    *,
    crls: Iterable[RevocationList],
    usage: x509.ObjectIdentifier,
    at: datetime,
    policy: x509.ObjectIdentifier | None = None,
    revocation: bool = True,
    settled: bool = False,
) -> None:
    """Validate a path as of `at`, without any fetching. One that held is not worked out again in this process.

    Args:
        path: the certificate in question, the only authorities that may stand between, and the only anchor.
        crls: the lists at hand; a list newer than `at` counts, it knows at least as much about the past.
        usage: the extended key usage the leaf must have; any-usage does not do.
        at: the moment of the question.
        policy: what must be good along the whole path, in the anchor's own terms; None: nothing is asked.
        revocation: whether the lists must cover the path. False only for the publisher of the very first trust
            list, which comes before any revocation list can be believed.
        settled: whether the asker has settled dates and withdrawal for `at`: then what held once holds at any moment.

    Raises:
        TrustError: of the kind that says why the path does not hold; PathTooCostly when that was not found out.
    """
    leaf, *between, anchor = path
    asked = Question(
        leaf=_der(leaf),
        intermediates=tuple(_der(each) for each in between),
        anchors=(_der(anchor),),
        crls=tuple(each.der for each in crls),
        at=at,
        policies=() if policy is None else (policy.dotted_string,),
        explicit_policy=policy is not None,
        key_usage=("key_agreement" if usage == KEY_AGREEMENT else "digital_signature",),
        extended_key_usage=(usage.dotted_string,),
        revocation=revocation,
        longest=LONGEST_PATH,
    )
    name = hashlib.sha256((replace(asked, at=_WHENEVER) if settled else asked).line()).digest()
    if name in _HELD:
        return
    for each in path:
        small(each)
    settle(asked, within=LONGEST_WALK)
    if len(_HELD) >= MOST_HELD:
        _HELD.clear()
    _HELD.add(name)


def forget() -> None:
    """Know of no path any more that it held: for measuring what one costs."""
    _HELD.clear()


def prepare() -> None:
    """Let the process that validates come up meanwhile: it takes some tenths of a second."""
    worker.SHARED.start()


def settle(question: Question, *, within: float) -> None:
    """Return when some path holds. Raises TrustError as `walk` does, after `within` seconds of work at the latest."""
    worker.SHARED.ask(question, within=within).settled()


def small(certificate: x509.Certificate) -> x509.Certificate:
    """Return `certificate` once it is of a size that an honest one has.

    Raises:
        PathTooCostly: larger, or with more extensions, names, constraints or policies.
    """
    size = len(_der(certificate))
    if size > LARGEST:
        raise PathTooCostly(f"a certificate of {size} octets; allowed: {LARGEST}", clause=SIZE_ALLOWED)
    extensions = certificate.extensions
    names = policies = 0
    for each in extensions:
        value = each.value
        if isinstance(value, x509.SubjectAlternativeName | x509.IssuerAlternativeName):
            names += len(list(value))
        elif isinstance(value, x509.NameConstraints):
            names += len(value.permitted_subtrees or ()) + len(value.excluded_subtrees or ())
        elif isinstance(value, x509.CertificatePolicies):
            policies += len(list(value))
    for what, found, most in (
        ("extensions", len(list(extensions)), MOST_EXTENSIONS),
        ("names and constraints on names", names, MOST_NAMES),
        ("policies", policies, MOST_POLICIES),
    ):
        if found > most:
            raise PathTooCostly(f"{_names(certificate)} has {found} {what}; allowed: {most}", clause=SIZE_ALLOWED)
    return certificate


def issued(certificate: x509.Certificate, by: x509.Certificate) -> x509.Certificate:
    """Return `certificate` once the key of `by` is proven to have signed it.

    Raises:
        BrokenPath: it did not.
        NationalAlgorithm, BrokenAlgorithm: it is signed with SM2 or GOST, or over SHA-1.
    """
    usable(certificate)
    try:
        certificate.verify_directly_issued_by(by)
    except (ValueError, TypeError, exceptions.InvalidSignature, exceptions.UnsupportedAlgorithm) as error:
        raise BrokenPath(f"{_names(by)} did not sign the certificate of {_names(certificate)}") from error
    return certificate


def issuer_key(certificate: x509.Certificate) -> bytes | None:
    """The identifier of the key that a certificate names as its issuer's (RFC 5280, 4.2.1.1).

    Raises:
        UnknownSigner: it names none.
    """
    try:
        return certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension) as error:
        raise UnknownSigner(f"the certificate does not say whose key signed it: {error}") from error


def authority(certificate: x509.Certificate) -> x509.Certificate:
    """Return `certificate` once it is one of an authority (RFC 5280, 4.2.1.9 and 4.2.1.3).

    Raises:
        LeafAsAuthority: it is a leaf, or may not sign certificates.
    """
    try:
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension) as error:
        raise LeafAsAuthority(f"{_names(certificate)} is no authority: {error}") from error
    if not (basic.ca and usage.key_cert_sign):
        raise LeafAsAuthority(f"{_names(certificate)} is no authority: a leaf may not vouch for another")
    return certificate


def meant_for(certificate: x509.Certificate, usage: x509.ObjectIdentifier) -> x509.Certificate:
    """Return `certificate` once it is a leaf meant for `usage`, named outright.

    Raises:
        WrongUsage: an authority, another usage, or any usage at all.
    """
    try:
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        key_usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension) as error:
        raise WrongUsage(f"{_names(certificate)} does not say what it is for: {error}") from error
    wanted = key_usage.key_agreement if usage == KEY_AGREEMENT else key_usage.digital_signature
    if basic.ca or not wanted:
        what = "have documents encrypted for it" if usage == KEY_AGREEMENT else "sign documents"
        raise WrongUsage(f"{_names(certificate)} may not {what}")
    if usage not in extended or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in extended:
        found = ", ".join(each.dotted_string for each in extended)
        raise WrongUsage(f"{_names(certificate)} is meant for {found}, not for {usage.dotted_string}")
    return certificate


def _names(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
