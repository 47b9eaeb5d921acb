"""NIST's PKITS by the code of the exchange: every case with certificates and lists, each with NIST's own verdict.

The suite's files come with `cryptography-vectors` (Public Key Interoperability Test Suite, version 1.0.1, 2011). Its
paths are bare certificates: S/MIME and PKCS #12 wrappings of the same cases are left out. Where NIST says only "shall
not validate" we tell wrong from undecided; where we check no signature at all we say so. Both are in
docs/conformance.md.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path

import pytest
from asn1crypto import crl, x509

from harness.cli.conformance.x509 import verdict

DATA = Path(str(resources.files("cryptography_vectors"))) / "x509" / "PKITS_data"
AT = "2022-06-01T00:00:00Z"
ANCHOR = "TrustAnchorRootCertificate"
P = {number: f"2.16.840.1.101.3.2.1.48.{number}" for number in range(1, 7)}  # NIST-test-policy-1 and so on

UNSUPPORTED = {  # 4.1.4 to 4.1.6: DSA with 1 024 bits and SHA-1, one with inherited parameters
    "ValidDSASignaturesTest4EE",
    "ValidDSAParameterInheritanceTest5EE",
    "InvalidDSASignatureTest6EE",
}
UNDECIDED = {  # NIST: shall not validate. No list that can be used speaks of the certificate: we say that.
    "InvalidMissingCRLTest1EE",  # 4.4
    "InvalidBadCRLSignatureTest4EE",
    "InvalidBadCRLIssuerNameTest5EE",
    "InvalidWrongCRLTest6EE",
    "InvalidUnknownCRLEntryExtensionTest8EE",
    "InvalidUnknownCRLExtensionTest9EE",
    "InvalidUnknownCRLExtensionTest10EE",
    "InvalidOldCRLnextUpdateTest11EE",
    "Invalidpre2000CRLnextUpdateTest12EE",
    "InvalidSeparateCertificateandCRLKeysTest21EE",
    "InvalidkeyUsageCriticalcRLSignFalseTest4EE",  # 4.7
    "InvalidkeyUsageNotCriticalcRLSignFalseTest5EE",
    "InvaliddistributionPointTest3EE",  # 4.14
    "InvaliddistributionPointTest8EE",
    "InvaliddistributionPointTest9EE",
    "InvalidonlyContainsUserCertsTest11EE",
    "InvalidonlyContainsCACertsTest12EE",
    "InvalidonlyContainsAttributeCertsTest14EE",
    "InvalidonlySomeReasonsTest17EE",
    "InvalidIDPwithindirectCRLTest26EE",
    "InvalidcRLIssuerTest27EE",
    "InvalidcRLIssuerTest35EE",
    "InvaliddeltaCRLIndicatorNoBaseTest1EE",  # 4.15
    "InvaliddeltaCRLTest10EE",
}

Settings = dict[str, object]
ANY: Settings = {}
EXPLICIT: Settings = {"explicit_policy": True}


def under(*numbers: int, **more: object) -> Settings:
    """With these policies as the user's initial set."""
    return {"policies": [P[number] for number in numbers], **more}


SETTINGS: dict[str, list[tuple[Settings, bool]]] = {
    # 4.8, certificate policies: the settings of each sub-test, and whether the path shall validate.
    "ValidCertificatePathTest1EE": [
        (EXPLICIT, True),
        (under(1, explicit_policy=True), True),
        (under(2, explicit_policy=True), False),
        (under(1, 2, explicit_policy=True), True),
    ],
    "AllCertificatesNoPoliciesTest2EE": [(ANY, True), (EXPLICIT, False)],
    "DifferentPoliciesTest3EE": [(ANY, True), (EXPLICIT, False), (under(1, 2, explicit_policy=True), False)],
    "DifferentPoliciesTest4EE": [(ANY, False)],
    "DifferentPoliciesTest5EE": [(ANY, False)],
    "OverlappingPoliciesTest6EE": [(ANY, True), (under(1), True), (under(2), False)],
    "DifferentPoliciesTest7EE": [(ANY, False)],
    "DifferentPoliciesTest8EE": [(ANY, False)],
    "DifferentPoliciesTest9EE": [(ANY, False)],
    "AllCertificatesSamePoliciesTest10EE": [(ANY, True), (under(1), True), (under(2), True)],
    "AllCertificatesanyPolicyTest11EE": [(ANY, True), (under(1), True)],
    "DifferentPoliciesTest12EE": [(ANY, False)],
    "AllCertificatesSamePoliciesTest13EE": [(under(1), True), (under(2), True), (under(3), True)],
    "AnyPolicyTest14EE": [(under(1), True), (under(2), False)],
    "UserNoticeQualifierTest15EE": [(ANY, True)],
    "UserNoticeQualifierTest16EE": [(ANY, True)],
    "UserNoticeQualifierTest17EE": [(ANY, True)],
    "UserNoticeQualifierTest18EE": [(under(1), True), (under(2), True)],
    "UserNoticeQualifierTest19EE": [(ANY, True)],
    "CPSPointerQualifierTest20EE": [(ANY, True)],
    # 4.10, policy mappings.
    "ValidPolicyMappingTest1EE": [(under(1), True), (under(2), False), (under(1, inhibit_mapping=True), False)],
    "InvalidPolicyMappingTest2EE": [(ANY, False), ({"inhibit_mapping": True}, False)],
    "ValidPolicyMappingTest3EE": [(under(1), False), (under(2), True)],
    "ValidPolicyMappingTest5EE": [(under(1), True), (under(6), False)],
    "ValidPolicyMappingTest6EE": [(under(1), True), (under(6), False)],
    "ValidPolicyMappingTest12EE": [(under(1), True), (under(2), True)],
    # 4.12, inhibit any policy.
    "inhibitAnyPolicyTest3EE": [(ANY, True), ({"inhibit_any": True}, False)],
}


@cache
def certificates() -> dict[str, x509.Certificate]:
    """Every certificate of the suite by its file's name."""
    return {path.stem: x509.Certificate.load(path.read_bytes()) for path in sorted(DATA.glob("certs/*.crt"))}


@cache
def lists() -> dict[str, crl.CertificateList]:
    """Every revocation list."""
    return {path.stem: crl.CertificateList.load(path.read_bytes()) for path in sorted(DATA.glob("crls/*.crl"))}


def pem(path: Path, label: str) -> str:
    """A file of the suite as PEM."""
    return f"-----BEGIN {label}-----\n{base64.encodebytes(path.read_bytes()).decode()}-----END {label}-----\n"


def case(name: str, settings: Settings) -> dict[str, object]:
    """The case of one end entity: every authority whose name leads up from it, and all their lists."""
    names, between = {certificates()[name].issuer.hashable}, set[str]()
    while True:
        more = {one for one, it in certificates().items() if it.subject.hashable in names and one != name} - between
        if "indirectCRL" in name or "cRLIssuer" in name:  # whose lists are under names that do not lead up
            more |= {one for one in certificates() if one.startswith("indirectCRL")} - between
        if not more:
            break
        between |= more
        names |= {
            each for one in more for each in (certificates()[one].issuer.hashable, certificates()[one].subject.hashable)
        }
    return {
        "leaf": pem(DATA / "certs" / f"{name}.crt", "CERTIFICATE"),
        "intermediates": [pem(DATA / "certs" / f"{one}.crt", "CERTIFICATE") for one in sorted(between - {ANCHOR})],
        "anchors": [pem(DATA / "certs" / f"{ANCHOR}.crt", "CERTIFICATE")],
        "crls": [
            pem(DATA / "crls" / f"{one}.crl", "X509 CRL") for one, it in lists().items() if it.issuer.hashable in names
        ],
        "at": AT,
        **settings,
    }


def every() -> Iterator[tuple[str, Settings, bool]]:
    """Each end entity with each of its settings; without any, NIST's verdict is the first word of the name."""
    for path in sorted(DATA.glob("certs/*EE.crt")):
        for settings, holds in SETTINGS.get(path.stem, []):
            yield path.stem, settings, holds
        if path.stem not in SETTINGS or path.stem == "ValidCertificatePathTest1EE":
            yield path.stem, ANY, path.stem.startswith("Valid")


def test_the_suite_is_whole() -> None:
    """Nothing was left out by a pattern that matches too little: 225 end entities, 173 lists and more."""
    names = [name for name, _, _ in every()]
    assert len(set(names)) == len(list(DATA.glob("certs/*EE.crt"))) > 220
    assert all(name.startswith(("Valid", "Invalid")) or name in SETTINGS for name in names)
    assert {*SETTINGS, *UNSUPPORTED, *UNDECIDED} <= set(names)


@pytest.mark.parametrize(("name", "settings", "holds"), list(every()), ids=lambda it: it if isinstance(it, str) else "")
def test_nist_and_we_say_the_same(name: str, settings: Settings, holds: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """What shall validate does; what shall not does not; two lists say exactly where we say it in other words."""
    expected = "valid" if holds else "invalid"
    if name in UNSUPPORTED:
        expected = "unsupported"
    elif name in UNDECIDED:
        expected = "indeterminate"

    said = verdict(case(name, settings))  # type: ignore[arg-type] # JSON values, by their look

    assert said["verdict"] == expected, said
