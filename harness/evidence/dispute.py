"""Rules that decide a dispute from the two sides' audited bundles: pure functions, no I/O, no clock.

The claim so far: "no-answer". A ruling says what follows from the evidence and no more; where something is
missing it is undecidable and says what. Checking the bundles themselves: harness.evidence.audit.

The rule for "I never got an answer to X", in the order in which it is asked:

    (1) both bundles speak of one agreement and one transaction, and X is the claimant's message to the respondent
    (2) the claimant signed two contents under the id of X                        misconduct, claimant
    (3) the respondent signed two receipts of X that contradict each other        misconduct, respondent
    (4) the claimant's own log shows that a receipt of X came                     refuted
    (5) a receipt of X was given, but nothing shows that it came                  undecidable
    (6) a receipt of X is there, and nobody can say who signed it                 undecidable
    (7) no receipt: X reached the respondent, by its own log, and the deadline
        has passed by its own clock                                               proven, respondent
    (8) otherwise                                                                 undecidable

Source: docs/wire.md, section 8. Receipt is never inferred from submission: who cosigns a root sees no message.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from harness.clock import stamp
from harness.errors import BadInput
from harness.evidence.audit import Audited, EntryFound, MessageFound, ReceiptFound


class Outcome(StrEnum):
    """What a ruling can say."""

    PROVEN = "proven"
    REFUTED = "refuted"
    MISCONDUCT = "misconduct"
    UNDECIDABLE = "undecidable"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What follows from the two bundles.

    Attributes:
        against: whom it goes against: the claimant when the claim is refuted; nobody when it is undecidable.
        because: one sentence, for people.
        evidence: what the sentence rests on, each as "PARTY: file".
    """

    outcome: Outcome
    against: str | None
    because: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Case:
    claimant: Audited
    respondent: Audited
    of: str
    message: MessageFound
    receipts: tuple[ReceiptFound, ...]

    def both(self) -> tuple[Audited, Audited]:
        return self.claimant, self.respondent


def rule_no_answer(claimant: Audited, respondent: Audited, of: str) -> Ruling:
    """Decide the claim "I never got an answer to the message with identity `of`".

    Raises:
        BadInput: two bundles of one party: there is no other side.
    """
    if claimant.party == respondent.party:
        raise BadInput(
            f"both bundles are {claimant.party}'s", expected="a bundle of each side", todo="ask the other side"
        )
    # (1) What the dispute is about.
    message = _message(claimant, respondent, of)
    if isinstance(message, Ruling):
        return message
    receipts = {
        each.identity: each
        for audited in (claimant, respondent)
        for each in audited.receipts
        if each.of == of and each.sender == respondent.party
    }
    case = _Case(claimant, respondent, of, message, tuple(receipts.values()))
    return (
        _equivocation(case)
        or _contradiction(case)
        or _came(case)
        or _given(case)
        or _in_doubt(case)
        or _in_default(case)
        or _nothing(case)
    )


def _message(claimant: Audited, respondent: Audited, of: str) -> MessageFound | Ruling:
    if claimant.agreement.sha256 != respondent.agreement.sha256:
        told = f"the two bundles rest on two agreements, {claimant.agreement.id} and {respondent.agreement.id}"
        return _undecidable(f"{told}, or on two texts of one")
    if claimant.correlation != respondent.correlation:
        told = f"{claimant.correlation} and {respondent.correlation}"
        return _undecidable(f"the two bundles are of two transactions, {told}")
    found = next((m for a in (claimant, respondent) for m in a.messages if m.identity == of), None)
    doubted = next((d for a in (claimant, respondent) for d in a.doubted if d.identity == of), None)
    if found is None and doubted is not None:
        return _undecidable(doubted.doubt)
    if found is None:
        return _undecidable(f"message {of[:12]} is in neither bundle")
    if (found.sender, found.receiver) != (claimant.party, respondent.party):
        told = f"message {of[:12]} went from {found.sender} to {found.receiver}"
        return _undecidable(f"{told}: it was not for {respondent.party} to answer {claimant.party}")
    return found


# (2) One id, two contents: whatever was answered, it was made unclear by the claimant.
def _equivocation(case: _Case) -> Ruling | None:
    for audited in case.both():
        for other in audited.messages:
            same = (other.sender, other.id) == (case.message.sender, case.message.id)
            if same and other.identity != case.of:
                because = f"{other.sender} signed two contents under one id, {other.id}"
                evidence = (*_where(case, case.of), f"{audited.party}: messages/{other.identity}.jws")
                return Ruling(Outcome.MISCONDUCT, other.sender, because, evidence)
    return None


# (3) Only the levels that are settled once. L1 is about one copy: a spoilt one has the same identity. And an authority
# may decide anew: its earlier word stands beside the later.
def _contradiction(case: _Case) -> Ruling | None:
    said: dict[str, tuple[str, ReceiptFound]] = {}
    for receipt in case.receipts:
        for statement in receipt.statements:
            if statement.level in ("L1", "L4"):
                continue
            status, first = said.setdefault(statement.level, (statement.status, receipt))
            if status != statement.status:
                because = (
                    f"{receipt.sender} signed two receipts that contradict each other:"
                    f" {statement.level} {status} and {statement.level} {statement.status}"
                )
                evidence = (*_where(case, first.identity), *_where(case, receipt.identity))
                return Ruling(Outcome.MISCONDUCT, receipt.sender, because, evidence)
    return None


# (4) The claimant's own log, which the respondent cosigned, speaks against the claimant.
def _came(case: _Case) -> Ruling | None:
    claimant, respondent = case.claimant, case.respondent
    for receipt in case.receipts:
        came = _entry(claimant, "acknowledged", "refused", "kept", "matched", identity=receipt.identity)
        if came is None:
            continue
        how = {"acknowledged": "", "refused": ", where it was refused", "kept": ", where it waits"}.get(came.event, "")
        given = _entry(respondent, "answered", identity=receipt.identity)
        if given is not None:
            because = (
                f"{respondent.party}'s receipt, log {given.index}{_cosigned(respondent)}; in {claimant.party}'s log"
            )
            because = f"{because} too, at {came.index}{how}"
        else:
            because = f"{respondent.party}'s receipt, {claimant.party}'s own log {came.index}{how}{_cosigned(claimant)}"
        deadline = _deadline(case)
        if deadline is not None and receipt.at > deadline:
            because = f"{because}; it was late, {stamp(receipt.at)} against {stamp(deadline)}"
        evidence = [*_where(case, receipt.identity), f"{claimant.party}: log/{came.index}.json"]
        if given is not None:
            evidence.append(f"{respondent.party}: log/{given.index}.json")
        return Ruling(Outcome.REFUTED, claimant.party, because, tuple(evidence))
    return None


# (5) A receipt in the respondent's hands proves that it was given, not that it arrived.
def _given(case: _Case) -> Ruling | None:
    for receipt in case.receipts:
        given = _entry(case.respondent, "answered", identity=receipt.identity)
        if given is None:
            continue
        shown = "shows all of its log, and it is not there" if case.claimant.complete else "shows no record of it"
        because = (
            f"{case.respondent.party}'s receipt was given, log {given.index}{_cosigned(case.respondent)}; its arrival"
            f" is not proven: {case.claimant.party} {shown}"
        )
        evidence = (*_where(case, receipt.identity), f"{case.respondent.party}: log/{given.index}.json")
        return Ruling(Outcome.UNDECIDABLE, None, because, evidence)
    return None


# (6) It may be the respondent's own: who answered and lost its key later must not be convicted of silence.
def _in_doubt(case: _Case) -> Ruling | None:
    for audited in case.both():
        for each in audited.doubted:
            if isinstance(each, ReceiptFound) and each.of == case.of:
                return _undecidable(each.doubt)
    return None


# (7) The respondent's own log and its own clock: nothing has to be believed of the claimant. A message that came
# late, or that its sender back-dated, leaves the respondent its whole time from when it came.
def _in_default(case: _Case) -> Ruling | None:
    respondent = case.respondent
    came = _entry(respondent, "received", "refused", identity=case.of)
    deadline = _deadline(case, came.at) if came is not None else None
    if came is None or deadline is None or respondent.made <= deadline:
        return None
    because = (
        f"{respondent.party} {came.event} it, its own log {came.index}, and by {stamp(respondent.made)} shows no"
        f" receipt; the deadline was {stamp(deadline)}"
    )
    evidence = (*_where(case, case.of), f"{respondent.party}: log/{came.index}.json")
    return Ruling(Outcome.PROVEN, respondent.party, because, evidence)


# (8) Nothing follows; say what is missing.
def _nothing(case: _Case) -> Ruling:
    claimant, respondent, deadline = case.claimant, case.respondent, _deadline(case)
    sent, witnessed = _entry(claimant, "sent", identity=case.of), _witnessed(case)
    if sent is None:
        return _undecidable(f"no record in the log of {claimant.party} shows that it sent the message")
    if deadline is None:
        told = f"agreement {claimant.agreement.id} sets no deadline for answers to document {case.message.doctype}"
        return _undecidable(told)
    if respondent.made <= deadline:
        told = f"the deadline {stamp(deadline)} had not passed when {respondent.party} made its bundle"
        return _undecidable(f"{told}, {stamp(respondent.made)}")
    came = _entry(respondent, "received", "refused", identity=case.of)
    if came is not None:
        told = f"{respondent.party} {came.event} it only on {stamp(came.at)}, its own log {came.index}"
        return _undecidable(f"{told}, and its time to answer had not passed by {stamp(respondent.made)}")
    if witnessed is None:
        told = f"{respondent.party} shows no record of the message, and never cosigned {claimant.party}'s log"
        return _undecidable(f"{told}: neither receipt nor submission is proven")
    if witnessed <= deadline:
        return _undecidable("its submission was witnessed before the deadline, its delivery is not proven")
    told = f"{respondent.party} shows no record of the message, and witnessed its submission only on"
    return _undecidable(f"{told} {stamp(witnessed)}, after the deadline {stamp(deadline)}")


def _undecidable(because: str) -> Ruling:
    return Ruling(Outcome.UNDECIDABLE, None, because, ())


def _entry(audited: Audited, *events: str, identity: str) -> EntryFound | None:
    """The first record of one of these events about this token; the earlier event named wins."""
    for event in events:
        for entry in audited.entries:
            if entry.event == event and entry.fields.get("identity") == identity:
                return entry
    return None


def _deadline(case: _Case, came: datetime | None = None) -> datetime | None:
    """Until when the answer was due by the agreement, from when it was sent, or from when it came if that is later."""
    message = case.message
    for term in case.claimant.agreement.terms:
        if (term.doctype, term.sender, term.receiver) == (message.doctype, message.sender, message.receiver):
            start = message.at if came is None else max(message.at, came)
            return start + timedelta(seconds=term.answer_within_seconds)
    return None


def _witnessed(case: _Case) -> datetime | None:
    """When the respondent cosigned the claimant's log as shown."""
    return next((each.at for each in case.claimant.cosignatures if each.by == case.respondent.party), None)


def _cosigned(audited: Audited) -> str:
    return "".join(f", cosigned by {each.by}" for each in audited.cosignatures[:1])


def _where(case: _Case, identity: str) -> Iterator[str]:
    """Every file of the two bundles that holds this token."""
    for audited in case.both():
        for folder, tokens in (("messages", audited.messages), ("receipts", audited.receipts)):
            yield from (f"{audited.party}: {folder}/{identity}.jws" for each in tokens if each.identity == identity)
