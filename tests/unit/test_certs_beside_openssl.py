"""Path validation beside `openssl verify`: the same generated paths, good and bad, to both.

Where the two say different things it is on purpose, and docs/conformance.md says why; the test holds the table to it.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs.crossing import Bounds, for_crossing
from harness.cli.conformance.x509 import verdict

from .plans import AT, DAY, KEYS, OWN, THEIRS, Built, Plan, also, made, names, ours, path_of, under, usage, verdict_of


def openssls(path: Built, folder: Path) -> bool:
    """Whether `openssl verify` finds the path good, as strict as it can be told to be."""
    files: dict[str, list[x509.Certificate] | list[x509.CertificateRevocationList]] = {
        "leaf": [path.leaf],
        "between": [path.issuing],
        "anchor": [path.anchor],
        "crls": list(path.crls),
    }
    for name, content in files.items():
        (folder / f"{name}.pem").write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in content))
    settings = path.plan.settings
    options = ["-x509_strict", "-partial_chain", "-attime", str(int(path.plan.at.timestamp()))]
    options += ["-crl_check_all", "-CRLfile", "crls.pem"]
    policies: object = settings.get("policies", [])
    for policy in policies if isinstance(policies, list) else []:
        options += ["-policy", policy]
    for name, option in (
        ("explicit_policy", "-explicit_policy"),
        ("inhibit_mapping", "-inhibit_map"),
        ("inhibit_any", "-inhibit_any"),
    ):
        options += [option] if settings.get(name) else []
    if settings.get("policies") or settings.get("explicit_policy"):
        options.append("-policy_check")
    given = ["-CAfile", "anchor.pem", "-no-CApath", "-no-CAstore", "-untrusted", "between.pem", "leaf.pem"]
    ran = subprocess.run(["openssl", "verify", *options, *given], cwd=folder, capture_output=True, check=False)
    assert ran.returncode in (0, 2), ran
    return ran.returncode == 0


MAPPED = for_crossing(Bounds(policy=OWN, equals=THEIRS, countries=("QM",)))
ASKED: dict[str, object] = {"policies": [OWN.dotted_string], "explicit_policy": True}
COUNTRY = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "QM")]))
NET, HOST = ip_network("192.0.2.0/24"), ip_address("192.0.2.9")
UNKNOWN = ((x509.UnrecognizedExtension(x509.ObjectIdentifier("2.25.7"), b"\5\0"), True),)
AIA = x509.AuthorityInformationAccess(
    [x509.AccessDescription(x509.OID_CA_ISSUERS, x509.UniformResourceIdentifier("http://x.invalid"))]
)

PLANS: dict[str, tuple[Plan, str]] = {
    "a good path": (Plan(), "valid"),
    "an Ed25519 leaf": (Plan(leaf={"key": KEYS["edwards"]}), "valid"),
    "an RSA authority of 2048 bits": (Plan(issuing={"key": KEYS["large"]}), "valid"),
    "an RSA authority of 1024 bits": (Plan(issuing={"key": KEYS["small"]}), "unsupported"),
    "the issuing authority as anchor": (Plan(anchor="issuing"), "valid"),
    "an expired leaf": (Plan(leaf={"until": AT - DAY}), "invalid"),
    "a leaf not yet valid": (Plan(leaf={"since": AT + DAY}), "invalid"),
    "at its very last second": (Plan(leaf={"until": AT}), "valid"),
    "an expired root": (Plan(root={"until": AT - DAY}), "invalid"),
    "an expired authority": (Plan(issuing={"until": AT - DAY}), "invalid"),
    "another key's signature": (Plan(leaf={"signed": KEYS["other"]}), "invalid"),
    "a leaf that issues": (Plan(issuing={"basic": x509.BasicConstraints(ca=False, path_length=None)}), "invalid"),
    "an authority without basic constraints": (Plan(issuing={"basic": None}), "invalid"),
    "an authority that may not issue": (Plan(issuing={"usage": usage(crl_sign=True)}), "invalid"),
    "a path longer than allowed": (Plan(root={"basic": x509.BasicConstraints(ca=True, path_length=0)}), "invalid"),
    "an unknown critical extension": (Plan(leaf={"more": UNKNOWN}), "invalid"),
    "a critical pointer to the issuer": (Plan(leaf={"more": ((AIA, True),)}), "invalid"),
    "without its issuer's key": (Plan(leaf={"aki": False}), "invalid"),
    "a leaf that may sign certificates": (
        Plan(leaf={"usage": usage(digital_signature=True, key_cert_sign=True)}),
        "invalid",
    ),
    "names of its country": (Plan(issuing={"more": names(COUNTRY)}), "valid"),
    "names of another country": (Plan(issuing={"more": names(COUNTRY)}, leaf={"country": "QN"}), "invalid"),
    "names of an excluded country": (Plan(issuing={"more": names(COUNTRY, excluded=True)}), "invalid"),
    "a root that constrains": (Plan(root={"more": names(COUNTRY)}, leaf={"country": "QN"}), "invalid"),
    "an address within": (
        Plan(issuing={"more": names(x509.IPAddress(NET))}, leaf={"more": also(x509.IPAddress(HOST))}),
        "valid",
    ),
    "an address without": (
        Plan(
            issuing={"more": names(x509.IPAddress(NET))},
            leaf={"more": also(x509.IPAddress(ip_address("198.51.100.1")))},
        ),
        "invalid",
    ),
    "a host within": (
        Plan(issuing={"more": names(x509.DNSName("qm.example"))}, leaf={"more": also(x509.DNSName("a.qm.example"))}),
        "valid",
    ),
    "a host without": (
        Plan(issuing={"more": names(x509.DNSName("qm.example"))}, leaf={"more": also(x509.DNSName("qn.example"))}),
        "invalid",
    ),
    "a policy mapped": (Plan(issuing={"more": MAPPED}, leaf={"more": under(THEIRS)}, settings=ASKED), "valid"),
    "a policy not mapped": (Plan(issuing={"more": MAPPED}, leaf={"more": under(OWN)}, settings=ASKED), "invalid"),
    "no policy": (Plan(settings=ASKED), "invalid"),
    "no policy, and none asked for": (Plan(leaf={"more": under(OWN)}), "valid"),
    "a mapping that is inhibited": (
        Plan(issuing={"more": MAPPED}, leaf={"more": under(THEIRS)}, settings={**ASKED, "inhibit_mapping": True}),
        "invalid",
    ),
    "any policy, inhibited": (
        Plan(
            issuing={"more": under(OWN)},
            leaf={"more": under(x509.ObjectIdentifier("2.5.29.32.0"))},
            settings={**ASKED, "inhibit_any": True},
        ),
        "invalid",
    ),
    "withdrawn before": (Plan(revoked={"at": AT - DAY}), "invalid"),
    "withdrawn at that second": (Plan(revoked={"at": AT}), "invalid"),
    "withdrawn later": (Plan(revoked={"at": AT + timedelta(hours=1)}), "valid"),
    "withdrawn later, lost before": (
        Plan(
            revoked={"at": AT + timedelta(hours=1), "reason": x509.ReasonFlags.key_compromise, "lost": AT - DAY},
        ),
        "invalid",
    ),
    "withdrawn later, invalid before for another reason": (
        Plan(revoked={"at": AT + timedelta(hours=1), "reason": x509.ReasonFlags.superseded, "lost": AT - DAY}),
        "valid",
    ),
    "a list of a later day": (Plan(crls={"since": AT + DAY, "until": AT + 2 * DAY}), "valid"),
    "no list": (Plan(crls={"there": False}), "indeterminate"),
    "a list that has ended": (Plan(crls={"since": AT - 3 * DAY, "until": AT - DAY}), "indeterminate"),
    "a list that another key signed": (Plan(crls={"key": KEYS["other"]}), "indeterminate"),
    "a list without a number": (Plan(crls={"number": False}), "indeterminate"),
}


def differences(repo_root: Path) -> dict[str, tuple[str, str]]:
    """The table of docs/conformance.md: case, our verdict, openssl's."""
    page = (repo_root / "docs" / "conformance.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| ([^|]+) \| (valid|invalid|indeterminate|unsupported) \| (OK|error) \| [^|]+ \|$", page, re.MULTILINE
    )
    return {case: (mine, theirs) for case, mine, theirs in rows}


@pytest.mark.parametrize("case", PLANS)
def test_both_say_the_same_or_the_page_says_why(case: str, repo_root: Path, tmp_path: Path) -> None:
    """Our verdict is as expected; openssl's is the same, or the difference stands in the table with its reason."""
    plan, expected = PLANS[case]
    path = path_of(plan)
    found, theirs = ours(path), openssls(path, tmp_path)
    assert found == expected
    told = differences(repo_root).get(case)
    assert (found == "valid") is theirs if told is None else told == (found, "OK" if theirs else "error"), theirs


def test_the_table_of_differences_has_no_other_rows(repo_root: Path) -> None:
    """What it tells of is tried here."""
    assert set(differences(repo_root)) <= set(PLANS)


def test_a_curve_spelt_out(repo_root: Path, tmp_path: Path) -> None:
    """A key on P-256 whose certificate spells the curve out is not checked at all (CVE-2020-0601)."""
    spelt_out = ["-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"]
    command = ["openssl", "genpkey", "-algorithm", "EC", *spelt_out]
    pem = subprocess.run(command, capture_output=True, check=True).stdout
    (tmp_path / "key.pem").write_bytes(pem)
    request = ["openssl", "req", "-new", "-x509", "-key", "key.pem", "-days", "30000", "-subj", "/C=QM/CN=explicit"]
    certificate = subprocess.run(request, capture_output=True, check=True, cwd=tmp_path).stdout.decode()
    said = verdict({"leaf": certificate, "anchors": [certificate], "at": "2030-01-01T00:00:00Z", "revocation": "none"})
    assert (said["verdict"], str(said["reason"]).partition(":")[0]) == ("invalid", "ExplicitCurve"), said


SERVER = ExtendedKeyUsageOID.SERVER_AUTH.dotted_string
FOR_SERVERS = ((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),)
FOR_ANYTHING = ((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False),)
USAGES: list[tuple[Plan, dict[str, object], str]] = [
    (Plan(), {"key_usage": ["digitalSignature"]}, "valid"),
    (Plan(), {"key_usage": "digital_signature"}, "valid"),
    (Plan(), {"key_usage": ["keyAgreement"]}, "invalid"),
    (Plan(leaf={"usage": None}), {"key_usage": ["keyAgreement"]}, "valid"),
    (Plan(), {"extended_key_usage": [SERVER]}, "valid"),
    (Plan(leaf={"more": FOR_SERVERS}), {"extended_key_usage": [SERVER]}, "valid"),
    (Plan(leaf={"more": FOR_SERVERS}), {"extended_key_usage": ["1.3.6.1.5.5.7.3.36"]}, "invalid"),
    (Plan(leaf={"more": FOR_ANYTHING}), {"extended_key_usage": [SERVER]}, "valid"),
    (Plan(), {"key_usage": None, "extended_key_usage": [], "policies": None, "explicit_policy": None}, "valid"),
    (Plan(), {"anchors": []}, "invalid"),
    (Plan(), {"intermediates": ["nonsense"]}, "invalid"),
]


@pytest.mark.parametrize(("plan", "settings", "expected"), USAGES)
def test_usages_and_empty_fields(plan: Plan, settings: dict[str, object], expected: str) -> None:
    """A usage is asked of what the certificate says; one that says nothing may be used for anything (RFC 5280)."""
    assert verdict_of(plan, **settings)["verdict"] == expected


def test_a_leaf_that_is_its_own_anchor() -> None:
    """A self-signed certificate is vouched for by itself as anchor; somebody else's of that name and key is not."""
    root = made("root", None, True, {})
    twin = made("root", None, True, {"signed": KEYS["other"]})
    case = {
        "anchors": [root.certificate.public_bytes(Encoding.PEM).decode()],
        "at": AT.isoformat(),
        "revocation": "none",
    }
    for leaf, expected in ((root, "valid"), (twin, "invalid")):
        pem = leaf.certificate.public_bytes(Encoding.PEM).decode()
        assert verdict({**case, "leaf": pem})["verdict"] == expected  # type: ignore[dict-item]
    late = {**case, "at": (AT + 200 * DAY).isoformat()}
    assert verdict({**late, "leaf": case["anchors"][0]})["verdict"] == "invalid"  # type: ignore[dict-item]


def test_a_moment_as_rfc_3339_writes_it() -> None:
    """Small letters, a fraction of any length and an offset are a moment; what is no moment is no case."""
    plan = replace(Plan(), leaf={"until": AT})
    for text in ("2026-06-01t00:00:00z", "2026-06-01T02:00:00.000000000+02:00", "2026-06-01T00:00:00.9Z"):
        assert verdict_of(plan, at=text)["verdict"] == "valid"
    assert verdict_of(plan, at="2026-06-01T00:00:01Z")["verdict"] == "invalid"
