"""A timestamp by a country's own authority: proved, and its authority recognised at the stamp's own time.

One timestamp, whoever made it: certs.timestamps.  Whom we recognise: certs.trust.
"""

from __future__ import annotations

import hashlib
from typing import Final

from cryptography import x509

from certs import timestamps
from certs.errors import Revoked, UnknownSigner
from certs.timestamps import TIME_STAMPING, Timestamp
from certs.trust import TrustStore

HASH: Final = "sha256"

# RFC 3161, 4: an authority withdrawn for one of these stopped, and its key is where it was. After anything else, and
# after no reason at all, whoever has the key may date back, so that no stamp of it proves anything.
_ENDED_WELL: Final = frozenset(
    {
        x509.ReasonFlags.affiliation_changed,
        x509.ReasonFlags.superseded,
        x509.ReasonFlags.cessation_of_operation,
    }
)


def digest_of(octets: bytes) -> bytes:
    """What a timestamp of these octets is asked for."""
    return hashlib.sha256(octets).digest()


def believed(token: bytes, *, of: bytes, country: str, trust: TrustStore, nonce: int | None = None) -> Timestamp:
    """Read a timestamp and return it once the authority of `country` is proved to have made it, of these octets.

    Args:
        token: a TimeStampResp or a TimeStampToken.
        of: the octets that were stamped.
        country: whose authority. Only those on its trust list count; what the token brings does not.
        trust: the trust lists and revocation lists at hand.
        nonce: what the request asked for, if this is the answer to one of ours.

    Raises:
        TrustError: as `timestamps.read`, `timestamps.proved` and `TrustStore.validate` raise it.
        Revoked: also when the authority was withdrawn later, for a reason that lets its key date back.
    """
    found = timestamps.read(token)
    authorities = trust.timestamping(country)
    if not authorities:
        raise UnknownSigner(f"no timestamping authority of {country} is on its trust list")
    proof = timestamps.proved(found, digest=digest_of(of), hash_name=HASH, signers=authorities, nonce=nonce)
    trust.validate(proof.certificate, at=found.time, usage=TIME_STAMPING)
    known = trust.revocation(proof.certificate)
    if known is not None and known.reason not in _ENDED_WELL:
        raise Revoked(
            f"the timestamping authority of {country} was withdrawn ({known.reason.value}): it proves nothing"
        )
    return found
