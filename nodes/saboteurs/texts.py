"""Windows that read JSON that can be read in two ways, or that no reader gets to the end of (ATTACKS B)."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import Final, NoReturn

from pydantic import ValidationError

from certs import jws
from certs.gates import LARGEST_INTEGER
from certs.trust import TrustStore
from harness.exchange import reasons
from harness.exchange.bus import Delivery
from harness.exchange.envelope import Envelope
from harness.exchange.reasons import Reason, Refused
from harness.exchange.seal import Kind, Opened, Sealed
from nodes.steps import Steps
from nodes.window import Window


class _ReadsLoosely(Steps, ABC):
    """Where an honest window refuses what was signed for `passes_over`, it reads it in a way of its own.

    Where `reads` gives up, the honest window's refusal stands.
    """

    passes_over: Reason

    @abstractmethod
    def reads(self, octets: bytes) -> object:
        """Read it loosely. Raises ValueError where the leniency does not go so far."""

    def tolerates(self, refused: Refused) -> bool:
        return refused.reason is self.passes_over

    def verify(self, delivery: Delivery, *, party: str, trust: TrustStore) -> Opened:
        try:
            return super().verify(delivery, party=party, trust=trust)
        except Refused as refused:
            if not self.tolerates(refused):
                raise
            token = jws.read(delivery.value)
            if token.certificate is None:
                raise
            signer = trust.validate(token.certificate, at=delivery.at)
            try:
                envelope = Envelope.model_validate(self.reads(jws.check(token, signer.certificate, typ=token.typ)))
            except (ValueError, ValidationError):
                raise refused from None
        return Opened(Sealed(delivery.value), Kind(token.typ), envelope, signer, token.alg)


# --------------------------------------------------------------------------------------------------------------- names


class _LastWins(_ReadsLoosely):
    passes_over = reasons.DUPLICATE_NAME

    def reads(self, octets: bytes) -> object:
        return json.loads(octets)


class TakesTheLastOfTwo(Window):
    """Reads JSON as most libraries do: of two equal names the last one counts (CVE-2017-12635)."""

    steps = _LastWins()


class _AsSpelt(_ReadsLoosely):
    passes_over = reasons.ESCAPED_DUPLICATE

    def reads(self, octets: bytes) -> object:
        return json.loads(octets)


class ComparesNamesAsSpelt(Window):
    """Looks for equal names before it takes the escapes out of them."""

    steps = _AsSpelt()


# ------------------------------------------------------------------------------------------------------------- numbers


def _double(text: str) -> int:
    return int(float(text))


def _whole(text: str) -> int:
    return int(float(text))


def _exact(text: str) -> int:
    if abs(number := int(text)) > LARGEST_INTEGER:
        raise ValueError(text)
    return number


def _no_fraction(text: str) -> NoReturn:
    raise ValueError(text)


class _Doubles(_ReadsLoosely):
    passes_over = reasons.LOSSY_NUMBER

    def reads(self, octets: bytes) -> object:
        return json.loads(octets, parse_int=_double, parse_float=_no_fraction)


class ReadsNumbersAsDoubles(Window):
    """Reads every number as a double, and so a large one as its neighbour."""

    steps = _Doubles()


class _WholeFractions(_ReadsLoosely):
    passes_over = reasons.LOSSY_NUMBER

    def reads(self, octets: bytes) -> object:
        return json.loads(octets, parse_int=_exact, parse_float=_whole)


class TakesWholeFractions(Window):
    """Reads 1.0 as 1, where others read a fraction, or nothing."""

    steps = _WholeFractions()


# ---------------------------------------------------------------------------------------------------------- characters


class _Surrogates(_ReadsLoosely):
    passes_over = reasons.MISLEADING_TEXT

    def reads(self, octets: bytes) -> object:
        said = json.loads(octets)
        try:
            json.dumps(said, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return said
        raise ValueError("this one can be written")


class TakesLoneSurrogates(Window):
    """Keeps half a character as if it were one."""

    steps = _Surrogates()


class _OneForm(_ReadsLoosely):
    passes_over = reasons.MISLEADING_TEXT

    def reads(self, octets: bytes) -> object:
        said = json.loads(octets)
        json.dumps(said, ensure_ascii=False).encode()  # raises ValueError for half a character
        return said


class KnowsOneNormalForm(Window):
    """Takes two spellings of one name (NFC and NFD) for two names."""

    steps = _OneForm()


_LOOKS: Final = str.maketrans("АВЕКМНОРСТХ", "ABEKMHOPCTX")


_UNSEEN: Final = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"))


class _Translated(_ReadsLoosely):
    passes_over = reasons.MISLEADING_TEXT
    table: dict[int, int] | dict[int, None]

    def reads(self, octets: bytes) -> object:
        said = json.loads(octets)
        subject = said["subject"].translate(self.table)
        if subject == said["subject"]:
            raise ValueError("nothing in it that it would overlook")
        return {**said, "subject": subject}


class _Looks(_Translated):
    table = _LOOKS


class ReadsAsItLooks(Window):
    """Takes a letter of another alphabet for the one that it looks like."""

    steps = _Looks()


class _Unseen(_Translated):
    table = _UNSEEN


class IgnoresWhatItCannotSee(Window):
    """Drops the marks that turn a text around, and reads what is left."""

    steps = _Unseen()


# --------------------------------------------------------------------------------------------------------------- depth


class _AnyDepth(_ReadsLoosely):
    passes_over = reasons.TOO_MUCH

    def reads(self, octets: bytes) -> object:
        return json.loads(octets)

    def tolerates(self, refused: Refused) -> bool:
        return super().tolerates(refused) and "levels" in refused.found


class ReadsAnyDepth(Window):
    """Reads JSON as deep as it goes."""

    steps = _AnyDepth()


class _Calling(_AnyDepth):
    def reads(self, octets: bytes) -> object:
        said = json.loads(octets)
        return said if _levels(said) else None


def _levels(value: object) -> int:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_levels(one) for one in below), default=0)


class CountsLevelsByCalling(Window):
    """Counts the levels of what came by calling itself, and falls when there are too many."""

    steps = _Calling()
