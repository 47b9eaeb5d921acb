"""XML as we are willing to read it, and a ledger of what was read of it.

`parse` refuses what no certificate needs: a document type, entities, another encoding, too much of anything. `Node` is
an element that remembers in a common `Ledger` what was asked of it, so that what nobody asked for can be reported.
Which elements mean what is in `sps_reader`. Sources: XML 1.0, 2.8 and 4.3.3; Namespaces in XML 1.0.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from lxml import etree

from harness.documents.model import Finding, Severity, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 4 * 1024 * 1024
_DECLARED = re.compile(rb"""^<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']""")
_ELSEWHERE = re.compile(rb"<!(?:DOCTYPE|ENTITY)\s[^<>\[]*?\b(?:SYSTEM|PUBLIC)\b")
_BLANKS = re.compile(r"[ \t\r\n]+")
_ADVICE = "lodge the certificate as plain UTF-8 XML, as the issuing system exports it"


class ExternalEntity(Unreadable):
    """It asks its reader to open another file or address (XML 1.0, 4.2.2)."""


class EntityExpansion(Unreadable):
    """It defines entities, which grow when they are read (XML 1.0, 4.4)."""


class Wrapped(Unreadable):
    """It holds a second one of what there can be only one of, so two readers may each take another."""


def parse(data: bytes) -> etree._Element:
    """The root element of `data`.

    Raises:
        ExternalEntity, EntityExpansion: it declares one.
        Unreadable: not well-formed UTF-8 XML, more than `LARGEST` octets, or with a document type.
    """
    if len(data) > LARGEST:
        raise Unreadable(f"XML of {len(data)} octets", expected=f"at most {LARGEST} octets", todo=_ADVICE)
    declared = _DECLARED.match(data.removeprefix(b"\xef\xbb\xbf"))
    if declared and declared[1].upper() not in {b"UTF-8", b"US-ASCII"}:
        raise Unreadable(f"XML in {declared[1].decode('ascii', 'replace')}", expected="UTF-8", todo=_ADVICE)
    # Before the parser sees it: entities of an internal subset would be expanded while parsing. The scan is sound
    # because the parser is held to UTF-8, so there is no other way to spell these octets.
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise _declared(data)
    # Comments and instructions are taken out while parsing, so none of them can cut a value in two.
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable(f"no well-formed XML: {error}", expected="UTF-8 XML", todo=_ADVICE) from error


def alone(root: etree._Element, *path: str) -> None:
    """Return when of each element on `path`, from the root down, there is one in the document, in its place.

    By local name, in whatever namespace: another reader may look for them less strictly than we do.

    Raises:
        Wrapped: one stands elsewhere, or a second one beside it (as in CVE-2024-45409).
    """
    place: etree._Element | None = root
    for depth, name in enumerate(path):
        found = list(root.iter("{*}" + name))
        if depth:
            place = next((one for one in found if one.getparent() is place), None)
        if found not in ([], [place]):
            raise Wrapped(
                f"XML with {len(found)} {name} elements, or one out of its place",
                expected=f"one {name}, below {path[depth - 1] if depth else 'nothing'}",
                todo="lodge each certificate as a document of its own",
            )


def _declared(data: bytes) -> Unreadable:
    expected = "XML without DOCTYPE and entities"
    if _ELSEWHERE.search(data):
        return ExternalEntity("XML that names another file or address to read", expected=expected, todo=_ADVICE)
    if b"<!ENTITY" in data:
        return EntityExpansion("XML that defines entities of its own", expected=expected, todo=_ADVICE)
    return Unreadable("XML with a document type", expected=expected, todo=_ADVICE)


class Ledger:
    """What was read of one document, and what is to be said about it."""

    def __init__(self, root: etree._Element, namespaces: tuple[str, ...]) -> None:
        self.namespaces = namespaces
        self.findings: list[Finding] = []
        # Holding every element keeps lxml from making new proxies, so an element is its own key below.
        self._elements = tuple(element for element in root.iter() if isinstance(element.tag, str))
        self._texts: set[etree._Element] = set()
        self._attributes: set[tuple[etree._Element, str]] = set()
        self.root = Node(root, self)

    def say(self, severity: Severity, code: str, pointer: str, sentence: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(severity, code, pointer, sentence))

    def take_text(self, element: etree._Element) -> str | None:
        """The text of `element`, runs of blanks made one; None when there is none."""
        self._texts.add(element)
        # XML's own blanks only: other blanks, such as the ideographic one, are content.
        return _BLANKS.sub(" ", element.text or "").strip() or None

    def take_attribute(self, element: etree._Element, name: str) -> str | None:
        """The attribute `name` of `element`, without blanks at its ends; None when there is none."""
        self._attributes.add((element, name))
        return (element.get(name) or "").strip() or None

    def path(self, element: etree._Element) -> str:
        """Where `element` stands, by local names; a foreign namespace is spelt out."""
        steps = []
        for step in (element, *element.iterancestors()):
            tag = etree.QName(step)
            ours = (tag.namespace or "").startswith(self.namespaces)
            steps.append(tag.localname if ours else tag.text)
        return "/".join(reversed(steps))

    def left(self) -> Iterator[Finding]:
        """One note for each path whose content nobody asked for. Empty elements say nothing and are not reported."""
        counted: Counter[str] = Counter()
        for element in self._elements:
            path = self.path(element)
            if element not in self._texts and (element.text or "").strip():
                counted[path] += 1
            if any((child.tail or "").strip() for child in element):
                counted[path + "/text()"] += 1
            for name in map(str, element.attrib):
                if (element, name) not in self._attributes and (element.get(name) or "").strip():
                    counted[f"{path}/@{name}"] += 1
        for path, count in counted.items():
            yield Finding(Severity.NOTE, "not-carried", "", f"{path}: {count} not carried into the common model")


class Node:
    """One element. Children are asked for by local name; an element of a foreign namespace is never found."""

    def __init__(self, element: etree._Element, ledger: Ledger) -> None:
        self.element = element
        self.ledger = ledger

    def all(self, name: str) -> list[Node]:
        """The children called `name`, in order."""
        return [Node(child, self.ledger) for child in self.element if self._is(child, name)]

    def one(self, *names: str) -> Node | None:
        """The first child called by the first name, of it the first child called by the second, and so on.

        A repeated element is a warning: what stands in the second one is nowhere in the model.
        """
        node = self
        for name in names:
            found = node.all(name)
            if not found:
                return None
            if len(found) > 1:
                self.ledger.say(
                    Severity.WARNING, "repeated-element", "", f"{self.ledger.path(found[1].element)}: first one read"
                )
            node = found[0]
        return node

    def text(self) -> str | None:
        """The text of this element, None when it is empty."""
        return self.ledger.take_text(self.element)

    def attribute(self, name: str) -> str | None:
        """The attribute `name`, None when it is empty."""
        return self.ledger.take_attribute(self.element, name)

    def value(self, *names: str) -> str | None:
        """The text of `one(*names)`."""
        node = self.one(*names)
        return None if node is None else node.text()

    def _is(self, child: etree._Element, name: str) -> bool:
        if not isinstance(child.tag, str):
            return False
        tag = etree.QName(child)
        return tag.localname == name and (tag.namespace or "").startswith(self.ledger.namespaces)
