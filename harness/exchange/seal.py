"""Seal envelopes and unseal them.

Nothing here knows countries, topics or clocks: the moment of checking is handed in.
Format: docs/wire.md, section 3. Tokens and gates: `certs.jws`, `certs.gates`. Chain checking: `certs.trust`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Final

from cryptography import x509

from certs import errors, jws
from certs.gates import strict_json
from certs.identity import Identity
from certs.trust import Recognised, TrustStore
from harness.clock import stamp
from harness.exchange import envelope as envelopes
from harness.exchange import reasons
from harness.exchange.envelope import Envelope, Type, parse
from harness.exchange.reasons import Reason, Refused

CLOCKS_APART: Final = timedelta(minutes=1)
"""How far a sender's clock may be ahead of the broker's."""


class Kind(StrEnum):
    """The kinds of sealed envelope (the JWS `typ`): a receipt can never be shown as a message."""

    MESSAGE = "corridor-message+jws"
    RECEIPT = "corridor-receipt+jws"


@dataclass(frozen=True)
class Sealed:
    """Bytes that nobody checked."""

    token: bytes

    @cached_property
    def identity(self) -> str:
        """SHA-256 of the signing input, hex: what this message is, whatever its signature's encoding.

        Bytes without a signing input are what they are, all of them: two poisons are two things.
        """
        signed, dot, _ = self.token.rpartition(b".")
        return hashlib.sha256(signed if dot else self.token).hexdigest()

    @cached_property
    def raw(self) -> str:
        """SHA-256 of all the bytes, hex: the name under which they are kept."""
        return hashlib.sha256(self.token).hexdigest()


@dataclass(frozen=True, slots=True)
class Opened:
    """What a seal held, once checked: only `unseal` makes one."""

    sealed: Sealed
    kind: Kind
    envelope: Envelope
    signer: Recognised
    algorithm: str

    @property
    def identity(self) -> str:
        """The identity of the message."""
        return self.sealed.identity


WHY: Final[dict[type[errors.TrustError], Reason]] = {
    errors.MalformedToken: reasons.NOT_A_TOKEN,
    errors.Oversized: reasons.TOO_MUCH,
    errors.LooseSpelling: reasons.LOOSE_SPELLING,
    errors.NoSignature: reasons.NO_SIGNATURE,
    errors.SignatureLength: reasons.SIGNATURE_LENGTH,
    errors.OtherCertificate: reasons.OTHER_CERTIFICATE,
    errors.NotStrictJson: reasons.NOT_A_TOKEN,
    **envelopes.WHY,
    errors.ForbiddenHeader: reasons.FORBIDDEN_HEADER,
    errors.KeyInHeader: reasons.KEY_IN_HEADER,
    errors.KeyToFetch: reasons.KEY_TO_FETCH,
    errors.UnknownExtension: reasons.UNKNOWN_EXTENSION,
    errors.Compressed: reasons.COMPRESSED,
    errors.WrongKind: reasons.WRONG_KIND,
    errors.AlgorithmMismatch: reasons.ALGORITHM_MISMATCH,
    errors.Unsecured: reasons.UNSECURED,
    errors.UnsupportedAlgorithm: reasons.UNSUPPORTED_ALGORITHM,
    errors.NationalAlgorithm: reasons.NATIONAL_ALGORITHM,
    errors.BrokenAlgorithm: reasons.BROKEN_ALGORITHM,
    errors.ExplicitCurve: reasons.EXPLICIT_CURVE,
    errors.OtherRecipient: reasons.OTHER_RECIPIENT,
    errors.BrokenCipher: reasons.BROKEN_ENCRYPTION,
    errors.BadSignature: reasons.BROKEN_SEAL,
    errors.SignatureOutOfRange: reasons.SIGNATURE_OUT_OF_RANGE,
    errors.UnknownSigner: reasons.UNKNOWN_SIGNER,
    errors.Expired: reasons.EXPIRED_CERTIFICATE,
    errors.NotYetValid: reasons.CERTIFICATE_NOT_YET_VALID,
    errors.Revoked: reasons.REVOKED_CERTIFICATE,
    errors.Compromised: reasons.KEY_LOST,
    errors.RevocationUnknown: reasons.REVOCATION_UNKNOWN,
    errors.WrongUsage: reasons.WRONG_KEY_USAGE,
    errors.BrokenPath: reasons.BROKEN_PATH,
    errors.LeafAsAuthority: reasons.LEAF_AS_AUTHORITY,
    errors.PathTooCostly: reasons.PATH_TOO_COSTLY,
    errors.PolicyNotMapped: reasons.POLICY_NOT_MAPPED,
    errors.OutsideNames: reasons.OUTSIDE_ITS_NAMES,
    errors.MalformedTimestamp: reasons.MALFORMED_TIMESTAMP,
    errors.OtherTimestamp: reasons.OTHER_TIMESTAMP,
    errors.WithdrawnAuthority: reasons.AUTHORITY_WITHDRAWN,
    errors.StaleTrustList: reasons.STALE_TRUST_LIST,
    errors.RolledBackTrustList: reasons.ROLLED_BACK_TRUST_LIST,
}
"""Each way a signature or a chain can be wrong, and the reason a refusal names for it."""


def seal(envelope: Envelope, identity: Identity) -> Sealed:
    """Sign `envelope` as its sender. The kind follows from the envelope's type."""
    return Sealed(jws.sign(envelope.octets(), identity, typ=kind_of(envelope)))


def unseal(sealed: Sealed, *, trust: TrustStore, at: datetime) -> Opened:
    """Check `sealed` as of `at` and return what it holds.

    Raises:
        Refused: with the reason from `WHY`, or WRONG_KIND, NOT_STRICT_JSON, NOT_AN_ENVELOPE, SIGNER_IS_NOT_SENDER,
            DATED_AHEAD; with the clause that is closest.
    """
    try:
        # (1.1) The lexical gate, before any library sees a byte.
        token = jws.read(sealed.token)
        kind = _kind(token.typ)
        # (1.2) Somebody recognised vouches for the key, as of the moment the bus took the message.
        signer = trust.validate(_certificate(token), at=at)
        # (1.3) The signature, under the algorithm that the certificate's key dictates.
        octets = jws.check(token, signer.certificate, typ=kind)
    except errors.TrustError as error:
        raise Refused(WHY[type(error)], str(error), clause=error.clause) from error
    # (1.4) Only now is anything parsed.
    envelope = parse(octets)
    # (1.5) A receipt says it is one inside the signature too.
    if kind_of(envelope) is not kind:
        raise Refused(reasons.WRONG_KIND, f"typ {kind.value!r} around an envelope of type {envelope.type!r}")
    # (1.6) The key belongs to the sender that is named.
    if signer.party != envelope.source:
        raise Refused(reasons.SIGNER_IS_NOT_SENDER, f"signed by {signer.party}, sent as {envelope.source}")
    # (1.7) Its date is its sender's word. It must not lie ahead of the bus, and whoever judges by it later, an arbiter
    # with nothing but a bundle, must find the certificate good on that date too.
    if envelope.time > at + CLOCKS_APART:
        raise Refused(reasons.DATED_AHEAD, f"dated {stamp(envelope.time)}, taken by the bus at {stamp(at)}")
    try:
        trust.validate(signer.certificate, at=envelope.time)
    except errors.TrustError as error:
        raise Refused(WHY[type(error)], f"on the date it bears: {error}") from error
    return Opened(sealed=sealed, kind=kind, envelope=envelope, signer=signer, algorithm=token.alg)


def claims_receipt(sealed: Sealed) -> bool:
    """Whether it says, outside and inside, that it is a receipt: believed for one thing only, not to answer it."""
    try:
        token = jws.read(sealed.token)
        said = strict_json(token.payload)
    except errors.TrustError:
        return False
    return token.typ == Kind.RECEIPT and isinstance(said, dict) and said.get("type") == Type.RECEIPT


def kind_of(envelope: Envelope) -> Kind:
    """The kind of seal an envelope of that type must carry."""
    return Kind.RECEIPT if envelope.type == Type.RECEIPT else Kind.MESSAGE


def _certificate(token: jws.Token) -> x509.Certificate:
    # What the token brings is only a candidate: it must chain to the partner's trust list like any other.
    if token.certificate is None:
        raise errors.UnknownSigner("the token names a certificate by its thumbprint but does not bring it (x5c)")
    return token.certificate


def _kind(typ: str) -> Kind:
    try:
        return Kind(typ)
    except ValueError as error:
        raise errors.WrongKind(f"typ is {typ!r}, expected a message or a receipt") from error
