"""The checks: pure functions of a history, each the keeper of one promise.

A check reads what the tap saw and what each party's evidence log gave out, and nothing else; it never asks a window.
Every check has a saboteur in `nodes.saboteurs` that breaks exactly its promise and that it must catch by name
(tests/saboteurs). The standing checks are made of every run; the others where a scenario promises them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from certs.errors import TrustError
from certs.jwe import looks_encrypted
from harness.errors import NotProved
from harness.evidence import checkpoint as checkpoints
from harness.evidence import dispute, records
from harness.evidence.audit import audit
from harness.evidence.checkpoint import Checkpoint
from harness.evidence.merkle import Tree, leaf_hash
from harness.exchange.cover import claims_receipt
from harness.exchange.envelope import WITNESS, Type
from harness.exchange.reasons import REPLAYED, WRONG_RECEIVER, Step, by_code
from harness.exchange.receipt import NEGATIVE, Level, Status
from harness.trial.history import History, Logged, Seen, What
from harness.trial.verdict import Judged, Verdict


class Topic:
    """Report headings, after the toolkit's groups of topics."""

    INTEROPERABILITY: Final = "interconnection and interoperability"
    SECURITY: Final = "data security"
    DISPUTES: Final = "liability and dispute management"


class NotReached(Exception):
    """The step that the check is about never happened."""


class Unknowable(Exception):
    """What the promise asks for cannot be known from here; says what is missing."""


class Broken(Exception):
    """The promise did not hold; says what was seen instead."""


Find = Callable[..., str]


@dataclass(frozen=True)
class Check:
    """A check: its name, its promise in one sentence, the report heading, and the function that looks."""

    name: str
    promise: str
    topic: str
    standing: bool
    find: Find

    def __call__(self, history: History, **args: object) -> Judged:
        """Judge one promise of a finished history."""
        told = ", ".join(f"{name}={_short(value)}" for name, value in args.items())

        def judged(verdict: Verdict, saw: str) -> Judged:
            expected = f"{self.promise}{f' ({told})' if told else ''}"
            return Judged(self.name, self.promise, verdict, expected, saw, self.topic)

        try:
            return judged(Verdict.HELD, self.find(history, **args))
        except NotReached as error:
            return judged(Verdict.NOT_REACHED, str(error))
        except Unknowable as error:
            return judged(Verdict.UNKNOWN, str(error))
        except Broken as error:
            return judged(Verdict.BROKEN, str(error))


CHECKS: Final[dict[str, Check]] = {}
"""All checks by name."""


def check(topic: str, *, standing: bool = False) -> Callable[[Find], Check]:
    """Make a check of a function that returns what it saw or raises one of the above; its docstring promises."""

    def make(find: Find) -> Check:
        promise = (find.__doc__ or "").strip().splitlines()[0].rstrip(".")
        made = Check(find.__name__, promise, topic, standing, find)
        CHECKS[made.name] = made
        return made

    return make


# ------------------------------------------------------------------------------------------- interoperability


@check(Topic.INTEROPERABILITY)
def five_levels(history: History, *, of: str, accepted: str = Status.ACCEPTED) -> str:
    """All five acknowledgement levels came back, each for itself, and the authority's decision is the expected one."""
    sender = sender_of(history, of)
    transported = history.log(sender, records.TRANSPORTED, identity=of)
    if not transported:
        raise Broken(f"L0 is missing: the log of {sender} has no proof that the broker took it")
    put = {(one.delivery.topic, one.delivery.partition, one.delivery.offset) for one in history.tokens(of)}
    place = tuple(transported[0].get(name) for name in ("topic", "partition", "offset"))
    if place not in put:
        raise Broken(f"L0 is untrue: {sender} logged {place}, the tap saw it at {sorted(put)}")
    wanted = {Level.TECHNICAL: Status.RECEIVED, Level.APPLICATION: Status.ADMITTED, Level.AUTHORITY: accepted}
    said = {Level.TECHNICAL: "", Level.DELIVERY: "", Level.APPLICATION: "", Level.AUTHORITY: ""}
    for seen in history.receipts(of)[:1]:
        receipt = seen.receipt
        said |= {one.level: one.status.value for one in receipt.statements} if receipt else {}
    for level, status in said.items():
        if not status:
            raise Broken(f"{level.value} is missing: the receipt states {_spell(said)}")
        if status != wanted.get(level, status) or status in NEGATIVE:
            raise Broken(f"{level.value} states {status}, expected {wanted.get(level, 'delivered')}")
    return f"L0 offset {transported[0].get('offset')}; {_spell(said)}"


@check(Topic.INTEROPERABILITY)
def original_untouched(history: History, *, of: str) -> str:
    """What the receiver keeps as the original is byte for byte what was sent, and its own version stands beside it."""
    sender, receiver = sender_of(history, of), receiver_of(history, of)
    sent = history.log(sender, records.SENT, identity=of)[0]
    received = history.log(receiver, records.RECEIVED, identity=of)
    if not received:
        raise NotReached(f"{receiver} has no record of receiving it")
    if received[0].get("payload") != sent.get("payload"):
        raise Broken(
            f"{sender} sent {_short(sent.get('payload'))}, {receiver} keeps {_short(received[0].get('payload'))}"
        )
    wire = {hashlib.sha256(seen.document).hexdigest() for seen in history.tokens(of)}
    if wire != {sent.get("payload")}:
        raise Broken(f"the wire carried {sorted(map(_short, wire))}, sent was {_short(sent.get('payload'))}")
    translated = history.log(receiver, records.TRANSLATED, identity=of)
    if not translated:
        raise Broken(f"{receiver} keeps no version of its own")
    return f"payload {_short(sent.get('payload'))} on both sides, own version {_short(translated[0].get('own'))}"


@check(Topic.INTEROPERABILITY)
def use_reported(history: History, *, of: str, quantity: str) -> str:
    """What customs used of a certificate is known to its issuer, as a statement on level 4 after the acceptance."""
    sender, receiver = sender_of(history, of), receiver_of(history, of)
    used = history.log(receiver, records.USED, of=of)
    if not used:
        raise NotReached(f"customs of {receiver} used nothing of it")
    for seen in history.receipts(of):
        said = seen.statement(Level.AUTHORITY)
        if said is not None and said.status in (Status.UTILISED, Status.UTILISED_PARTLY) and said.quantity == quantity:
            if not history.log(sender, records.ACKNOWLEDGED, identity=seen.sealed.identity):
                raise Broken(f"the report was sent, but the log of {sender} does not know it")
            return f"{said.status.value} {quantity} for {said.declaration}, known to {sender}"
    raise Broken(f"{receiver} logged a use of {used[0].get('quantity')}, and no receipt reports {quantity}")


@check(Topic.INTEROPERABILITY)
def unreadable_is_failure(history: History, *, of: str) -> str:
    """An unreadable document is stated as not readable on level 2, and known so at the sender, never as delivered."""
    sender = sender_of(history, of)
    stated = [one for seen in history.receipts(of) if (one := seen.statement(Level.DELIVERY)) is not None]
    if not stated:
        raise Broken("no receipt states level 2 at all")
    for one in stated:
        if one.status is not Status.NOT_READABLE:
            raise Broken(f"level 2 states {one.status.value}")
    known = [word for logged in history.log(sender, records.ACKNOWLEDGED, of=of) for word in _words(logged)]
    if f"L2 {Status.NOT_READABLE.value}" not in known:
        raise Broken(f"the log of {sender} knows {known}")
    return f"L2 not_readable ({stated[0].found}), known to {sender}"


@check(Topic.INTEROPERABILITY)
def early_receipt_kept(history: History, *, receipt: str, cause: str, at: str) -> str:
    """A receipt that overtook what it follows is kept and matched when that comes, not refused."""
    refused = history.log(at, records.REFUSED, identity=receipt)
    if refused:
        raise Broken(f"{at} refused it: {_reason(refused[0])}")
    order = [
        logged.record.event
        for logged in history.logs.get(at, ())
        if receipt == logged.get("identity")
        or (cause == logged.get("identity") and logged.record.event == "acknowledged")
    ]
    if records.KEPT not in order:
        raise NotReached(f"{at} never had to keep it: {order}") if order else Broken(f"{at} lost it without a trace")
    expected = [records.KEPT, records.ACKNOWLEDGED, records.MATCHED, records.ACKNOWLEDGED]
    if order != expected:
        raise Broken(f"the log of {at} tells {order}, expected {expected}")
    return f"{at} kept it, matched it to {_short(cause)} and took it in"


# ---------------------------------------------------------------------------------------------- data security


@check(Topic.SECURITY)
def refused_with_reason(history: History, *, of: str, by: str, reason: str, clause: str = "", inside: str = "") -> str:
    """It was refused for the right reason, at that reason's step, on the wire and in the log, and had no effect."""
    expected = by_code(reason)
    # What was hidden in it is another message, and none of its own: who knows it has opened what was to stay closed.
    if inside and (known := [one.index for one in history.logs.get(by, ()) if one.get("identity") == inside]):
        raise Broken(f"{by} opened it, and took on what was inside (log {known[0]})")
    if not history.tokens(of):
        raise NotReached("what was to be refused never came on a topic")
    logged = history.log(by, records.REFUSED, identity=of)
    # A rule is found broken in a document that was read already; what is refused earlier is not even read.
    if expected.step <= Step.MAP and (effects := history.log(by, records.TRANSLATED, identity=of)):
        raise Broken(f"{by} took it on as a document (log {effects[0].index})")
    answers = history.log(by, records.ANSWERED, of=of)
    if admitted := [one.index for one in answers if f"{Level.APPLICATION} {Status.ADMITTED}" in _words(one)]:
        raise Broken(f"{by} admitted it (log {admitted[0]})")
    if not logged:
        raise Broken(f"the log of {by} holds no refusal of it")
    if logged[0].get("reason") != reason:
        raise Broken(
            f"{by} refused it for another reason: {_reason(logged[0])}, expected {expected.code} {expected.name}"
        )
    if logged[0].get("step") != expected.step.name.lower():
        raise Broken(f"{by} refused it at step {logged[0].get('step')}, expected {expected.step.name.lower()}")
    stated = [
        one for seen in history.receipts(of) if (receipt := seen.receipt) for one in receipt.statements if one.reason
    ]
    if not stated or stated[0].reason != reason:
        raise Broken(f"no signed receipt states reason {reason}: {[one.reason for one in stated]}")
    if clause and clause not in (stated[0].clause or ""):
        raise Broken(f"the refusal rests on {stated[0].clause!r}, expected {clause!r}")
    return f"{expected.code} {expected.name}, step {expected.step.name.lower()}, {stated[0].clause}"


@check(Topic.SECURITY)
def one_effect(history: History, *, of: str) -> str:
    """A message that came twice has one effect, and each copy is answered with the first receipt, byte for byte."""
    receiver = receiver_of(history, of)
    copies = history.tokens(of)
    if len(copies) < 2:
        raise NotReached(f"it was seen {len(copies)} time(s) on its topic")
    effects = history.log(receiver, records.TRANSLATED, identity=of)
    received = history.log(receiver, records.RECEIVED, identity=of)
    if (len(effects), len(received)) != (1, 1):
        raise Broken(f"{receiver} received it {len(received)} time(s) and worked on it {len(effects)} time(s)")
    refused = history.log(receiver, records.REFUSED, identity=of, reason=REPLAYED.code)
    if len(refused) != len(copies) - 1:
        raise Broken(f"{len(copies) - 1} copies too many, {len(refused)} logged as replayed")
    answers = [seen.delivery.value for seen in history.receipts(of) if seen.statement(Level.TECHNICAL) is not None]
    if len(answers) != len(copies) or len(set(answers)) != 1:
        raise Broken(f"{len(answers)} answers, {len(set(answers))} different ones; expected the first receipt again")
    return f"{len(copies)} copies, one effect (log {effects[0].index}), {len(answers)} identical receipts"


@check(Topic.SECURITY)
def equivocation_proved(history: History, *, first: str, second: str) -> str:
    """Two contents under one id are both kept as proof against their signer, and only the first has an effect."""
    receiver = receiver_of(history, first)
    kept = {logged.get("identity") for logged in history.log(receiver, records.RECEIVED)}
    if not history.tokens(second):
        raise NotReached("the second content never came on a topic")
    if not {first, second} <= kept:
        raise Broken(f"{receiver} did not keep both contents")
    ids = {seen.said.get("id") for one in (first, second) for seen in history.tokens(one)}
    if len(ids) != 1:
        raise NotReached(f"these are two ids, {ids}: no equivocation")
    effects = [
        one.get("identity")
        for one in history.log(receiver, records.TRANSLATED)
        if one.get("identity") in (first, second)
    ]
    if effects != [first]:
        raise Broken(f"{receiver} worked on {[_short(one) for one in effects]}, expected the first alone")
    return f"both contents of {ids.pop()} kept at {receiver}, the first alone has an effect"


# -------------------------------------------------------------------------------------------- dispute logging


@check(Topic.DISPUTES)
def claim_ruled(history: History, *, claimant: str, respondent: str, of: str, outcome: str) -> str:
    """Two evidence bundles suffice to decide the claim, offline, and it is decided as the facts demand."""
    bundles = {event["party"]: event for event in history.of(What.BUNDLE)}
    if not {claimant, respondent} <= bundles.keys():
        raise NotReached(f"bundles of {sorted(bundles)} only")
    parties = (claimant, respondent)
    roots = {str(event["country"]): str(event["anchor"]) for event in history.of(What.COUNTRY)}
    known = {party: roots[party] for party in parties if party in roots}
    try:
        audited = {
            party: audit((history.folder / bundles[party]["path"]).read_bytes(), roots=known) for party in parties
        }
    except NotProved as error:
        raise Broken(f"a bundle does not verify: {error}") from error
    ruling = dispute.rule_no_answer(audited[claimant], audited[respondent], of)
    if ruling.outcome != outcome:
        raise Broken(f"ruled {ruling.outcome}, because {ruling.because}; expected {outcome}")
    return f"{ruling.outcome}: {ruling.because}"


@check(Topic.DISPUTES, standing=True)
def answered_is_logged(history: History) -> str:
    """Every receipt that left a party stands in its log."""
    count = 0
    for seen, receipt in history.given:
        party = str(seen.said.get("source"))
        if party not in history.logs:
            continue
        count += 1
        logged = history.log(party, records.ANSWERED, raw=seen.sealed.raw)
        if not logged:
            raise Broken(f"{party} answered {_short(receipt.of)}, and its log does not hold that answer")
    _reached(count, "no receipt was seen on an inbox")
    return f"{count} receipt(s), each in its signer's log"


@check(Topic.DISPUTES, standing=True)
def every_message_answered(history: History) -> str:
    """Every message that came on an inbox was answered with a signed receipt."""
    asked = [
        seen
        for seen in history.deliveries
        if seen.in_inbox
        and seen.said.get("type") not in (Type.RECEIPT, *WITNESS)
        and not claims_receipt(seen.delivery.value)
    ]
    for seen in asked:
        if not history.receipts(seen.sealed.identity):
            raise Broken(
                f"{seen.said.get('subject', _short(seen.sealed.identity))} on {seen.delivery.topic} has no answer"
            )
    _reached(len(asked), "no message was seen on an inbox")
    return f"{len(asked)} message(s), all answered"


@check(Topic.DISPUTES, standing=True)
def heard_as_said(history: History) -> str:
    """What a party logs of a receipt is exactly what the receipt says, and each receipt that reached it is logged."""
    count = 0
    for party, log in history.logs.items():
        by_identity = {str(one.get("identity")): one for one in log if one.record.event == records.ACKNOWLEDGED}
        known = {str(one.get("identity")) for one in log if _heard(one)}
        for seen, receipt in history.given:
            if seen.said.get("receiver") != party:
                continue
            if seen.sealed.identity not in known:
                raise Broken(f"{party} never logged the receipt about {_short(receipt.of)}")
            count += 1
            heard = by_identity.get(seen.sealed.identity)
            said = [f"{one.level.value} {one.status.value}" for one in receipt.statements]
            if heard is not None and _words(heard) != said:
                raise Broken(f"{party} logged {_words(heard)} of a receipt that says {said}")
    for seen in history.deliveries:
        delivery = seen.delivery
        place = (delivery.topic, delivery.partition, delivery.offset)
        if seen.in_inbox and looks_encrypted(delivery.value) and place not in history.taken:
            raise Broken(f"what came encrypted on {delivery.topic} at {delivery.offset} is in no log of its reader")
    _reached(count, "no receipt was seen on an inbox")
    return f"{count} receipt(s), logged as they were said"


@check(Topic.DISPUTES, standing=True)
def logs_hold_together(history: History) -> str:
    """The log each party gives out is the one whose roots it signed and had cosigned while the run went on."""
    trees = {party: _tree(log) for party, log in history.logs.items()}
    shown: dict[tuple[str, str], set[tuple[int, bytes]]] = {}
    cosigned: dict[tuple[str, str], set[tuple[int, bytes]]] = {}
    for seen in history.deliveries:
        source, receiver = str(seen.said.get("source")), str(seen.said.get("receiver"))
        if not seen.by_owner:
            continue
        if (mark := _checkpoint(seen)) is not None:
            tree = trees.get(source, Tree())
            if tree.size < mark.size:
                raise Broken(f"{source} signed a log of {mark.size} records and gives out {tree.size}")
            if tree.root(mark.size) != mark.root:
                raise Broken(f"the first {mark.size} records that {source} gives out do not have the root it signed")
            shown.setdefault((source, receiver), set()).add((mark.size, mark.root))
        elif (mark := _cosigned(seen)) is not None:
            cosigned.setdefault((receiver, source), set()).add((mark.size, mark.root))
    _reached(len(shown), "no party signed a checkpoint")
    for (owner, witness), roots in shown.items():
        if not roots & cosigned.get((owner, witness), set()):
            raise Broken(f"{witness} cosigned no root that {owner} showed it")
    return f"{sum(map(len, shown.values()))} signed root(s) of the logs given out, each log cosigned by its partners"


# -------------------------------------------------------------------------------------------------- small helps


def _reached(count: int, otherwise: str) -> None:
    """A promise about each of none was not put to the test, so it is not held."""
    if not count:
        raise NotReached(otherwise)


def sender_of(history: History, of: str) -> str:
    """Whose log says that it sent this. Raises NotReached."""
    for party in history.logs:
        if history.log(party, records.SENT, identity=of):
            return party
    raise NotReached(f"no party's log says that it sent {_short(of)}")


def receiver_of(history: History, of: str) -> str:
    """To whom it is addressed, as it came on a topic. Raises NotReached."""
    for seen in history.tokens(of):
        return str(seen.said.get("receiver"))
    raise NotReached(f"{_short(of)} never came on a topic")


def _heard(logged: Logged) -> bool:
    """Whether a record says that a receipt was taken in, kept for later, or refused because it had no place here."""
    if logged.record.event == records.REFUSED:
        return logged.get("reason") in (REPLAYED.code, WRONG_RECEIVER.code)
    return logged.record.event in (records.ACKNOWLEDGED, records.KEPT)


def _checkpoint(seen: Seen) -> Checkpoint | None:
    """The checkpoint that its owner signed and shows; None when there is none: an insider signs anything."""
    if seen.opened is None or seen.opened.envelope.type != Type.CHECKPOINT:
        return None
    data = seen.opened.envelope.data
    shown = data.get("checkpoint") if isinstance(data, dict) else None
    try:
        return checkpoints.opened(str(shown).encode(), seen.opened.signer.certificate)
    except (TrustError, NotProved):
        return None


def _cosigned(seen: Seen) -> Checkpoint | None:
    """The checkpoint of a partner's log that its sender cosigned; None when there is none."""
    if seen.opened is None or seen.opened.envelope.type != Type.COSIGNATURE:
        return None
    data = seen.opened.envelope.data
    shown = data.get("cosignature") if isinstance(data, dict) else None
    try:
        return checkpoints.cosigned(str(shown).encode(), seen.opened.signer.certificate).checkpoint
    except (TrustError, NotProved):
        return None


def _tree(log: Sequence[Logged]) -> Tree:
    tree = Tree()
    for logged in log:
        tree.append(leaf_hash(logged.body))
    return tree


def _words(logged: Logged) -> list[str]:
    said = logged.get("statements")
    return [f"{one['level']} {one['status']}" for one in said] if isinstance(said, list | tuple) else []


def _reason(logged: Logged) -> str:
    code = str(logged.get("reason"))
    return f"{code} {by_code(code).name}"


def _spell(said: Mapping[Level, str]) -> str:
    return ", ".join(f"{level.value} {status or '-'}" for level, status in said.items())


def _short(value: object) -> str:
    text = str(value)
    return f"{text[:12]}..." if len(text) == 64 else text
