"""The second reader's constraints on names: who lies within them, who does not, and what it has no use for."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from certs import drafts
from certs.drafts import Draft, Issuer
from harness.errors import NotProved
from harness.evidence.audit import names

AT = datetime(2026, 6, 1, tzinfo=UTC)
KEY = drafts.p256_key(lambda count, _: random.Random(1).randbytes(count), "names")
ROOT = drafts.name("QM", "QM root")


def made(name: x509.Name, *extensions: x509.ExtensionType, by: x509.Name = ROOT) -> x509.Certificate:
    """A certificate of somebody's, with these extensions; every key is the same, for no signature is looked at."""
    key: ec.EllipticCurvePrivateKey = KEY
    told = tuple((each, isinstance(each, x509.NameConstraints)) for each in extensions)
    return Draft(name, key.public_key(), 7, AT, AT + timedelta(days=1), told).signed(Issuer(by, key))


def named(**parts: str) -> x509.Name:
    """A name of these parts, in this order: C, O, CN, or E for an address of mail."""
    kinds = {
        "C": NameOID.COUNTRY_NAME,
        "O": NameOID.ORGANIZATION_NAME,
        "CN": NameOID.COMMON_NAME,
        "E": NameOID.EMAIL_ADDRESS,
    }
    return x509.Name([x509.NameAttribute(kinds[kind], value) for kind, value in parts.items()])


def bounds(
    permitted: Sequence[x509.GeneralName] = (), excluded: Sequence[x509.GeneralName] = ()
) -> x509.NameConstraints:
    """A constraint on names."""
    return x509.NameConstraints(list(permitted) or None, list(excluded) or None)


def within(*above: x509.NameConstraints, leaf: x509.Name, also: Sequence[x509.GeneralName] = ()) -> None:
    """Ask about a leaf below authorities with these constraints."""
    authorities = [made(named(C="QM", CN=f"authority {number}"), each) for number, each in enumerate(above)]
    alternative = (x509.SubjectAlternativeName(also),) if also else ()
    names.within("message", (made(ROOT), *authorities, made(leaf, *alternative, by=named(C="QM", CN="above"))))


COUNTRY = x509.DirectoryName(named(C="QM"))
BUREAU = x509.DirectoryName(named(C="QM", O="Customs"))
HOST = x509.DNSName("example.qm")
MAIL = x509.RFC822Name("example.qm")
SIGNER = named(C="QM", CN="QM")


def test_names_within() -> None:
    """What begins as a constraint does, however its letters are written, lies within it."""
    within(bounds([COUNTRY]), leaf=SIGNER)
    within(bounds([x509.DirectoryName(named(C="QP")), COUNTRY]), leaf=SIGNER)
    within(bounds([COUNTRY]), bounds([BUREAU]), leaf=named(C="QM", O="customs", CN="QM"))
    within(bounds([BUREAU]), leaf=named(C="QM", O="  CUSTOMS ", CN="QM"))
    within(bounds([COUNTRY], [BUREAU]), leaf=SIGNER)
    within(bounds([COUNTRY]), leaf=SIGNER, also=[BUREAU, HOST])
    within(bounds([HOST], [MAIL]), leaf=SIGNER)


@pytest.mark.parametrize(
    ("above", "leaf", "also"),
    [
        pytest.param([bounds([COUNTRY])], named(C="QP", CN="QP"), [], id="another country"),
        pytest.param([bounds([COUNTRY])], named(CN="QM", C="QM"), [], id="the country, but not where it begins"),
        pytest.param([bounds([BUREAU])], SIGNER, [], id="less than the constraint"),
        pytest.param([bounds([COUNTRY]), bounds([BUREAU])], SIGNER, [], id="within the upper constraint only"),
        pytest.param([bounds([BUREAU]), bounds([COUNTRY])], SIGNER, [], id="within the lower constraint only"),
        pytest.param([bounds((), [COUNTRY])], SIGNER, [], id="excluded"),
        pytest.param([bounds([COUNTRY], [BUREAU])], named(C="QM", O="customs", CN="x"), [], id="excluded, in small"),
        pytest.param(
            [bounds([COUNTRY])], SIGNER, [x509.DirectoryName(named(C="QP"))], id="another country's name beside it"
        ),
        pytest.param([bounds((), [HOST])], SIGNER, [x509.DNSName("other.qp")], id="a host under a constraint on hosts"),
        pytest.param([bounds([MAIL])], named(C="QM", E="a@example.qm"), [], id="mail in the subject, constrained"),
    ],
)
def test_names_outside(above: list[x509.NameConstraints], leaf: x509.Name, also: list[x509.GeneralName]) -> None:
    """Whatever lies outside one constraint above it is not proved; so is a kind of name that cannot be compared."""
    with pytest.raises(NotProved, match=r"^message: an authority above .* may not vouch for such a name"):
        within(*above, leaf=leaf, also=also)


def test_an_authority_between_is_named_within_them_too() -> None:
    """Constraints bind who stands between, but not one that only renews its own key."""
    between = named(C="QP", CN="authority")
    path = (made(ROOT, bounds([COUNTRY])), made(between), made(SIGNER, by=between))
    with pytest.raises(NotProved, match="authority above CN=authority,C=QP may not vouch"):
        names.within("message", path)
    names.within("message", (path[0], made(between, by=between), path[2]))
