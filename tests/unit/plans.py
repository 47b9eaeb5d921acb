"""Certification paths for the tests of path validation: honest but for what a case changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from harness.cli.conformance.x509 import verdict

AT = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
OWN, THEIRS = x509.ObjectIdentifier("2.25.100"), x509.ObjectIdentifier("2.25.200")
KEYS: dict[str, Key] = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("root", "issuing", "leaf", "other")}
KEYS["small"] = rsa.generate_private_key(65537, 1024)  # noqa: S505 - the point of its case
KEYS["large"] = rsa.generate_private_key(65537, 2048)
KEYS["edwards"] = ed25519.Ed25519PrivateKey.generate()


def usage(**bits: bool) -> x509.KeyUsage:
    """A key usage with these bits."""
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign"
        " encipher_only decipher_only"
    )
    return x509.KeyUsage(**{name: bits.get(name, False) for name in names.split()})


@dataclass(frozen=True)
class Made:
    """A certificate and the key in it."""

    certificate: x509.Certificate
    key: Key


@dataclass
class Plan:
    """A root, an issuing authority and a leaf, as they would be honest; a case changes what it is about."""

    root: dict[str, object] = field(default_factory=dict)
    issuing: dict[str, object] = field(default_factory=dict)
    leaf: dict[str, object] = field(default_factory=dict)
    revoked: dict[str, object] | None = None  # the leaf, with these things said of it
    crls: dict[str, object] = field(default_factory=dict)  # of the issuing authority
    settings: dict[str, object] = field(default_factory=dict)
    anchor: str = "root"
    at: datetime = AT


def made(common: str, by: Made | None, authority: bool, changes: dict[str, object]) -> Made:  # noqa: FBT001 - of a table
    """One certificate: what is usual, with the changes of a case."""
    told: dict[str, object] = {
        "key": KEYS[common],
        "country": "QM",
        "since": AT - 100 * DAY,
        "until": AT + 100 * DAY,
        "serial": x509.random_serial_number(),
        "basic": x509.BasicConstraints(ca=authority, path_length=None),
        "usage": usage(key_cert_sign=True, crl_sign=True) if authority else usage(digital_signature=True),
        "more": (),
        "ski": True,
        "aki": True,
        "signed": None,
        **changes,
    }
    key, signer = told["key"], by.key if by else told["key"]
    usual = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, str(told["country"])),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )
    name = usual if told.get("name") is None else told["name"]
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)  # type: ignore[arg-type]
        .issuer_name(by.certificate.subject if by else name)  # type: ignore[arg-type]
        .public_key(key.public_key())  # type: ignore[attr-defined]
        .serial_number(told["serial"])  # type: ignore[arg-type]
        .not_valid_before(told["since"])  # type: ignore[arg-type]
        .not_valid_after(told["until"])  # type: ignore[arg-type]
    )
    if told["ski"]:
        ski = x509.SubjectKeyIdentifier.from_public_key(key.public_key())  # type: ignore[attr-defined]
        builder = builder.add_extension(ski, critical=told["ski"] == "critical")
    if told["basic"]:
        builder = builder.add_extension(told["basic"], critical=not told.get("basic not critical"))  # type: ignore[arg-type]
    if told["usage"]:
        builder = builder.add_extension(told["usage"], critical=True)  # type: ignore[arg-type]
    if told["aki"]:
        aki = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())  # type: ignore[attr-defined]
        builder = builder.add_extension(aki, critical=False)
    for extension, critical in told["more"]:  # type: ignore[attr-defined]
        builder = builder.add_extension(extension, critical=critical)
    signer = told["signed"] or signer
    digest = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Made(builder.sign(signer, digest), key)  # type: ignore[arg-type]


def listed(
    by: Made, entry: x509.RevokedCertificate | None, changes: dict[str, object]
) -> x509.CertificateRevocationList:
    """A revocation list."""
    told: dict[str, object] = {
        "since": AT - DAY,
        "until": AT + DAY,
        "key": by.key,
        "number": True,
        "more": (),
        "more entries": (),
        **changes,
    }
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(by.certificate.subject)
        .last_update(told["since"])  # type: ignore[arg-type]
        .next_update(told["until"])  # type: ignore[arg-type]
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), critical=False)
    )
    if told["number"]:
        builder = builder.add_extension(x509.CRLNumber(1), critical=False)
    for extension, critical in told["more"]:  # type: ignore[attr-defined]
        builder = builder.add_extension(extension, critical=critical)
    for each in () if entry is None else (entry, *told["more entries"]):  # type: ignore[misc]
        builder = builder.add_revoked_certificate(each)
    signer = told["key"]
    digest = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(signer, digest)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Built:
    """What a plan comes to."""

    leaf: x509.Certificate
    issuing: x509.Certificate
    anchor: x509.Certificate
    crls: tuple[x509.CertificateRevocationList, ...]
    plan: Plan


def path_of(plan: Plan) -> Built:
    """Make the certificates and lists of a plan."""
    root = made("root", None, True, plan.root)
    issuing = made("issuing", root, True, plan.issuing)
    leaf = made("leaf", issuing, False, plan.leaf)
    entry = None
    if plan.revoked is not None:
        builder = (
            x509.RevokedCertificateBuilder()
            .serial_number(leaf.certificate.serial_number)
            .revocation_date(plan.revoked["at"])  # type: ignore[arg-type]
        )
        if "reason" in plan.revoked:
            builder = builder.add_extension(x509.CRLReason(plan.revoked["reason"]), critical=False)  # type: ignore[arg-type]
        if "lost" in plan.revoked:
            lost = x509.InvalidityDate(plan.revoked["lost"])  # type: ignore[arg-type]
            builder = builder.add_extension(lost, critical=False)
        entry = builder.build()
    crls = [listed(root, None, {"until": AT + 50 * DAY, "since": AT - 50 * DAY})]
    if plan.crls.get("there", True):
        crls.append(listed(issuing, entry, {k: v for k, v in plan.crls.items() if k != "there"}))
    anchor = {"root": root, "issuing": issuing}[plan.anchor]
    return Built(leaf.certificate, issuing.certificate, anchor.certificate, tuple(crls), plan)


def pem(it: x509.Certificate | x509.CertificateRevocationList) -> str:
    """As a case has it."""
    return it.public_bytes(Encoding.PEM).decode()


def ours(path: Built) -> str:
    """The verdict of `corridor conformance x509`."""
    said = verdict(
        {
            "leaf": pem(path.leaf),
            "intermediates": [pem(path.issuing)],
            "anchors": [pem(path.anchor)],
            "crls": [pem(each) for each in path.crls],
            "at": path.plan.at.isoformat(),
            **path.plan.settings,  # type: ignore[dict-item] # JSON values, by their look
        }
    )
    return str(said["verdict"])


def verdict_of(plan: Plan, **settings: object) -> dict[str, object]:
    """Our verdict with other settings, whole; no lists asked for."""
    path = path_of(plan)
    case = {
        "leaf": pem(path.leaf),
        "intermediates": [pem(path.issuing)],
        "anchors": [pem(path.anchor)],
        "at": AT.isoformat(),
        "revocation": "none",
        **settings,
    }
    return dict(verdict(case))  # type: ignore[arg-type] # JSON values, by their look


def names(*bases: x509.GeneralName, excluded: bool = False) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """A constraint on names."""
    subtrees = list(bases)
    return ((x509.NameConstraints(None if excluded else subtrees, subtrees if excluded else None), True),)


def also(*given: x509.GeneralName) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """Alternative names."""
    return ((x509.SubjectAlternativeName(list(given)), False),)


def under(*given: x509.ObjectIdentifier) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """Policies."""
    return ((x509.CertificatePolicies([x509.PolicyInformation(each, None) for each in given]), False),)
