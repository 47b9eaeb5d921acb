"""x509-limbo's questions about longer paths, revocation lists and what lies beside a path; and where we differ from it.

Its cases, made anew from what it says of each: groups `pathlen`, `pathological`, `crl` and `rfc5280`. What a root, an
authority and a leaf can show: test_certs_limbo.py.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from importlib import resources
from pathlib import Path

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID, NameOID

from harness.cli.conformance.x509 import verdict

from .plans import AT, DAY, KEYS, Made, Plan, also, listed, made, names, pem, verdict_of

VECTORS = Path(str(resources.files("cryptography_vectors"))) / "x509"
PRIVATE = x509.ObjectIdentifier("2.25.7")
UNKNOWN = x509.UnrecognizedExtension(PRIVATE, b"\5\0")
OTHER = x509.OtherName(PRIVATE, b"\5\0")
HOST, FORBIDDEN = x509.DNSName("permitted.example.com"), x509.DNSName("forbidden.example.com")


def cn(common: str) -> x509.Name:
    """A name of one part."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def authority(name: str, by: Made | None, below: int | None = None, **changes: object) -> Made:
    """An authority with a key of its own."""
    told: dict[str, object] = {
        "name": cn(name),
        "key": ec.generate_private_key(ec.SECP256R1()),
        "basic": x509.BasicConstraints(ca=True, path_length=below),
        **changes,
    }
    return made("other", by, True, told)


def said(leaf: str, anchors: Iterable[str], between: Iterable[str] = (), **settings: object) -> str:
    """Our verdict, without lists unless there are some."""
    case = {"leaf": leaf, "anchors": list(anchors), "intermediates": list(between), "at": AT.isoformat(), **settings}
    return str(verdict({"revocation": None if "crls" in settings else "none", **case})["verdict"])  # type: ignore[dict-item] # JSON


def on(anchors: Sequence[Made], between: Sequence[Made], leaf: Made) -> str:
    """Our verdict on a path."""
    return said(pem(leaf.certificate), *([pem(each.certificate) for each in some] for some in (anchors, between)))


def below(by: Made, **changes: object) -> Made:
    """A leaf."""
    return made("leaf", by, False, changes)


ROOT = authority("root", None)


def lengths(*allowed: int | None) -> str:
    """A leaf under as many authorities, each of which allows so many below it."""
    between: list[Made] = []
    for number, each in enumerate(allowed):
        between.append(authority(f"between {number}", between[-1] if between else ROOT, each))
    return on([ROOT], between, below(between[-1]))


def ignored_in_the_last() -> str:
    """`pathlen::validation-ignores-pathlen-in-leaf`."""
    first = authority("first", ROOT, 0)
    return on([ROOT], [first], authority("second", first, 0))


def self_issued() -> str:
    """`pathlen::self-issued-certs-pathlen`."""
    first = authority("first", ROOT, 1)
    again = authority("first", first, 1)
    third = authority("third", again, 0)
    return on([ROOT], [first, again, third], below(third))


def chain_of_pain() -> str:
    """`pathological::multiple-chains-expired-intermediate`."""
    second = authority("second root", None)
    old = authority("root", second, key=ROOT.key, until=AT - DAY)
    return on([ROOT, second], [old], below(ROOT))


def cycle(*names_: str) -> str:
    """`pathological::intermediate-cycle-*`: they vouch for each other, and nobody for them."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in names_]
    ring = [
        authority(
            names_[at], Made(authority(names_[at - 1], None, key=keys[at - 1]).certificate, keys[at - 1]), key=key
        )
        for at, key in enumerate(keys)
    ]
    return on([ROOT], ring, below(ring[0]))


def in_a_web() -> str:
    """`cve::cve-2024-0567`: three roots vouch for each other, and one of them is believed."""
    roots = {letter: authority(f"root {letter}", None) for letter in "ABC"}
    crossed = [authority(f"root {one}", roots[by], key=roots[one].key) for one in roots for by in roots if one != by]
    first = authority("A1", roots["A"])
    return on([roots["A"]], [first, *crossed], below(first))


def swapped() -> str:
    """`rfc5280::root-and-intermediate-swapped`."""
    first = authority("first", ROOT)
    return on([first], [ROOT], below(first))


def untrusted() -> str:
    """`rfc5280::chain-untrusted-root`."""
    first = authority("first", ROOT)
    return on([authority("unrelated", None)], [ROOT, first], below(first))


def self_issued_outside() -> str:
    """`rfc5280::nc::permitted-self-issued`: who only renews its key may be called what it is called."""
    root = authority("root", None, more=((x509.NameConstraints([HOST], [FORBIDDEN]), True),))
    again = authority("root", root, more=also(FORBIDDEN, x509.DNSName("*.example.com")))
    return on([root], [again], below(again, more=also(HOST)))


def narrowed(*permitted: Sequence[str], host: str) -> str:
    """`rfc5280::nc::restrictive-permits-in-intermediates-*`: each authority allows within what the one above does."""
    between: list[Made] = []
    for number, hosts in enumerate(permitted):
        bound = names(*(x509.DNSName(f"{one}.example.com") for one in hosts))
        between.append(authority(f"between {number}", between[-1] if between else ROOT, more=bound))
    return on([ROOT], between, below(between[-1], more=also(x509.DNSName(f"{host}.example.com"))))


def another_chain() -> str:
    """`rfc5280::nc::nc-forbids-same-chain-ica`: one path to an authority is forbidden, another is not."""
    key, second = ec.generate_private_key(ec.SECP256R1()), authority("second root", None)
    first = authority("first", ROOT, more=names(FORBIDDEN, excluded=True))
    one = authority("both", first, key=key, more=also(FORBIDDEN))
    two = authority("both", second, key=key, more=also(x509.DNSName("free.example.com")))
    return on([ROOT, second], [first, one, two], below(one, more=also(HOST)))


PATHS: dict[str, tuple[Callable[[], str], str]] = {
    "ignored in the last": (ignored_in_the_last, "valid"),
    "self-issued": (self_issued, "valid"),
    "may increase": (lambda: lengths(1, 2), "valid"),
    "violated": (lambda: lengths(0, 0), "invalid"),
    "too long": (lambda: lengths(1, 0, 0), "invalid"),
    "fifty": (lambda: lengths(*[None] * 50), "valid"),
    "chain of pain": (chain_of_pain, "valid"),
    "a cycle of two": (lambda: cycle("one", "two"), "invalid"),
    "a cycle under one name": (lambda: cycle("same", "same"), "invalid"),
    "in a web": (in_a_web, "valid"),
    "swapped": (swapped, "valid"),
    "untrusted": (untrusted, "invalid"),
    "self-issued, outside": (self_issued_outside, "valid"),
    "narrows": (lambda: narrowed("ab", "b", host="a"), "invalid"),
    "narrows, within": (lambda: narrowed("ab", "b", host="b"), "valid"),
    "widens": (lambda: narrowed("b", "ab", host="a"), "invalid"),
    "another chain": (another_chain, "valid"),
}


@pytest.mark.parametrize("case", PATHS)
def test_paths(case: str) -> None:
    """Of any length and number, with x509-limbo's own verdict."""
    judge, expected = PATHS[case]
    assert judge() == expected


def signed(octets: bytes) -> bytes:
    """By the root, with a last bit that is zero: one that may be left out of a string of bits."""
    signature = b"\1"
    while signature[-1] % 2:
        signature = ROOT.key.sign(octets, ec.ECDSA(hashes.SHA256()))  # type: ignore[call-arg, arg-type] # an EC key
    return signature


def rewritten(change: str) -> str:
    """A leaf under the root with something in it that no library writes, signed by the root."""
    found = asn1_x509.Certificate.load(below(ROOT).certificate.public_bytes(Encoding.DER))
    body = found["tbs_certificate"]
    match change:
        case "a number of 21 octets":
            body["serial_number"] = 1 << 160
        case "a number below 0":
            body["serial_number"] = -1
        case "the number 0":
            body["serial_number"] = 0
        case "an extension twice":
            body["extensions"] = [*body["extensions"], body["extensions"][0]]
        case "no issuer":
            body["issuer"] = asn1_x509.Name.build({})
        case "version 1, and extensions":
            body["version"] = "v1"
    found["signature_value"] = signature = signed(body.dump(force=True))
    if change == "two algorithms":
        found["signature_algorithm"]["algorithm"] = "sha384_ecdsa"
    der = found.dump(force=True)
    if change == "a signature without its last bit":
        der = der[: -len(signature) - 1] + b"\1" + signature  # how many bits of the last octet do not count
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("nothing", "valid"),
        ("a number of 21 octets", "invalid"),
        ("the number 0", "invalid"),
        ("an extension twice", "invalid"),
        ("no issuer", "invalid"),
        ("version 1, and extensions", "invalid"),
        ("two algorithms", "invalid"),
        ("a signature without its last bit", "invalid"),
    ],
)
def test_forms_that_no_library_writes(change: str, expected: str) -> None:
    """`rfc5280::serial`, `duplicate-extensions`, `ee-empty-issuer`, `mismatching-*`; and CVE-2014-8275."""
    assert said(rewritten(change), [pem(ROOT.certificate)]) == expected


def delisted(by: Made, *entries: x509.RevokedCertificate, **changes: object) -> str:
    """A revocation list, PEM."""
    return pem(listed(by, entries[0] if entries else None, {**changes, "more entries": entries[1:]}))


def relisted(change: str, *entries: x509.RevokedCertificate) -> str:
    """A list of the root's with something in it that no library writes, signed by the root."""
    found = asn1_crl.CertificateList.load(listed(ROOT, entries[0] if entries else None, {}).public_bytes(Encoding.DER))
    body = found["tbs_cert_list"]
    match change:
        case "version 1":
            body["version"] = "v1"
        case "no next update":
            body["next_update"] = None
        case "years in four digits":
            for name in ("this_update", "next_update"):
                body[name] = asn1_x509.Time({"general_time": body[name].native})
    found["signature"] = signed(body.dump(force=True))
    text = base64.encodebytes(found.dump(force=True)).decode()
    return f"-----BEGIN X509 CRL-----\n{text}-----END X509 CRL-----\n"


def withdrawn(
    number: int, *extensions: tuple[x509.ExtensionType, bool], at: datetime = AT - DAY
) -> x509.RevokedCertificate:
    """An entry of a list."""
    builder = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(at)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.build()


LEAF = below(ROOT)
OWN, ELSE = LEAF.certificate.serial_number, 1
TOO_LONG = x509.UnrecognizedExtension(ExtensionOID.CRL_NUMBER, b"\2\x15\1" + bytes(20))
NEGATIVE = x509.UnrecognizedExtension(ExtensionOID.CRL_NUMBER, b"\2\1\xff")
LISTS: dict[str, tuple[list[str], str]] = {
    "crl-empty": ([delisted(ROOT)], "valid"),
    "revoked": ([delisted(ROOT, withdrawn(OWN))], "invalid"),
    "crl-unknown-noncritical-extension": ([delisted(ROOT, more=((UNKNOWN, False),))], "valid"),
    "crl-unknown-critical-extension": ([delisted(ROOT, more=((UNKNOWN, True),))], "indeterminate"),
    "crl-invalid-signature": ([delisted(ROOT, key=KEYS["other"])], "indeterminate"),
    "an entry that nobody understands": ([delisted(ROOT, withdrawn(ELSE, (UNKNOWN, True)))], "indeterminate"),
    "an entry that one need not understand": ([delisted(ROOT, withdrawn(ELSE, (UNKNOWN, False)))], "valid"),
    "a number of 21 octets": ([delisted(ROOT, number=False, more=((TOO_LONG, False),))], "indeterminate"),
    "a number below 0": ([delisted(ROOT, number=False, more=((NEGATIVE, False),))], "indeterminate"),
    "a number that is critical": ([delisted(ROOT, number=False, more=((x509.CRLNumber(1), True),))], "indeterminate"),
    "version 1": ([relisted("version 1")], "indeterminate"),
    "nothing but signed again": ([relisted("nothing")], "valid"),
    "crl_validity_no_overlap": ([delisted(ROOT, since=AT - 9 * DAY, until=AT - DAY)], "indeterminate"),
    "another authority's": ([delisted(ROOT), delisted(authority("else", None), withdrawn(OWN))], "valid"),
    "nonsense beside": (["nonsense", delisted(ROOT, key=KEYS["other"]), delisted(ROOT)], "valid"),
}


@pytest.mark.parametrize("case", LISTS)
def test_revocation_lists(case: str) -> None:
    """`crl`: where the suite says invalid we tell withdrawn from undecided."""
    lists, expected = LISTS[case]
    assert said(pem(LEAF.certificate), [pem(ROOT.certificate)], crls=lists) == expected


def odd(key: ec.EllipticCurvePrivateKey, *extensions: tuple[x509.ExtensionType, bool]) -> Made:
    """Another certificate of the authority "between", with something that spoils any path through it."""
    return authority("between", ROOT, key=key, more=extensions)


def test_what_lies_beside_a_path_does_not_spoil_it() -> None:
    """A stranger's certificate of the same name and key is passed over, whatever is wrong with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    honest = authority("between", ROOT, key=key)
    leaf = below(honest, more=also(HOST, OTHER))
    raw = x509.UnrecognizedExtension
    for each in (
        odd(key, (raw(ExtensionOID.NAME_CONSTRAINTS, b"example.com"), True)),
        odd(key, (x509.NameConstraints(None, [OTHER]), True)),
        odd(key, (raw(ExtensionOID.CERTIFICATE_POLICIES, b"\x30\3abc"), False)),
        odd(key, (raw(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, b"abc"), False)),
    ):
        assert on([ROOT], [each], leaf) == "invalid"
        assert on([ROOT], [each, honest], leaf) == on([ROOT], [honest, each], leaf) == "valid"


SOUND = ("rsa_pss_sha256_no_null.pem",)  # the one that may anchor itself, on the day that we ask


def test_other_suites_certificates_beside_a_path() -> None:
    """Those that `cryptography` is tested with, many of them broken: each is answered, and none spoils a path."""
    between = authority("between", ROOT)
    leaf, lists = pem(below(between).certificate), [delisted(ROOT), delisted(between)]
    files = [each for each in sorted((VECTORS / "custom").iterdir()) if each.suffix in (".pem", ".der")]
    for each in files:
        octets = each.read_bytes()
        text = octets.decode("latin-1")
        if b"-----BEGIN" not in octets:
            text = f"-----BEGIN CERTIFICATE-----\n{base64.encodebytes(octets).decode()}-----END CERTIFICATE-----"
        assert (said(text, [text]) == "valid") is (each.name in SOUND), each.name
        anchors, others = [text, pem(ROOT.certificate)], [text, pem(between.certificate)]
        assert said(leaf, anchors, others, crls=[text, *lists]) == "valid", each.name
    assert len(files) > 100


DISTRIBUTED = x509.DistributionPoint([x509.UniformResourceIdentifier("http://x.invalid"), HOST], None, None, None)


def listed_by(*lists: str) -> Callable[[], str]:
    """Our verdict on an honest leaf under the root, by these lists."""
    return lambda: said(pem(LEAF.certificate), [pem(ROOT.certificate)], crls=list(lists))


DIFFERENCES: dict[str, Callable[[], str]] = {
    "a negative serial number": lambda: said(rewritten("a number below 0"), [pem(ROOT.certificate)]),
    "policy constraints not critical": lambda: str(
        verdict_of(Plan(issuing={"more": ((x509.PolicyConstraints(3, None), False),)}))["verdict"]
    ),
    "a list of a later day than the question": listed_by(delisted(ROOT, since=AT + DAY, until=AT + 9 * DAY)),
    "withdrawn after the day in question": listed_by(delisted(ROOT, withdrawn(OWN, at=AT + DAY))),
    "withdrawn by a list without next update": listed_by(relisted("no next update", withdrawn(OWN))),
    "withdrawn by a list that writes 2026 in four digits": listed_by(relisted("years in four digits", withdrawn(OWN))),
    "one number twice in a list": listed_by(delisted(ROOT, withdrawn(ELSE), withdrawn(ELSE))),
    "a distribution point with another kind of name too": lambda: said(
        pem(below(ROOT, more=((x509.CRLDistributionPoints([DISTRIBUTED]), False),)).certificate),
        [pem(ROOT.certificate)],
        crls=[delisted(ROOT)],
    ),
}


def test_the_table_of_differences(repo_root: Path) -> None:
    """Where docs/conformance.md says that we differ from x509-limbo, we do as it says; no row is left untried."""
    page = (repo_root / "docs" / "conformance.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| (\w+) \| x509-limbo: \w+ \| [^|]+ \|$", page, re.MULTILINE)
    assert {case for case, _ in rows} == DIFFERENCES.keys()
    for case, here in rows:
        assert DIFFERENCES[case]() == here, case
