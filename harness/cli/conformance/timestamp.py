"""`corridor conformance timestamp`: RFC 3161 timestamps of anybody's, judged by the code that judges our own.

Reading and proving is `certs.timestamps`, the path `certs.stamp_paths`. Format: docs/conformance.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import warnings
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import click
from cryptography import x509

from certs import stamp_paths, timestamps
from certs.errors import (
    BrokenPath,
    Expired,
    MalformedTimestamp,
    NotYetValid,
    PathTooCostly,
    TrustError,
    UnknownSigner,
    UnsupportedAlgorithm,
)
from certs.identity import UNREADABLE, readable
from certs.stamp_keys import HASHES
from harness.cli.conformance.moments import moment
from harness.cli.conformance.stream import Answer, Case, NotACase, answer, text, texts
from harness.clock import stamp

CLOCKS_APART: Final = timedelta(minutes=1)
"""How far a stamp may lie ahead of the moment of checking, as for a message (docs/wire.md, section 3)."""

MOST: Final = 64
"""Certificates of each kind in one case."""

_INDETERMINATE: Final = "indeterminate"


@click.command(name="timestamp")
def command() -> None:
    """RFC 3161 timestamps: replies or tokens, in DER or BER.

    The chain must hold at the stamp's own time, and at the moment of checking where one is given. What was good then
    and is past its certificate's end by now is indeterminate: nothing in the case proves that it is so old.

    \b
    Example:
      corridor conformance timestamp < cases.ndjson
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # foreign certificates have their oddities: stderr is for what is ours
        answer(judged, otherwise=_INDETERMINATE, beside={"time": None})


def judged(case: Case) -> Answer:
    """The verdict on one case. Raises NotACase."""
    token = text(case, "token")
    at = None if case.get("at") is None else moment(case, "at")
    digest, name = _digest(case), _hash(case)
    unread: list[str] = []
    roots, between = _certificates(case, "roots", unread), _certificates(case, "intermediates", unread)
    time: str | None = None
    if name is not None and name not in HASHES:
        return _said("unsupported", f"UnsupportedAlgorithm: a {name} digest")
    try:
        found = timestamps.read(_octets(token))
        time = stamp(found.time)
        _proved(found, digest, name, roots, between, at)
    except UnsupportedAlgorithm as error:
        return _said("unsupported", _why(error), time)
    except (_Undecided, PathTooCostly) as undecided:
        return _said(_INDETERMINATE, "; ".join([str(undecided), *unread]), time)
    except TrustError as error:
        # Whether it is the one that is missing, only who could read it would know.
        if unread and isinstance(error, UnknownSigner | BrokenPath):
            return _said("unsupported", "; ".join([_why(error), *unread]), time)
        return _said("invalid", _why(error), time)
    return _said("valid", "", time)


class _Undecided(Exception):
    """Nothing at hand says whether it is good."""


def _proved(
    found: timestamps.Timestamp,
    digest: bytes,
    name: str | None,
    roots: Sequence[x509.Certificate],
    between: Sequence[x509.Certificate],
    at: datetime | None,
) -> None:
    # What a token brings may be its signer's, or stand between it and a root; it is never one.
    at_hand = (*found.brought, *between, *roots)
    if not found.brought and not between:
        at_hand = tuple(roots)
    try:
        proof = timestamps.proved(found, digest=digest, hash_name=name, signers=at_hand)
    except UnknownSigner as error:
        if found.brought:
            raise
        raise _Undecided(
            f"the authority's certificate is neither in the token nor in the case: {_why(error)}"
        ) from error
    # At the stamp's own time,
    stamp_paths.vouched(proof.certificate, roots=roots, between=at_hand, at=found.time)
    if at is None:
        return
    # ... which is not ahead of the moment of checking,
    if found.time - at > CLOCKS_APART:
        raise NotYetValid(f"the stamp is of {stamp(found.time)}, after the moment of checking, {stamp(at)}")
    # ... and then, for a key whose certificate has ended may be anybody's.
    try:
        stamp_paths.vouched(proof.certificate, roots=roots, between=at_hand, at=max(at, found.time))
    except Expired as error:
        raise _Undecided(f"good at its own time, and past its end at the moment of checking: {error}") from error


def _said(verdict: str, reason: str, time: str | None = None) -> Answer:
    return {"verdict": verdict, "reason": reason, "time": time}


def _why(error: TrustError) -> str:
    return f"{type(error).__name__}: {error} ({error.clause or error.rule})"


def _octets(token: str) -> bytes:
    try:
        return base64.b64decode("".join(token.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedTimestamp(f"no base64: {error}") from error


def _digest(case: Case) -> bytes:
    try:
        return bytes.fromhex(text(case, "digest"))
    except ValueError as error:
        raise NotACase(f"digest must be hexadecimal: {error}") from error


def _hash(case: Case) -> str | None:
    """The hash's name as certs.timestamps spells it: "sha256", "SHA-256" and "sha3-256" are all known."""
    if case.get("hash") is None:
        return None
    written = text(case, "hash").lower().replace("_", "-").replace("sha-", "sha")
    plain = written.replace("-", "_") if written.startswith("sha3-") else written.replace("-", "")
    if plain not in HASHES and plain not in hashlib.algorithms_available:
        raise NotACase(f"hash must be the name of one, sha256 say, not {text(case, 'hash')[:40]!r}")
    return plain


def _certificates(case: Case, name: str, unread: list[str]) -> list[x509.Certificate]:
    """The certificates under `name`; of each that we cannot read, a sentence goes to `unread`."""
    found: list[x509.Certificate] = []
    for pem in texts(case, name):
        if "-----BEGIN CERTIFICATE-----" not in pem:
            raise NotACase(f"{name} must be certificates in PEM")
        try:
            found.extend(readable(one) for one in x509.load_pem_x509_certificates(pem.encode("utf-8")))
        except UNREADABLE as error:
            unread.append(f"a certificate that cannot be read: {' '.join(str(error).split())[:200]}")
    if len(found) > MOST:
        raise NotACase(f"{name} holds {len(found)} certificates, more than {MOST}")
    return found
