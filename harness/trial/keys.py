"""Checks about the life of keys: what a withdrawal, an expiry or a new key does to what was signed, on every side.

A part of `checks`, in a module of its own for its length. The rule they hold everybody to: docs/wire.md, section 5.
"""

from __future__ import annotations

from harness.errors import NotProved
from harness.evidence import records
from harness.evidence.audit import Audited, audit, shown
from harness.exchange.reasons import by_code
from harness.trial.checks import Broken, NotReached, Topic, check, receiver_of, sender_of
from harness.trial.history import History, Seen, What


@check(Topic.SECURITY)
def good_for_all(history: History, *, of: str) -> str:
    """What was signed in time is good: to both windows by their logs, and to an auditor by each one's bundle alone."""
    # Several identities stand here side by side: what is under way together is good together.
    identities = of.split()
    for one in identities:
        _taken(history, one)
    for one in identities:
        for party in (sender_of(history, one), receiver_of(history, one)):
            _proved(history, one, party)
    return f"{len(identities)} message(s): received, their answers known to their senders, both sides' bundles verify"


def _taken(history: History, of: str) -> None:
    sender, receiver = sender_of(history, of), receiver_of(history, of)
    if refused := history.log(receiver, records.REFUSED, identity=of):
        raise Broken(f"{receiver} refused it (log {refused[0].index}, reason {refused[0].get('reason')})")
    if not history.log(receiver, records.RECEIVED, identity=of):
        raise Broken(f"the log of {receiver} does not know it")
    answers = history.log(receiver, records.ANSWERED, of=of)
    heard = {one.get("identity") for one in history.log(sender, records.ACKNOWLEDGED, of=of)}
    if not answers or answers[0].get("identity") not in heard:
        raise Broken(f"the log of {sender} does not know the answer of {receiver}")


def _proved(history: History, of: str, party: str) -> None:
    written = _bundles(history, party, of)
    if not written:
        raise NotReached(f"{party} wrote no evidence about it")
    try:
        audited = _audited(history, written[-1])
    except NotProved as error:
        raise Broken(f"the evidence of {party} does not verify: {error}") from error
    if of not in {one.identity for one in audited.messages}:
        raise Broken(f"the evidence of {party} does not hold it")


@check(Topic.SECURITY)
def good_until_known(history: History, *, of: str, by: str, because: str) -> str:
    """What was taken before a withdrawal was known was good evidence that day, and once it is known proves nothing."""
    written = _bundles(history, by, of)
    if len(written) < 2:
        raise NotReached(f"{by} wrote {len(written)} bundle(s) about it, one before and one after are wanted")
    taken = history.log(by, records.RECEIVED, identity=of)
    known = [one for one in history.log(by, records.LISTED) if one.get("kind") == "revocation list"]
    if not taken or not known:
        raise NotReached(f"{by} took {len(taken)} such message(s) and {len(known)} revocation list(s)")
    if known[0].index < taken[0].index:
        raise Broken(f"{by} took it (log {taken[0].index}) when the withdrawal was known (log {known[0].index})")
    try:
        _audited(history, written[0])
    except NotProved as error:
        raise Broken(f"the evidence before does not verify: {error}") from error
    try:
        _audited(history, written[-1])
    except NotProved as error:
        if because not in error.found:
            raise Broken(f"the evidence after fails for another reason: {error.found}") from error
        return f"taken (log {taken[0].index}) before it was known (log {known[0].index}); after: {error.found}"
    raise Broken("the evidence after still verifies")


@check(Topic.SECURITY)
def list_refused(history: History, *, raw: str, by: str, reason: str) -> str:
    """A list that must not be taken is refused for the right reason, logged, and never in force."""
    if taken := history.log(by, records.LISTED, raw=raw):
        raise Broken(f"{by} took it in force (log {taken[0].index})")
    declined = history.log(by, records.DECLINED, raw=raw)
    if not declined:
        raise Broken(f"the log of {by} holds no refusal of it")
    expected = by_code(reason)
    said = (declined[0].get("reason"), declined[0].get("step"))
    if said != (reason, expected.step.name.lower()):
        raise Broken(f"{by} refused it with {said[0]} at step {said[1]}, expected {reason} {expected.name}")
    return f"{expected.code} {expected.name}, step {said[1]}, log {declined[0].index}"


@check(Topic.SECURITY)
def bad_for_all(history: History, *, of: str, by: str, reason: str, because: str) -> str:
    """What is no good is no good for all: to its receiver, to the side it came from, and to an auditor of either."""
    came = history.tokens(of)
    if not came:
        raise NotReached("what was to be refused never came on a topic")
    sender = str(came[0].said.get("source"))
    declined = history.log(by, records.REFUSED, identity=of)
    if not declined or declined[0].get("reason") != reason:
        raise Broken(f"{by} did not refuse it for {reason}: {[one.get('reason') for one in declined]}")
    stating = {
        seen.sealed.identity
        for seen in history.receipts(of)
        if seen.receipt is not None and reason in {one.reason for one in seen.receipt.statements}
    }
    # A window hears of what it sent itself; what came from its country past it, it can only keep.
    heard = [*history.log(sender, records.ACKNOWLEDGED), *history.log(sender, records.KEPT)]
    if stating.isdisjoint(str(one.get("identity")) for one in heard):
        raise Broken(f"the log of {sender} does not know that {by} refused it for {reason}")
    found = ""
    for party in (sender, by):
        found = _shown(history, came[0], party)
        if because not in found:
            raise Broken(f"an auditor with the evidence of {party} finds {found or 'nothing wrong'}")
    return f"{by} refused it (log {declined[0].index}), {sender} knows, both sides' evidence: {found}"


def _shown(history: History, seen: Seen, party: str) -> str:
    """What an auditor has against a message that is shown beside this party's last bundle; empty when nothing."""
    written = [str(one["path"]) for one in history.of(What.BUNDLE) if one["party"] == party]
    if not written:
        raise NotReached(f"{party} wrote no evidence that it could be shown beside")
    try:
        _audited(history, written[-1])
    except NotProved as error:
        raise Broken(f"the evidence of {party} does not verify: {error}") from error
    data = (history.folder / written[-1]).read_bytes()
    try:
        shown(data, seen.delivery.value, at=seen.delivery.at, roots=_roots(history))
    except NotProved as error:
        return error.found
    return ""


def _bundles(history: History, party: str, of: str) -> list[str]:
    return [str(one["path"]) for one in history.of(What.BUNDLE) if (one["party"], one.get("of")) == (party, of)]


def _audited(history: History, path: str) -> Audited:
    return audit((history.folder / path).read_bytes(), roots=_roots(history))


def _roots(history: History) -> dict[str, str]:
    return {str(each["country"]): str(each["anchor"]) for each in history.of(What.COUNTRY)}
