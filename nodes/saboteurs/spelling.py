"""Windows that tidy a message first and check it then (ATTACKS A), so that it has more than one spelling."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import replace

from cryptography.hazmat.primitives import hashes

from certs.gates import base64url_encode
from certs.trust import TrustStore
from harness.exchange import reasons
from harness.exchange.bus import Delivery
from harness.exchange.reasons import Reason, Refused
from harness.exchange.seal import Opened, Sealed
from nodes.saboteurs.seals import decoded, loosely
from nodes.steps import Steps
from nodes.turn import Turn
from nodes.window import Window


class _Tidies(Steps, ABC):
    """Where an honest window refuses for `passes_over`, it checks a tidied copy and believes it of what came."""

    passes_over: Reason

    @abstractmethod
    def tidied(self, token: bytes) -> bytes:
        """The tidied copy."""

    def verify(self, delivery: Delivery, *, party: str, trust: TrustStore) -> Opened:
        try:
            return super().verify(delivery, party=party, trust=trust)
        except Refused as refused:
            if refused.reason is not self.passes_over:
                raise
        tidy = replace(delivery, value=self.tidied(delivery.value))
        return replace(super().verify(tidy, party=party, trust=trust), sealed=Sealed(delivery.value))


class _OwnHeader(_Tidies):
    passes_over = reasons.OTHER_CERTIFICATE

    def tidied(self, token: bytes) -> bytes:
        read = loosely(token)
        named = base64url_encode(read.certificate.fingerprint(hashes.SHA256())).decode()
        header = json.dumps({**read.header, "x5t#S256": named}, separators=(",", ":"))
        return b".".join((base64url_encode(header.encode()), *token.split(b".")[1:]))


class RebuildsTheHeader(Window):
    """Checks the signature over the header as it should be, not over the header that came."""

    steps = _OwnHeader()


class _Trimmed(_Tidies):
    passes_over = reasons.SIGNATURE_LENGTH

    def tidied(self, token: bytes) -> bytes:
        read = loosely(token)
        half = len(read.signature) // 2
        short = read.signature[:half][-32:] + read.signature[half:][-32:]
        return read.signing_input + b"." + base64url_encode(short)


class TrimsSignatures(Window):
    """Reads r and s as numbers, however many zeros they begin with."""

    steps = _Trimmed()


class _NoBlanks(_Tidies):
    passes_over = reasons.LOOSE_SPELLING

    def tidied(self, token: bytes) -> bytes:
        return b"".join(token.split())


class SkipsBlanks(Window):
    """Takes the blanks out of a message before it checks it."""

    steps = _NoBlanks()


class _Respelt(_Tidies):
    passes_over = reasons.LOOSE_SPELLING

    def tidied(self, token: bytes) -> bytes:
        if token.split() != [token]:
            return token  # blanks are none of its fault
        return b".".join(base64url_encode(decoded(segment)) for segment in token.split(b"."))


class IgnoresLooseBits(Window):
    """Decodes base64url and never asks whether the octets would be written so."""

    steps = _Respelt()


class SkipsFragments(Window):
    """Takes a record that was cut short for a hiccup of the line, and forgets it."""

    def refuse_unread(self, came: Delivery, delivery: Delivery, refused: Refused, turn: Turn) -> None:
        """Say nothing of what is no token."""
        if refused.reason is not reasons.NOT_A_TOKEN:
            super().refuse_unread(came, delivery, refused, turn)
