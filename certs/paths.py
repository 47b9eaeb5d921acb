"""One certificate, one pinned issuing authority, one pinned root: does the path hold (RFC 5280, 6.1)?

Only certificates from a trust list take part, so a stranger cannot lengthen the search: leaf, issuing, root.
Who is pinned, and since when: certs.trust.  The full algorithm is pyhanko-certvalidator's.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence, Sized
from datetime import datetime
from typing import Final

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import exceptions, x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator import errors as hanko

from certs.errors import (
    BrokenPath,
    Expired,
    NotYetValid,
    RevocationUnknown,
    Revoked,
    TrustError,
    UnknownSigner,
    UnsupportedAlgorithm,
    WrongUsage,
)
from certs.identity import KEY_AGREEMENT
from certs.revocation import RevocationList

LONGEST_PATH: Final = 4  # certificates
_BROKEN_HASHES: Final = frozenset({"md5", "sha1"})  # two certificates with one signature can be made (RFC 6194, 4)

# Ours by what happened there. The order matters: the first that fits decides.
_MEANING: Final[tuple[tuple[type[Exception], type[TrustError]], ...]] = (
    (hanko.RevokedError, Revoked),
    (hanko.InsufficientRevinfoError, RevocationUnknown),
    (hanko.ExpiredError, Expired),
    (hanko.NotYetValidError, NotYetValid),
    (hanko.DisallowedAlgorithmError, UnsupportedAlgorithm),
    (hanko.InvalidCertificateError, WrongUsage),
)


def walk(
    leaf: x509.Certificate,
    issuing: x509.Certificate,
    root: x509.Certificate,
    *,
    crls: Sequence[RevocationList],
    usage: x509.ObjectIdentifier,
    at: datetime,
    revocation: bool = True,
) -> None:
    """Validate the path as of `at`, without any fetching.

    Args:
        leaf: the certificate in question.
        issuing: the only authority between.
        root: the only anchor.
        crls: the lists at hand; a list newer than `at` counts, it knows at least as much about the past.
        usage: the extended key usage the leaf must have; any-usage does not do.
        at: the moment of the question.
        revocation: whether the lists must cover the path. False only for the publisher of the very first trust
            list, which comes before any revocation list can be believed.

    Raises:
        TrustError: of the kind that says why the path does not hold.
    """
    try:
        context = ValidationContext(
            trust_roots=[_certificate(root)],
            other_certs=[_certificate(issuing)],
            crls=[asn1_crl.CertificateList.load(each.der) for each in crls],
            allow_fetching=False,
            revocation_mode="require" if revocation else "soft-fail",
            retroactive_revinfo=True,
            moment=at,
        )
        validator = CertificateValidator(_certificate(leaf), validation_context=context)
        # With fetching off nothing ever awaits: one push runs the coroutine to its end, also inside a running loop.
        steps: Coroutine[object, object, Sized] = validator.async_validate_usage(  # type: ignore[no-untyped-call] # published so
            key_usage={"key_agreement" if usage == KEY_AGREEMENT else "digital_signature"},
            extended_key_usage={usage.dotted_string},
            extended_optional=False,
        )
        steps.send(None)
    except StopIteration as done:
        if len(done.value) > LONGEST_PATH:
            raise BrokenPath(f"a path of more than {LONGEST_PATH} certificates") from None
        return
    except (hanko.PathError, hanko.ValidationError) as error:
        kind = next((ours for theirs, ours in _MEANING if isinstance(error, theirs)), BrokenPath)
        raise kind(str(error)) from error
    except (ValueError, TypeError, KeyError) as error:  # asn1crypto, on octets that another parser let through
        raise BrokenPath(f"the certificate cannot be read: {error}") from error
    steps.close()
    raise BrokenPath("validation asked for the network")


def issued(certificate: x509.Certificate, by: x509.Certificate) -> x509.Certificate:
    """Return `certificate` once the key of `by` is proven to have signed it.

    Raises:
        BrokenPath: it did not.
        UnsupportedAlgorithm: it is signed in a way that we do not check, over SHA-1 say.
    """
    try:
        over = certificate.signature_hash_algorithm
        if over is not None and over.name in _BROKEN_HASHES:
            raise UnsupportedAlgorithm(f"the certificate of {_names(certificate)} is signed over {over.name}")
        certificate.verify_directly_issued_by(by)
    except exceptions.UnsupportedAlgorithm as error:
        found = f"signed with {certificate.signature_algorithm_oid.dotted_string}, which we do not check"
        raise UnsupportedAlgorithm(f"the certificate of {_names(certificate)} is {found}") from error
    except (ValueError, TypeError, exceptions.InvalidSignature) as error:
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
        BrokenPath: it is a leaf, or may not sign certificates.
    """
    try:
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension) as error:
        raise BrokenPath(f"{_names(certificate)} is no authority: {error}") from error
    if not (basic.ca and usage.key_cert_sign):
        raise BrokenPath(f"{_names(certificate)} is no authority: a leaf may not vouch for another")
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


def _certificate(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
