"""From the common model to a country's own writing, and back; each time with exactly what was lost.

    to_national    common model -> national octets; lost: what the dialect has no place or no word for
    from_national  national octets -> common model; lost: what the common model has no place for

Both walk one value along one side of the dialect's table (`nodes.profile`); single values are turned by `nodes.forms`.
No country appears here. Losing an optional field is stated; losing a mandatory one is an interoperability failure,
and it is the caller who acts on it: nothing here refuses for a loss, only for octets that are not in the dialect.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from harness.documents import syntax
from harness.documents.model import (
    KINDS,
    Finding,
    Incomplete,
    Severity,
    TradeDocument,
    Unreadable,
    from_plain,
    plain,
    pointer,
)
from harness.errors import BadInput
from nodes import anatomy, national
from nodes.anatomy import EACH, Steps
from nodes.forms import Misread, NoWord
from nodes.national import ADVICE, Values, Where
from nodes.profile import Branch, Dialect, Leaf, Series


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that did not get across.

    `pointer` is a JSON pointer: into the common model on the way out, into the national document on the way in.
    `mandatory` is true when the document cannot be rebuilt without it.
    """

    pointer: str
    mandatory: bool
    sentence: str

    @property
    def told(self) -> str:
        """What the log says of it: where it was, or in words what it was, when it had no place in the model."""
        return self.pointer or self.sentence


@dataclass(frozen=True, slots=True)
class National:
    """A document in a country's own dialect, and what the dialect could not hold."""

    octets: bytes
    media_type: str
    losses: tuple[Loss, ...]


@dataclass(frozen=True, slots=True)
class Common:
    """A document in the common model, what the common model could not hold, and what the reader found on the way."""

    document: TradeDocument
    losses: tuple[Loss, ...]
    findings: tuple[Finding, ...]


def to_national(document: TradeDocument, dialect: Dialect) -> National:
    """Write `document` in `dialect`.

    Raises:
        BadInput: the dialect is for another document type.
    """
    if document.doctype != dialect.doctype:
        raise BadInput(
            f"document of type {document.doctype} for {dialect.media_type}",
            expected=f"type {dialect.doctype}",
            todo="take the dialect from Profile.dialect_for(document.doctype)",
        )
    if not dialect.own:
        return _in_shared_syntax(document, dialect)
    kind, said = type(document), plain(document)
    # (1) Carry all that has a place. (2) An optional part that lost something mandatory could not be read by the
    # receiver, so it is left out and lost as a whole, and we carry again.
    left_out: dict[Where, str] = {}
    while True:
        walk = _Walk(outward=True, left_out=frozenset(left_out))
        values: Values = {}
        walk.carry(said, dialect.outward, values, ())
        crippled = {where: why for lost, why in walk.lost.items() if (where := _crippled_part(kind, lost)) is not None}
        if not crippled:
            break
        left_out |= crippled
    losses = tuple(
        Loss(pointer(*where), _mandatory(kind, where), f"{dialect.title} {why}")
        for where, why in (walk.lost | left_out).items()
        if not _default(kind, said, where)
    )
    return National(national.write(values, dialect), dialect.media_type, losses)


def from_national(octets: bytes, dialect: Dialect) -> Common:
    """Read `octets` written in `dialect`.

    Raises:
        Unreadable: they are not in that dialect; found and expected name the national fields.
    """
    if not dialect.own:
        return _from_shared_syntax(octets, dialect)
    values, misread = national.read(octets, dialect)
    walk = _Walk(outward=False)
    said: Values = {}
    walk.carry(values, dialect.inward, said, ())
    if misread := misread | walk.misread:
        faults = [("/".join(map(str, where)), why) for where, why in misread.items()]
        raise _not_in_dialect(dialect, faults)
    said.setdefault("doctype", dialect.doctype)
    try:
        document = from_plain(said)
    except Incomplete as error:
        faults = [(_national_name(dialect, finding.pointer), finding.sentence) for finding in error.findings]
        raise _not_in_dialect(dialect, faults) from error
    losses = [
        Loss(pointer(*where), mandatory=False, sentence=f"the common model {why}") for where, why in walk.lost.items()
    ]
    return Common(document, tuple(losses), ())


def _not_in_dialect(dialect: Dialect, faults: list[tuple[str, str]]) -> Unreadable:
    # The message travels in a receipt, so a document with a thousand faults does not make a long one.
    told, more = faults[:_TOLD], f"; and {len(faults) - _TOLD} more" if len(faults) > _TOLD else ""
    error = Unreadable(
        f"{dialect.title}: " + "; ".join(f"{name}: {why}" for name, why in told) + more,
        expected=f"{', '.join(dict.fromkeys(name for name, _ in told))} as {dialect.media_type} defines it",
        todo=ADVICE,
    )
    error.findings = tuple(Finding(Severity.ERROR, "not-in-dialect", "", f"{name}: {why}") for name, why in faults)
    return error


_TOLD: Final = 8


# ------------------------------------------------------------------------------------------------------- the walk


class _Walk:
    """One walk over a document's values along one side of a table, in either direction.

    Owns what it finds on the way: `lost` (no place, no word) and `misread` (not in the form that stands here).
    """

    def __init__(self, *, outward: bool, left_out: frozenset[Where] = frozenset()) -> None:
        self.outward = outward
        self.left_out = left_out
        self.lost: dict[Where, str] = {}
        self.misread: dict[Where, str] = {}

    def carry(self, values: object, plan: Branch, into: Values, where: Where) -> None:
        """Carry the named values that the plan has a place for."""
        if not isinstance(values, dict):
            self.misread[where] = f"found {type(values).__name__}, expected named fields"
            return
        for name, value in values.items():
            here = (*where, name)
            step = plan.children.get(name)
            if self.left_out and here in self.left_out:
                continue
            if step is None:
                self.lost[here] = "has no place for it"
            elif isinstance(step, Leaf):
                if (turned := self._turned(value, step, here)) is not _GONE:
                    _put(into, step.path, turned)
            elif isinstance(step, Series):
                self._list(value, step, into, here)
            else:
                self.carry(value, step, into, here)

    def _list(self, value: object, series: Series, into: Values, where: Where) -> None:
        if not isinstance(value, list):
            self.misread[where] = f"found {type(value).__name__}, expected a list"
            return
        entries: list[object] = []
        for place, entry in enumerate(value):
            here = (*where, place)
            if here in self.left_out:
                continue
            if isinstance(series.entry, Leaf):
                if (turned := self._turned(entry, series.entry, here)) is not _GONE:
                    entries.append(turned)
            else:
                beneath: Values = {}
                self.carry(entry, series.entry, beneath, here)
                entries.append(beneath)
        _put(into, series.path, entries)

    def _turned(self, value: object, leaf: Leaf, where: Where) -> object:
        try:
            return leaf.form.outward(value) if self.outward else leaf.form.inward(value)
        except NoWord as gap:
            self.lost[where] = str(gap)
        except Misread as fault:
            self.misread[where] = str(fault)
        return _GONE


_GONE: Final = object()


def _put(into: Values, path: Steps, value: object) -> None:
    for step in path[:-1]:
        below = into.setdefault(step, {})
        assert isinstance(below, dict)  # noqa: S101 - the table was grown as a tree both ways when it was loaded
        into = below
    into[path[-1]] = value


def _national_name(dialect: Dialect, where: str) -> str:
    """What the dialect calls the field at the JSON pointer `where`; for a part, all that it must state."""
    steps = tuple(where.split("/")[1:])
    named: list[str] = []
    plan: Branch | Leaf | Series = dialect.outward
    for step in steps:
        if isinstance(plan, Series):
            named += [*plan.path, step]
            plan = plan.entry
        elif isinstance(plan, Branch) and step in plan.children:
            plan = plan.children[step]
        else:
            return f"{where} of the common model"
    generic = tuple(EACH if step.isdigit() else step for step in steps)
    paths = _needed_paths(KINDS[dialect.doctype], generic, plan) or [()]
    return " and ".join("/".join([*named, *path]) for path in paths)


def _needed_paths(kind: type[TradeDocument], generic: Steps, plan: Branch | Leaf | Series) -> list[Steps]:
    if not isinstance(plan, Branch):
        return [plan.path]
    return [
        path
        for name, step in plan.children.items()
        if not anatomy.of(kind, (*generic, name)).droppable[-1]
        for path in _needed_paths(kind, (*generic, name), step)
    ]


def _mandatory(kind: type[TradeDocument], where: Where) -> bool:
    return not anatomy.of(kind, _generic(where)).droppable[-1]


def _default(kind: type[TradeDocument], said: Values, where: Where) -> bool:
    """Whether the value at `where` is what the model assumes anyway: then nothing was lost."""
    value: Any = said  # Any: JSON values, and `where` was walked in them
    for step in where:
        value = value[step]
    return bool(value == anatomy.of(kind, _generic(where)).default)


def _crippled_part(kind: type[TradeDocument], lost: Where) -> Where | None:
    """The smallest optional part that cannot be read without `lost`, if `lost` is mandatory in an optional part."""
    droppable = anatomy.of(kind, _generic(lost)).droppable
    if droppable[-1]:
        return None
    return next((lost[: end + 1] for end in range(len(lost) - 1, -1, -1) if droppable[end]), None)


def _generic(where: Where) -> Steps:
    return tuple(EACH if isinstance(step, int) else step for step in where)


# -------------------------------------------------------------------------------------------------- shared syntaxes


def _in_shared_syntax(document: TradeDocument, dialect: Dialect) -> National:
    octets = syntax.write(document, dialect.media_type)
    # The writer tells no losses; reading its own octets again tells them exactly.
    again = plain(syntax.read(octets, media_type=dialect.media_type).document)
    kind = type(document)
    losses = []
    for where, before, after in _differences(plain(document), again, ()):
        if isinstance(before, str) and isinstance(after, str) and before.split() == after.split():
            losses.append(Loss(pointer(*where), mandatory=False, sentence=f"{dialect.title} makes runs of blanks one"))
        else:
            sentence = f"{dialect.title} does not carry it as it was stated"
            losses.append(Loss(pointer(*where), _mandatory(kind, where), sentence))
    return National(octets, dialect.media_type, tuple(losses))


def _from_shared_syntax(octets: bytes, dialect: Dialect) -> Common:
    read = syntax.read(octets, media_type=dialect.media_type)
    if read.document.doctype != dialect.doctype:
        raise Unreadable(
            f"{dialect.title}: document of type {read.document.doctype}",
            expected=f"type {dialect.doctype}",
            todo=ADVICE,
        )
    lost = [finding for finding in read.findings if finding.code == NOT_CARRIED]
    losses = tuple(Loss(finding.pointer, mandatory=False, sentence=finding.sentence) for finding in lost)
    return Common(read.document, losses, tuple(finding for finding in read.findings if finding.code != NOT_CARRIED))


NOT_CARRIED: Final = "not-carried"  # the code `harness.documents.syntax` gives to what is not in the common model


def _differences(said: object, again: object, where: Where) -> Iterator[tuple[Where, object, object]]:
    """The highest places at which `again` does not say what `said` says, with what each says there."""
    if isinstance(said, dict) and isinstance(again, dict):
        for name, value in said.items():
            yield from _differences(value, again.get(name), (*where, name))
    elif isinstance(said, list) and isinstance(again, list) and len(said) == len(again):
        for place, (left, right) in enumerate(zip(said, again, strict=True)):
            yield from _differences(left, right, (*where, place))
    elif said != again:
        yield where, said, again
