"""Whether a foreign timestamping authority's certificate chains to one of these roots, at a moment (RFC 5280, 6.1).

For stamps by authorities that stand on no trust list of ours: public test vectors, and nothing else so far. No
revocation lists take part. Authorities on a trust list: certs.trust.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs import paths
from certs.errors import BrokenPath, WrongUsage
from certs.paths import LONGEST_PATH
from certs.question import Question
from certs.timestamps import meant_for_timestamps

MOST_BETWEEN: Final = 8  # certificates that take part in the search
LARGEST_CERTIFICATE: Final = 16 * 1024  # octets


def vouched(
    certificate: x509.Certificate,
    *,
    roots: Sequence[x509.Certificate],
    between: Sequence[x509.Certificate],
    at: datetime,
) -> x509.Certificate:
    """Return `certificate` once a path from one of `roots` to it holds at the moment `at`.

    Args:
        certificate: the timestamping authority's own.
        roots: what is believed.
        between: what may stand between; nothing in it is believed for being here.
        at: the moment of the question.

    Raises:
        BrokenPath: no path leads to a root, or none holds.
        WrongUsage, Expired, NotYetValid, UnsupportedAlgorithm: why none holds.
        PathTooCostly: it was given up.
    """
    meant_for_timestamps(certificate)
    if _is_authority(certificate):
        raise WrongUsage("an authority for certificates signed the timestamp with the same key")
    chosen = _leading_up(certificate, [each for each in between if each not in roots])
    asked = Question(
        leaf=_der(certificate),
        intermediates=tuple(_der(each) for each in chosen),
        anchors=tuple(_der(each) for each in roots),
        crls=(),
        at=at,
        extended_key_usage=(ExtendedKeyUsageOID.TIME_STAMPING.dotted_string,),
        revocation=False,
        longest=LONGEST_PATH,
    )
    paths.settle(asked, within=paths.LONGEST_WALK)
    return certificate


def _leading_up(certificate: x509.Certificate, between: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """Those of `between` that a chain of names from `certificate` leads to, and no more than can be walked in time."""
    names, chosen = {certificate.issuer.public_bytes()}, list[x509.Certificate]()
    for _ in range(LONGEST_PATH):
        for each in between:
            if each not in chosen and each.subject.public_bytes() in names:
                chosen.append(each)
        names |= {each.issuer.public_bytes() for each in chosen}
    if len(chosen) > MOST_BETWEEN:
        raise BrokenPath(f"{len(chosen)} certificates between; at most {MOST_BETWEEN} take part in a search")
    return chosen


def _is_authority(certificate: x509.Certificate) -> bool:
    for each in certificate.extensions:
        if isinstance(each.value, x509.BasicConstraints):
            return each.value.ca
    return False


def _der(certificate: x509.Certificate) -> bytes:
    octets = certificate.public_bytes(Encoding.DER)
    if len(octets) > LARGEST_CERTIFICATE:
        raise BrokenPath(f"a certificate of {len(octets)} octets")
    return octets
