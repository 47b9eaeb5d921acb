"""Windows that read one text each that can be read in two ways, or that no reader gets to the end of (ATTACKS B)."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace
from typing import Final, NoReturn

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from lxml import etree
from pydantic import ValidationError

from certs import jwe, jws
from certs.gates import ESCAPED, LARGEST_INTEGER
from certs.trust import TrustStore
from harness.exchange import reasons
from harness.exchange.bus import Delivery
from harness.exchange.envelope import Envelope
from harness.exchange.reasons import Reason, Refused
from harness.exchange.seal import Kind, Opened, Sealed
from harness.exchange.seat import Seat
from nodes.covering import Covering
from nodes.profile import Profile
from nodes.steps import Steps, Understood
from nodes.window import Window

__all__ = [
    "ComparesNamesAsSpelt",
    "CountsLevelsByCalling",
    "ExpandsEntities",
    "FetchesEntities",
    "IgnoresWhatItCannotSee",
    "InflatesAnything",
    "KnowsOneNormalForm",
    "ReadsAnyDepth",
    "ReadsAsItLooks",
    "ReadsNumbersAsDoubles",
    "ReadsTheLastOne",
    "TakesLoneSurrogates",
    "TakesTheLastOfTwo",
    "TakesWholeFractions",
]

# -------------------------------------------------------------------------------------------- JSON


class _ReadsLoosely(Steps):
    """Where an honest window refuses what was signed for `passes_over`, it reads it in a way of its own.

    `reads` raises ValueError where its leniency does not go so far; then the honest window's refusal stands.
    """

    passes_over: Reason

    def reads(self, octets: bytes) -> object:
        raise NotImplementedError

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


class _LastWins(_ReadsLoosely):
    passes_over = reasons.DUPLICATE_NAME

    def tolerates(self, refused: Refused) -> bool:
        return super().tolerates(refused) and refused.clause != ESCAPED

    def reads(self, octets: bytes) -> object:
        return json.loads(octets)


class TakesTheLastOfTwo(Window):
    """Reads JSON as most libraries do: of two equal names the last one counts (CVE-2017-12635)."""

    steps = _LastWins()


class _AsSpelt(_ReadsLoosely):
    passes_over = reasons.DUPLICATE_NAME

    def tolerates(self, refused: Refused) -> bool:
        return super().tolerates(refused) and refused.clause == ESCAPED

    def reads(self, octets: bytes) -> object:
        return json.loads(octets)


class ComparesNamesAsSpelt(Window):
    """Looks for equal names before it takes the escapes out of them."""

    steps = _AsSpelt()


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


# ------------------------------------------------------------------------------------------ encryption


class _Inflating(Covering):
    """Opens what was compressed before it was encrypted, however much comes out."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self._opener = seat.opener

    def off(self, delivery: Delivery) -> Delivery:
        try:
            return super().off(delivery)
        except Refused as refused:
            if refused.reason is not reasons.FORBIDDEN_HEADER or self._opener is None:
                raise
        protected, _, iv, hidden, tag = delivery.value.split(b".")
        epk = json.loads(_octets(protected))["epk"]
        x, y = (int.from_bytes(_octets(epk[name].encode()), "big") for name in ("x", "y"))
        shared = self._opener.key.exchange(ec.ECDH(), ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key())
        info = len(jwe.ENC).to_bytes(4, "big") + jwe.ENC.encode() + bytes(8) + (256).to_bytes(4, "big")
        key = ConcatKDFHash(hashes.SHA256(), length=32, otherinfo=info).derive(shared)
        small = AESGCM(key).decrypt(_octets(iv), _octets(hidden) + _octets(tag), protected)
        return replace(delivery, value=zlib.decompress(small, -15))

    def as_agreed(self, came: Delivery, opened: Opened) -> None:
        """It was encrypted, and that will do."""


class InflatesAnything(Window):
    """Takes the compression off before it knows whose message it is, and how large."""

    def __init__(self, seat: Seat) -> None:
        super().__init__(seat)
        self.covering = _Inflating(seat)


def _octets(segment: bytes) -> bytes:
    return base64.urlsafe_b64decode(segment + b"==")


# ------------------------------------------------------------------------------------------------- XML


class _ReadsXmlOtherwise(Steps):
    """Hands step 3 what another XML reader makes of the document, where an honest one refuses for `passes_over`."""

    passes_over: Reason

    def rewrites(self, data: bytes) -> bytes:
        raise NotImplementedError

    def map(self, opened: Opened, *, partner: Profile, own: Profile) -> Understood:
        try:
            return super().map(opened, partner=partner, own=own)
        except Refused as refused:
            if refused.reason is not self.passes_over:
                raise
        read = base64.b64encode(self.rewrites(opened.envelope.payload)).decode()
        rewritten = opened.envelope.model_copy(update={"data_base64": read})
        return super().map(replace(opened, envelope=rewritten), partner=partner, own=own)


class _Files(_ReadsXmlOtherwise):
    passes_over = reasons.EXTERNAL_ENTITY

    def rewrites(self, data: bytes) -> bytes:
        parser = etree.XMLParser(resolve_entities=True, load_dtd=True)
        return etree.tostring(etree.fromstring(data, parser))


class FetchesEntities(Window):
    """Opens the files that an XML document tells it to open, and reads them as part of it."""

    steps = _Files()


class _Entities(_ReadsXmlOtherwise):
    passes_over = reasons.ENTITY_EXPANSION

    def rewrites(self, data: bytes) -> bytes:
        parser = etree.XMLParser(resolve_entities=True, no_network=True, huge_tree=True)
        return etree.tostring(etree.fromstring(data, parser))


class ExpandsEntities(Window):
    """Expands what an XML document defines, as long as it takes."""

    steps = _Entities()


class _LastOnes(_ReadsXmlOtherwise):
    passes_over = reasons.WRAPPED

    def rewrites(self, data: bytes) -> bytes:
        root = etree.fromstring(data)
        for name in ("SPSExchangedDocument", "SPSConsignment"):
            first, *others = root.iter("{*}" + name)
            if others:
                root.replace(first, others[-1])
        return etree.tostring(root)


class ReadsTheLastOne(Window):
    """Looks for an element wherever it stands, and reads the last one it finds (as in CVE-2024-45409)."""

    steps = _LastOnes()
