"""What countries publish while a window is open, and the window's own new key.

Newer trust lists, revocation lists, a partner's new signature over the agreement, its new certificate to encrypt for:
each is checked as a stranger's, stands in the evidence log with the moment from which it was known, and is in force
from then on, for whatever is taken up later. Believing a list: `certs.trust`. The rule: docs/wire.md, section 5.
"""

from __future__ import annotations

from typing import Final

from cryptography.x509.oid import NameOID

from certs import jwe, jws
from certs.errors import MalformedList, RolledBackTrustList, TrustError, UnknownSigner
from certs.gates import strict_object
from certs.identity import KEY_AGREEMENT, Identity, bearer, certificate_in
from certs.lists import TrustList
from harness.errors import BadInput
from harness.evidence import records
from harness.exchange import agreement as agreements
from harness.exchange import seating
from harness.exchange.agreement import Signed
from harness.exchange.reasons import NOT_A_TOKEN, Refused
from harness.exchange.seal import WHY
from harness.exchange.seat import Seat
from nodes.turn import Notebook, Turn

TRUST_LIST: Final = "trust list"
REVOCATION_LIST: Final = "revocation list"
AGREEMENT: Final = "agreement"
READER: Final = "certificate to encrypt for"

_WHY: Final = WHY | {MalformedList: NOT_A_TOKEN}


def take(seat: Seat, notes: Notebook, octets: bytes, turn: Turn) -> None:
    """Take what was published in force, or refuse it; either stands in the log.

    Raises:
        Refused: with the reason of the seal's table; the window goes on with what it had.
        BadInput: a signature over another agreement, or not the party's.
    """
    raw, kind = turn.keep(octets), _kind(octets)
    try:
        if kind == AGREEMENT:
            country, number = _countersigned(seat, octets)
        elif kind == READER:
            country, number = _reader(seat, octets)
        elif kind == TRUST_LIST:
            country, number = _listed(seat, octets)
        else:
            country, number = _revocations(seat, octets)
    except TrustError as error:
        reason = _WHY[type(error)]
        notes.note(turn, records.DECLINED, None, raw=raw, kind=kind, reason=reason.code, step=reason.step.name.lower())
        raise Refused(reason, str(error)) from error
    notes.note(turn, records.LISTED, None, raw=raw, kind=kind, country=country, number=number)
    _keep(seat)


def change_key(seat: Seat) -> Identity:
    """Sign from now on with the key that lies ready in the seat's folder. Raises BadInput."""
    seat.identity = seating.next_identity(seat.folder, seat.party)
    seat.openers = {**seat.openers, **seating.next_openers(seat.folder, seat.party)}
    _keep(seat)
    seating.used_up(seat.folder)
    return seat.identity


def _kind(octets: bytes) -> str:
    # A compact JWS begins with a letter, a DER structure with 0x30, which is "0".
    if octets[:1] == b"0":
        return REVOCATION_LIST
    if octets.startswith(b"-----BEGIN"):
        return READER
    try:
        return AGREEMENT if jws.read(octets).typ == jws.AGREEMENT else TRUST_LIST
    except TrustError:
        return TRUST_LIST  # and refused as one


def _listed(seat: Seat, token: bytes) -> tuple[str, str]:
    found = strict_object(jws.read(token).payload).get("country")
    # Only to know which pinned root to hold it against; that it is of that country shows there.
    party, anchor = next((each for each in _pinned(seat).items() if each[0].partition("-")[0] == found), ("", ""))
    if not anchor:
        raise UnknownSigner(f"a trust list of {found!r}, with whom {seat.party} has no agreement")
    read: TrustList = seat.trust.load_list(token, anchor=anchor, at=seat.clock.now())
    _, crls = seat.trust.published_by(read.country)
    seat.lists = {**seat.lists, party: token}
    seat.crls = {**seat.crls, party: crls}
    return read.country, str(read.version)


def _revocations(seat: Seat, der: bytes) -> tuple[str, str]:
    read = seat.trust.load_crl(der)
    if read.der != der:
        raise RolledBackTrustList("a revocation list that is older than the one in force")
    held = {party: seat.trust.published_by(party.partition("-")[0])[1] for party in seat.lists}
    # Of two parties where one's country crosses to the other's root.
    newer = {party: crls for party, crls in held.items() if der in crls}
    if not newer:
        raise UnknownSigner("a revocation list of an authority that is on no trust list any more")
    seat.crls = {**seat.crls, **newer}
    return str(read.issuer.get_attributes_for_oid(NameOID.COUNTRY_NAME)[0].value), str(read.number)


def _countersigned(seat: Seat, token: bytes) -> tuple[str, str]:
    read = jws.read(token)
    if read.certificate is None:
        raise UnknownSigner("the signature does not bring its certificate (x5c)")
    country, party = bearer(read.certificate)
    for partner, signed in seat.signed.items():
        agreement = seat.agreement_with(partner)
        if signed.octets == read.payload and party in agreement.parties:
            agreements.signed_by(party, token, signed.octets, seat.trust, seat.clock.now())
            seat.signed = {**seat.signed, partner: Signed(signed.octets, {**signed.tokens, party: token})}
            return country, str(agreement.version)
    raise BadInput("a signature over no agreement of ours", expected="the partner's, over the bytes both have signed")


def _reader(seat: Seat, pem: bytes) -> tuple[str, str]:
    try:
        certificate = certificate_in(pem)
    except ValueError as error:
        raise MalformedList(f"no certificate: {error}") from error
    known = seat.trust.validate(certificate, at=seat.clock.now(), usage=KEY_AGREEMENT)
    agreed = seat.agreements.get(known.party)
    # One for a profile that is not agreed is known, and nothing is encrypted for it.
    if agreed is not None and jwe.profile(certificate) == (agreed.encryption if agreed.encrypts else jwe.ECDH):
        seat.readers = {**seat.readers, known.party: certificate}
    return known.country, f"{certificate.serial_number:x}"


def _pinned(seat: Seat) -> dict[str, str]:
    members = [each for one in seat.agreements.values() for each in one.parties.items()]
    return {party: member.root for party, member in members if member.root is not None}


def _keep(seat: Seat) -> None:
    """Where the seat lies in a folder, to be taken again by another process, it lies there as it is now."""
    if (seat.folder / seating.TICKET).is_file():
        seating.save(seat, seat.folder)
