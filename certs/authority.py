"""A country's authorities: a root, an issuing authority under it, a timestamping one, the publisher of its trust list.

The only maker of keys. Issues, withdraws, and says what was withdrawn; keeps its own books in one folder.
What a certificate carries: certs.drafts.  Reading revocation lists: certs.revocation.
Believing any of it: certs.trust.  Certificates that are wrong on purpose: certs.misfits.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import Encoding

from certs import crossing, drafts, hpke, jwe, jws, keyfiles
from certs.algorithms import PrivateKey
from certs.drafts import Draft, Issuer, Octets
from certs.errors import BrokenPath, UnsupportedAlgorithm
from certs.identity import Algorithm, Identity, dictated
from certs.jwe import Opener
from certs.lists import Authorities, TrustList, publisher_of
from certs.stamping import TimestampAuthority

SIGNING_LIFETIME = timedelta(days=365)
CRL_LIFETIME = timedelta(days=1)


@dataclass(frozen=True)
class Withdrawal:
    """One entry of the authority's books."""

    issuer: x509.Name
    serial: int
    reason: x509.ReasonFlags
    at: datetime
    invalid_since: datetime | None


@dataclass
class Authority:
    """One country's authorities with their keys. Make one with `found`, or with `load`."""

    country: str
    root: x509.Certificate
    issuing: x509.Certificate
    publisher: Identity
    timestamping: TimestampAuthority
    _chance: Octets = field(repr=False)
    _root_key: ec.EllipticCurvePrivateKey = field(repr=False)
    _issuing_key: ec.EllipticCurvePrivateKey = field(repr=False)
    _withdrawn: list[Withdrawal] = field(default_factory=list)  # grows only; written by `revoke` and `load`

    @classmethod
    def found(
        cls,
        country: str,
        at: datetime,
        chance: Octets,
        lifetime: timedelta,
        *,
        policies: Sequence[x509.ObjectIdentifier] = (),
    ) -> Self:
        """Found a country's authorities.

        Args:
            country: ISO 3166-1 alpha-2, user-assigned codes included ("QM").
            at: the first moment of validity, cut to whole seconds.
            chance: where keys and serial numbers come from; the same octets make the same certificates.
            lifetime: how long all of them are valid.
            policies: what it issues under, where others recognise it by cross-certificates; then its root may also
                stand above theirs.
        """

        def drafted(role: str, common: str, extensions: drafts.Extensions) -> tuple[ec.EllipticCurvePrivateKey, Draft]:
            key = drafts.p256_key(chance, f"certs/{country}/{role}/key")
            number = drafts.serial(chance, f"certs/{country}/{role}/serial")
            name = drafts.name(country, common)
            return key, Draft(name, key.public_key(), number, since, since + lifetime, extensions)

        since = drafts.whole_seconds(at)
        root_key, root = drafted("root", f"{country} root", drafts.for_authority(below=3 if policies else 1))
        under = crossing.policies(*policies)
        within = (*drafts.for_authority(below=0, country=country), *under)
        issuing_key, issuing = drafted("issuing", f"{country} issuing authority", within)
        publisher_key, publisher = drafted("publisher", publisher_of(country), (*drafts.for_signing(), *under))
        stamping = (*drafts.for_timestamping(), *under)
        stamping_key, stamper = drafted("timestamping", f"{country} timestamping authority", stamping)
        by_root, by_issuing = Issuer(root.name, root_key), Issuer(issuing.name, issuing_key)
        return cls(
            country=country,
            root=root.signed(by_root),
            issuing=issuing.signed(by_root),
            publisher=Identity(publisher_of(country), country, publisher_key, publisher.signed(by_issuing)),
            timestamping=TimestampAuthority(country, stamping_key, stamper.signed(by_issuing)),
            _chance=chance,
            _root_key=root_key,
            _issuing_key=issuing_key,
        )

    @property
    def withdrawn(self) -> tuple[Withdrawal, ...]:
        """What the books say, oldest first."""
        return tuple(self._withdrawn)

    @property
    def issuer(self) -> Issuer:
        """The issuing authority as one that signs: for those who make what it ought never to have signed."""
        return Issuer(self.issuing.subject, self._issuing_key)

    @property
    def root_issuer(self) -> Issuer:
        """The same of the root."""
        return Issuer(self.root.subject, self._root_key)

    @property
    def anchor(self) -> str:
        """Hex SHA-256 of the root's DER: what an agreement pins."""
        return self.root.fingerprint(hashes.SHA256()).hex()

    @property
    def policies(self) -> tuple[x509.ObjectIdentifier, ...]:
        """What it issues under: none, unless it was founded so."""
        return crossing.issued_under(self.issuing)

    def successor(self, at: datetime) -> Self:
        """A new issuing authority under the same root, with its own publisher and timestamping authority.

        This one goes on beside it. Valid from `at` (cut to seconds) for as long as the root; both keep the same books.
        """
        since = drafts.whole_seconds(at)
        common = f"{self.country} issuing authority of {since:%Y-%m-%d %H:%M:%S}"
        key = drafts.p256_key(self._chance, f"certs/{self.country}/issuing/key")
        number = drafts.serial(self._chance, f"certs/{self.country}/issuing/serial")
        under = crossing.policies(*self.policies)
        within = (*drafts.for_authority(below=0, country=self.country), *under)
        name, until = drafts.name(self.country, common), self.root.not_valid_after_utc
        issuing = Draft(name, key.public_key(), number, since, until, within).signed(self.root_issuer)
        new = replace(self, issuing=issuing, _issuing_key=key)

        def below(
            role: str, common: str, extensions: drafts.Extensions
        ) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
            key = drafts.p256_key(self._chance, f"certs/{self.country}/{role}/key")
            number = drafts.serial(self._chance, f"certs/{self.country}/{role}/serial")
            name = drafts.name(self.country, common)
            draft = Draft(name, key.public_key(), number, since, until, (*extensions, *under))
            return key, draft.signed(new.issuer)

        publisher = below("publisher", publisher_of(self.country), drafts.for_signing())
        stamper = below("timestamping", f"{self.country} timestamping authority", drafts.for_timestamping())
        return replace(
            new,
            publisher=Identity(publisher_of(self.country), self.country, *publisher),
            timestamping=TimestampAuthority(self.country, *stamper),
        )

    def issue_signing(
        self,
        party: str,
        algorithm: Algorithm,
        at: datetime,
        *,
        lifetime: timedelta = SIGNING_LIFETIME,
        policies: Sequence[x509.ObjectIdentifier] | None = None,
        country: str | None = None,
    ) -> Identity:
        """Issue a key and a certificate for signing documents; CN is the party's code, C the country.

        Valid from `at` (cut to seconds) for `lifetime`, but never longer than the issuing authority. Issued under the
        authority's own policies and for its own country, unless others are given: what it may not, it can.
        """
        key = drafts.key_for(algorithm, self._chance, f"certs/{self.country}/{party}/key")
        under = crossing.policies(*(self.policies if policies is None else policies))
        draft = self._draft(party, key, at, lifetime, (*drafts.for_signing(), *under), country)
        draft = replace(draft, pss=algorithm is Algorithm.PS256)
        certificate = draft.signed(self.issuer)
        return Identity(party=party, country=country or self.country, key=key, certificate=certificate)

    def issue_opener(
        self, party: str, at: datetime, *, profile: str = jwe.ECDH, lifetime: timedelta = SIGNING_LIFETIME
    ) -> Opener:
        """Issue a key and a certificate that others encrypt documents for; names and dates as `issue_signing`.

        Args:
            party: the CN, its code.
            at: the first moment of validity.
            profile: `jwe.ECDH` for a P-256 key; `hpke.PROFILE` for X25519, with ML-KEM-768 beside it.
            lifetime: how long, at most.

        Raises:
            UnsupportedAlgorithm: another profile.
        """
        issuer, purpose = self.issuer, f"certs/{self.country}/{party}/opener"
        under = crossing.policies(*self.policies)
        if profile == hpke.PROFILE:
            hybrid = hpke.HybridKey.from_seed(self._chance(hpke.SEED, f"{purpose}/hybrid"))
            extensions = (*drafts.for_agreement(), *under, (hpke.beside(hybrid.public_key()), False))
            draft = self._draft(party, hybrid.x25519, at, lifetime, extensions)
            return Opener(party, hybrid, draft.signed(issuer))
        if profile != jwe.ECDH:
            raise UnsupportedAlgorithm(f"{profile} is no profile of encryption")
        key = drafts.p256_key(self._chance, purpose)
        draft = self._draft(party, key, at, lifetime, (*drafts.for_agreement(), *under))
        return Opener(party, key, draft.signed(issuer))

    def cross(
        self, other: x509.Certificate, bounds: crossing.Bounds, at: datetime, *, lifetime: timedelta = SIGNING_LIFETIME
    ) -> x509.Certificate:
        """Have the root vouch for another authority's root, within `bounds`: a cross-certificate.

        Args:
            other: the other root. Its key is taken as it stands there; that it is theirs is for the caller to know.
            bounds: what it may vouch for in turn.
            at: the first moment of validity.
            lifetime: how long, never longer than either root.
        """
        _, key = dictated(other)
        since = drafts.whole_seconds(at)
        number = drafts.serial(self._chance, f"certs/{self.country}/crossing/{other.subject.rfc4514_string()}/serial")
        until = min(since + lifetime, self.root.not_valid_after_utc, other.not_valid_after_utc)
        extensions = (*drafts.for_authority(below=bounds.below), *crossing.for_crossing(bounds))
        draft = Draft(other.subject, key, number, since, until, extensions)
        return draft.signed(self.root_issuer)

    def issue_tls(
        self, principal: str, hosts: Sequence[str], at: datetime, *, lifetime: timedelta = SIGNING_LIFETIME
    ) -> tuple[bytes, bytes]:
        """Issue a P-256 key and a certificate for either end of TLS.

        Args:
            principal: the CN, by which a broker knows its client.
            hosts: DNS names and IP addresses it answers on; empty for a mere client.
            at: the first moment of validity.
            lifetime: how long, at most.

        Returns:
            The key (PKCS#8 PEM) and the chain (PEM: its certificate, then the issuing authority's).
        """
        key = drafts.p256_key(self._chance, f"certs/{self.country}/tls/{principal}/key")
        draft = self._draft(principal, key, at, lifetime, drafts.for_tls(hosts))
        certificate = draft.signed(self.issuer)
        chain = certificate.public_bytes(Encoding.PEM) + self.issuing.public_bytes(Encoding.PEM)
        return keyfiles.key_pem(key), chain

    def revoke(
        self,
        certificate: x509.Certificate,
        reason: x509.ReasonFlags,
        at: datetime,
        *,
        invalid_since: datetime | None = None,
    ) -> None:
        """Withdraw a certificate from `at` on; the next lists say so.

        Args:
            certificate: one that this authority issued.
            reason: RFC 5280, 5.3.1.
            at: when it was withdrawn.
            invalid_since: when the key is believed to have been lost (RFC 5280, 5.3.2), if known.

        Raises:
            BrokenPath: another authority issued it.
        """
        issuer = next((each for each in (self.issuing, self.root) if each.subject == certificate.issuer), None)
        if issuer is None:
            raise BrokenPath(f"{certificate.issuer.rfc4514_string()} issued this certificate, not {self.country}")
        self._withdrawn.append(Withdrawal(issuer.subject, certificate.serial_number, reason, at, invalid_since))

    def crls(self, at: datetime, *, lifetime: timedelta = CRL_LIFETIME) -> tuple[bytes, bytes]:
        """The revocation lists of root and issuing authority, DER, as of `at`, good for `lifetime`."""
        return (
            self._crl(self.root_issuer, at, lifetime),
            self._crl(self.issuer, at, lifetime),
        )

    def trust_list(
        self,
        version: int,
        at: datetime,
        next_update: datetime,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        crossings: Sequence[x509.Certificate] = (),
    ) -> bytes:
        """This country's own trust list, signed by its publisher (compact JWS, certs.jws.TRUST_LIST).

        Args:
            version: from 1, higher with each list.
            at: when it is issued.
            next_update: after this moment it is stale.
            since: from when the authorities are recognised; by default, since they were founded.
            until: from when on they are recognised no more, if withdrawn.
            crossings: cross-certificates by which this country recognises others.
        """
        own = self.listed(since, until)
        return self.publish(TrustList(self.country, version, at, next_update, (own,), tuple(crossings)))

    def listed(self, since: datetime | None = None, until: datetime | None = None, *, name: str = "") -> Authorities:
        """What a trust list says of these, recognised from `since` (by default, since they were founded) to `until`."""
        return Authorities(
            name=name or f"{self.country} authorities",
            root=self.root,
            issuing=(self.issuing,),
            timestamping=(self.timestamping.certificate,),
            since=self.root.not_valid_before_utc if since is None else since,
            until=until,
        )

    def publish(self, trust_list: TrustList) -> bytes:
        """Sign any trust list as this country's publisher."""
        return jws.sign(trust_list.payload(), self.publisher, typ=jws.TRUST_LIST)

    def save(self, folder: Path) -> None:
        """Write certificates, keys (0600) and books into `folder` (0700)."""
        keyfiles.private_folder(folder)
        keyfiles.write_key(folder / "root.key.pem", self._root_key)
        keyfiles.write_key(folder / "issuing.key.pem", self._issuing_key)
        keyfiles.write_certificate(folder / "root.pem", self.root)
        keyfiles.write_certificate(folder / "issuing.pem", self.issuing)
        self.publisher.save(folder / "publisher")
        self.timestamping.save(folder / "timestamping")
        self.save_books(folder)

    def save_books(self, folder: Path) -> None:
        """Write what was withdrawn into `folder`, where `save` wrote all the rest."""
        books = [
            {
                "issuer": "root" if each.issuer == self.root.subject else "issuing",
                "serial": f"{each.serial:x}",
                "reason": each.reason.value,
                "at": each.at.isoformat(),
                "invalidsince": None if each.invalid_since is None else each.invalid_since.isoformat(),
            }
            for each in self._withdrawn
            if each.issuer in (self.root.subject, self.issuing.subject)  # not those of the one it took the place of
        ]
        keyfiles.write(folder / "withdrawn.json", json.dumps(books, indent=1).encode("ascii"))

    @classmethod
    def load(cls, folder: Path, chance: Octets) -> Self:
        """Read what `save` wrote; `chance` is for what is issued from now on.

        Raises:
            UnsupportedAlgorithm: an authority's key is not P-256.
            FileNotFoundError: no authority was saved there.
        """
        publisher = Identity.load(folder / "publisher")
        root = keyfiles.read_certificate(folder / "root.pem")
        issuing = keyfiles.read_certificate(folder / "issuing.pem")
        withdrawn = [
            Withdrawal(
                issuer=(root if each["issuer"] == "root" else issuing).subject,
                serial=int(each["serial"], 16),
                reason=x509.ReasonFlags(each["reason"]),
                at=datetime.fromisoformat(each["at"]),
                invalid_since=None if each["invalidsince"] is None else datetime.fromisoformat(each["invalidsince"]),
            )
            for each in json.loads((folder / "withdrawn.json").read_bytes())
        ]
        return cls(
            country=publisher.country,
            root=root,
            issuing=issuing,
            publisher=publisher,
            timestamping=TimestampAuthority.load(folder / "timestamping"),
            _chance=chance,
            _root_key=_p256(folder / "root.key.pem"),
            _issuing_key=_p256(folder / "issuing.key.pem"),
            _withdrawn=withdrawn,
        )

    def _draft(
        self,
        common: str,
        key: PrivateKey | x25519.X25519PrivateKey,
        at: datetime,
        lifetime: timedelta,
        extensions: drafts.Extensions,
        country: str | None = None,
    ) -> Draft:
        since = drafts.whole_seconds(at)
        return Draft(
            name=drafts.name(country or self.country, common),
            key=key.public_key(),
            serial=drafts.serial(self._chance, f"certs/{self.country}/{common}/serial"),
            since=since,
            until=min(since + lifetime, self.issuing.not_valid_after_utc),
            extensions=extensions,
        )

    def _crl(self, issuer: Issuer, at: datetime, lifetime: timedelta) -> bytes:
        entries = [each for each in self._withdrawn if each.issuer == issuer.name and each.at <= at]
        issued = drafts.whole_seconds(at)
        # Milliseconds, then the count of entries: rises with time and with each withdrawal, and needs no
        # counter that a copy of the folder could forget (RFC 5280, 5.2.3).
        number = int(at.timestamp() * 1000) << 16 | len(entries)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.name)
            .last_update(issued)
            .next_update(issued + lifetime)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
            .add_extension(x509.CRLNumber(number), critical=False)
        )
        for each in entries:
            builder = builder.add_revoked_certificate(_entry(each))
        return builder.sign(issuer.key, hashes.SHA256(), ecdsa_deterministic=True).public_bytes(Encoding.DER)


def _entry(withdrawal: Withdrawal) -> x509.RevokedCertificate:
    builder = (
        x509.RevokedCertificateBuilder()
        .serial_number(withdrawal.serial)
        .revocation_date(drafts.whole_seconds(withdrawal.at))
    )
    # "unspecified" is said by leaving the reason out (RFC 5280, 5.3.1).
    if withdrawal.reason is not x509.ReasonFlags.unspecified:
        builder = builder.add_extension(x509.CRLReason(withdrawal.reason), critical=False)
    if withdrawal.invalid_since is not None:
        since = drafts.whole_seconds(withdrawal.invalid_since)
        builder = builder.add_extension(x509.InvalidityDate(since.replace(tzinfo=None)), critical=False)
    return builder.build()


def _p256(path: Path) -> ec.EllipticCurvePrivateKey:
    key = keyfiles.read_key(path)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise UnsupportedAlgorithm(f"{path.name}: an authority's key is P-256")
    return key
