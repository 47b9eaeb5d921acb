"""Whether a foreign timestamping authority's certificate chains to one of these roots, at a moment (RFC 5280, 6.1).

For stamps by authorities that stand on no trust list of ours: public test vectors, and nothing else so far. No
revocation lists take part. Authorities on a trust list: certs.trust.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence, Sized
from datetime import datetime
from typing import Final

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator import errors as hanko

from certs.errors import BrokenPath, UnknownSigner, WrongUsage
from certs.paths import LONGEST_PATH, meaning
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
        UnknownSigner: no path leads to a root.
        WrongUsage, Expired, NotYetValid, UnsupportedAlgorithm, BrokenPath: the path does not hold.
    """
    meant_for_timestamps(certificate)
    if _is_authority(certificate):
        raise WrongUsage("an authority for certificates signed the timestamp with the same key")
    chosen = _leading_up(certificate, between)
    try:
        context = ValidationContext(
            trust_roots=[_theirs(each) for each in roots],
            other_certs=[_theirs(each) for each in chosen],
            allow_fetching=False,
            revocation_mode="soft-fail",
            moment=at,
        )
        validator = CertificateValidator(_theirs(certificate), validation_context=context)
        # As in certs.paths: with fetching off nothing awaits, one push runs it to its end.
        steps: Coroutine[object, object, Sized] = validator.async_validate_usage(  # type: ignore[no-untyped-call] # published so
            key_usage=set(), extended_key_usage={"time_stamping"}, extended_optional=False
        )
        steps.send(None)
    except StopIteration as done:
        if len(done.value) > LONGEST_PATH:
            raise BrokenPath(f"a path of more than {LONGEST_PATH} certificates") from None
        return certificate
    except hanko.PathBuildingError as error:
        raise UnknownSigner(f"no path leads to a root that is believed: {error}") from error
    except (hanko.PathError, hanko.ValidationError) as error:
        raise meaning(error)(" ".join(str(error).split())) from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:  # asn1crypto, on what another parser let through
        raise BrokenPath(f"a certificate cannot be read: {error}") from error
    steps.close()
    raise BrokenPath("validation asked for the network")


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


def _theirs(certificate: x509.Certificate) -> asn1_x509.Certificate:
    octets = certificate.public_bytes(Encoding.DER)
    if len(octets) > LARGEST_CERTIFICATE:
        raise BrokenPath(f"a certificate of {len(octets)} octets")
    return asn1_x509.Certificate.load(octets)
