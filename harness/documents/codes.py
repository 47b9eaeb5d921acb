"""Code lists: small, dated extracts that name their edition and their source.

The lists are package data (`codelists/*.toml`), written for this project; the full lists stay with their publishers.
A list knows whether it is complete: an unknown code in a complete list is wrong, in an extract only unknown here.
Two windows may hold different editions of one list, so the rules are handed a `CodeLists`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from types import MappingProxyType

from harness.errors import BadInput


@dataclass(frozen=True, slots=True)
class CodeList:
    """One edition of one list: code -> meaning in plain English."""

    name: str
    edition: str
    source: str
    codes: Mapping[str, str] = field(repr=False)
    complete: bool = False

    def __contains__(self, code: str) -> bool:
        return code in self.codes

    def lookup(self, code: str) -> str:
        """What `code` means in this edition.

        Raises:
            BadInput: the code is not in this edition.
        """
        meaning = self.codes.get(code)
        if meaning is None:
            raise BadInput(
                f"code {code!r} is not in {self.name} {self.edition}",
                expected=f"a code of that {'list' if self.complete else 'extract'}",
                todo="correct the code, or load an edition of the list that holds it",
            )
        return meaning


@dataclass(frozen=True, slots=True)
class CodeLists:
    """The editions one window holds, one per list name."""

    lists: Mapping[str, CodeList]

    def __getitem__(self, name: str) -> CodeList:
        return self.lists[name]

    def holding(self, *others: CodeList) -> CodeLists:
        """These lists, with `others` in the place of the editions of the same name."""
        return replace(self, lists=MappingProxyType({**self.lists, **{other.name: other for other in others}}))


NAMES = (
    "countries",  # ISO 3166-1 alpha-2, and the fictional countries among its user-assigned codes
    "currencies",  # ISO 4217
    "units",  # UNECE Recommendation 20
    "packages",  # UNECE Recommendation 21
    "hs-chapters",  # HS 2022, two digits
    "hs-subheadings",  # HS 2022, six digits
    "document-types",  # UNTDID 1001
    "message-functions",  # UNTDID 1225
    "document-statuses",  # UNTDID 1373
    "response-types",  # UNTDID 4343
    "origin-criteria",  # ours
)


def parse(toml: str) -> CodeList:
    """Read one list: `name`, `edition`, `source`, `complete`, a table `codes`, perhaps a table `fictional`."""
    table = tomllib.loads(toml)
    codes = {**table["codes"], **table.get("fictional", {})}
    return CodeList(
        name=table["name"],
        edition=table["edition"],
        source=table["source"],
        codes=MappingProxyType(codes),
        complete=table["complete"],
    )


@cache
def current() -> CodeLists:
    """The editions this distribution ships."""
    folder = resources.files("harness.documents") / "codelists"
    lists = (parse((folder / f"{name}.toml").read_text(encoding="utf-8")) for name in NAMES)
    return CodeLists(MappingProxyType({held.name: held for held in lists}))


@cache
def fictional_countries() -> Mapping[str, str]:
    """The invented countries: user-assigned alpha-2 code -> invented name."""
    file = resources.files("harness.documents") / "codelists" / "countries.toml"
    return MappingProxyType(tomllib.loads(file.read_text(encoding="utf-8"))["fictional"])
