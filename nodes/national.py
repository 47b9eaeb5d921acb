"""The octets of a country's own syntax: named values written as JSON or XML, and read back.

Between the octets and a table of `nodes.profile` stand plain values: objects, lists, texts, numbers. In XML every
value is a text, `@name` is an attribute, `text()` the text of an element that has attributes. What the values mean is
`nodes.mapping`; UN/CEFACT XML and the JSON of the common model are `harness.documents.syntax`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from lxml import etree

from certs.errors import TrustError
from certs.gates import strict_json
from harness.documents.model import Unreadable
from harness.documents.xml import parse
from nodes.profile import Branch, Leaf, Series

if TYPE_CHECKING:
    from nodes.profile import Dialect

Where = tuple[str | int, ...]
"""Where a value stands in a document: names, and the places of list entries."""

Values = dict[str, object]

LARGEST_JSON: Final = 1_048_576  # octets; as for the JSON of the common model

ADVICE: Final = "ask the sender to issue the document again in its published dialect"

_TEXT: Final = "text()"
_BLANKS: Final = " \t\r\n"  # XML 1.0, 2.3: indentation around a value is not part of it


def write(values: Values, dialect: Dialect) -> bytes:
    """`values` as JSON or XML, UTF-8; the same values give the same octets."""
    if dialect.syntax == "json":
        return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
    space = f"{{{dialect.namespace}}}"
    # The stubs know no default namespace (None) in nsmap.
    root: etree._Element = etree.Element(space + dialect.root, nsmap={None: dialect.namespace})  # type: ignore[dict-item]
    _grow(root, values, space)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def read(octets: bytes, dialect: Dialect) -> tuple[Values, dict[Where, str]]:
    """The named values in `octets`, and what stands there in a shape the dialect does not have: where, and why.

    Raises:
        Unreadable: not that syntax at all.
    """
    return _read_json(octets, dialect) if dialect.syntax == "json" else _read_xml(octets, dialect)


def _read_json(octets: bytes, dialect: Dialect) -> tuple[Values, dict[Where, str]]:
    try:
        values = strict_json(octets, largest=LARGEST_JSON)
    except TrustError as error:
        raise Unreadable(f"{dialect.title}: {error}", expected="JSON with one reading", todo=ADVICE) from error
    if not isinstance(values, dict):
        raise Unreadable(f"{dialect.title}: JSON that is no object", expected="one document", todo=ADVICE)
    return dict(values), {}


# -------------------------------------------------------------------------------------------------------------- XML


def _grow(element: etree._Element, values: Values, space: str) -> None:
    for name, value in values.items():
        if name.startswith("@"):
            element.set(name[1:], str(value))
        elif name == _TEXT:
            element.text = str(value)
        else:
            for entry in value if isinstance(value, list) else (value,):
                child = etree.SubElement(element, space + name)
                if isinstance(entry, dict):
                    _grow(child, entry, space)
                else:
                    child.text = str(entry)


def _read_xml(octets: bytes, dialect: Dialect) -> tuple[Values, dict[Where, str]]:
    root = parse(octets)
    space = f"{{{dialect.namespace}}}"
    if root.tag != space + dialect.root:
        raise Unreadable(
            f"{dialect.title}: XML with the root {root.tag!s:.80}", expected=f"{space}{dialect.root}", todo=ADVICE
        )
    faults: dict[Where, str] = {}
    return _gather(root, dialect.inward, space, (), faults), faults


def _gather(element: etree._Element, plan: Branch, space: str, where: Where, faults: dict[Where, str]) -> Values:
    """The values of `element`. A name that the plan does not have is kept without its content: it will be lost."""
    values: Values = {"@" + str(name): value for name, value in element.attrib.items()}
    if text := _own_text(element):
        values[_TEXT] = text
    for child in element:
        if not isinstance(child.tag, str):
            continue  # a comment says nothing
        name = _name(child.tag, space)
        here = (*where, name)
        step = plan.children.get(name)
        if isinstance(step, Series):
            entries = values.setdefault(name, [])
            assert isinstance(entries, list)  # noqa: S101 - set one line above, told to mypy
            entries.append(_value(child, step.entry, space, (*here, len(entries)), faults))
        elif step is not None and name in values:
            faults[here] = "stands more than once, expected once"
        else:
            values[name] = None if step is None else _value(child, step, space, here, faults)
        if isinstance(step, Leaf) or (isinstance(step, Series) and isinstance(step.entry, Leaf)):
            # Only an element with places beneath it may carry attributes; these here are going to be lost, too.
            values |= {f"{name}/@{attribute}": None for attribute in map(str, child.attrib)}
    return values


def _name(tag: str, space: str) -> str:
    """The local name in the dialect's namespace; a name of another keeps its braces, a name of none gets empty ones."""
    if tag.startswith(space):
        return tag.removeprefix(space)
    return tag if tag.startswith("{") else "{}" + tag


def _value(
    element: etree._Element, step: Branch | Leaf | Series, space: str, where: Where, faults: dict[Where, str]
) -> object:
    if isinstance(step, Branch):
        return _gather(element, step, space, where, faults)
    if len(element) and any(isinstance(child.tag, str) for child in element):
        faults[where] = "found elements, expected a text"
    return _own_text(element)


def _own_text(element: etree._Element) -> str:
    if not len(element):
        return (element.text or "").strip(_BLANKS)
    parts = [element.text or "", *(child.tail or "" for child in element)]
    return "".join(parts).strip(_BLANKS)
