"""Verdicts: what a check found, and what a whole run comes to.

Three-valued and a half: held, broken, unknown (we cannot know) and not reached (the step under test never happened).
Broken beats unknown beats held, and not reached is never held. Beside them stands not played: the bus at hand
has not what the scenario needs, so nothing was tried; that is never held either, and fails nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What became of one promise, or of all of them."""

    HELD = "held"
    BROKEN = "broken"
    UNKNOWN = "unknown"
    NOT_REACHED = "not reached"
    NOT_PLAYED = "not played"


_WEIGHT = {Verdict.HELD: 0, Verdict.NOT_PLAYED: 1, Verdict.NOT_REACHED: 2, Verdict.UNKNOWN: 3, Verdict.BROKEN: 4}


@dataclass(frozen=True, slots=True)
class Judged:
    """One promise, judged: which check, about what, what was expected and what was seen."""

    check: str
    promise: str
    verdict: Verdict
    expected: str
    saw: str
    topic: str
    look: tuple[int, ...] = ()
    """Numbers of the history's events to look at."""


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """What they come to together. Nothing at all comes to not reached."""
    return max(verdicts, key=lambda verdict: _WEIGHT[verdict], default=Verdict.NOT_REACHED)
