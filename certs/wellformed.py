"""What RFC 5280 says of a certificate or a list by itself, where the library does not ask: our own checks.

Each was found missing by a case of somebody else's suite; the clause stands at each. Only certs.walker uses this, in
its own process: what is read here was written by strangers.  The table of what we refuse: docs/conformance.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509

from certs.errors import BrokenPath, ExplicitCurve, UnsupportedAlgorithm, WrongUsage

LONGEST_SERIAL: Final = 20  # octets; RFC 5280, 4.1.2.2

_NEVER_CRITICAL: Final = {
    "authority_key_identifier": "4.2.1.1",
    "key_identifier": "4.2.1.2",
    "authority_information_access": "4.2.2.1",
    "subject_information_access": "4.2.2.2",
    "freshest_crl": "4.2.1.15",
    "subject_directory_attributes": "4.2.1.8",
}
_ALWAYS_CRITICAL: Final = {
    "name_constraints": "4.2.1.10",
    "inhibit_any_policy": "4.2.1.14",
}
_UNSEEN: Final = re.compile(rb"[\x00-\x20\x7f]")  # one reader ends a name there and another does not (CVE-2009-2408)
_ABSOLUTE: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:.")
_HOST: Final = r"[^@:/*.]+(\.[^@:/*.]+)*\.?"
# A dot in front means all below a domain, but for host names, of which a constraint always means that, or all.
_CONSTRAINTS: Final = {
    "dns_name": re.compile(rf"({_HOST})?"),
    "rfc822_name": re.compile(rf"([^@]+@|\.)?{_HOST}"),
    "uniform_resource_identifier": re.compile(rf"\.?{_HOST}"),
}
_CRITICAL: Final = re.compile(rb"\x01\x01[^\0]")  # TRUE, in BER: in an entry of a list, only an extension has one
_OF_AN_ENTRY: Final = frozenset({"crl_reason", "invalidity_date", "certificate_issuer"})
_MOMENT: Final = re.compile(rb"[0-9]{12}Z|[0-9]{14}Z")  # UTCTime, GeneralizedTime: to the second, and in UTC

Asn1 = Any  # the library that reads certificates is published without types


def certificate(it: asn1_x509.Certificate, der: bytes) -> None:
    """Return when nothing in `it`, read from `der`, breaks RFC 5280, 4, whatever stands above and below it.

    Raises:
        BrokenPath: something does.
        WrongUsage: what it may be used for contradicts itself.
        UnsupportedAlgorithm: its key is on a curve that it spells out.
    """
    _key(it)
    _read_by_another(der)
    _form(it)
    _names(it)
    _extensions(it)
    _usage(it)


def anchor(it: asn1_x509.Certificate, der: bytes) -> None:
    """Return when `it` may stand above a path: an anchor given as a certificate keeps the profile of one.

    Raises:
        BrokenPath, WrongUsage, UnsupportedAlgorithm: as for `certificate`, and for what may not issue.
    """
    certificate(it, der)
    body = it["tbs_certificate"]
    if body["version"].native == "v1":
        return  # it has no extensions to say anything with; who anchors it, means it
    basic = it.basic_constraints_value
    if basic is None or not basic["ca"].native:
        raise BrokenPath(f"the anchor {_called(it)} is no authority (RFC 5280, 4.2.1.9)")
    if "basic_constraints" not in it.critical_extensions:
        raise BrokenPath(f"the anchor {_called(it)}: basic constraints not critical (RFC 5280, 4.2.1.9)")
    if it.key_usage_value is not None and "key_cert_sign" not in it.key_usage_value.native:
        raise BrokenPath(f"the anchor {_called(it)} may not sign certificates (RFC 5280, 4.2.1.3)")


def revocation_list(it: asn1_crl.CertificateList) -> None:
    """Return when `it` may say something about a certificate (RFC 5280, 5).

    Raises:
        BrokenPath: it is of another version, lacks its number or its next update, has a number that is none or
            critical, or says of some certificate what must be understood and is not.
    """
    body = it["tbs_cert_list"]
    if body["version"].native != "v2":
        raise BrokenPath("a revocation list with extensions, and not of version 2 (RFC 5280, 5.1.2.1)")
    if not body["next_update"].native:
        raise BrokenPath("a revocation list without a next update (RFC 5280, 5.1.2.5)")
    if it["signature_algorithm"].dump() != body["signature"].dump():
        raise BrokenPath("a revocation list that names two signature algorithms (RFC 5280, 5.1.1.2)")
    if it["signature"].contents[:1] != b"\0":
        raise BrokenPath("a revocation list with a signature of no whole number of octets (RFC 5280, 5.1.1.3)")
    found = [each["extn_id"].native for each in body["crl_extensions"]]
    if len(found) != len(set(found)):
        raise BrokenPath("a revocation list with an extension twice (RFC 5280, 5.2)")
    if "crl_number" not in found or "crl_number" in it.critical_extensions:
        raise BrokenPath("a revocation list without a number, or with a critical one (RFC 5280, 5.2.3)")
    number = it.crl_number_value
    if number.native < 0 or len(number.contents) > LONGEST_SERIAL:
        raise BrokenPath("a revocation list with a number below 0, or of more than 20 octets (RFC 5280, 5.2.3)")
    _entries(body["revoked_certificates"])


def _entries(of_a_list: Asn1) -> None:
    if not _CRITICAL.search(of_a_list.contents or b""):
        return  # lists are long, and to look into each entry takes long
    for each in of_a_list:
        if unknown := each.critical_extensions - _OF_AN_ENTRY:
            raise BrokenPath(
                f"a revocation list that says something critical and unknown: {min(unknown)} (RFC 5280, 5.3)"
            )


def _read_by_another(der: bytes) -> None:
    """What only one of two parsers can read, two windows may read differently."""
    try:
        it = x509.load_der_x509_certificate(der)
        _ = it.subject, it.issuer, it.extensions
    except x509.DuplicateExtension as error:
        raise BrokenPath(f"an extension twice: {error} (RFC 5280, 4.2)") from error
    except x509.UnsupportedGeneralNameType:
        return  # a kind of name that it does not know; that is no fault of the certificate's
    except (ValueError, x509.InvalidVersion) as error:
        raise BrokenPath(f"the certificate cannot be read: {error}") from error


def _form(it: asn1_x509.Certificate) -> None:
    body = it["tbs_certificate"]
    if it["signature_algorithm"].dump() != body["signature"].dump():
        raise BrokenPath(f"{_called(it)} names two signature algorithms (RFC 5280, 4.1.1.2)")
    if it["signature_value"].contents[:1] != b"\0":
        # Else one signature would fit several spellings of a certificate, with a fingerprint each (CVE-2014-8275).
        raise BrokenPath(f"{_called(it)}: a signature of no whole number of octets (RFC 5280, 4.1.1.3)")
    if body["version"].native != "v3" and len(body["extensions"]):
        raise BrokenPath(f"{_called(it)} has extensions, and is not of version 3 (RFC 5280, 4.1.2.1)")
    serial = body["serial_number"]
    # Negative ones occur, and can be told apart: "users SHOULD be prepared to gracefully handle such certificates".
    if len(serial.contents) > LONGEST_SERIAL or serial.native == 0:
        raise BrokenPath(f"{_called(it)}: a serial number of 0, or of more than 20 octets (RFC 5280, 4.1.2.2)")
    for moment in (body["validity"]["not_before"], body["validity"]["not_after"]):
        if not _MOMENT.fullmatch(moment.chosen.contents):
            raise BrokenPath(f"{_called(it)}: a moment that is not to the second, in UTC (RFC 5280, 4.1.2.5)")


def _names(it: asn1_x509.Certificate) -> None:
    body = it["tbs_certificate"]
    if not len(it.issuer.chosen):
        raise BrokenPath(f"{_called(it)} names no issuer (RFC 5280, 4.1.2.4)")
    alternative = it.subject_alt_name_value
    if alternative is not None and not len(alternative):
        raise BrokenPath(f"{_called(it)}: a list of names without a name (RFC 5280, 4.2.1.6)")
    for name in alternative or ():
        if _malformed(name):
            raise BrokenPath(f"{_called(it)}: {name.name} {name.chosen.native!r} is none (RFC 5280, 4.2.1.6)")
    if not len(it.subject.chosen):
        if it.ca:
            raise BrokenPath(f"an authority under {it.issuer.human_friendly} without a name (RFC 5280, 4.1.2.6)")
        if alternative is None or "subject_alt_name" not in it.critical_extensions:
            raise BrokenPath(f"serial {body['serial_number'].native:x} names nobody (RFC 5280, 4.1.2.6)")


def _malformed(name: Asn1) -> bool:
    told: bytes = name.chosen.contents  # as it stands: the library tidies up what it reads
    match name.name:
        case "ip_address":
            return len(told) not in (4, 16)
        case "dns_name":
            return _UNSEEN.search(told) is not None or not all(told.removesuffix(b".").split(b"."))
        case "rfc822_name":
            mailbox, at, host = told.partition(b"@")
            return not (mailbox and at and host) or b"@" in host or _UNSEEN.search(host) is not None
        case "uniform_resource_identifier":
            return _ABSOLUTE.match(told) is None or _UNSEEN.search(told) is not None
        case _:
            return False


def _extensions(it: asn1_x509.Certificate) -> None:
    found = [each["extn_id"].native for each in it["tbs_certificate"]["extensions"]]
    if len(found) != len(set(found)):
        raise BrokenPath(f"{_called(it)} has an extension twice (RFC 5280, 4.2)")
    if it["tbs_certificate"]["version"].native != "v3":
        return
    critical = it.critical_extensions
    for name, clause in _NEVER_CRITICAL.items():
        if name in critical:
            raise BrokenPath(f"{_called(it)}: {_words(name)} must not be critical (RFC 5280, {clause})")
    for name, clause in _ALWAYS_CRITICAL.items():
        if name in found and name not in critical:
            raise BrokenPath(f"{_called(it)}: {_words(name)} must be critical (RFC 5280, {clause})")
    if it.ca and it.key_identifier is None:
        raise BrokenPath(f"{_called(it)}: an authority without a key identifier (RFC 5280, 4.2.1.2)")
    # Only who signed itself may leave out whose key that was.
    if it.authority_key_identifier is None and it.issuer != it.subject:
        raise BrokenPath(f"{_called(it)} does not say whose key signed it (RFC 5280, 4.2.1.1)")
    for empty in _empty(it):
        raise BrokenPath(f"{_called(it)}: {empty}")


def _empty(it: asn1_x509.Certificate) -> Iterator[str]:
    names = it.name_constraints_value
    if names is not None:
        if not it.ca:
            yield "constrains names, and is no authority (RFC 5280, 4.2.1.10)"
        permitted, excluded = names["permitted_subtrees"], names["excluded_subtrees"]
        if not len(permitted) and not len(excluded):
            yield "constrains no name at all (RFC 5280, 4.2.1.10)"
        for subtree in (*permitted, *excluded):
            yield from _constraint(subtree)
    bounds = it.policy_constraints_value
    if bounds is not None and all(bounds[name].native is None for name in bounds):
        yield "constrains no policy at all (RFC 5280, 4.2.1.11)"
    usages = it.extended_key_usage_value
    if usages is not None and not len(usages):
        yield "extended key usage without a usage (RFC 5280, 4.2.1.12)"


def _constraint(subtree: Asn1) -> Iterator[str]:
    base = subtree["base"]
    # A mask with holes is found by the other parser.
    if base.name == "ip_address" and len(base.chosen.contents) not in (8, 32):
        yield "a constraint on addresses that is none (RFC 5280, 4.2.1.10)"
    if base.name in _CONSTRAINTS and not _CONSTRAINTS[base.name].fullmatch(base.chosen.native):
        yield f"a constraint on names that is none: {base.name} {base.chosen.native[:60]!r} (RFC 5280, 4.2.1.10)"


def _usage(it: asn1_x509.Certificate) -> None:
    basic = it.basic_constraints_value
    usage = it.key_usage_value
    signs = usage is not None and "key_cert_sign" in usage.native
    if usage is not None and not usage.native:
        raise WrongUsage(f"{_called(it)} may be used for nothing (RFC 5280, 4.2.1.3)")
    if signs and not it.ca:
        raise WrongUsage(f"{_called(it)} may sign certificates, and is no authority (RFC 5280, 4.2.1.9)")
    if (
        basic is not None
        and basic["path_len_constraint"].native is not None
        and not (it.ca and (usage is None or signs))
    ):
        raise WrongUsage(f"{_called(it)} bounds a path that it may not issue (RFC 5280, 4.2.1.9)")


def _key(it: asn1_x509.Certificate) -> None:
    algorithm = it.public_key["algorithm"]
    if algorithm["algorithm"].native == "dsa":
        raise UnsupportedAlgorithm(f"{_called(it)} has a DSA key, which nobody here checks (FIPS 186-5, 4)")
    if algorithm["algorithm"].native == "ec" and algorithm["parameters"].name != "named":
        raise ExplicitCurve(f"{_called(it)} spells its curve out instead of naming it (RFC 5480, 2.1.1)")


def _called(it: asn1_x509.Certificate) -> str:
    return it.subject.human_friendly or f"serial {it.serial_number:x}"


def _words(name: str) -> str:
    return name.replace("_", " ")
