"""Whom a party recognises, from when to when; validates a certificate at a moment.

A `TrustStore` holds the partners' trust lists and the revocation lists of the authorities on them. Both may
change while it is used; each change begins a new epoch, and what was worked out in the last one is forgotten.
Values of a trust list: certs.lists.  One path: certs.paths.  Signatures on messages: certs.jws.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from certs import crossing, jwe, jws, paths
from certs.errors import (
    BrokenPath,
    Compromised,
    Expired,
    LeafAsAuthority,
    MalformedList,
    MalformedToken,
    NotYetValid,
    OutsideNames,
    RevocationUnknown,
    Revoked,
    RolledBackTrustList,
    StaleTrustList,
    TrustError,
    UnknownSigner,
    WithdrawnAuthority,
)
from certs.identity import DOCUMENT_SIGNING, KEY_AGREEMENT, bearer, dictated
from certs.lists import Authorities, TrustList, publisher_of
from certs.revocation import Revocation, RevocationList, key_identifier, read_crl
from certs.timestamps import meant_for_timestamps

__all__ = ["Authorities", "Recognised", "TrustList", "TrustStore"]

MOST_REMEMBERED = 1024  # certificates; a stranger can send any number of them


@dataclass(frozen=True)
class Recognised:
    """A certificate that a recognised authority vouched for at the moment asked about."""

    country: str
    party: str
    certificate: x509.Certificate
    root_thumbprint: str  # hex SHA-256 of the root's DER


@dataclass(frozen=True)
class _Listed:
    token: bytes
    identity: str
    trust_list: TrustList
    publisher: x509.Certificate


@dataclass(frozen=True)
class _Required:
    """Over whose root signers of a country are recognised, and under which policy in that root's own terms."""

    by: str
    policy: x509.ObjectIdentifier


@dataclass
class _Place:
    """Where a certificate belongs, by one way: worked out once per epoch. Dates are looked at with each call."""

    listed: _Listed
    authorities: Authorities
    recognised: Recognised
    # (certificate, who issued it, first moment, last moment), leaf first. Owned by `_place`.
    path: tuple[tuple[x509.Certificate, bytes, datetime, datetime], ...]
    policy: x509.ObjectIdentifier | None = None  # which path validation must find; None over a trust list alone
    over: _Listed | None = None  # whose cross-certificates the path runs over, if it does
    walked: bool = False  # set by `validate` once the whole path held
    broken: TrustError | None = None  # set by `validate` when it did not


@dataclass
class TrustStore:
    """The trust lists and revocation lists that one party holds.

    Args:
        seen: versions of trust lists seen before a restart, by anchor; nothing older is taken.
    """

    seen: Mapping[str, int] = field(default_factory=dict)
    epoch: int = field(default=0, init=False)  # rises with each change
    _listed: dict[str, _Listed] = field(default_factory=dict, init=False)  # by anchor
    _required: dict[str, _Required] = field(default_factory=dict, init=False)  # by the signers' country
    _revoked: dict[bytes, RevocationList] = field(default_factory=dict, init=False)  # by issuer, as `_who` has it
    # By certificate and usage. The certificate itself is the key: its fingerprint takes four times as long.
    _places: dict[tuple[x509.Certificate, x509.ObjectIdentifier], tuple[_Place, ...] | TrustError] = field(
        default_factory=dict, init=False
    )

    @property
    def versions(self) -> dict[str, int]:
        """The highest version of each trust list, by anchor: what `seen` wants after a restart."""
        return dict(self.seen) | {anchor: each.trust_list.version for anchor, each in self._listed.items()}

    @property
    def lists(self) -> tuple[bytes, ...]:
        """The trust lists in force, as they came (compact JWS)."""
        return tuple(each.token for each in self._listed.values())

    def published_by(self, country: str) -> tuple[bytes, tuple[bytes, ...]]:
        """One country's trust list in force (compact JWS), and the revocation lists (DER) of the authorities on it.

        Raises:
            UnknownSigner: there is no list of that country here.
        """
        listed = next((each for each in self._listed.values() if each.trust_list.country == country), None)
        if listed is None:
            raise UnknownSigner(f"no trust list of {country} is in force here")
        known = [each for one in listed.trust_list.authorities for each in (one.root, *one.issuing)]
        # Each once: a root may stand on the list twice. A bridge is known by what crosses to it, and by nothing else.
        held = {who: self._revoked.get(who) for who in map(_who, (*known, *listed.trust_list.crossings))}
        return listed.token, tuple(each.der for each in held.values() if each is not None)

    @property
    def crls(self) -> tuple[bytes, ...]:
        """The revocation lists in force, as they came (DER)."""
        return tuple(each.der for each in self._revoked.values())

    def timestamping(self, country: str) -> tuple[x509.Certificate, ...]:
        """The timestamping authorities on the list in force of `country`. Whether one is good is said by `validate`."""
        return tuple(
            each
            for listed in self._listed.values()
            if listed.trust_list.country == country
            for one in listed.trust_list.authorities
            for each in one.timestamping
        )

    def revocation(self, certificate: x509.Certificate) -> Revocation | None:
        """What is known of a certificate's withdrawal, whenever it takes effect; None when nothing is."""
        for held in self._revoked.values():
            if held.issuer == certificate.issuer and (found := held.revocations.get(certificate.serial_number)):
                return found
        return None

    def require(self, country: str, *, by: str, policy: x509.ObjectIdentifier) -> None:
        """Recognise signers of `country` only over the cross-certificates of `by`, from its root down (RFC 5280, 6.1).

        The trust list of `country` is then no more than where its authorities are found; its root is no anchor.

        Args:
            country: whose signers.
            by: the country whose root is the anchor, and whose own trust list holds the cross-certificates.
            policy: what must be good along the whole path, in the terms of `by`.
        """
        self._required[country] = _Required(by, policy)
        self._turn()

    def load_list(self, token: bytes, *, anchor: str, at: datetime) -> TrustList:
        """Take a partner's trust list in force.

        Args:
            token: the signed list, compact JWS.
            anchor: hex SHA-256 of the partner's root (DER), as the agreement pins it.
            at: the present moment.

        Steps: (1) the signature is good for the certificate in the token; (2) the payload is a trust list;
        (3) the anchored root is on it and vouches for that certificate, as the country's publisher; (4) every
        authority on it holds together and stays in its country; (5) it is of this moment; (6) it does not go back.
        Nothing is kept unless all of them hold.

        Raises:
            TrustError: MalformedToken, MalformedList, UnknownSigner, LeafAsAuthority, OutsideNames, BrokenPath,
                WrongUsage, Revoked, NotYetValid, StaleTrustList, RolledBackTrustList, and what certs.jws raises.
        """
        # (1) Whose certificate that is shows at (3): the list is signed by an authority it describes itself.
        read = jws.read(token)
        if read.certificate is None:
            raise MalformedToken("the trust list does not bring its publisher's certificate (x5c)")
        payload = jws.check(read, read.certificate, typ=jws.TRUST_LIST)
        # (2) Strict JSON, only now that the bytes are those that were signed.
        trust_list = TrustList.parse(payload)
        # (3) Here the signature begins to mean something: the anchor is ours, not the token's.
        self._published(trust_list, read.certificate, anchor)
        # (4) A country lists its own authorities only.
        for each in trust_list.authorities:
            _holds_together(each, trust_list.country)
        # (5) A frozen list would hide a withdrawal.
        if trust_list.next_update <= trust_list.issued:
            raise MalformedList("the trust list's next update lies before its issue")
        if trust_list.issued > at:
            raise NotYetValid(f"the trust list is of {trust_list.issued}, later than {at}")
        if trust_list.next_update < at:
            raise StaleTrustList(f"the trust list was to be replaced by {trust_list.next_update}; it is {at}")
        # (6) So would an old one.
        self._not_back(trust_list, read.identity, anchor)
        if anchor not in self._listed or self._listed[anchor].identity != read.identity:
            self._listed[anchor] = _Listed(token, read.identity, trust_list, read.certificate)
            self._turn()
        return trust_list

    def load_crl(self, der: bytes) -> RevocationList:
        """Take a revocation list in force, unless a newer one of the same authority already is.

        Returns:
            The list now in force for that authority.

        Raises:
            MalformedList: not a complete, direct revocation list.
            UnknownSigner: its issuer is on no trust list (load those first).
            BadSignature: altered.
        """
        found = read_crl(der)
        authority = self._authority(found.issuer, found.issuer_key)
        if authority is None:
            raise UnknownSigner(f"{found.issuer.rfc4514_string()} is on no trust list")
        found.signed_by(authority)
        who = _who(authority)
        held = self._revoked.get(who)
        if held is not None and (held.number, held.issued) >= (found.number, found.issued):
            return held
        self._revoked[who] = found
        self._turn()
        return found

    def validate(
        self, certificate: x509.Certificate, *, at: datetime, usage: x509.ObjectIdentifier = DOCUMENT_SIGNING
    ) -> Recognised:
        """Say who bears `certificate`, if a recognised authority vouched for it at the moment `at`.

        (1) A recognised authority issued it, for this usage, to somebody in its country; (2) the trust list was
        in force and recognised that authority then; (3) nothing on the path had expired; (4) nothing on it was
        withdrawn, and fresh lists say so; (5) the path holds by all the rules of RFC 5280. Where several
        cross-certificates lead there, one way that holds is enough.

        Raises:
            UnsupportedAlgorithm, ExplicitCurve, UnknownSigner, LeafAsAuthority, OutsideNames, BrokenPath, WrongUsage,
                PathTooCostly: at (1) or (5).
            StaleTrustList, UnknownSigner, WithdrawnAuthority: at (2).
            Expired, NotYetValid: at (3).
            Revoked, Compromised, RevocationUnknown: at (4). Where no way holds, what is wrong with the first.
        """
        wrong: list[TrustError] = []
        # (1) Worked out once per certificate, usage and epoch; refusals too, so that a flood of them stays cheap.
        for place in self._placed(certificate, usage):
            try:
                return self._held(place, usage, at)
            except TrustError as error:
                wrong.append(error)
        raise wrong[0]

    def _held(self, place: _Place, usage: x509.ObjectIdentifier, at: datetime) -> Recognised:
        if place.broken is not None:
            raise place.broken.afresh()
        # (2) Recognition ends by date: what was signed before stays good.
        _in_force(place, at)
        # (3) Each certificate on the path, leaf first, at the moment asked about.
        for each, _, since, until in place.path:
            if at < since:
                raise NotYetValid(f"{_names(each)} is valid from {since}, not at {at}")
            if at > until:
                raise Expired(f"{_names(each)} was valid until {until}, not at {at}")
        # (4) By our own rule for what was withdrawn later (docs/wire.md, section 5).
        self._not_withdrawn(place, at)
        # (5) Dates and withdrawal were settled above for this very moment, so the rest holds for the epoch.
        if not place.walked:
            self._walk(place, usage, at)
        return place.recognised

    def _published(self, trust_list: TrustList, publisher: x509.Certificate, anchor: str) -> None:
        # One root may stand there twice: an issuing authority of it was withdrawn, and another one goes on.
        own = [each for each in trust_list.authorities if each.root_thumbprint == anchor]
        if not own:
            raise UnknownSigner(f"the root {anchor} that the agreement pins is not on the trust list")
        if bearer(publisher) != (trust_list.country, publisher_of(trust_list.country)):
            found = _names(publisher)
            raise UnknownSigner(f"{found} is not the publisher of the trust list of {trust_list.country}")
        paths.meant_for(publisher, DOCUMENT_SIGNING)
        key = paths.issuer_key(publisher)
        listed = (each for one in own for each in one.issuing)
        issuing = next(
            (each for each in listed if (each.subject, key_identifier(each)) == (publisher.issuer, key)), None
        )
        if issuing is None:
            raise UnknownSigner("no authority under the pinned root vouches for the publisher")
        known = self.revocation(publisher)
        if known is not None and known.counts_from <= trust_list.issued:
            raise Revoked(f"the publisher of the trust list was withdrawn as of {known.counts_from}")
        path = (publisher, issuing, own[0].root)
        paths.walk(path, crls=(), usage=DOCUMENT_SIGNING, at=trust_list.issued, revocation=False)

    def _not_back(self, trust_list: TrustList, identity: str, anchor: str) -> None:
        last = self.versions.get(anchor, 0)
        if trust_list.version < last:
            raise RolledBackTrustList(f"version {trust_list.version} after version {last}")
        held = self._listed.get(anchor)
        if held is not None and trust_list.version == last and held.identity != identity:
            raise RolledBackTrustList(f"another trust list under the same version {last}")

    def _authority(self, name: x509.Name, key: bytes) -> x509.Certificate | None:
        for listed in self._listed.values():
            for each in listed.trust_list.authorities:
                for authority in (each.root, *each.issuing):
                    if authority.subject == name and key_identifier(authority) == key:
                        return authority
        # A bridge is on nobody's list of authorities: who crosses to it knows it by that.
        for listed in self._listed.values():
            for authority in listed.trust_list.crossings:
                if authority.subject == name and key_identifier(authority) == key:
                    return authority
        return None

    def _turn(self) -> None:
        self.epoch += 1
        self._places.clear()

    def _placed(self, certificate: x509.Certificate, usage: x509.ObjectIdentifier) -> tuple[_Place, ...]:
        asked = (certificate, usage)
        found = self._places.get(asked)
        if found is None:
            if len(self._places) >= MOST_REMEMBERED:
                self._places.clear()
            try:
                found = self._ways(certificate, usage)
            except TrustError as error:
                found = error.afresh()
            except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
                found = BrokenPath(f"the certificate cannot be read: {error}")
            self._places[asked] = found
        if isinstance(found, TrustError):
            raise found.afresh()
        return found

    def _ways(self, certificate: x509.Certificate, usage: x509.ObjectIdentifier) -> tuple[_Place, ...]:
        if usage == KEY_AGREEMENT:
            jwe.profile(certificate)
        else:
            dictated(certificate)
        country, party = bearer(certificate)
        listed, authorities, issuing = self._vouching(certificate)
        paths.issued(certificate, issuing)
        required = self._required.get(listed.trust_list.country)
        # Over a cross-certificate that is for its name constraint to say.
        if country != listed.trust_list.country and required is None:
            raise OutsideNames(f"an authority of {listed.trust_list.country} vouched for somebody in {country}")
        # A party's code begins with its country's: no authority vouches for another country's party.
        if not party.startswith(country):
            raise OutsideNames(f"an authority of {country} vouched for {party}, which is not of that country")
        paths.meant_for(certificate, usage)
        ways: tuple[tuple[x509.Certificate, ...], ...] = ((authorities.root,),)
        over = None
        if required is not None:
            over, anchor = self._anchor(required.by)
            between = crossing.between(over.trust_list.crossings, authorities.root, anchor)
            ways = tuple((*each, anchor) for each in between)
        return tuple(
            _Place(
                listed=listed,
                authorities=authorities,
                recognised=Recognised(country, party, certificate, authorities.root_thumbprint),
                path=tuple(
                    (each, _who(by), each.not_valid_before_utc, each.not_valid_after_utc)
                    for each, by in pairwise((certificate, issuing, *upwards, upwards[-1]))
                ),
                policy=None if required is None else required.policy,
                over=over,
            )
            for upwards in ways
        )

    def _anchor(self, country: str) -> tuple[_Listed, x509.Certificate]:
        for anchor, listed in self._listed.items():
            if listed.trust_list.country == country:
                for each in listed.trust_list.authorities:
                    if each.root_thumbprint == anchor:
                        return listed, each.root
        raise UnknownSigner(f"no trust list of {country} is in force, over whose root others would be recognised")

    def _vouching(self, certificate: x509.Certificate) -> tuple[_Listed, Authorities, x509.Certificate]:
        key = paths.issuer_key(certificate)
        for listed in self._listed.values():
            for authorities in listed.trust_list.authorities:
                for issuing in authorities.issuing:
                    if issuing.subject == certificate.issuer and key_identifier(issuing) == key:
                        return listed, authorities, issuing
        vouching = certificate.issuer.rfc4514_string()
        if any(_party_of(each.trust_list.country, certificate.issuer) for each in self._listed.values()):
            raise LeafAsAuthority(f"{vouching} vouches for it, which is a party, and no authority")
        raise UnknownSigner(f"no recognised authority vouches for it; it names {vouching}")

    def _not_withdrawn(self, place: _Place, at: datetime) -> None:
        # The root is on the trust list itself: it is withdrawn there, by date.
        for certificate, issuer, _, _ in place.path[:-1]:
            held = self._revoked.get(issuer)
            known = None if held is None else held.revocations.get(certificate.serial_number)
            # Withdrawn is withdrawn, however old the list that says so.
            if known is not None and known.counts_from <= at:
                since = f"as of {known.counts_from} ({known.reason.value})"
                if at < known.at:
                    raise Compromised(f"{_names(certificate)} was withdrawn at {known.at}, its key lost {since}")
                raise Revoked(f"{_names(certificate)} was withdrawn {since}, not good at {at}")
            if held is None:
                raise RevocationUnknown(f"no revocation list of the issuer of {_names(certificate)} is at hand")
            if held.next_update < at:
                raise RevocationUnknown(
                    f"the revocation list of the issuer of {_names(certificate)} ended at {held.next_update}"
                )

    def _walk(self, place: _Place, usage: x509.ObjectIdentifier, at: datetime) -> None:
        crls = [self._revoked[issuer] for _, issuer, _, _ in place.path[:-1]]
        path = [each for each, _, _, _ in place.path]
        try:
            paths.walk(path, crls=crls, usage=usage, at=at, policy=place.policy, settled=True)
            # What no name constraint forbade is still another country's.
            if place.recognised.country != place.listed.trust_list.country:
                raise OutsideNames(f"{_names(path[0])}: vouched for by {place.listed.trust_list.country}")
        except TrustError as error:
            # What hangs on the moment is asked again with the next call.
            if not isinstance(error, Expired | NotYetValid | Revoked | RevocationUnknown):
                place.broken = error.afresh()
            raise
        place.walked = True


def _names(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()


def _party_of(country: str, name: x509.Name) -> bool:
    """Whether that is a name as parties of a country bear it: the code, alone or with something after a hyphen."""
    common = [str(each.value) for each in name.get_attributes_for_oid(NameOID.COMMON_NAME)]
    of = [str(each.value) for each in name.get_attributes_for_oid(NameOID.COUNTRY_NAME)]
    return of == [country] and len(common) == 1 and common[0].partition("-")[0] == country


def _who(authority: x509.Certificate) -> bytes:
    """An authority is a name and a key, however many certificates say so."""
    key = authority.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(authority.subject.public_bytes() + key).digest()


def _in_force(place: _Place, at: datetime) -> None:
    authorities = place.authorities
    for each in (place.listed, place.over):
        if each is not None and each.trust_list.next_update < at:
            found = f"{each.trust_list.country} was to be replaced by {each.trust_list.next_update}"
            raise StaleTrustList(f"the trust list of {found}")
    if at < authorities.since:
        raise UnknownSigner(f"{authorities.name}: recognised from {authorities.since}, not at {at}")
    if authorities.until is not None and at >= authorities.until:
        raise WithdrawnAuthority(f"{authorities.name}: recognised until {authorities.until}, not at {at}")


def _holds_together(authorities: Authorities, country: str) -> None:
    root = paths.authority(authorities.root)
    paths.issued(root, root)
    for issuing in authorities.issuing:
        paths.issued(paths.authority(issuing), root)
    for stamper in authorities.timestamping:
        by = next((one for one in authorities.issuing if one.subject == stamper.issuer), root)
        meant_for_timestamps(paths.issued(stamper, by))
    for each in (root, *authorities.issuing):
        key_identifier(each)
    for each in (root, *authorities.issuing, *authorities.timestamping):
        if bearer(each)[0] != country:
            found = _names(each)
            raise OutsideNames(f"{found} is on the trust list of {country}: an authority outside its country")
