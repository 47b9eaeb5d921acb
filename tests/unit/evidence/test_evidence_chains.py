"""The second reader's certificates, trust lists and revocation lists, each wrong in one thing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from asn1crypto import crl as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from certs import drafts, jws
from harness.errors import NotProved
from harness.evidence.audit import chains

if TYPE_CHECKING:
    from tests.unit.evidence.conftest import Corridor

Minutes = Callable[[float], datetime]
Extensions = tuple[tuple[x509.ExtensionType, bool], ...]


def made(
    corridor: Corridor, at: Minutes, name: x509.Name, extensions: Extensions, *, by: str = "root"
) -> x509.Certificate:
    """A certificate of QN's root or issuing authority."""
    authority = corridor.authorities["QN"]
    issuer = (authority.root, authority._root_key) if by == "root" else (authority.issuing, authority._issuing_key)
    key = drafts.p256_key(corridor.chance.octets, "made")
    draft = drafts.Draft(name, key.public_key(), 7, at(0), at(999), extensions)
    return draft.signed(drafts.Issuer(issuer[0].subject, issuer[1]))


def listed(corridor: Corridor, **changed: object) -> bytes:
    """QN's trust list, with another entry."""
    told = json.loads(jws.read(corridor.qn.parts.trust["QN"]).payload)
    told["authorities"][0].update(changed)
    return json.dumps(told).encode()


def authority(corridor: Corridor, payload: bytes) -> chains.Authority:
    """What the second reader makes of a trust list."""
    return chains.authority("trust/QN.jws", payload, "QN", corridor.roots["QN"])[0]


def pem(certificate: x509.Certificate) -> str:
    """As a trust list holds it."""
    return certificate.public_bytes(Encoding.PEM).decode()


def test_honest_list(traded: Corridor, minutes: Minutes) -> None:
    """The list as published names its root and issuing authority; a second entry is passed over."""
    payload = jws.read(traded.qn.parts.trust["QN"]).payload
    assert chains.thumbprint(authority(traded, payload).root) == traded.roots["QN"]
    told = json.loads(payload)
    told["authorities"].insert(0, {**told["authorities"][0], "root": pem(traded.authorities["QM"].root)})
    read = authority(traded, json.dumps(told).encode())
    assert read.spans == ((traded.authorities["QN"].issuing, minutes(0), None),)


@pytest.mark.parametrize("issuing", [None, [], "x"])
def test_list_without_an_issuing_authority(traded: Corridor, issuing: object) -> None:
    """A list that names nobody who issues is refused."""
    with pytest.raises(NotProved, match="names no issuing authority"):
        authority(traded, listed(traded, issuing=issuing))


@pytest.mark.parametrize("issuing", [[7], ["x"], [None]])
def test_issuing_authority_that_is_no_certificate(traded: Corridor, issuing: object) -> None:
    """Something that is no certificate gets a sentence, not a traceback."""
    with pytest.raises(NotProved, match="cannot be read"):
        authority(traded, listed(traded, issuing=issuing))


def usage(*, ca: bool) -> tuple[x509.ExtensionType, bool]:
    """The key usage of an authority or of a signer."""
    extensions = drafts.for_authority(below=0) if ca else drafts.for_signing()
    return extensions[1]


BASIC = x509.BasicConstraints
WRONG: Mapping[str, tuple[str, Extensions]] = {
    "outside QN": ("QM", drafts.for_authority(below=0)),
    "certificate makes it none": ("QN", drafts.for_signing()),
    "may not sign certificates": ("QN", ((BASIC(ca=True, path_length=0), True), usage(ca=False))),
    r"critical extension we do not know \(2\.5\.29\.36\)": (
        "QN",
        (
            *drafts.for_authority(below=0),
            (x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None), True),
        ),
    ),
}


@pytest.mark.parametrize("sentence", WRONG)
def test_authority_that_is_none(traded: Corridor, minutes: Minutes, sentence: str) -> None:
    """An issuing authority is of its country, an authority, and may sign certificates."""
    country, extensions = WRONG[sentence]
    certificate = made(traded, minutes, drafts.name(country, "QN second issuing"), extensions)
    with pytest.raises(NotProved, match=sentence):
        authority(traded, listed(traded, issuing=[pem(certificate)]))


def test_authority_of_another_root(traded: Corridor) -> None:
    """An issuing authority is issued by the root it stands under."""
    name = drafts.name("QN", "QN issuing authority")
    key = drafts.p256_key(traded.chance.octets, "other")
    other = drafts.Draft(
        name,
        key.public_key(),
        7,
        traded.qn.identity.certificate.not_valid_before_utc,
        traded.qn.identity.certificate.not_valid_after_utc,
        drafts.for_authority(below=0),
    ).signed(drafts.Issuer(traded.authorities["QN"].root.subject, key))
    with pytest.raises(NotProved, match="an authority that its root did not issue"):
        authority(traded, listed(traded, issuing=[pem(other)]))


def test_root_that_may_have_nobody_below(corridor: Corridor, minutes: Minutes) -> None:
    """A root whose certificate allows no authority below has none."""
    key = drafts.p256_key(corridor.chance.octets, "root")
    name = drafts.name("QN", "QN root")
    by = drafts.Issuer(name, key)
    root = drafts.Draft(name, key.public_key(), 7, minutes(0), minutes(9), drafts.for_authority(below=0)).signed(by)
    payload = listed(corridor, root=pem(root))
    with pytest.raises(NotProved, match="below one that may have none"):
        chains.authority("trust/QN.jws", payload, "QN", chains.thumbprint(root))


def test_country_without_a_list(traded: Corridor, minutes: Minutes) -> None:
    """Where no list is, nobody is recognised, and no timestamp either."""
    signer, stamper = traded.qn.identity.certificate, traded.authorities["QN"].timestamping.certificate
    with pytest.raises(NotProved, match="whose trust list is not in the bundle"):
        chains.Trust({}, ()).signer("messages/x.jws", signer, minutes(1))
    with pytest.raises(NotProved, match="whose trust list is not in the bundle"):
        chains.Trust({}, ()).stamper("log/timestamp-QN.tsr", stamper, "QN", minutes(1))


def test_certificate_not_for_signatures(traded: Corridor, minutes: Minutes) -> None:
    """A certificate without the usage of signatures signs nothing."""
    payload = jws.read(traded.qn.parts.trust["QN"]).payload
    no_usage = (drafts.for_signing()[0], drafts.for_signing()[2])
    certificate = made(traded, minutes, drafts.name("QN", "QN"), no_usage, by="issuing")
    trust = chains.Trust({"QN": authority(traded, payload)}, ())
    with pytest.raises(NotProved, match="not meant for signatures"):
        trust.signer("messages/x.jws", certificate, minutes(1))


def test_party_of_another_country(traded: Corridor, minutes: Minutes) -> None:
    """A country's authority cannot speak for another country's party."""
    payload = jws.read(traded.qn.parts.trust["QN"]).payload
    certificate = made(traded, minutes, drafts.name("QN", "QM"), drafts.for_signing(), by="issuing")
    trust = chains.Trust({"QN": authority(traded, payload)}, ())
    with pytest.raises(NotProved, match=r"messages/x\.jws: signed by QM under an authority of QN"):
        trust.signer("messages/x.jws", certificate, minutes(1))


@pytest.mark.parametrize(
    "kinds", [(), (NameOID.COUNTRY_NAME,), (NameOID.COMMON_NAME,), (NameOID.COMMON_NAME,) * 2 + (NameOID.COUNTRY_NAME,)]
)
def test_certificate_of_nobody(traded: Corridor, minutes: Minutes, kinds: tuple[x509.ObjectIdentifier, ...]) -> None:
    """A certificate names one party and one country."""
    name = x509.Name([x509.NameAttribute(kind, "QN") for kind in kinds])
    with pytest.raises(NotProved, match="one party and one country"):
        chains.bearer("x", made(traded, minutes, name, drafts.for_signing()))


def test_key_of_another_kind(minutes: Minutes) -> None:
    """A key of a kind that we do not sign with is refused when read."""
    key = dsa.generate_private_key(key_size=2048)
    name = drafts.name("QN", "QN")
    certificate = x509.CertificateBuilder(name, name, key.public_key(), 7, minutes(0), minutes(9)).sign(
        key, hashes.SHA256()
    )
    with pytest.raises(NotProved, match="nothing is signed with"):
        chains.certificate_in("certificates/x.pem", pem(certificate).encode())


def test_revocation_list_with_more_behind_it(traded: Corridor) -> None:
    """A revocation list with something after it is refused."""
    with pytest.raises(NotProved, match="cannot be read"):
        chains.revocations("crls/x.crl", traded.qn.parts.crls[0] + b"\0", {})


def test_revocation_list_for_some_only(traded: Corridor, minutes: Minutes) -> None:
    """A revocation list that may speak of some certificates only is not taken for the whole."""
    source = traded.authorities["QN"]
    some = x509.IssuingDistributionPoint(
        full_name=None,
        relative_name=None,
        only_contains_user_certs=False,
        only_contains_ca_certs=True,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )
    builder = x509.CertificateRevocationListBuilder(source.root.subject, minutes(0), minutes(9))
    der = builder.add_extension(some, critical=True).sign(source._root_key, hashes.SHA256()).public_bytes(Encoding.DER)
    with pytest.raises(NotProved, match="critical extension"):
        chains.revocations("crls/x.crl", der, {})


def test_revocation_list_without_an_end(traded: Corridor) -> None:
    """A revocation list that is good for ever is good for nothing."""
    endless = asn1.CertificateList.load(traded.qn.parts.crls[0])
    del endless["tbs_cert_list"]["next_update"]
    with pytest.raises(NotProved, match="until when it is good"):
        chains.revocations("crls/x.crl", endless.dump(force=True), {})
