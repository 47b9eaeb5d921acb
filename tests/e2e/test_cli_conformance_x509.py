"""`corridor conformance x509` as a process: cases on stdin, an answer a line, whatever comes."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from jsonschema import Draft202012Validator

from .conftest import Answers, ndjson

PKITS = Path(str(resources.files("cryptography_vectors"))) / "x509" / "PKITS_data"
AT = datetime(2022, 6, 1, tzinfo=UTC)
MANY = 14

Case = dict[str, Any]  # Any: JSON


@pytest.fixture
def answers(conformance: Callable[[str], Answers]) -> Answers:
    """Feeds the command, and returns its answers and how it ended."""
    return conformance("x509")


def pem(der: bytes, label: str = "CERTIFICATE") -> str:
    """PEM text."""
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n"


def of_pkits(name: str, leaf: str, *crls: str) -> Case:
    """A case of NIST's suite, by its files."""
    return {
        "id": name,
        "leaf": pem((PKITS / "certs" / f"{leaf}.crt").read_bytes()),
        "intermediates": [pem((PKITS / "certs" / "GoodCACert.crt").read_bytes())],
        "anchors": [pem((PKITS / "certs" / "TrustAnchorRootCertificate.crt").read_bytes())],
        "crls": [pem((PKITS / "crls" / f"{each}.crl").read_bytes(), "X509 CRL") for each in crls],
        "at": AT.isoformat(),
        "policies": None,
        "explicit_policy": None,
        "extended_key_usage": [],
    }


def tangled() -> Case:
    """Authorities of one name, each certified by the next: more paths than anybody can try, and no root."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(MANY)]

    def certified(subject: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey) -> str:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ring")]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(AT - timedelta(days=1))
            .not_valid_after(AT + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        )
        return pem(made.sign(by, hashes.SHA256()).public_bytes(Encoding.DER))

    ring = [certified("ring", one, other) for one, other in zip(keys, (*keys[1:], keys[0]), strict=True)]
    honest = of_pkits("tangled", "ValidCertificatePathTest1EE")
    return {**honest, "leaf": certified("leaf", keys[0], keys[0]), "intermediates": ring, "revocation": "none"}


GOOD = of_pkits("good", "ValidCertificatePathTest1EE", "TrustAnchorRootCRL", "GoodCACRL")
CASES: dict[str, tuple[Case, str, str]] = {
    "good": (GOOD, "valid", r""),
    "withdrawn": (
        of_pkits("withdrawn", "InvalidRevokedEETest3EE", "TrustAnchorRootCRL", "GoodCACRL"),
        "invalid",
        r"Revoked: .*\[RFC 5280",
    ),
    "no list": (of_pkits("no list", "ValidCertificatePathTest1EE"), "indeterminate", r"RevocationUnknown: "),
    "no list asked for": (
        {**of_pkits("no list asked for", "ValidCertificatePathTest1EE"), "revocation": "none"},
        "valid",
        r"",
    ),
    "DSA": (of_pkits("DSA", "DSACACert", "TrustAnchorRootCRL"), "unsupported", r"UnsupportedAlgorithm: "),
    "nothing at all": ({"id": "nothing at all", "leaf": "", "at": AT.isoformat()}, "invalid", r"cannot be read"),
    "tangled": (tangled(), "indeterminate", r"PathTooCostly: .*longer than it may"),
}


def test_each_verdict(answers: Answers) -> None:
    """In order, with the case's own id, and a reason where the verdict is not `valid`."""
    begun = time.monotonic()
    said, ran = answers(ndjson(*(case for case, _, _ in CASES.values())))
    assert time.monotonic() - begun < 15
    assert ran.returncode == 0
    assert [(one["id"], one["verdict"]) for one in said] == [(name, verdict) for name, (_, verdict, _) in CASES.items()]
    for one, (_, _, reason) in zip(said, CASES.values(), strict=True):
        assert re.match(reason, one["reason"]) or re.search(reason, one["reason"])
        assert bool(one["reason"]) is (one["verdict"] != "valid")


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b'{"id": 1, "leaf": "x", "leaf": "y"}',
        ndjson({**GOOD, "leaf": None}),
        ndjson({**GOOD, "at": "yesterday"}),
        ndjson({**GOOD, "at": "2022-06-01T00:00:00"}),
        ndjson({**GOOD, "policies": ["anyPolicy"]}),
        ndjson({**GOOD, "explicit_policy": "yes"}),
        ndjson({**GOOD, "key_usage": ["sign"]}),
        ndjson({**GOOD, "crls": [1]}),
        ndjson({**GOOD, "revocation": "sometimes"}),
    ],
)
def test_a_line_that_is_no_case(answers: Answers, line: bytes) -> None:
    """Is answered too; those after it are as good as ever, and the end says that something was wrong."""
    said, ran = answers(line.rstrip(b"\n") + b"\n" + ndjson(GOOD))
    assert [one["verdict"] for one in said] == ["invalid", "valid"]
    assert said[0]["reason"].startswith("not a case: ")
    assert ran.returncode == 2


@pytest.mark.parametrize("kind", ["case", "answer"])
def test_the_published_schemas(answers: Answers, repo_root: Path, kind: str) -> None:
    """Cases and answers are as docs/schemas says."""
    schema = json.loads((repo_root / "docs" / "schemas" / f"conformance-x509-{kind}.schema.json").read_bytes())
    Draft202012Validator.check_schema(schema)
    lines = [case for case, _, _ in CASES.values() if case["id"] != "tangled"]
    said, _ = answers(ndjson(*lines))
    for one in lines if kind == "case" else said:
        Draft202012Validator(schema).validate(one)


def test_the_example_of_the_page(answers: Answers, repo_root: Path) -> None:
    """docs/conformance.md shows a case that is one, but for the certificates."""
    page = (repo_root / "docs" / "conformance.md").read_text(encoding="utf-8")
    section = page[page.index("## x509") :]
    case, answer = (json.loads(line) for line in re.findall(r"^    (\{.*\})$", section, re.MULTILINE)[:2])
    said, ran = answers(ndjson({**case, "leaf": GOOD["leaf"], "anchors": GOOD["anchors"]}))
    assert ran.returncode == 0
    assert said[0].keys() == answer.keys()
