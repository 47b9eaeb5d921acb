"""What a window does with each thing that arrives: six numbered steps, no I/O, no clock, no state of their own.

    (1) verify    the seal is good, the signer is the sender, it came where it was meant to come
    (2) admit     not seen before, in time, and the corridor agreement covers it
    (3) map       from the sender's national form to the common one, and on to our own; what was lost is said
    (4) validate  the document keeps the rules that any such document must keep
    (5) decide    the authority applies its national rules
    (6) answer    what was found, as statements level by level

Each step returns what the next one needs or raises `Refused` with its reason. `Window` owns the state and the
road between the steps; saboteurs override single steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from certs.trust import TrustStore
from harness.documents import rules as common_rules
from harness.documents import xml
from harness.documents.model import Finding, Severity, TradeDocument
from harness.documents.syntax import Unreadable
from harness.exchange import dispute as disputes
from harness.exchange import reasons, topics
from harness.exchange.agreement import Agreement
from harness.exchange.bus import Delivery
from harness.exchange.dispute import Dispute
from harness.exchange.envelope import Type
from harness.exchange.reasons import LONGEST_FOUND, Refused, Step
from harness.exchange.receipt import Level, Statement, Status, statement
from harness.exchange.seal import Opened, Sealed, unseal
from nodes import mapping, rules
from nodes.decision import Decision, decide
from nodes.mapping import Common, Loss
from nodes.profile import Profile

MOST_FINDINGS: Final = 100
"""Findings that one receipt tells."""

HINTS: Final = ("ce_id", "ce_source", "ce_type", "ce_receiver", "ce_correlationid")
"""The Kafka headers that repeat a signed attribute of the envelope."""


WHY_UNREADABLE: Final[Mapping[type[Unreadable], reasons.Reason]] = {
    xml.ExternalEntity: reasons.EXTERNAL_ENTITY,
    xml.EntityExpansion: reasons.ENTITY_EXPANSION,
    xml.Wrapped: reasons.WRAPPED,
}
"""Documents made to mislead whoever reads them; any other that cannot be read is just unreadable."""


class Known(Protocol):
    """What `admit` asks the window's ledger."""

    def seen(self, identity: str, /) -> bool:
        """Whether this very message was received before."""
        ...

    def under_id(self, sender: str, message_id: str, /) -> str | None:
        """The identity that came first under this sender's message id."""
        ...


@dataclass(frozen=True, slots=True)
class Understood:
    """A document as its receiver understood it: the common form, its own national form, and what the way cost."""

    document: TradeDocument
    own: bytes
    own_media_type: str
    losses: tuple[Loss, ...]
    findings: tuple[Finding, ...]


class Steps:
    """The six steps of an honest window."""

    def verify(self, delivery: Delivery, *, party: str, trust: TrustStore) -> Opened:
        """Step 1. Return what the seal holds, checked as of the moment the bus took it."""
        # (1.1)-(1.7) The seal itself: harness.exchange.seal.unseal.
        opened = unseal(Sealed(delivery.value), trust=trust, at=delivery.at)
        envelope = opened.envelope
        # (1.8) It was signed for this receiver and for this topic, so it cannot be carried elsewhere.
        if envelope.receiver != party:
            raise Refused(reasons.WRONG_RECEIVER, f"signed for {envelope.receiver}, read by {party}")
        if envelope.topic != delivery.topic:
            raise Refused(reasons.WRONG_TOPIC, f"signed for topic {envelope.topic}, came on {delivery.topic}")
        if delivery.topic != topics.inbox(party, envelope.source):
            raise Refused(reasons.WRONG_TOPIC, f"signed by {envelope.source}, came on {delivery.topic}")
        # (1.9) Headers are outside the signature: they may be absent, but not say something else.
        said = dict(envelope.hints())
        for name, value in delivery.headers:
            if name in HINTS and value != said[name]:
                found = f"header {name} says {value.decode(errors='replace')!r}, signed: {said[name].decode()!r}"
                raise Refused(reasons.HEADER_CONTRADICTS, found)
        return opened

    def admit(self, opened: Opened, *, agreement: Agreement, known: Known, at: datetime) -> None:
        """Step 2. Return when the message may be worked on; `at` is the moment of working on it."""
        envelope = opened.envelope
        # (2.1) One identity has one effect.
        if known.seen(opened.identity):
            raise Refused(reasons.REPLAYED, f"message {envelope.id} of {envelope.source} was received before")
        # (2.2) One id has one identity; a second content under it is proof against its sender.
        first = known.under_id(envelope.source, envelope.id)
        if first is not None:
            found = (
                f"message id {envelope.id} of {envelope.source} stood for {first[:16]}, now for {opened.identity[:16]}"
            )
            raise Refused(reasons.EQUIVOCATION, found)
        # (2.3) Known types only: an unknown one is refused, never skipped.
        if envelope.type not in (Type.DOCUMENT, Type.DISPUTE):
            raise Refused(reasons.UNKNOWN_TYPE, f"type {envelope.type!r}")
        # (2.4) Not after the moment until which its sender wanted it used.
        if at >= envelope.expirytime:
            raise Refused(reasons.EXPIRED_MESSAGE, f"expired at {envelope.expirytime}, worked on at {at}")
        # (2.5) It names the agreement that it rests on, is dated while that was in force, and is signed as agreed.
        agreement.bears(named=envelope.corridor, algorithm=opened.algorithm, at=envelope.time)
        # (2.6) The agreement covers document, direction and function, and for how long it may be used.
        if envelope.type == Type.DOCUMENT:
            cover = agreement.covers(
                envelope.doctype or "",
                envelope.function or "",
                sender=envelope.source,
                receiver=envelope.receiver,
                algorithm=opened.algorithm,
                at=envelope.time,
            )
            agreement.expires_in_time(cover, sent=envelope.time, expires=envelope.expirytime)

    def map(self, opened: Opened, *, partner: Profile, own: Profile) -> Understood:
        """Step 3. From the sender's national form to the common one and to our own."""
        envelope = opened.envelope
        # (3.1) The envelope says which dialect; the sender's profile says how to read it.
        dialect = partner.dialect_of(envelope.datacontenttype)
        if dialect is None or dialect.doctype != envelope.doctype:
            found = f"{envelope.source} states no dialect {envelope.datacontenttype!r} for document {envelope.doctype}"
            raise Refused(reasons.UNREADABLE, found)
        try:
            common: Common = mapping.from_national(envelope.payload, dialect)
            # (3.2) Our own version, kept beside the original.
            national = mapping.to_national(common.document, own.dialect_for(common.document.doctype))
        except Unreadable as error:
            raise Refused(WHY_UNREADABLE.get(type(error), reasons.UNREADABLE), str(error)) from error
        losses = common.losses + national.losses
        # (3.3) A mandatory field that did not survive is a failure of interoperability, not a detail.
        for loss in losses:
            if loss.mandatory:
                raise Refused(reasons.MANDATORY_LOST, f"{loss.pointer}: {loss.sentence}")
        return Understood(common.document, national.octets, national.media_type, losses, common.findings)

    def validate(self, understood: Understood) -> tuple[Finding, ...]:
        """Step 4. The rules of the document itself; errors refuse it, the rest is handed on."""
        findings = understood.findings + common_rules.check(understood.document)
        errors = tuple(finding for finding in findings if finding.severity is Severity.ERROR)
        if errors:
            raise Refused(reasons.RULE_BROKEN, "; ".join(f"{one.pointer} {one.sentence}" for one in errors))
        return findings

    def decide(self, understood: Understood, findings: tuple[Finding, ...], *, own: Profile, at: datetime) -> Decision:
        """Step 5. The authority's decision under its national rules, as of `at`."""
        return decide(findings + rules.check(understood.document, own, at=at))

    def answer(self, road: Road, at: datetime) -> tuple[Statement, ...]:
        """Step 6. State each level that was reached, each for itself, and the first that was not with its reason."""
        refused = road.refused
        if refused is not None and refused.reason.step is Step.VERIFY:
            return (statement(Level.TECHNICAL, Status.REFUSED, at, refused),)
        said = [statement(Level.TECHNICAL, Status.RECEIVED, at)]
        if refused is not None and refused.reason.step is Step.ADMIT:
            # What the agreement does not cover is not opened, so nothing is stated on level 2.
            return (*said, statement(Level.APPLICATION, Status.REFUSED, at, refused))
        if refused is not None and refused.reason.step is Step.MAP:
            return (*said, statement(Level.DELIVERY, Status.NOT_READABLE, at, refused))
        if road.understood is None:
            return tuple(said)  # a dispute, say: there is no document to deliver
        lossy = Status.DELIVERED_WITH_WARNINGS if road.understood.losses else Status.DELIVERED
        said.append(statement(Level.DELIVERY, lossy, at))
        if refused is not None:
            return (*said, statement(Level.APPLICATION, Status.REFUSED, at, refused))
        said.append(statement(Level.APPLICATION, Status.ADMITTED, at))
        if road.decision is not None:
            said.append(_decided(road.decision, at))
        return tuple(said)


@dataclass(frozen=True, slots=True)
class Road:
    """How far one message came."""

    dispute: Dispute | None = None
    understood: Understood | None = None
    findings: tuple[Finding, ...] = ()
    decision: Decision | None = None
    refused: Refused | None = None


def _decided(decision: Decision, at: datetime) -> Statement:
    worth_saying = _worth_saying(decision.findings)
    if decision.status is not Status.REJECTED:
        return Statement(level=Level.AUTHORITY, status=decision.status, at=at, findings=worth_saying)
    errors = [finding for finding in worth_saying if finding.severity is Severity.ERROR]
    refused = Refused(reasons.REJECTED_BY_AUTHORITY, "; ".join(f"{one.code} {one.sentence}" for one in errors))
    return statement(Level.AUTHORITY, Status.REJECTED, at, refused).model_copy(update={"findings": worth_saying})


def _worth_saying(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Errors, then warnings, as many and as long as a receipt has room for: the sender decides how many there are."""
    weighty = [finding for finding in findings if finding.severity is not Severity.NOTE]
    if len(weighty) > MOST_FINDINGS:
        weighty.sort(key=lambda finding: finding.severity is not Severity.ERROR)
        more = f"{len(weighty) - MOST_FINDINGS} more findings are not told here"
        weighty[MOST_FINDINGS:] = [Finding(Severity.WARNING, "more", "", more)]
    return tuple(replace(finding, sentence=finding.sentence[:LONGEST_FOUND]) for finding in weighty)


def travel(
    opened: Opened,
    steps: Steps,
    *,
    agreement: Agreement,
    known: Known,
    profiles: Mapping[str, Profile],
    at: datetime,
) -> Road:
    """Take steps 2 to 5 with an opened document and say how far it came. Step 1 came before, step 6 comes after."""
    own, partner = profiles[opened.envelope.receiver], profiles[opened.envelope.source]
    road = Road()
    try:
        steps.admit(opened, agreement=agreement, known=known, at=at)
        if opened.envelope.type == Type.DISPUTE:
            return replace(road, dispute=disputes.parse(opened.envelope.data))
        understood = steps.map(opened, partner=partner, own=own)
        road = replace(road, understood=understood)
        road = replace(road, findings=steps.validate(understood))
        return replace(road, decision=steps.decide(understood, road.findings, own=own, at=at))
    except Refused as refused:
        return replace(road, refused=refused)
