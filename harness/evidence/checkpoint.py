"""Checkpoints: what a party says its log is, signed, and what its partner says it saw, cosigned.

The text is the body of a C2SP tlog-checkpoint (origin, size, root, one extension line with the moment);
party and partner sign it as JWS of two kinds, so that neither can be shown as the other. Whether a
checkpoint follows from an earlier one: harness.evidence.witness. Whose certificate counts: certs.trust.
Format: docs/wire.md, section 7; C2SP tlog-checkpoint, v1.0.0.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509

from certs import jws
from certs.identity import Identity
from harness.clock import moment, stamp
from harness.errors import NotProved
from harness.evidence.merkle import HASH

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,15}")
_COSIGNED: Final = re.compile(rb"cosigned ([^\n]+)\n(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of one log: its `origin`, how many records, their Merkle root (32 octets), and when."""

    origin: str
    size: int
    root: bytes
    at: datetime

    def text(self) -> bytes:
        """The exact octets that are signed."""
        root = base64.b64encode(self.root).decode("ascii")
        return f"{self.origin}\n{self.size}\n{root}\nat {stamp(self.at)}\n".encode()


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A witness's word: at `at` it saw `checkpoint`, consistent with all it had seen before."""

    checkpoint: Checkpoint
    at: datetime


def origin(run: str, party: str) -> str:
    """The name of a party's log; its last part is the party, which a reader compares with the signer."""
    return f"corridor/{run}/{party}"


def parse(text: bytes) -> Checkpoint:
    """Read a checkpoint's text.

    Raises:
        NotProved: the bytes are not a checkpoint in its one spelling.
    """
    try:
        name, size, root, at = text.decode("utf-8").removesuffix("\n").split("\n")
        if not _SIZE.fullmatch(size) or not at.startswith("at "):
            raise NotProved("a checkpoint with a size or a moment that is none")
        read = Checkpoint(name, int(size), base64.b64decode(root, validate=True), moment(at.removeprefix("at ")))
    except (ValueError, binascii.Error) as error:
        raise NotProved(f"these bytes are no checkpoint: {error}", expected="origin, size, root, at") from error
    if not name or len(read.root) != HASH or read.text() != text:
        raise NotProved("a checkpoint that is not in its one spelling", expected="origin, size, root, at")
    return read


def sign(checkpoint: Checkpoint, owner: Identity) -> bytes:
    """The owner's signature over its checkpoint, as a token."""
    return jws.sign(checkpoint.text(), owner, typ=jws.CHECKPOINT)


def opened(token: bytes, certificate: x509.Certificate) -> Checkpoint:
    """The checkpoint in `token`, signed with the key in `certificate` (which the caller has validated).

    Raises:
        TrustError: the token is malformed, of another kind, or not signed by that key.
        NotProved: what was signed is no checkpoint.
    """
    return parse(jws.check(jws.read(token), certificate, typ=jws.CHECKPOINT))


def cosign(checkpoint: Checkpoint, witness: Identity, at: datetime) -> bytes:
    """The witness's signature over a checkpoint that `Witness.see` has returned, as a token."""
    return jws.sign(b"cosigned " + stamp(at).encode() + b"\n" + checkpoint.text(), witness, typ=jws.COSIGNATURE)


def stamped_octets(checkpoint: bytes, cosignature: bytes) -> bytes:
    """What a timestamp is put on: both tokens, a line end between them, so that it proves both signatures."""
    return checkpoint + b"\n" + cosignature


def cosigned(token: bytes, certificate: x509.Certificate) -> Cosignature:
    """The cosignature in `token`, signed with the key in `certificate` (which the caller has validated).

    Raises:
        TrustError: the token is malformed, of another kind, or not signed by that key.
        NotProved: what was signed is no cosignature.
    """
    payload = jws.check(jws.read(token), certificate, typ=jws.COSIGNATURE)
    found = _COSIGNED.fullmatch(payload)
    try:
        at = moment(found[1].decode("ascii")) if found else None
    except ValueError:
        at = None
    if found is None or at is None:
        raise NotProved("a cosignature that does not say when", expected="cosigned MOMENT, then the checkpoint")
    return Cosignature(parse(found[2]), at)
