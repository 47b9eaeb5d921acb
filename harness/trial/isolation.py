"""The checks of isolation: third countries kept out, and what the broker's operator does found out by name.

Pure functions of a history, as those of `harness.trial.checks`, where checks are made and judged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from harness.trial.checks import Broken, NotReached, Topic, Unknowable, check
from harness.trial.history import History, What
from harness.trial.stranger import CONNECT, JOIN, READ, WRITE

_DENIED: Final = re.compile(
    r"Principal = User:(?P<principal>\S+) is Denied operation = (?P<operation>\S+) "
    r".*on resource = (?P<kind>[A-Za-z]+):[A-Z]+:(?P<name>\S+) for request"
)
"""What Kafka's authorizer writes of a request that it denied (StandardAuthorizer, logger kafka.authorizer.logger)."""

_ASKS: Final[Mapping[str, tuple[str, str]]] = {
    READ: ("READ", "Topic"),
    WRITE: ("WRITE", "Topic"),
    JOIN: ("READ", "Group"),
}
"""The operation and the kind of resource that a broker asks the authorizer about, by deed."""

_SHUT: Final = "SSL handshake failed"

Event = Mapping[str, Any]  # Any: a JSON object of the history


@check(Topic.SECURITY)
def kept_out(history: History, *, who: str, deed: str, what: str) -> str:
    """A third country is refused what is not its own, and both say so: the error it got and the broker's own log."""
    attempt, broker = _attempt(history, who, deed, what)
    said = str(attempt["error"]["said"])
    if attempt["outcome"] == "let in":
        raise Broken(f"{who} was let {deed} {what}: it got {said}")
    if attempt["outcome"] != "refused":
        raise Unknowable(f"{who} got no answer: {said}")
    if deed == CONNECT:
        return _at_the_door(attempt, broker)
    error, principal = attempt["error"], attempt["principal_of"]
    named = (error.get("kind"), error.get("principal"), error.get("action"), error.get("topic"))
    if named != ("not allowed", principal, deed, what):
        raise Broken(f"{who} was told {said!r}, which does not name {principal}, {deed} and {what}")
    if not broker["enforces_rights"]:
        raise Unknowable("this broker says that it enforces no rights, so its refusal proves none")
    if broker["log"] == "none":
        return f"{said}; this bus has no authorizer log"
    return f"{said}; broker: {_denial(attempt, broker)}"


def _at_the_door(attempt: Event, broker: Event) -> str:
    """The line of the broker's log about the very connection that was shut."""
    said, caller = attempt["error"]["said"], f":{attempt['error']['port']}-"
    lines = [line for line in _log(broker) if _SHUT in line and caller in line]
    if not lines:
        raise Broken(f"the door was shut ({said}), and the broker's log tells of no failed handshake")
    return f"{said}; broker: {lines[0].strip()}"


def _denial(attempt: Event, broker: Event) -> str:
    """The line of the broker's log that denies exactly this deed."""
    operation, kind = _ASKS[attempt["deed"]]
    wanted = {
        "principal": attempt["principal_of"],
        "operation": operation,
        "kind": kind,
        "name": attempt["resource"],
    }
    for line in _log(broker):
        found = _DENIED.search(line)
        if found is not None and found.groupdict() == wanted:
            return found[0].removesuffix(" for request")
    raise Broken(
        f"the client was refused, and the broker's log holds no denial of {operation} on {attempt['resource']} "
        f"for User:{attempt['principal_of']}"
    )


def _log(broker: Event) -> list[str]:
    if broker["log"] != "read":
        raise Unknowable("the client was refused, but nobody here can read the broker's own log")
    return list(broker["lines"])


def _attempt(history: History, who: str, deed: str, what: str) -> tuple[Event, Event]:
    """The attempt, and what was collected of the broker's log right after it."""
    wanted = (who, deed, what)
    for at, event in enumerate(history.events):
        if event["what"] == What.ATTEMPT and (event["by"], event["deed"], event["on"]) == wanted:
            after = next((one for one in history.events[at:] if one["what"] == What.BROKER), None)
            if after is None:
                raise NotReached(f"{who} tried, and the broker's log was never looked into")
            return event, after
    raise NotReached(f"{who} never tried to {deed} {what}")
