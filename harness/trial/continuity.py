"""The checks of continuity: what must hold when parties, the broker, or the roads between them failed and came back.

Pure functions of a history, as all checks (`harness.trial.checks`). Where nobody was killed or cut off, nothing was put
to the test. Their saboteurs are in `nodes.mortals` and `nodes.saboteurs`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from harness.clock import moment
from harness.evidence import records
from harness.exchange import topics
from harness.exchange.envelope import Type
from harness.exchange.receipt import Level
from harness.trial.checks import Broken, NotReached, Topic, Unknowable, check, sender_of
from harness.trial.history import History, Logged, What

_WITNESS = (Type.CHECKPOINT, Type.COSIGNATURE)


@check(Topic.SECURITY)
def one_effect_each(history: History) -> str:
    """Whoever was killed or cut off, every document lodged was sent once, worked on once and decided once."""
    deaths = _deaths(history)
    for party, log in history.logs.items():
        lodged = Counter(str(one.record.correlation) for one in log if one.record.event == records.LODGED)
        sent = Counter(str(one.record.correlation) for one in log if one.record.event == records.SENT)
        for correlation, times in lodged.items():
            # A dispute is sent in the same transaction, and is no second document.
            disputes = len([one for one in history.log(party, records.DISPUTED, by=party) if _in(one, correlation)])
            if (times, sent[correlation] - disputes) != (1, 1):
                raise Broken(f"{party} lodged transaction {correlation} {times} time(s), sent {sent[correlation]}")
    messages = list(_messages(history))
    for message in messages:
        _one_effect(history, message)
    return f"{len(messages)} message(s), each with one effect, over {deaths} kill(s) or cut(s)"


@check(Topic.DISPUTES)
def every_answer_exists(history: History) -> str:
    """Whoever was killed or cut off, every message was answered, and its sender knows the answer."""
    deaths = _deaths(history)
    messages = list(_messages(history))
    heard = {
        (party, one.get("of"))
        for party, log in history.logs.items()
        for one in log
        if one.record.event == records.ACKNOWLEDGED and _opens(one)
    }
    answered = {receipt.of for seen, receipt in history.given if seen.statement(Level.TECHNICAL) is not None}
    for message in messages:
        of = message.get("identity")
        if of not in answered:
            raise Broken(f"{message.get('subject')} of {message.party} was never answered ({_short(of)})")
        if (message.party, of) not in heard:
            raise Broken(f"{message.party} does not know the answer about {message.get('subject')} ({_short(of)})")
    return f"{len(messages)} message(s), each answered, over {deaths} kill(s) or cut(s)"


@check(Topic.INTEROPERABILITY)
def order_kept(history: History) -> str:
    """Whoever was killed or cut off, what belongs to one consignment came, and was taken in, as it was sent."""
    deaths = _deaths(history)
    came: dict[tuple[str, bytes], dict[str, int]] = defaultdict(dict)
    for seen in history.deliveries:
        if seen.in_inbox and seen.opened is not None and seen.opened.envelope.type not in _WITNESS:
            # A second copy says nothing about order: the first one's place counts.
            told = came[seen.delivery.topic, seen.delivery.key]
            told.setdefault(seen.sealed.identity, seen.opened.envelope.sequence)
    for (topic, key), numbers in came.items():
        for one, other in pairwise(numbers.values()):
            if one >= other:
                raise Broken(f"number {other} of {topic} came after number {one} (consignment {key.decode()})")
    for party, log in history.logs.items():
        place = {str(one.get("identity")): one.index for one in reversed(log) if one.record.event in _TAKEN_IN}
        for (topic, key), numbers in came.items():
            if not topic.startswith(f"{party.lower()}.in."):
                continue
            places = [place[identity] for identity in numbers if identity in place]
            if places != sorted(places):
                raise Broken(f"{party} took in consignment {key.decode()} in another order than it came")
    _reached(came)
    return f"{len(came)} consignment(s) and direction(s), each in order, over {deaths} kill(s) or cut(s)"


@check(Topic.DISPUTES)
def logs_agree(history: History) -> str:
    """Whoever was killed or cut off, what one log says was sent, the other says was received, and of answers too."""
    deaths = _interruptions(history)
    messages = list(_messages(history))
    known = {message.get("identity") for message in messages}
    # Of a country whose log is empty no record tells; that it is one of this run does.
    gave_out = {str(event["country"]) for event in history.of(What.COUNTRY)} | set(history.logs)
    for party in history.logs:
        for one in history.log(party, records.RECEIVED):
            if one.get("sender") in gave_out and one.get("identity") not in known:
                raise Broken(f"{party} logged {one.get('subject')} as received, {one.get('sender')} never logged it")
    if not messages:
        raise _nothing_sent()
    for message in messages:
        of, receiver = message.get("identity"), str(message.get("receiver"))
        received = history.log(receiver, records.RECEIVED, identity=of)
        if not received:
            raise Broken(f"{message.party} logged {message.get('subject')} as sent, {receiver} never logged it")
        if received[0].get("payload") != message.get("payload"):
            raise Broken(f"{message.party} and {receiver} logged two contents of {message.get('subject')}")
        given, heard = (
            {one.get("raw"): one.get("statements") for one in history.log(party, event, of=of)}
            for party, event in ((receiver, records.ANSWERED), (message.party, records.ACKNOWLEDGED))
        )
        if given != heard:
            counted = f"{receiver} logged {len(given)} answer(s), {message.party} {len(heard)}"
            raise Broken(f"about {message.get('subject')}, {counted}")
    return f"{len(messages)} message(s), in both logs alike, over {deaths} kill(s) or cut(s)"


@check(Topic.SECURITY)
def poison_put_aside(history: History, *, of: str, by: str) -> str:
    """Poison is put aside untouched and refused with a signed receipt, and what stands behind it is worked on."""
    came = history.tokens(of)
    if not came:
        raise NotReached("the poison never came on a topic")
    inbox, place = came[0].delivery.topic, came[0].delivery.offset
    behind = [
        seen
        for seen in history.deliveries
        if seen.delivery.topic == inbox and seen.delivery.offset > place and seen.said.get("type") == Type.DOCUMENT
    ]
    if not behind:
        raise NotReached("nothing stands behind the poison")
    aside = [seen for seen in history.deliveries if seen.delivery.topic == topics.quarantine(by)]
    if came[0].delivery.value not in {seen.delivery.value for seen in aside}:
        raise Broken(f"the quarantine of {by} holds {len(aside)} record(s), and not the poison")
    if not any(seen.receipt is not None and seen.receipt.negative for seen in history.receipts(of)):
        raise Broken(f"no signed negative receipt of {by} is about the poison")
    for seen in behind:
        if not history.log(by, records.RECEIVED, identity=seen.sealed.identity):
            raise Broken(f"{by} never took on {seen.said.get('subject')}, which stands behind the poison")
    return f"the poison aside and refused, {len(behind)} document(s) behind it worked on"


@check(Topic.INTEROPERABILITY)
def deadline_kept(history: History, *, of: str) -> str:
    """The message was answered, by the broker's time, within what its corridor agreement allows."""
    sender = sender_of(history, of)
    deadline = moment(str(history.log(sender, records.SENT, identity=of)[0].get("deadline")))
    came = history.tokens(of)
    if not came:
        raise NotReached("it never came on a topic")
    answers = [seen.delivery.at for seen in history.receipts(of)]
    ended = max(moment(event["at"]) for event in history.events)
    if answers:
        late = (answers[0] - deadline).total_seconds()
        if late > 0:
            raise Broken(f"answered {late:.1f} s after the deadline")
        return (
            f"answered {(answers[0] - came[0].delivery.at).total_seconds():.1f} s after it came, {-late:.1f} s to spare"
        )
    if ended <= deadline:
        raise Unknowable(f"the run ended {(deadline - ended).total_seconds():.1f} s before the deadline, unanswered")
    raise Broken(f"unanswered {(ended - deadline).total_seconds():.1f} s after the deadline")


@check(Topic.SECURITY)
def held_to_its_rate(history: History, *, by: str, to: str, bytes_per_second: str) -> str:
    """What a party puts on a topic arrives, by the broker's time, no faster than its agreements let it write."""
    rate = int(bytes_per_second)
    came = [one.delivery for one in history.deliveries if one.delivery.topic == topics.inbox(to, by)]
    if not came:
        raise NotReached(f"nothing of {by} came")
    total = sum(len(one.value) for one in came)
    seconds = (came[-1].at - came[0].at).total_seconds()
    # A broker averages: what is free of waiting is what a whole window of its averages holds, and the last request.
    allowed = rate * (seconds + _AVERAGED_OVER) + _ONE_REQUEST
    if total <= rate * _AVERAGED_OVER + _ONE_REQUEST:
        raise NotReached(f"{total} bytes are no more than may come at once")
    if total > allowed:
        raise Broken(f"{total} bytes of {by} came within {seconds:.1f} s; agreed: {rate} a second")
    return f"{total} bytes took {seconds:.1f} s; agreed: {rate} a second"


@check(Topic.INTEROPERABILITY, standing=True)
def nobody_fell(history: History) -> str:
    """No window ended of a defect of its own, whatever came to it."""
    falls = [f"{event['party']} fell: {event['why']}" for event in history.of(What.FALL)]
    if falls:
        raise Broken("; ".join(falls))
    if not any(seen.in_inbox for seen in history.deliveries):
        raise NotReached("nothing came on an inbox that a window could have fallen over")
    return f"{len(history.logs)} window(s), all standing at the end"


ALL: Final = (one_effect_each, every_answer_exists, order_kept, logs_agree)
"""What every scenario of continuity promises."""

_AVERAGED_OVER: Final = 11  # seconds: Kafka's quota.window.num times quota.window.size.seconds, as they come
_ONE_REQUEST: Final = 80 * 1024  # octets, generously: what a flood puts before the broker next looks at the average

_TAKEN_IN = (records.RECEIVED, records.ACKNOWLEDGED, records.KEPT)


def _one_effect(history: History, message: Logged) -> None:
    of, receiver = message.get("identity"), str(message.get("receiver"))
    received = len(history.log(receiver, records.RECEIVED, identity=of))
    worked = len(history.log(receiver, records.TRANSLATED, identity=of))
    first = [one for one in history.log(receiver, records.ANSWERED, of=of) if _opens(one)]
    refused = history.log(receiver, records.REFUSED, identity=of)
    nothing_to_do = message.get("doctype") is None or bool(refused)
    told = f"{message.get('subject')} ({_short(of)})"
    if received != 1 or worked > 1 or (worked == 0 and not nothing_to_do):
        raise Broken(f"{receiver} received {told} {received} time(s) and worked on it {worked} time(s)")
    if len(first) != 1:
        raise Broken(f"{receiver} decided {len(first)} time(s) about {told}")


def _messages(history: History) -> Iterator[Logged]:
    """What the logs say was sent: documents and disputes."""
    for party in history.logs:
        yield from history.log(party, records.SENT)


def _interruptions(history: History) -> int:
    """Kills and cuts. Raises NotReached when there was none."""
    deaths = len(tuple(history.of(What.DEATH))) + len(tuple(history.of(What.CUT)))
    if not deaths:
        raise NotReached("nobody was killed, and no road was cut")
    return deaths


def _nothing_sent() -> NotReached:
    return NotReached("no log says that anything was sent")


def _deaths(history: History) -> int:
    """The same, where something was sent."""
    deaths = _interruptions(history)
    if not any(history.log(party, records.SENT) for party in history.logs):
        raise _nothing_sent()
    return deaths


def _opens(answer: Logged) -> bool:
    """Whether an answer is the first about its message: a later one, as of a use, states nothing on level 1."""
    said = answer.get("statements")
    return isinstance(said, list | tuple) and any(one["level"] == Level.TECHNICAL for one in said)


def _in(logged: Logged, correlation: str) -> bool:
    return logged.record.correlation == correlation


def _short(value: object) -> str:
    return f"{str(value)[:12]}..."


def _reached(found: object) -> None:
    if not found:
        raise NotReached("nothing was seen on an inbox")
