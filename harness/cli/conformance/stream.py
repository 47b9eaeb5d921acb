"""Cases in, answers out: NDJSON, one answer for each line, in order, and never anything else on stdout.

A line that is no case, a blank one among them, is answered too, under the verdict that claims nothing, so that answers
and lines can be counted off against each other; the command then ends with exit code 2.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Final

from certs.errors import NotStrictJson
from certs.gates import JsonValue, strict_object
from harness.errors import BadInput

Case = Mapping[str, JsonValue]
Answer = dict[str, JsonValue]

LARGEST: Final = 16 * 1024 * 1024
"""Octets of one case; certificates and lists in it are PEM."""

_PIECE: Final = 65536


class NotACase(Exception):
    """The line is no case; the message says what is wrong with it."""


def answer(
    handle: Callable[[Case], Answer],
    *,
    otherwise: str,
    beside: Mapping[str, JsonValue] | None = None,
    source: IO[bytes] | None = None,
) -> None:
    """Answer each line of `source` (stdin when None) with what `handle` says of it, and the case's own id, or null.

    Args:
        handle: the verdict on one case, without its id. May raise NotACase.
        otherwise: the verdict on what is no case.
        beside: what the answer to that holds besides verdict and reason.
        source: NDJSON, UTF-8.

    Raises:
        BadInput: at the end, when some line was no case. All lines were answered.
    """
    wrong = 0
    for line in _lines(sys.stdin.buffer if source is None else source):
        name: JsonValue = None
        try:
            case = _case(line)
            name = case.get("id")
            said = handle(case)
        except (NotStrictJson, NotACase) as error:
            wrong += 1
            said = {"verdict": otherwise, "reason": f"not a case: {error}", **(beside or {})}
        sys.stdout.write(json.dumps({"id": name, **said}, ensure_ascii=True) + "\n")
        sys.stdout.flush()
    if wrong:
        raise BadInput(
            f"{wrong} line(s) were no case",
            expected="one JSON object a line, as docs/conformance.md describes it",
            todo="look for `not a case` in the answers",
        )


def text(case: Case, name: str) -> str:
    """The text under `name`. Raises NotACase."""
    found = case.get(name)
    if not isinstance(found, str):
        raise NotACase(f"{name} must be text")
    return found


def nested(case: Case, name: str) -> Case:
    """The object under `name`. Raises NotACase."""
    found = case.get(name)
    if not isinstance(found, dict):
        raise NotACase(f"{name} must be an object")
    return found


def texts(case: Case, name: str) -> list[str]:
    """The texts under `name`, none when it is absent or null. Raises NotACase."""
    found = case.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise NotACase(f"{name} must be a list of texts")
    return [one for one in found if isinstance(one, str)]


def _case(line: bytes) -> Case:
    if not line.strip():
        raise NotACase("a blank line")
    return strict_object(line, largest=LARGEST)


def _lines(source: IO[bytes]) -> Iterator[bytes]:
    """The lines; of one that is too long for a case no more than shows it."""
    while line := source.readline(LARGEST + 2):
        rest = line
        while not rest.endswith(b"\n") and (rest := source.readline(_PIECE)):
            pass
        yield line
