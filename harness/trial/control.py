"""What is said on a party's control socket: one JSON object a line, both ways. Neither end is here.

    ->  {"id": 7, "ask": {"verb": "lodge", "octets": "...", "to": "QN"}}       octets in base64url
    <-  {"id": 7, "result": {...}}                  or
    <-  {"id": 7, "failed": {"kind": "refused", "code": "301", "found": "...", "clause": "..."}}
    <-  {"event": "ready", "party": "QM", "run": "...", "pid": 4711}           once, when the party listens

The verbs are those of `harness.trial.party`: what a country's own people ask at the counter, and `gives_out` and
`hands_over`, whose records and tokens come in several lines (`part`) before the one with the result. The party's end:
`attendant`; ours: `remote`.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from harness.errors import BadInput, CorridorError, Defect, NotProved, NotReady, RoadFailed
from harness.exchange.reasons import Refused, by_code
from harness.exchange.seat import Sent

LONGEST: Final = 16 * 1024 * 1024
"""Octets of a line: the largest document, in base64, and some room."""

PART: Final = 1024
"""Records of a log in one line."""

_SOCKET: Final = 100
"""Octets that the path of a Unix socket may take: the system's own limit is 108 here and 104 elsewhere."""


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")


class Lodge(_Said):
    """A trader's document."""

    verb: Literal["lodge"] = "lodge"
    octets: bytes
    to: str
    media_type: str | None = None
    function: str = "9"


class PassOn(_Said):
    """Bytes that another system answers for."""

    verb: Literal["pass_on"] = "pass_on"
    octets: bytes
    to: str
    doctype: str
    reference: str
    media_type: str


class ReportUse(_Said):
    """Customs used some of a certificate."""

    verb: Literal["report_use"] = "report_use"
    of: str
    quantity: str
    declaration: str


class OpenDispute(_Said):
    """A dispute about a message of the party's."""

    verb: Literal["dispute"] = "dispute"
    sent: Sent
    claim: str
    number: str
    sentence: str


class SeekWitness(_Said):
    """Have the log cosigned."""

    verb: Literal["seek_witness"] = "seek_witness"
    partner: str


class Take(_Said):
    """What a country published."""

    verb: Literal["take"] = "take"
    published: bytes


class ChangeKey(_Said):
    """Sign with the key that lies ready in the party's folder."""

    verb: Literal["change_key"] = "change_key"


class Evidence(_Said):
    """Write a bundle."""

    verb: Literal["evidence"] = "evidence"
    correlation: str
    partner: str


class GivesOut(_Said):
    """The records of the log, from `start` on."""

    verb: Literal["gives_out"] = "gives_out"
    start: int = 0


class HandsOver(_Said):
    """The signed tokens behind what crossed encrypted."""

    verb: Literal["hands_over"] = "hands_over"


Ask = Lodge | PassOn | ReportUse | OpenDispute | SeekWitness | Take | ChangeKey | Evidence | GivesOut | HandsOver


class Request(_Said):
    """One line to the party."""

    id: int
    ask: Annotated[Ask, Field(discriminator="verb")]


class Failed(_Said):
    """Why a request came to nothing: the asker's mistake, a refusal with its reason, the road, or ourselves."""

    kind: Literal["bad input", "refused", "road failed", "not ready", "not proved", "defect"]
    found: str
    expected: str = ""
    todo: str = ""
    code: str = ""
    clause: str = ""


class Answer(_Said):
    """One line to the asker: a part of the result, the result, or why there is none."""

    id: int
    part: tuple[bytes, ...] | None = None
    result: Any = None  # Any: the JSON value of the verb's own result, read by who asked
    failed: Failed | None = None


class Event(_Said):
    """What the party tells without being asked."""

    event: Literal["ready"]
    party: str
    run: str
    pid: int


LINE: Final[TypeAdapter[Answer | Event]] = TypeAdapter(Answer | Event)
"""Reads what a party says."""

SENT: Final = TypeAdapter(Sent)
"""Reads the result of what was sent."""

_KINDS: Final[dict[str, type[CorridorError]]] = {
    "bad input": BadInput,
    "road failed": RoadFailed,
    "not ready": NotReady,
    "not proved": NotProved,
    "defect": Defect,
}


def failed(error: CorridorError | Refused) -> Failed:
    """An error as it is told over the socket."""
    if isinstance(error, Refused):
        return Failed(kind="refused", found=error.found, code=error.reason.code, clause=error.clause)
    # The nearest one of the tree: NotAllowed, say, is a road that failed.
    (kind, *_) = [name for name, each in _KINDS.items() if isinstance(error, each)] or ["defect"]
    return Failed.model_validate({"kind": kind, "found": error.found, "expected": error.expected, "todo": error.todo})


def raised(told: Failed) -> CorridorError | Refused:
    """The error that was told: what the asker's own process would have raised."""
    if told.kind == "refused":
        return Refused(by_code(told.code), told.found, clause=told.clause)
    return _KINDS[told.kind](told.found, expected=told.expected, todo=told.todo)


@contextmanager
def within_reach(path: Path) -> Iterator[str]:
    """A name for the socket at `path` that is short enough for the system, while the block lasts.

    Raises:
        BadInput: there is none.
    """
    for name in (str(path), os.path.relpath(path)):
        if len(os.fsencode(name)) <= _SOCKET:
            yield name
            return
    # Linux names an open folder in a few octets, wherever it is.
    if not Path("/proc/self/fd").is_dir():
        raise BadInput(
            f"the path of the socket {path} has more than {_SOCKET} octets",
            expected="a path that the system takes for a socket",
            todo="name a shorter one: --control SOCKET",
        )
    opened = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{opened}/{path.name}"
    finally:
        os.close(opened)


def bound(path: Path) -> socket.socket:
    """A socket at `path` that only its owner may come to. A dead one that was left there is replaced.

    Raises:
        BadInput: something else is there, or the path cannot be used.
    """
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with within_reach(path) as name:
            if path.is_socket():
                path.unlink()
            made.bind(name)
        # Before it listens, so that nobody else came in between.
        path.chmod(0o600)
    except OSError as error:
        made.close()
        raise BadInput(
            f"there can be no control socket at {path}: {error.strerror or error}",
            expected="a path in a folder of the party's own",
            todo="choose another --control",
        ) from error
    except BaseException:
        made.close()
        raise
    return made


def removed(path: Path) -> None:
    """Take a socket away that nobody listens at any more."""
    path.unlink(missing_ok=True)
