"""The checks of isolation: third countries kept out, and what the broker's operator does found out by name.

Pure functions of a history, as those of `harness.trial.checks`, where checks are made and judged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from harness.evidence import records
from harness.trial import secrets
from harness.trial.checks import Broken, NotReached, Topic, Unknowable, check, receiver_of, sender_of
from harness.trial.history import History, Logged, What
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


@check(Topic.SECURITY)
def operator_learns_nothing(history: History, *, of: str) -> str:
    """In all that the broker's operator can read stands nothing of an encrypted document but its way."""
    hidden = secrets.words(history, of)
    if not hidden:
        raise NotReached("no party handed over the document, so nobody knows what to look for")
    seen = list(history.of(What.DELIVERY))
    if not any(secrets.under_cover(event) for event in seen):
        raise Broken("nothing that the operator saw is encrypted")
    for event in seen:
        found = secrets.found_in(event, hidden)
        if found is not None:
            where, word = found
            raise Broken(f"the operator reads {word!r} in the {where} of {event['topic']} at {event['offset']}")
    covered = sum(1 for event in seen if secrets.under_cover(event))
    return f"{len(hidden)} values looked for in {len(seen)} records, {covered} of them encrypted: none is there"


@check(Topic.SECURITY)
def drop_found_out(history: History, *, of: str) -> str:
    """What the broker acknowledged and never handed on is found out by name: proof of transport here, a gap there."""
    sender = sender_of(history, of)
    sent = history.log(sender, records.SENT, identity=of)[0]
    receiver, number = str(sent.get("receiver")), _number(sent, "sequence")
    transported = history.log(sender, records.TRANSPORTED, identity=of)
    if not transported:
        raise NotReached(f"the log of {sender} has no proof that the broker took it")
    if any(of in (one.get("identity"), one.get("came")) for one in history.logs.get(receiver, ())):
        raise NotReached(f"it came to {receiver}")
    later = [one for one in history.logs.get(receiver, ()) if _came_from(one, sender) > number]
    if not later:
        raise NotReached(f"nothing that {sender} numbered after it came to {receiver}, so nobody can miss it yet")
    missed = _gap(history, receiver, sender, number)
    if missed is None:
        raise Broken(f"{receiver} logged number {_came_from(later[0], sender)} of {sender} and never missed {number}")
    place = "/".join(str(transported[0].get(name)) for name in ("topic", "partition", "offset"))
    return (
        f"{sender} holds the broker's word for {place}; {receiver} missed number {number} (log {missed.index}) "
        f"when number {_number(missed, 'last') + 1} came"
    )


@check(Topic.SECURITY)
def reorder_found_out(history: History, *, first: str, second: str) -> str:
    """What the broker handed on in another order than it was put is found out by the numbers that its sender signed."""
    sender, receiver = sender_of(history, first), receiver_of(history, first)
    numbers = [_number(history.log(sender, records.SENT, identity=one)[0], "sequence") for one in (first, second)]
    places = [history.tokens(one)[0].delivery for one in (first, second)]
    if numbers[0] > numbers[1] or places[0].topic != places[1].topic or places[0].offset < places[1].offset:
        raise NotReached(f"numbers {numbers} came in their order")
    if _gap(history, receiver, sender, numbers[0]) is None:
        raise Broken(f"{receiver} took number {numbers[1]} of {sender} and did not miss number {numbers[0]}")
    late = history.log(receiver, records.LATE, sender=sender, sequence=numbers[0], came=first)
    if not late:
        raise Broken(f"the log of {receiver} does not say that number {numbers[0]} of {sender} came late")
    return f"{receiver} missed number {numbers[0]} when {numbers[1]} came, and noted it as late (log {late[0].index})"


def _gap(history: History, receiver: str, sender: str, number: int) -> Logged | None:
    """The record in which `receiver` says that this number of `sender` was missing."""
    gaps = history.log(receiver, records.GAP, sender=sender)
    return next((one for one in gaps if _number(one, "first") <= number <= _number(one, "last")), None)


def _came_from(logged: Logged, sender: str) -> int:
    """The number under which something of `sender` came, as this record has it; 0 when it tells of none."""
    return _number(logged, "sequence") if logged.get("sender") == sender and logged.get("offset") is not None else 0


def _number(logged: Logged, name: str) -> int:
    found = logged.get(name)
    return found if isinstance(found, int) else 0


def _at_the_door(attempt: Event, broker: Event) -> str:
    """The line of the broker's log about the very connection that was shut."""
    said, port = attempt["error"]["said"], attempt["error"]["port"]
    caller = f":{port}-" if port else ""  # 0: somebody relays, and the lines are those that came after the knock
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
