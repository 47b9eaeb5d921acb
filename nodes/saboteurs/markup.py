"""Windows that read one XML document each that an honest window does not read at all (ATTACKS B)."""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod
from dataclasses import replace

from lxml import etree

from harness.exchange import reasons
from harness.exchange.reasons import Reason, Refused
from harness.exchange.seal import Opened
from nodes.profile import Profile
from nodes.steps import Steps, Understood
from nodes.window import Window


class _ReadsXmlOtherwise(Steps, ABC):
    """Hands step 3 what another XML reader makes of the document, where an honest one refuses for `passes_over`."""

    passes_over: Reason

    @abstractmethod
    def rewrites(self, data: bytes) -> bytes:
        """What the other reader makes of it."""

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
