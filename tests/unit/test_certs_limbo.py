"""x509-limbo's questions put to path validation: its cases, made anew from what it says of each, with its verdicts.

The suite (C2SP's) checks clients of the web; its groups `rfc5280`, `pathlen`, `crl`, `cve` and `pathological` ask what
we ask too. Here is what a root, an authority and a leaf can show; longer paths: test_certs_limbo_paths.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID

from .plans import AT, DAY, KEYS, Plan, also, names, usage, verdict_of

DNS, MAIL, URI, IP = x509.DNSName, x509.RFC822Name, x509.UniformResourceIdentifier, x509.IPAddress
NET4, NET6 = IP(ip_network("192.0.2.0/24")), IP(ip_network("2001:db8::/32"))
PRIVATE = x509.ObjectIdentifier("2.25.7")
OTHER = x509.OtherName(PRIVATE, b"\5\0")
Extensions = tuple[tuple[x509.ExtensionType, bool], ...]


def cn(common: str) -> x509.Name:
    """A name of one part."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def called(common: str) -> x509.DirectoryName:
    """The same, as an alternative name or a constraint."""
    return x509.DirectoryName(cn(common))


@dataclass(frozen=True)
class Bound:
    """A constraint, and a leaf below it."""

    constraint: Extensions
    leaf: tuple[x509.GeneralName, ...] = (DNS("example.com"),)
    subject: x509.Name | None = None


def allows(*bases: x509.GeneralName) -> Extensions:
    """Only these."""
    return names(*bases)


def forbids(*bases: x509.GeneralName) -> Extensions:
    """All but these."""
    return names(*bases, excluded=True)


def both(permitted: x509.GeneralName, excluded: x509.GeneralName) -> Extensions:
    """Within the one, and not within the other."""
    return ((x509.NameConstraints([permitted], [excluded]), True),)


WITHIN = {
    "permitted-dns-match": Bound(allows(DNS("example.com"))),
    "permitted-dns-match-more": Bound(allows(DNS("example.com")), (DNS("foo.bar.example.com"),)),
    "in other letters": Bound(allows(DNS("EXAMPLE.com")), (DNS("foo.example.COM"),)),
    "of any host": Bound(allows(DNS(""))),
    "a wildcard below": Bound(allows(DNS("example.com")), (DNS("*.example.com"),)),
    "a wildcard beside": Bound(forbids(DNS("bar.example.org")), (DNS("*.example.com"),)),
    "a wildcard above, by two labels": Bound(forbids(DNS("a.bar.example.com")), (DNS("*.example.com"),)),
    "permitted-ipv4-match": Bound(allows(NET4), (IP(ip_address("192.0.2.1")),)),
    "permitted-ipv6-match": Bound(allows(NET6), (IP(ip_address("2001:db8::1")),)),
    "permitted-dn-match": Bound(allows(called("foo")), (called("foo"),), cn("foo")),
    "permitted-different-constraint-type": Bound(allows(NET4)),
    "excluded-different-constraint-type": Bound(forbids(NET4)),
    "nc-permits-email-exact": Bound(allows(MAIL("foo@example.com")), (MAIL("foo@example.com"),)),
    "nc-permits-email-domain": Bound(allows(MAIL("example.com")), (MAIL("foo@example.com"),)),
    "a host in an address of the web": Bound(allows(URI("host.example.com")), (URI("https://host.example.com/x"),)),
    "nc-forbids-othername-noop": Bound(both(DNS("example.com"), OTHER)),
}
WITHOUT = {
    "permitted-dns-mismatch": Bound(allows(DNS("example.com")), (DNS("not-example.com"),)),
    "excluded-dns-match": Bound(forbids(DNS("example.com"))),
    "in other letters": Bound(forbids(DNS("example.com")), (DNS("EXAMPLE.com"),)),
    "with a dot behind": Bound(forbids(DNS("example.com")), (DNS("example.com."),)),
    "of any host": Bound(forbids(DNS(""))),
    "permitted-dns-match-noncritical": Bound(((allows(DNS("example.com"))[0][0], False),)),
    "excluded-dns-match-second": Bound(forbids(DNS("b.example.com")), (DNS("example.com"), DNS("b.example.com"))),
    "cve-2025-61727": Bound(both(DNS("example.com"), DNS("bar.example.com")), (DNS("*.example.com"),)),
    "cve-2025-61727-nc-permits-variant": Bound(allows(DNS("foo.example.com")), (DNS("*.example.com"),)),
    "permitted-ip-mismatch": Bound(allows(NET4), (IP(ip_address("192.0.3.1")),)),
    "excluded-ipv4-match": Bound(forbids(NET4), (IP(ip_address("192.0.2.1")),)),
    "excluded-ipv6-match": Bound(forbids(NET6), (IP(ip_address("2001:db8::1")),)),
    "permitted-dn-mismatch": Bound(allows(called("foo")), (called("not-foo"),), cn("not-foo")),
    "excluded-dn-match": Bound(forbids(called("foo")), (called("foo"),), cn("foo")),
    "permitted-dn-match-subject-san-mismatch": Bound(allows(called("foo")), (called("foo"),), cn("not-foo")),
    "excluded-dn-match-sub-mismatch": Bound(forbids(called("foo")), (called("not-foo"),), cn("foo")),
    "excluded-match-permitted-and-excluded": Bound(both(DNS("example.com"), DNS("example.com"))),
    "another mailbox's host": Bound(forbids(MAIL("example.com")), (MAIL("foo@EXAMPLE.com"),)),
    "user and password before a host": Bound(
        allows(URI("good.example.com")), (URI("https://good.example.com@evil.example/"),)
    ),
    "an address of the web without a host": Bound(forbids(URI("host.example.com")), (URI("urn:x:y"),)),
    "nc-permits-invalid-dns-san": Bound(allows(DNS("example.com")), (DNS(".example.com"), DNS("a.example.com"))),
    "nc-permits-invalid-ip-san": Bound(allows(NET4), (NET4, IP(ip_address("192.0.2.1")))),
    "nc-forbids-othername": Bound(both(DNS("example.com"), OTHER), (DNS("example.com"), OTHER)),
}


@pytest.mark.parametrize("by", ["root", "issuing"])
@pytest.mark.parametrize(
    ("case", "expected"), [*((one, "valid") for one in WITHIN), *((one, "invalid") for one in WITHOUT)]
)
def test_constraints_on_names(case: str, expected: str, by: str) -> None:
    """`rfc5280::nc` and `cve`: an anchor's own constraint binds like one of an authority below it."""
    bound = (WITHIN if expected == "valid" else WITHOUT)[case]
    below: dict[str, object] = {"more": also(*bound.leaf), "name": bound.subject}
    # The authority between has a name of its own: one that any constraint on names allows, and none excludes.
    issuing: dict[str, object] = {"name": cn("foo")} if case.startswith("permitted-dn-match") else {}
    above = {by: {**(issuing if by == "issuing" else {}), "more": bound.constraint}}
    plan = Plan(leaf=below, **{"issuing": issuing, **above})  # type: ignore[arg-type] # one of the two, by its name
    assert verdict_of(plan)["verdict"] == expected


def raw_constraint(kind: int, base: bytes, *, excluded: bool) -> Extensions:
    """A constraint that no library would write. `kind` is the tag of RFC 5280's GeneralName."""
    found = bytes((0x80 | kind, len(base))) + base
    for tag in (0x30, 0xA1 if excluded else 0xA0, 0x30):
        found = bytes((tag, len(found))) + found
    return ((x509.UnrecognizedExtension(ExtensionOID.NAME_CONSTRAINTS, found), True),)


@pytest.mark.parametrize("excluded", [False, True])
@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (2, b"*.example.com"),
        (2, b".example.com"),
        (2, b"a..example.com"),
        (1, b"invalid@invalid@example.com"),
        (1, b"@example.com"),
        (1, b"mailbox@"),
        (6, b"https://host.example.com"),
        (6, b""),
        (7, b"\x7f\0\0\1"),
        (7, b"\xc0\0\2\0\xff\0\xff\0"),
    ],
)
def test_constraints_that_none_can_meet(kind: int, base: bytes, *, excluded: bool) -> None:
    """`rfc5280::nc::invalid-*`: whoever passed one over would take an excluded name for allowed."""
    plan = Plan(root={"more": raw_constraint(kind, base, excluded=excluded)})
    assert verdict_of(plan)["verdict"] == "invalid"


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        (2, b"_x.example.com", "valid"),
        (2, b" ", "invalid"),
        (2, b"example.com\0.example.org", "invalid"),
        (2, b"example..com", "invalid"),
        (2, b"\xc3\xa9.example", "invalid"),
        (1, b'"a b"@example.com', "valid"),
        (1, b"a@example.com\0.example.org", "invalid"),
        (6, b"urn:example:a", "valid"),
        (6, b"//example.com/a", "invalid"),
        (6, b"https://example.com/\n", "invalid"),
        (7, b"\xc0\0\2", "invalid"),
    ],
)
def test_names_that_are_none(kind: int, name: bytes, expected: str) -> None:
    """RFC 5280, 4.2.1.6; what one reader cuts short, another does not (CVE-2009-2408)."""
    found = bytes((0x80 | kind, len(name))) + name
    value = x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, bytes((0x30, len(found))) + found)
    assert verdict_of(Plan(leaf={"more": ((value, False),)}))["verdict"] == expected


AIA = x509.AuthorityInformationAccess([x509.AccessDescription(x509.OID_CA_ISSUERS, DNS("example.com"))])
NOBODYS = ((x509.UnrecognizedExtension(PRIVATE, b""), True),)
LEAF_ONLY = x509.BasicConstraints(ca=False, path_length=None)
SIGNS_NOTHING = usage(crl_sign=True)
BY_NUMBER = ((x509.AuthorityKeyIdentifier(None, [called("root")], 1), False),)

GOOD = {
    "ee-aia": Plan(leaf={"more": ((AIA, False),)}),
    "no-keyusage": Plan(leaf={"usage": None}),
    "no-basicconstraints": Plan(leaf={"basic": None}),
    "self-signed-root-missing-aki": Plan(root={"aki": False}),
    "validity::notbefore-exact": Plan(leaf={"since": AT}),
    "validity::notafter-exact": Plan(leaf={"until": AT}),
    "san critical, no subject": Plan(leaf={"name": x509.Name([]), "more": ((also(DNS("a.b"))[0][0], True),)}),
    "pathlen::ee-with-intermediate-pathlen-0": Plan(issuing={"basic": x509.BasicConstraints(ca=True, path_length=0)}),
    "ca-as-leaf": Plan(
        leaf={"basic": x509.BasicConstraints(ca=True, path_length=0), "usage": usage(key_cert_sign=True)}
    ),
}
BAD = {
    "unknown-critical-extension-root": Plan(root={"more": NOBODYS}),
    "unknown-critical-extension-intermediate": Plan(issuing={"more": NOBODYS}),
    "unknown-critical-extension-ee": Plan(leaf={"more": NOBODYS}),
    "ca-empty-subject": Plan(issuing={"name": x509.Name([])}),
    "intermediate-ca-without-ca-bit": Plan(issuing={"basic": LEAF_ONLY, "usage": None}),
    "root-missing-basic-constraints": Plan(root={"basic": None}),
    "root-non-critical-basic-constraints": Plan(root={"basic not critical": True}),
    "root-inconsistent-ca-extensions": Plan(root={"usage": SIGNS_NOTHING}),
    "ica-ku-keycertsign": Plan(
        issuing={"usage": SIGNS_NOTHING, "basic": x509.BasicConstraints(ca=True, path_length=0)}
    ),
    "leaf-ku-keycertsign": Plan(leaf={"usage": usage(digital_signature=True, key_cert_sign=True)}),
    "ee-critical-aia-invalid": Plan(leaf={"more": ((AIA, True),)}),
    "aki::critical-aki": Plan(
        leaf={
            "aki": False,
            "more": ((x509.AuthorityKeyIdentifier.from_issuer_public_key(KEYS["issuing"].public_key()), True),),
        }
    ),
    "aki::leaf-missing-aki": Plan(leaf={"aki": False}),
    "aki::intermediate-missing-aki": Plan(issuing={"aki": False}),
    "aki without a key identifier": Plan(leaf={"aki": False, "more": BY_NUMBER}),
    "ski::critical-ski": Plan(root={"ski": "critical"}),
    "ski::root-missing-ski": Plan(root={"ski": False}),
    "ski::intermediate-missing-ski": Plan(issuing={"ski": False}),
    "san::noncritical-with-empty-subject": Plan(leaf={"name": x509.Name([]), "more": also(DNS("a.b"))}),
    "san::malformed": Plan(
        leaf={"more": ((x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, b"example.com"), False),)}
    ),
    "nc::not-allowed-in-ee-critical": Plan(leaf={"more": allows(DNS("example.com"))}),
    "validity::expired-root": Plan(root={"until": AT - DAY}),
    "validity::expired-intermediate": Plan(issuing={"until": AT - DAY}),
    "validity::expired-leaf": Plan(leaf={"until": AT - DAY}),
}


@pytest.mark.parametrize(("case", "expected"), [*((one, "valid") for one in GOOD), *((one, "invalid") for one in BAD)])
def test_one_certificate_by_itself(case: str, expected: str) -> None:
    """`rfc5280` and `pathlen`, where a root, an authority and a leaf are all that it takes."""
    assert verdict_of((GOOD if expected == "valid" else BAD)[case])["verdict"] == expected
