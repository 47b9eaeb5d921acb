"""Which scenarios a command means: by id or the beginning of an id, and by an expression like pytest's `-k`.

SELECT   attacks                   everything whose id begins so
-k       "replay or (origin and not used)"   words looked for in id and title, joined by and, or, not
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from harness.errors import BadInput, NothingSelected
from harness.trial.script import Pack, Scenario

Wanted = Callable[[str], bool]
"""Whether a text (lower case) is meant."""

_TOKEN: Final = re.compile(r"\s*(?:([()])|\"([^\"]+)\"|'([^']+)'|([^\s()\"']+))")
_WORDS: Final = ("and", "or", "not")
_EXPECTED: Final = "words joined by and, or, not and parentheses, such as: replay or (origin and not used)"


@dataclass(frozen=True, slots=True)
class Playable:
    """A scenario and the pack whose ground it is played on."""

    pack: Pack
    scenario: Scenario

    @property
    def shown(self) -> bool:
        """Whether it is the pack's demonstration."""
        return self.pack.demo is not None and self.pack.demo.scenario is self.scenario


def playables(packs: Iterable[Pack]) -> tuple[Playable, ...]:
    """Every scenario of every pack, in the packs' order; its demonstration last.

    Raises:
        BadInput: two packs bring scenarios under one id.
    """
    found: dict[str, Playable] = {}
    for pack in packs:
        for scenario in (*pack.scenarios, *((pack.demo.scenario,) if pack.demo is not None else ())):
            if scenario.id in found:
                other = found[scenario.id].pack.name
                raise BadInput(
                    f"scenario {scenario.id} is in two packs, {other!r} and {pack.name!r}",
                    expected="ids that are unique among the installed packs",
                    todo="uninstall one of the two, or rename the scenario's module",
                )
            found[scenario.id] = Playable(pack, scenario)
    return tuple(found.values())


def chosen(all_of_them: Sequence[Playable], select: Sequence[str], expression: str = "") -> tuple[Playable, ...]:
    """Those that any word of `select` begins (all, when there is none) and that fit `expression`.

    A pack's demonstration is played only when a word of `select` begins it. A whole id means that scenario alone.

    Raises:
        BadInput: the expression cannot be read.
        NothingSelected: a word of `select`, or all of it together, means nothing that exists.
    """
    fits = reads(expression) if expression.strip() else None
    ids = frozenset(one.scenario.id for one in all_of_them)
    for word in select:
        if not any(one.scenario.id.startswith(word) for one in all_of_them):
            raise _nothing(f"no scenario's id begins with {word!r}", word, all_of_them)
    found = tuple(
        one
        for one in all_of_them
        if (any(_means(word, one.scenario.id, ids) for word in select) if select else not one.shown)
        and (fits is None or fits(f"{one.scenario.id} {one.scenario.title}".lower()))
    )
    if not found:
        within = f" among {', '.join(select)}" if select else ""
        played = [one for one in all_of_them if select or not one.shown]
        raise _nothing(f"-k {expression!r} fits no scenario{within}", expression, played)
    return found


def _means(word: str, scenario: str, ids: frozenset[str]) -> bool:
    return scenario == word if word in ids else scenario.startswith(word)


def _nothing(found: str, word: str, all_of_them: Sequence[Playable]) -> NothingSelected:
    ids = [one.scenario.id for one in all_of_them]
    near = difflib.get_close_matches(word, ids, n=3, cutoff=0.5)
    todo = f"did you mean {' or '.join(near)}?" if near else "corridor list shows them"
    return NothingSelected(found, expected=f"one of {', '.join(ids)}", todo=todo)


def reads(expression: str) -> Wanted:
    """Read an expression. Raises BadInput naming what stands where it cannot."""
    reading = _Reading(expression)
    wanted = reading.either()
    reading.ends()
    return wanted


class _Reading:
    """Reads one expression from left to right: `or` binds loosest, then `and`, then `not`."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens = _tokens(expression)
        self._at = 0

    def either(self) -> Wanted:
        sides = [self._both()]
        while self._took("or"):
            sides.append(self._both())
        return lambda text: any(side(text) for side in sides)

    def _both(self) -> Wanted:
        sides = [self._one()]
        while self._took("and"):
            sides.append(self._one())
        return lambda text: all(side(text) for side in sides)

    def _one(self) -> Wanted:
        if self._took("not"):
            inner = self._one()
            return lambda text: not inner(text)
        if self._took("("):
            inner = self.either()
            if not self._took(")"):
                raise self._stopped("a parenthesis is not closed")
            return inner
        if self._at == len(self._tokens):
            raise self._stopped("it ends where a word must stand")
        word, quoted = self._tokens[self._at]
        if not quoted and word in (*_WORDS, ")"):
            raise self._stopped(f"{word!r} stands where a word must")
        self._at += 1
        return lambda text: word in text

    def ends(self) -> None:
        """Nothing may be left over."""
        if self._at < len(self._tokens):
            raise self._stopped(f"{self._tokens[self._at][0]!r} follows without and, or")

    def _took(self, token: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == (token, False):
            self._at += 1
            return True
        return False

    def _stopped(self, why: str) -> BadInput:
        return BadInput(f"-k {self._expression!r}: {why}", expected=_EXPECTED, todo="mend the expression")


def _tokens(expression: str) -> list[tuple[str, bool]]:
    """The words and signs of an expression in lower case, each with whether it was quoted."""
    tokens, at, text = [], 0, expression.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadInput(f"-k {expression!r}: a quotation is not closed", expected=_EXPECTED, todo="close it")
        sign, double, single, word = match.groups()
        tokens.append(((sign or double or single or word).lower(), bool(double or single)))
        at = match.end()
    return tokens
