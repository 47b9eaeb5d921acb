"""Tells the demonstration from its history: six steps, each with what was really seen of it.

Nothing is said that the history does not hold: a step that finds nothing has nothing to say, and the judge's word
stands in its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.x509.oid import NameOID

from certs import jws
from certs.errors import TrustError
from harness.evidence import records
from harness.exchange.envelope import Type
from harness.exchange.reasons import REPLAYED, Reason, by_code
from harness.exchange.receipt import Level, Status
from harness.trial import checks
from harness.trial.history import History, Seen, What
from harness.trial.script import Told
from scenarios.demo.words import WORDS

LANGUAGES: Final = tuple(WORDS)


@dataclass(frozen=True)
class _Case:
    """One demonstration: its history, the message it is about, and the words to tell it in."""

    history: History
    language: str
    of: str
    sender: str
    receiver: str
    subject: str

    def say(self, name: str, **values: object) -> str:
        return WORDS[self.language][name].format(
            sender=self.sender, receiver=self.receiver, subject=self.subject, **values
        )


def tell(history: History, language: str) -> tuple[Told, ...]:
    """Tell the six steps in `language` (one of `LANGUAGES`). `saw` is empty where nothing was seen."""
    case = _case(history, language)
    steps: tuple[tuple[str, Callable[[_Case], str], checks.Check], ...] = (
        ("issues", _signed, checks.original_untouched),
        ("verifies", _verified, checks.five_levels),
        ("uses", _used, checks.use_reported),
        ("replays", _refused, checks.one_effect),
        ("claims", _claimed, checks.every_message_answered),
        ("arbiter", _ruled, checks.claim_ruled),
    )
    return tuple(Told(case.say(name), find(case) if case.of else "", rests_on.name) for name, find, rests_on in steps)


def _case(history: History, language: str) -> _Case:
    for sender in history.logs:
        for sent in history.log(sender, records.SENT):
            if sent.get("doctype") is not None:
                return _Case(
                    history,
                    language,
                    str(sent.get("identity")),
                    sender,
                    str(sent.get("receiver")),
                    str(sent.get("subject")),
                )
    return _Case(history, language, "", "QM", "QN", "CO-0001")


# (1) The seal on what came over the wire fits, and the key is the sender's; it came in another form than was lodged.
def _signed(case: _Case) -> str:
    lodged = [one.get("media_type") for one in case.history.log(case.sender, records.LODGED)]
    for seen in case.history.tokens(case.of):
        if seen.said.get("datacontenttype") not in lodged and _signer(seen) == case.sender:
            return case.say("signed")
    return ""


# (2) What the receiver's own version lost, and what its answer found.
def _verified(case: _Case) -> str:
    own = case.history.log(case.receiver, records.TRANSLATED, identity=case.of)
    answers = case.history.receipts(case.of)
    if not own or not answers or (receipt := answers[0].receipt) is None:
        return ""
    losses = own[0].get("losses")
    findings = sum(len(one.findings) for one in receipt.statements)
    return case.say("found", losses=len(losses) if isinstance(losses, list | tuple) else losses, findings=findings)


# (3) A receipt, sealed by the receiver, that states the use.
def _used(case: _Case) -> str:
    for seen in case.history.receipts(case.of):
        said = seen.statement(Level.AUTHORITY)
        if said is not None and said.status in (Status.UTILISED, Status.UTILISED_PARTLY):
            return case.say("used") if _signer(seen) == case.receiver else ""
    return ""


# (4) The second copy of the very same token, and the reason its receiver logged.
def _refused(case: _Case) -> str:
    refused = case.history.log(case.receiver, records.REFUSED, identity=case.of)
    if not refused or len(case.history.tokens(case.of)) < 2:
        return ""
    reason = by_code(str(refused[0].get("reason")))
    # A reason in words is a sentence; for the one that is foreseen there is a word, to keep the line short.
    named = case.say("replayed") if reason == REPLAYED else _name(reason, case.language)
    return case.say("refused", reason=named)


# (5) The dispute as the other side knows it.
def _claimed(case: _Case) -> str:
    opened = case.history.log(case.receiver, records.DISPUTED, of=case.of)
    return case.say("opened", number=opened[0].get("dispute")) if opened else ""


# (6) The ruling from the two bundles, made by the check again; the words are ours, the facts are the logs'.
def _ruled(case: _Case) -> str:
    judged = [
        checks.claim_ruled(case.history, **event["args"])
        for event in case.history.of(What.PROMISE)
        if event["check"] == checks.claim_ruled.name
    ]
    outcome = judged[0].saw.partition(":")[0] if judged else ""
    if outcome not in WORDS[case.language]:
        return ""
    answered = case.history.log(case.receiver, records.ANSWERED, of=case.of)
    witness = next(
        (
            str(seen.said.get("source"))
            for seen in case.history.deliveries
            if seen.said.get("type") == Type.COSIGNATURE and seen.said.get("receiver") == case.receiver
        ),
        "",
    )
    if not answered or not witness:
        return judged[0].saw
    return case.say(outcome, log=answered[0].index, witness=witness)


def _name(reason: Reason, language: str) -> str:
    return {"zh": reason.zh, "ru": reason.ru}.get(language, reason.name).rstrip("。.")


def _signer(seen: Seen) -> str:
    """Whose certificate the seal fits; empty when it fits none. Whether its country vouches for it, the window asks."""
    try:
        token = jws.read(seen.delivery.value)
        if token.certificate is None:
            return ""
        jws.check(token, token.certificate, typ=token.typ)
    except TrustError:
        return ""
    return str(token.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
