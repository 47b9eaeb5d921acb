"""Certificates and lists that are wrong on purpose: each by name, each wrong in one way, each with the rule it breaks.

For rehearsals only: a misfit is made under a country's own authorities, as a careless or a bribed authority would make
it, and a party that takes it has a hole where `error` says. What each is refused with in the exchange:
`harness.exchange.seal.WHY`. Parts that the library will not make: certs.foreign. Honest certificates: certs.authority.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs import algorithms, crossing, drafts, errors, foreign
from certs.authority import CRL_LIFETIME, Authority
from certs.drafts import Draft, Issuer, Octets
from certs.gates import base64url_encode
from certs.identity import Algorithm, Identity
from certs.lists import Authorities, TrustList

HOUR: Final = timedelta(hours=1)

PLACES: Final = (300, 6000)
"""How many a certificate names that still fits a token's header, and how many its list: more than a minute's work."""

LEVEL: Final = "substantial"
"""The level of assurance that a country's authorities issue at here, where anybody asks for one."""


@dataclass(frozen=True)
class Recogniser:
    """A country that recognises the misfit's over a cross-certificate only, at one level of assurance.

    `policy` is what it demands along the whole path, in its own terms; `crl` the revocation list of its root.
    """

    country: str
    root: x509.Certificate
    crossing: x509.Certificate
    policy: x509.ObjectIdentifier
    trust_list: bytes
    crl: bytes


@dataclass(frozen=True)
class Made:
    """A misfit: who signs with it, and what its country publishes besides its first list, in the order of coming.

    `signer` is None where a list itself is refused. Under SM2 and GOST its key is not the certificate's, for nobody
    here could check what that key signs. `over`: who refuses it, where it is good for others.
    """

    signer: Identity | None
    lists: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    over: Recogniser | None = None


@dataclass(frozen=True)
class Workshop:
    """What a misfit is made with: a country's authorities, the moment at which it is used, and chance."""

    authority: Authority
    at: datetime
    chance: Octets

    @property
    def country(self) -> str:
        """Its code, and that of its window."""
        return self.authority.country

    def key(self) -> ec.EllipticCurvePrivateKey:
        """A key for the misfit."""
        return drafts.p256_key(self.chance, f"misfits/{self.country}/key")

    def draft(self, key: ec.EllipticCurvePrivateKey) -> Draft:
        """A signing certificate of the country's window, with nothing wrong yet; valid from an hour before."""
        return Draft(
            name=drafts.name(self.country, self.country),
            key=key.public_key(),
            serial=drafts.serial(self.chance, f"misfits/{self.country}/serial"),
            since=drafts.whole_seconds(self.at - HOUR),
            until=drafts.whole_seconds(self.at + HOUR),
            extensions=drafts.for_signing(),
        )

    def signer(self, key: ec.EllipticCurvePrivateKey, draft: Draft, issuer: Issuer | None = None) -> Identity:
        """The bearer of a draft, once it is signed: by the country's issuing authority unless by another."""
        certificate = draft.signed(issuer or self.authority.issuer)
        return Identity(self.country, self.country, key, certificate)

    def listed(self, version: int, *others: Authorities) -> bytes:
        """The country's trust list with other authorities beside its own."""
        authority = self.authority
        own = authority.listed(self.at - 24 * HOUR)
        since, until = self.at - timedelta(minutes=1), self.at + 24 * HOUR
        return authority.publish(TrustList(self.country, version, since, until, (own, *others)))


Recipe = Callable[[Workshop], Made]


@dataclass(frozen=True)
class Second:
    """A second issuing authority under the same root, which only some lists name."""

    issuer: Issuer
    certificate: x509.Certificate
    authorities: Authorities

    @classmethod
    def of(cls, shop: Workshop, *, until: datetime | None = None) -> Second:
        """Found it; with `until`, the lists recognise it until then."""
        key = drafts.p256_key(shop.chance, f"misfits/{shop.country}/second/key")
        draft = replace(
            shop.draft(key),
            name=drafts.name(shop.country, f"{shop.country} second issuing authority"),
            until=shop.authority.issuing.not_valid_after_utc,
            extensions=drafts.for_authority(below=0, country=shop.country),
        )
        certificate = draft.signed(shop.authority.root_issuer)
        name = f"{shop.country} second issuing authority"
        authorities = Authorities(name, shop.authority.root, (certificate,), shop.at - 24 * HOUR, until)
        return cls(Issuer(draft.name, key), certificate, authorities)


@dataclass(frozen=True)
class Misfit:
    """One entry of the catalogue.

    Attributes:
        name: what it is asked for by.
        attack: its number in the list of attacks.
        sentence: what is wrong with it.
        error: what a party that looks finds.
        openssl: what `openssl verify -crl_check_all` finds at that moment: 0 when it finds nothing wrong, else the
            number of its error; None where it has nothing to look at.
        recipe: makes it.
    """

    name: str
    attack: str
    sentence: str
    error: type[errors.TrustError]
    openssl: int | None
    recipe: Recipe

    def make(self, authority: Authority, at: datetime, chance: Octets) -> Made:
        """Make it under the authorities of a country, to be used at the moment `at`."""
        return self.recipe(Workshop(authority, at, chance))


def sign(payload: bytes, identity: Identity, *, typ: str) -> bytes:
    """Sign as certs.jws does, without asking what the certificate's key dictates: a misfit's may dictate nothing."""
    der = identity.certificate.public_bytes(Encoding.DER)
    header = {
        "alg": Algorithm.ES256.value,
        "typ": typ,
        "x5c": [base64.b64encode(der).decode("ascii")],
        "x5t#S256": base64url_encode(identity.thumbprint).decode("ascii"),
    }
    text = base64url_encode(json.dumps(header, separators=(",", ":")).encode("ascii"))
    signing_input = text + b"." + base64url_encode(payload)
    return signing_input + b"." + base64url_encode(algorithms.sign(Algorithm.ES256, identity.key, signing_input))


CATALOGUE: Final[dict[str, Misfit]] = {}
"""Every misfit, by name."""


def _misfit(attack: str, error: type[errors.TrustError], *, openssl: int | None) -> Callable[[Recipe], Recipe]:
    """Enter a recipe into the catalogue: its name is the function's, its sentence the docstring's."""

    def enter(recipe: Recipe) -> Recipe:
        name = recipe.__name__.strip("_").replace("_", "-")
        CATALOGUE[name] = Misfit(name, attack, (recipe.__doc__ or "").rstrip("."), error, openssl, recipe)
        return recipe

    return enter


# ------------------------------------------------------------------------------------------------ certificates


@_misfit("C24", errors.UnknownSigner, openssl=20)
def _other_country(shop: Workshop) -> Made:
    """A good certificate of a country that nobody here recognises."""
    lifetime = timedelta(days=1)
    other = "QZ" if shop.country != "QZ" else "QY"
    strangers = Authority.found(other, shop.at - HOUR, shop.chance, lifetime)
    return Made(strangers.issue_signing(other, Algorithm.ES256, shop.at - HOUR))


@_misfit("C25", errors.Expired, openssl=10)
def _expired(shop: Workshop) -> Made:
    """It had expired an hour before."""
    key = shop.key()
    draft = shop.draft(key)
    return Made(shop.signer(key, replace(draft, since=draft.since - 2 * HOUR, until=draft.since)))


@_misfit("C26", errors.NotYetValid, openssl=9)
def _not_yet_valid(shop: Workshop) -> Made:
    """It is valid from an hour later on."""
    key = shop.key()
    draft = shop.draft(key)
    return Made(shop.signer(key, replace(draft, since=draft.until, until=draft.until + 2 * HOUR)))


@_misfit("C27", errors.Revoked, openssl=23)
def _revoked(shop: Workshop) -> Made:
    """It was withdrawn half an hour before."""
    key = shop.key()
    signer = shop.signer(key, shop.draft(key))
    shop.authority.revoke(signer.certificate, x509.ReasonFlags.superseded, shop.at - HOUR / 2)
    return Made(signer, crls=shop.authority.crls(shop.at))


@_misfit("C28", errors.Compromised, openssl=23)
def _revoked_later(shop: Workshop) -> Made:
    """It is withdrawn half an hour later, for its key was lost half an hour before."""
    key = shop.key()
    signer = shop.signer(key, shop.draft(key))
    revoked = (
        x509.RevokedCertificateBuilder()
        .serial_number(signer.certificate.serial_number)
        .revocation_date(drafts.whole_seconds(shop.at + HOUR / 2))
        .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
        .add_extension(x509.InvalidityDate(drafts.whole_seconds(shop.at - HOUR / 2).replace(tzinfo=None)), False)
        .build()
    )
    return Made(signer, crls=(_crl(shop.authority.issuer, shop.at, revoked),))


@_misfit("C29", errors.RevocationUnknown, openssl=3)
def _no_crl(shop: Workshop) -> Made:
    """Its issuer is recognised and has published no revocation list."""
    second, key = Second.of(shop), shop.key()
    return Made(shop.signer(key, shop.draft(key), second.issuer), lists=(shop.listed(2, second.authorities),))


@_misfit("C29", errors.RevocationUnknown, openssl=12)
def _stale_crl(shop: Workshop) -> Made:
    """Its issuer's revocation list was to be replaced a day before."""
    second, key = Second.of(shop), shop.key()
    signer = shop.signer(key, shop.draft(key), second.issuer)
    old = _crl(second.issuer, shop.at - 2 * CRL_LIFETIME)
    return Made(signer, lists=(shop.listed(2, second.authorities),), crls=(old,))


@_misfit("C30", errors.WrongUsage, openssl=0)
def _wrong_usage(shop: Workshop) -> Made:
    """It is for TLS clients, not for documents."""
    key = shop.key()
    basic, usage, _ = drafts.for_signing()
    other = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    return Made(shop.signer(key, replace(shop.draft(key), extensions=(basic, usage, (other, False)))))


def outside_country(shop: Workshop, *, party: str) -> Made:
    """The country's authority vouches for the window of another country, `party`."""
    key = shop.key()
    draft = replace(shop.draft(key), name=drafts.name(party[:2], party))
    return Made(replace(shop.signer(key, draft), party=party, country=party[:2]))


@_misfit("C31", errors.OutsideNames, openssl=47)
def _outside_country(shop: Workshop) -> Made:
    """An authority vouches for the window of another country."""
    return outside_country(shop, party="QP" if shop.country != "QP" else "QM")


@_misfit("C32", errors.PolicyNotMapped, openssl=0)
def _unmapped_policy(shop: Workshop) -> Made:
    """It was issued at a lower level than the one that a cross-certificate of another country maps."""
    lifetime, since = timedelta(days=1), shop.at - HOUR
    other = "QZ" if shop.country != "QZ" else "QY"
    wanted, mapped, low = (
        crossing.policy_of(*each) for each in ((other, LEVEL), (shop.country, LEVEL), (shop.country, "low"))
    )
    theirs = Authority.found(other, since, shop.chance, lifetime, policies=(wanted,))
    bounds = crossing.Bounds(policy=wanted, equals=mapped, countries=(shop.country,))
    crossed = theirs.cross(shop.authority.root, bounds, since, lifetime=lifetime)
    listed = theirs.trust_list(1, since, since + lifetime, crossings=(crossed,))
    signer = shop.authority.issue_signing(shop.country, Algorithm.ES256, since, policies=(low,))
    return Made(signer, over=Recogniser(other, theirs.root, crossed, wanted, listed, theirs.crls(since)[0]))


@_misfit("C33", errors.LeafAsAuthority, openssl=20)
def _leaf_as_authority(shop: Workshop) -> Made:
    """A window's own certificate vouches for it."""
    leaf, key = shop.key(), shop.key()
    window = shop.draft(leaf)
    shop.signer(leaf, window)
    return Made(shop.signer(key, shop.draft(key), Issuer(window.name, leaf)))


@_misfit("C35", errors.PathTooCostly, openssl=0)
def _crowded(shop: Workshop) -> Made:
    """It has a hundred names, each to be held against every constraint above it."""
    key = shop.key()
    names = x509.SubjectAlternativeName([x509.DNSName(f"{n}.example") for n in range(100)])
    return Made(shop.signer(key, replace(shop.draft(key), extensions=(*drafts.for_signing(), (names, False)))))


@_misfit("C35", errors.PathTooCostly, openssl=44)
def _many_places(shop: Workshop) -> Made:
    """It is to be looked up at hundreds of places, and its list speaks for thousands of others: each against each."""
    second, key = Second.of(shop), shop.key()
    there = x509.CRLDistributionPoints([x509.DistributionPoint(_places("a", PLACES[0]), None, None, None)])
    signer = shop.signer(
        key, replace(shop.draft(key), extensions=(*drafts.for_signing(), (there, False))), second.issuer
    )
    here = x509.IssuingDistributionPoint(_places("b", PLACES[1]), None, False, False, None, False, False)
    return Made(signer, lists=(shop.listed(2, second.authorities),), crls=(_crl(second.issuer, shop.at, only=here),))


def _places(word: str, count: int) -> list[x509.GeneralName]:
    return [x509.UniformResourceIdentifier(f"{word}:{number}") for number in range(count)]


@_misfit("C34", errors.ExplicitCurve, openssl=94)
def _explicit_curve(shop: Workshop) -> Made:
    """Its curve is spelt out instead of named (CVE-2020-0601)."""
    key = shop.key()
    honest = shop.signer(key, shop.draft(key))
    spelt = foreign.with_key(honest.certificate, foreign.spelt_out(key.public_key()), shop.authority.issuer)
    return Made(replace(honest, certificate=spelt))


@_misfit("C38", errors.BrokenAlgorithm, openssl=0)
def _weak_hash(shop: Workshop) -> Made:
    """It is signed over SHA-1."""
    key = shop.key()
    honest = shop.signer(key, shop.draft(key))
    return Made(replace(honest, certificate=foreign.with_sha1(honest.certificate, shop.authority.issuer)))


@_misfit("C38", errors.NationalAlgorithm, openssl=0)
def _sm2(shop: Workshop) -> Made:
    """Its key is an SM2 key."""
    return _for_key(shop, foreign.sm2_key(_secret(shop)))


@_misfit("C38", errors.NationalAlgorithm, openssl=1)
def _gost(shop: Workshop) -> Made:
    """Its key is a GOST R 34.10-2012 key."""
    return _for_key(shop, foreign.gost_key(_secret(shop)))


def _secret(shop: Workshop) -> int:
    return int.from_bytes(shop.chance(32, f"misfits/{shop.country}/foreign"), "big")


def _for_key(shop: Workshop, foreign_key: bytes) -> Made:
    key = shop.key()
    honest = shop.signer(key, shop.draft(key))
    return Made(replace(honest, certificate=foreign.with_key(honest.certificate, foreign_key, shop.authority.issuer)))


# ------------------------------------------------------------------------------------------------------- lists


@_misfit("C36", errors.WithdrawnAuthority, openssl=0)
def _withdrawn_authority(shop: Workshop) -> Made:
    """Its authority was withdrawn from the trust list five minutes before."""
    second, key = Second.of(shop, until=shop.at - timedelta(minutes=5)), shop.key()
    signer = shop.signer(key, shop.draft(key), second.issuer)
    return Made(signer, lists=(shop.listed(2, second.authorities),), crls=(_crl(second.issuer, shop.at),))


@_misfit("C37", errors.RolledBackTrustList, openssl=None)
def _rolled_back_list(shop: Workshop) -> Made:
    """Version 1 of a trust list after version 2."""
    return Made(None, lists=(shop.listed(2), shop.listed(1)))


@_misfit("C37", errors.RolledBackTrustList, openssl=None)
def _two_lists_of_one_version(shop: Workshop) -> Made:
    """Two trust lists under one version."""
    return Made(None, lists=(shop.listed(2), shop.listed(2, Second.of(shop).authorities)))


@_misfit("C37", errors.StaleTrustList, openssl=None)
def _frozen_list(shop: Workshop) -> Made:
    """A trust list that was to be replaced an hour before."""
    return Made(None, lists=(shop.authority.trust_list(2, shop.at - 2 * HOUR, shop.at - HOUR),))


def _crl(
    issuer: Issuer,
    at: datetime,
    *revoked: x509.RevokedCertificate,
    only: x509.IssuingDistributionPoint | None = None,
) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.name)
        .last_update(drafts.whole_seconds(at))
        .next_update(drafts.whole_seconds(at + CRL_LIFETIME))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
        .add_extension(x509.CRLNumber(int(at.timestamp() * 1000) << 16 | len(revoked)), critical=False)
    )
    if only is not None:
        # It would have to be (RFC 5280, 5.2.5); but a list that says anything critical is not read here at all.
        builder = builder.add_extension(only, critical=False)
    for each in revoked:
        builder = builder.add_revoked_certificate(each)
    return builder.sign(issuer.key, hashes.SHA256(), ecdsa_deterministic=True).public_bytes(Encoding.DER)
