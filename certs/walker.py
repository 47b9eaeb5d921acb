"""The process that validates paths: one question a line on stdin, one answer a line on stdout, until the pipe closes.

Path building and RFC 5280, 6.1 and 6.3, are pyhanko-certvalidator's; what it leaves out is in certs.wellformed,
certs.namespaces and here. Nothing is fetched, and no clock is read: the moment stands in the question.
Who asks: certs.worker.
"""

from __future__ import annotations

import resource
import signal
import sys
import warnings
from collections.abc import Awaitable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

from asn1crypto import crl as asn1_crl
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.exceptions import InvalidSignature
from cryptography.exceptions import UnsupportedAlgorithm as UnknownAlgorithm
from pyhanko_certvalidator import ValidationContext, authority, policy_decl, sig_validate
from pyhanko_certvalidator import errors as hanko
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.validate import async_validate_path

from certs import namespaces, wellformed
from certs.errors import (
    BrokenPath,
    Expired,
    NotYetValid,
    OutsideNames,
    PathTooCostly,
    PolicyNotMapped,
    RevocationUnknown,
    Revoked,
    TrustError,
    UnsupportedAlgorithm,
    WrongUsage,
)
from certs.question import ANY_POLICY, Answer, Question

MOST_MEMORY: Final = 1 << 30  # octets of address space

# Ours by what happened there. The order matters: the first that fits decides.
_MEANING: Final[tuple[tuple[type[Exception], type[TrustError]], ...]] = (
    (hanko.RevokedError, Revoked),
    (hanko.InsufficientRevinfoError, RevocationUnknown),
    (hanko.ExpiredError, Expired),
    (hanko.NotYetValidError, NotYetValid),
    (hanko.DisallowedAlgorithmError, UnsupportedAlgorithm),
)
# The library tells these apart in words only; tests hold it to them.
_IN_WORDS: Final = (
    ("valid set of policies", PolicyNotMapped),
    ("permitted namespace", OutsideNames),
    ("are excluded from the namespace", OutsideNames),
    ("size limit on the policy graph", PathTooCostly),
)
_LISTS: Final = policy_decl.RevocationCheckingPolicy(
    policy_decl.RevocationCheckingRule.CRL_REQUIRED, policy_decl.RevocationCheckingRule.CRL_REQUIRED
)
_NO_LISTS: Final = policy_decl.RevocationCheckingPolicy(
    policy_decl.RevocationCheckingRule.NO_CHECK, policy_decl.RevocationCheckingRule.NO_CHECK
)
_BY_WHOM: Final = "authority_key_identifier"
_ANY_USAGE: Final = "2.5.29.37.0"  # RFC 5280, 4.2.1.12
_UNDERSTOOD: Final = frozenset(
    {
        "basic_constraints",
        "certificate_policies",
        "extended_key_usage",
        "inhibit_any_policy",
        "key_usage",
        "name_constraints",
        "policy_constraints",
        "policy_mappings",
        "subject_alt_name",
        "crl_distribution_points",
    }
)
_COMPROMISED: Final = frozenset({"key_compromise", "ca_compromise", "aa_compromise"})

namespaces.teach()


def main() -> None:
    """Answer until nobody asks any more."""
    _bounded()
    warnings.simplefilter("ignore")  # stderr leads nowhere
    out = sys.stdout.buffer
    out.write(b"ready\n")
    out.flush()
    for line in sys.stdin.buffer:
        seconds, _, question = line.partition(b" ")
        # Of processor time. Unhandled: the default ends the process, also when its asker is gone.
        signal.setitimer(signal.ITIMER_PROF, float(seconds))
        said = answer(Question.read(question))
        signal.setitimer(signal.ITIMER_PROF, 0)
        out.write(said.line())
        out.flush()


def answer(question: Question) -> Answer:
    """Whether some path from an anchor to the leaf holds; if none does, why not, by the path that came furthest."""
    # asn1crypto and what stands on it raise almost anything on octets that are no certificate. No verdict is lost by
    # it: whatever it was, the path was not shown to hold.
    try:
        _walk(question)
    except Exception as error:  # noqa: BLE001
        return Answer.of(_refusal(error))
    return Answer()


def _refusal(error: Exception) -> TrustError:
    """What an error says of the path on which it came up."""
    match error:
        case TrustError():
            return error
        case RecursionError() | MemoryError():
            return PathTooCostly(f"validation takes too much: {type(error).__name__}")
        case NotImplementedError():  # the library's word for a kind or form of constraint that it does not compare
            return OutsideNames(f"a constraint on names that cannot be processed: {error}")
        case _:
            return BrokenPath(f"the certificate cannot be read: {type(error).__name__}: {error}")


class _Brought:
    """What a question brings, parsed once. Re-encoded, a certificate may be another: its octets are kept beside it."""

    def __init__(self, question: Question) -> None:
        self._ders: dict[int, bytes] = {}
        self.leaf = _certificate(question.leaf)
        self._ders[id(self.leaf)] = question.leaf
        self.intermediates = list(self._readable(question.intermediates))
        self._given: dict[int, asn1_x509.Certificate] = {}
        self.anchors = list(self._as_roots(self._readable(question.anchors)))
        self.crls = _lists(question.crls)

    def der(self, it: asn1_x509.Certificate) -> bytes:
        """The octets that `it` was read from."""
        return self._ders[id(it)]

    def given(self, anchor: asn1_x509.Certificate) -> asn1_x509.Certificate:
        """An anchor as it was brought."""
        return self._given[id(anchor)]

    def _as_roots(self, given: Iterable[asn1_x509.Certificate]) -> Iterable[asn1_x509.Certificate]:
        """Those whose own bounds can be read: no other can anchor anything."""
        for each in given:
            with suppress(ValueError, TypeError, KeyError):
                root = self._as_root(each)
                _anchor(root)
                yield root

    def _as_root(self, given: asn1_x509.Certificate) -> asn1_x509.Certificate:
        """An anchor that issued itself: the library looks for the issuer of whoever signed a revocation list.

        An anchor is a name and a key (RFC 5280, 6.1.1 (d)); who else vouches for it must not matter.
        """
        root = given
        if given.issuer != given.subject:
            root = given.copy()
            body = root["tbs_certificate"]
            body["issuer"] = given.subject
            body["extensions"] = [each for each in body["extensions"] if each["extn_id"].native != _BY_WHOM]
            root = asn1_x509.Certificate.load(root.dump(force=True))
        self._given[id(root)] = given
        return root

    def _readable(self, ders: Iterable[bytes]) -> Iterable[asn1_x509.Certificate]:
        """Those that can be read as far as a search needs it: what cannot stands on no path."""
        for der in ders:
            with suppress(ValueError, TypeError, KeyError):
                found = _certificate(der)
                _ = found.subject.hashable, found.issuer.hashable, found.issuer_serial, found.public_key.dump()
                _ = found.key_identifier, found.authority_key_identifier, found.authority_issuer_serial
                self._ders[id(found)] = der
                yield found


def _walk(question: Question) -> None:
    brought = _Brought(question)
    # (1) One usage, as asked.
    _meant_for(brought.leaf, question)
    # (2) Every path there is, one after the other, until one holds.
    refusals: list[TrustError] = []
    for path in _paths(brought, question):
        try:
            _holds(path, brought, question)
        # What a stranger put beside the honest certificates must not spoil their path.
        except Exception as error:  # noqa: BLE001
            refusals.append(_refusal(error))
        else:
            return
    # (3) None does. One that might, if only lists were at hand, or time, makes the whole undecided.
    if not refusals:
        raise BrokenPath(f"no path from {brought.leaf.issuer.human_friendly} to an anchor")
    raise next((each for each in refusals if isinstance(each, RevocationUnknown | PathTooCostly)), refusals[0])


def _paths(brought: _Brought, question: Question) -> Iterable[ValidationPath]:
    # An anchor may vouch for the certificate it is itself, if it signed that: the library would not look at it at all.
    leaf = brought.leaf
    same = leaf.subject, leaf.public_key.dump()
    others = []
    for each in brought.anchors:
        if (each.subject, each.public_key.dump()) != same:
            others.append(each)
        elif leaf.issuer == each.subject:
            yield ValidationPath(_anchor(each), [], leaf)
    if not others:
        return
    found = _context(question, brought, others).path_builder.async_build_paths_lazy(leaf)
    while True:
        try:
            yield _now(found.__anext__())
        except (StopAsyncIteration, hanko.PathBuildingError):
            return


def _holds(path: ValidationPath, brought: _Brought, question: Question) -> None:
    # (2.1) Not too long for who asks, and nothing wrong with any certificate by itself.
    if question.longest is not None and path.pkix_len > question.longest:
        raise BrokenPath(f"a path of {path.pkix_len} certificates below its anchor; allowed: {question.longest}")
    certificates = [path[index] for index in range(1, path.pkix_len + 1)]
    root: asn1_x509.Certificate = path.first
    given = brought.given(root)
    wellformed.anchor(given, brought.der(given))
    for each in certificates:
        wellformed.certificate(each, brought.der(each))
    if unknown := root.critical_extensions - _UNDERSTOOD:
        raise BrokenPath(f"the anchor has critical extensions that nobody here knows: {', '.join(sorted(unknown))}")
    # (2.2) The anchor's own dates.
    at = question.at.replace(microsecond=0)  # dates are to the second (RFC 5280, 4.1.2.5)
    if at < root.not_valid_before:
        raise NotYetValid(f"the anchor is valid from {root.not_valid_before}, not at {at}")
    if at > root.not_valid_after:
        raise Expired(f"the anchor was valid until {root.not_valid_after}, not at {at}")
    # (2.3) RFC 5280, 6.1.2 to 6.1.5, with 6.3.3 for each certificate.
    policies = frozenset("any_policy" if each == ANY_POLICY else each for each in question.policies)
    parameters = policy_decl.PKIXValidationParams(
        user_initial_policy_set=policies or frozenset(["any_policy"]),
        initial_explicit_policy=question.explicit_policy,
        initial_policy_mapping_inhibit=question.inhibit_mapping,
        initial_any_policy_inhibit=question.inhibit_any,
    )
    try:
        _now(async_validate_path(_context(question, brought, [root]), path, parameters))
    except (hanko.PathError, hanko.ValidationError) as error:
        raise _meaning(error) from error
    namespaces.no_wildcard_over_excluded([root, *certificates])
    # (2.4) A withdrawal counts from its very second, and after a compromise from when the key was lost.
    if question.revocation:
        _not_withdrawn([root, *certificates], brought.crls, at)


def _context(question: Question, brought: _Brought, anchors: Iterable[asn1_x509.Certificate]) -> ValidationContext:
    return ValidationContext(
        trust_manager=SimpleTrustManager.build([_anchor(each) for each in anchors]),
        other_certs=brought.intermediates,
        crls=brought.crls,
        allow_fetching=False,
        revinfo_policy=policy_decl.CertRevTrustPolicy(
            _LISTS if question.revocation else _NO_LISTS,
            retroactive_revinfo=True,
        ),
        moment=question.at.replace(microsecond=0),
        time_tolerance=timedelta(0),
        signature_validator=_Signatures(),
    )


def _anchor(it: asn1_x509.Certificate) -> authority.CertTrustAnchor:
    """An anchor whose own bounds bind (RFC 5937, 3.2); its policies are the asker's business."""
    length = it.max_path_length
    return authority.CertTrustAnchor(
        it,
        authority.TrustQualifiers(
            standard_parameters=namespaces.bounds(it), max_path_length=length, max_aa_path_length=length
        ),
    )


def _lists(ders: Iterable[bytes]) -> list[asn1_crl.CertificateList]:
    """The lists that can be used; one that cannot is as good as none (RFC 5280, 6.3.3)."""
    usable = []
    for der in ders:
        with suppress(BrokenPath, ValueError, TypeError, KeyError):
            found = asn1_crl.CertificateList.load(der, strict=True)
            wellformed.revocation_list(found)
            usable.append(found)
    return usable


def _not_withdrawn(
    path: Sequence[asn1_x509.Certificate], lists: Iterable[asn1_crl.CertificateList], at: datetime
) -> None:
    for issuer, certificate in pairwise(path):
        for each in lists:
            body = each["tbs_cert_list"]
            if each.issuer != issuer.subject or not _signed(each, issuer):
                continue
            for entry in body["revoked_certificates"]:
                if entry["user_certificate"].native == certificate.serial_number and entry.issuer_name is None:
                    since = _counts_from(entry)
                    # What was withdrawn before, the library saw, and whether a delta took it back.
                    if since <= at <= entry["revocation_date"].native:
                        raise Revoked(f"{certificate.subject.human_friendly} was withdrawn as of {since}")


def _counts_from(entry: asn1_crl.RevokedCertificate) -> datetime:
    at: datetime = entry["revocation_date"].native
    reason = entry.crl_reason_value
    lost = entry.invalidity_date_value
    if lost is None or reason is None or reason.native not in _COMPROMISED:
        return at
    invalid: datetime = lost.native.astimezone(UTC)
    return min(at, invalid)


def _signed(crl: asn1_crl.CertificateList, issuer: asn1_x509.Certificate) -> bool:
    try:
        _Signatures().validate_signature(
            crl["signature"].native, crl["tbs_cert_list"].dump(), issuer.public_key, crl["signature_algorithm"]
        )
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _meant_for(leaf: asn1_x509.Certificate, question: Question) -> None:
    key_usage = leaf.key_usage_value
    missing = set(question.key_usage) - (key_usage.native if key_usage is not None else set())
    if missing and (question.usage_outright or key_usage is not None):
        raise WrongUsage(f"the key may not be used for {', '.join(sorted(missing))} (RFC 5280, 4.2.1.3)")
    extended = leaf.extended_key_usage_value
    named = set() if extended is None else {each.dotted for each in extended}
    if not question.usage_outright and (extended is None or _ANY_USAGE in named):
        return
    if missing := set(question.extended_key_usage) - named:
        raise WrongUsage(f"the certificate is not meant for {', '.join(sorted(missing))} (RFC 5280, 4.2.1.12)")


class _Signatures(sig_validate.DefaultSignatureValidator):
    """The library's, but what cannot be checked is told apart from what was checked and is wrong."""

    def validate_signature(
        self,
        signature: bytes,
        signed_data: bytes,
        public_key_info: asn1_keys.PublicKeyInfo,
        signature_algorithm: wellformed.Asn1,
        context: sig_validate.SignatureValidationContext = sig_validate.DEFAULT_VALIDATION_CONTEXT,
    ) -> None:
        try:
            super().validate_signature(signature, signed_data, public_key_info, signature_algorithm, context)
        except (hanko.AlgorithmNotSupported, hanko.DSAParametersUnavailable, UnknownAlgorithm, ValueError) as error:
            raise UnsupportedAlgorithm(f"a signature that cannot be checked: {error}") from error
        except AssertionError as error:  # how it says that the key is of another kind
            raise InvalidSignature from error


def _meaning(error: Exception) -> TrustError:
    said = str(error)
    kind = next((ours for theirs, ours in _MEANING if isinstance(error, theirs)), None)
    words = " ".join(said.split())
    return (kind or next((ours for theirs, ours in _IN_WORDS if theirs in words), BrokenPath))(said)


def _certificate(der: bytes) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(der, strict=True)


def _now(steps: Awaitable[wellformed.Asn1]) -> wellformed.Asn1:
    """The result of what never waits: with fetching off there is nothing to wait for."""
    try:
        next(steps.__await__())
    except StopIteration as done:
        return done.value
    raise BrokenPath("validation asked for the network")


def _bounded() -> None:
    """Whatever happens in here, it stays small. How long it may take, the alarm says."""
    for what, most in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # not every system knows each, and some are stricter already
            resource.setrlimit(what, (most, most))
