"""What a country states about itself: its name, languages, algorithms, dialects and national rules.

All of it is data, one TOML file per country in `profiles/`; a country is added by adding a file. Here are the models
of that data and `load`. How a document is carried over a dialect's table is in `nodes.mapping`, how single values are
written in `nodes.forms`, how national rules are evaluated in `nodes.rules`.

A dialect's table pairs a JSON pointer into the common model with a national path; `*` stands for each entry of a
list. National paths are names joined by a slash; in an XML dialect `@name` is an attribute and `text()` the text of
an element that has attributes.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from certs.identity import Algorithm
from harness.documents.model import KINDS, Severity
from harness.errors import BadInput, first_wrong
from nodes import anatomy
from nodes.anatomy import EACH, Steps
from nodes.forms import Form, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def _known_type(value: str) -> str:
    if value not in KINDS:
        raise ValueError(f"document type {value} is none of {', '.join(KINDS)}")
    return value


Doctype = Annotated[str, AfterValidator(_known_type)]
"""A document type (UNTDID 1001) that has a common model."""


_AS_IT_IS: Final = Text()


class _Stated(BaseModel):
    """What all statements of a profile share: frozen, and closed to names we do not know."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")


# ------------------------------------------------------------------------------------------------------ dialects


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value: where it goes on the other side (from the nearest list entry), and in which form."""

    path: Steps
    form: Form


@dataclass(frozen=True, slots=True)
class Series:
    """A list: where it goes on the other side, and what each entry is."""

    path: Steps
    entry: Branch | Leaf


@dataclass(frozen=True, slots=True)
class Branch:
    """An object: what each name in it is. Names that are missing here have no place on the other side."""

    children: dict[str, Leaf | Series | Branch] = field(default_factory=dict)


class Row(_Stated):
    """One row of a dialect's table: a field of the common model, its national place and form."""

    common: Steps
    national: Steps
    form: str = "text"


def _rows(value: object) -> object:
    """The TOML table `"/pointer" = "path"` or `= ["path", "form"]`, as rows."""
    if not isinstance(value, dict):
        return value
    rows = []
    for common, stated in value.items():
        path, form = stated if isinstance(stated, list) and len(stated) == 2 else (stated, "text")
        rows.append({"common": common.removeprefix("/").split("/"), "national": str(path).split("/"), "form": form})
    return tuple(rows)


class Dialect(_Stated):
    """How one country writes one document type: media type, syntax, table of places, forms.

    `json` and `xml` are the country's own and need `fields`; `sps-xml` and `common-json` are the syntaxes of
    `harness.documents.syntax` and carry the whole common model.
    """

    doctype: Doctype
    media_type: str
    syntax: Literal["json", "xml", "sps-xml", "common-json"]
    title: str
    root: str = ""
    namespace: str = ""
    forms: dict[str, Form] = Field(default_factory=dict, repr=False)
    fields: Annotated[tuple[Row, ...], BeforeValidator(_rows), Field(repr=False)] = ()

    @property
    def own(self) -> bool:
        """Whether this is the country's own syntax, with a table of its own."""
        return self.syntax in {"json", "xml"}

    @cached_property
    def outward(self) -> Branch:
        """The table as a tree over the common model, leaves pointing to national paths."""
        return _tree((row.common, row.national, self._form(row.form)) for row in self.fields)

    @cached_property
    def inward(self) -> Branch:
        """The table as a tree over the national document, leaves pointing into the common model."""
        return _tree((row.national, row.common, self._form(row.form)) for row in self.fields)

    def _form(self, name: str) -> Form:
        return _AS_IT_IS if name == "text" else self.forms[name]

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.own != bool(self.fields) or (self.syntax == "xml") != bool(self.root and self.namespace):
            raise ValueError(f"{self.media_type}: json and xml need fields; xml needs root and namespace; others none")
        for row in self.fields:
            anatomy.of(KINDS[self.doctype], row.common)
            if row.form != "text" and row.form not in self.forms:
                raise ValueError(f"{self.media_type}: {'/'.join(row.common)} has the unknown form {row.form!r}")
        # Both trees are grown here, so that a table which contradicts itself is found at loading and not in traffic.
        if self.own:
            _ = self.outward, self.inward
        return self


def _tree(rows: Iterable[tuple[Steps, Steps, Form]]) -> Branch:
    root = Branch()
    for source, target, form in rows:
        if source.count(EACH) != target.count(EACH):
            raise ValueError(f"{'/'.join(source)} and {'/'.join(target)} differ in their lists")
        _plant(root, source, target, form)
    return root


def _plant(branch: Branch, source: Steps, target: Steps, form: Form) -> None:
    name, rest = source[0], source[1:]
    if not rest:
        if name in branch.children:
            raise ValueError(f"{'/'.join(source)} stands twice, or once as a value and once as more")
        branch.children[name] = Leaf(target, form)
        return
    if rest[0] == EACH:
        cut = target.index(EACH)
        beneath = target[cut + 1 :]
        if len(rest) == 1:
            if beneath or name in branch.children:
                raise ValueError(f"{'/'.join(source)} is a list of values, {'/'.join(target)} not, or it stands twice")
            branch.children[name] = Series(target[:cut], Leaf((), form))
            return
        series = branch.children.setdefault(name, Series(target[:cut], Branch()))
        if not isinstance(series, Series) or not isinstance(series.entry, Branch) or series.path != target[:cut]:
            raise ValueError(f"{'/'.join(source)} has its entries in two places")
        _plant(series.entry, rest[1:], beneath, form)
        return
    below = branch.children.setdefault(name, Branch())
    if not isinstance(below, Branch):
        raise ValueError(f"{'/'.join(source)} goes through a value or a list")  # noqa: TRY004 - pydantic wants it
    _plant(below, rest, target, form)


# -------------------------------------------------------------------------------------------------- national rules


class RuleKind(StrEnum):
    """The closed set of things a national rule can ask (`nodes.rules` evaluates them)."""

    ONE_OF = "one-of"
    BEGINS_WITH_NONE_OF = "begins-with-none-of"
    PRESENT = "present"
    AT_LEAST = "at-least"
    NOT_OLDER_THAN = "not-older-than"
    NOT_PAST = "not-past"


_ASKS: Final = {
    RuleKind.ONE_OF: "values",
    RuleKind.BEGINS_WITH_NONE_OF: "values",
    RuleKind.AT_LEAST: "bound",
    RuleKind.NOT_OLDER_THAN: "days",
}


class Rule(_Stated):
    """One national rule: what it asks of which field, how grave a breach is, and the law it rests on.

    `values` are codes or prefixes, `days` whole days before the moment of checking, `bound` a decimal.
    """

    code: str
    kind: RuleKind
    severity: Severity
    doctypes: tuple[Doctype, ...]
    pointer: Annotated[Steps, BeforeValidator(lambda value: tuple(str(value).removeprefix("/").split("/")))]
    source: str
    sentence: str
    values: tuple[str, ...] = ()
    days: int | None = None
    bound: Decimal | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        for doctype in self.doctypes:
            anatomy.of(KINDS[doctype], self.pointer)
        needs = _ASKS.get(self.kind)
        stated = {name for name in ("values", "days", "bound") if getattr(self, name) not in {(), None}}
        if stated != ({needs} if needs else set()):
            raise ValueError(f"rule {self.code} ({self.kind}) needs {needs or 'no parameter'}, states {sorted(stated)}")
        return self


# -------------------------------------------------------------------------------------------------------- profiles


class Profile(_Stated):
    """A country as it describes itself; `languages` are ISO 639 codes, `algorithms` stand in order of preference."""

    party: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    name: str
    languages: Annotated[tuple[str, ...], Field(min_length=1)]
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)]
    dialects: tuple[Dialect, ...]
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _stated_once(self) -> Self:
        for what, stated in (
            ("document type", [dialect.doctype for dialect in self.dialects]),
            ("media type", [dialect.media_type for dialect in self.dialects]),
            ("rule", [rule.code for rule in self.rules]),
        ):
            if len(set(stated)) != len(stated):
                raise ValueError(f"a {what} is stated twice")
        return self

    def dialect_for(self, doctype: str) -> Dialect:
        """The dialect in which this country writes documents of type `doctype` (UNTDID 1001).

        Raises:
            BadInput: the country has none.
        """
        for dialect in self.dialects:
            if dialect.doctype == doctype:
                return dialect
        raise BadInput(
            f"{self.party} {self.name} has no dialect for document type {doctype}",
            expected=f"one of {', '.join(dialect.doctype for dialect in self.dialects)}",
            todo=f"add a [[dialects]] entry to the profile of {self.party}, or exchange another document type",
        )

    def dialect_of(self, media_type: str) -> Dialect | None:
        """The dialect of this country that has this media type (parameters set aside), or None."""
        bare = media_type.partition(";")[0].strip().lower()
        return next((dialect for dialect in self.dialects if dialect.media_type == bare), None)


def known() -> tuple[str, ...]:
    """The countries that have a profile here, in alphabetical order."""
    return tuple(sorted(_stems()))


@lru_cache(maxsize=64)
def load(party: str) -> Profile:
    """The profile of `party` ("QM").

    Raises:
        BadInput: there is no such profile; the message names those that exist.
    """
    if party not in set(_stems()):
        raise BadInput(
            f"no profile for {party!r}",
            expected=f"one of {', '.join(known())}",
            todo="name one of these countries, or add its profile to nodes/profiles",
        )
    file = resources.files("nodes").joinpath("profiles", f"{party.lower()}.toml")
    return read(file.read_text(encoding="utf-8"), name=file.name)


def read(text: str, *, name: str = "profile") -> Profile:
    """The profile that the TOML `text` states.

    Raises:
        BadInput: it is not TOML, or states something a profile cannot hold; the message names the first such place.
    """
    try:
        return Profile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{name} is not TOML: {error}", expected="TOML 1.0", todo="correct the file") from error
    except ValidationError as error:
        raise BadInput(
            f"{name}, {first_wrong(error, 'as a whole')}",
            expected="what nodes.profile.Profile describes",
            todo="correct the file",
        ) from error


def _stems() -> Iterator[str]:
    for file in resources.files("nodes").joinpath("profiles").iterdir():
        if file.name.endswith(".toml"):
            yield file.name.removesuffix(".toml").upper()
