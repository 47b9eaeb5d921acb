"""The errors of the harness, as one tree.

    CorridorError                  found, expected, what to do; carries the exit code
    ├── BadInput            2      what the user gave us cannot be used
    ├── NotReady            3      the environment is missing a part, so there is no verdict
    │   └── RoadFailed      3      a bus, a broker or a disk failed under us
    ├── NotProved           4      evidence does not verify
    ├── NothingSelected     5      no scenario matches what was asked
    └── Defect              70     we are broken: a bug in Corridor itself

A partner being wrong is not an error here: that is a refusal (`harness.exchange.reasons`), an
expected outcome with a reason, a step and a clause.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:  # a tenth of a second that `corridor --help` does not have
    from pydantic import ValidationError


def first_wrong(error: ValidationError, whole: str) -> str:
    """Where a model found its first fault, and which: `documents.0.from: Field required`. `whole` names no place."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(step) for step in first["loc"]) or whole
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"


class CorridorError(Exception):
    """Something a user must hear about: what was found, what was expected, what to do."""

    exit_code: ClassVar[int] = 70

    def __init__(self, found: str, *, expected: str = "", todo: str = "") -> None:
        self.found = found
        self.expected = expected
        self.todo = todo
        super().__init__(found)

    def __str__(self) -> str:
        parts = [self.found]
        if self.expected:
            parts.append(f"expected: {self.expected}")
        if self.todo:
            parts.append(f"to do: {self.todo}")
        return "; ".join(parts)


class BadInput(CorridorError):
    """What the user gave us cannot be used."""

    exit_code = 2


class NotReady(CorridorError):
    """The environment lacks a part, so no verdict can be given."""

    exit_code = 3


class RoadFailed(NotReady):
    """A bus, a broker or a disk failed under us."""


class NotProved(CorridorError):
    """Evidence does not verify."""

    exit_code = 4


class NothingSelected(CorridorError):
    """No scenario matches what was asked."""

    exit_code = 5


class Defect(CorridorError):
    """Corridor itself is broken."""
