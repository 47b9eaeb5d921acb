"""Step 6 of the audit: each message and receipt, signed by its sender while it could, under the agreement."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from harness.errors import NotProved
from harness.evidence.audit import chains, reading
from harness.evidence.audit.case import Case, expect, stem, under
from harness.evidence.audit.found import MessageFound, ReceiptFound, StatementFound

_STATUSES: Final[Mapping[str, frozenset[str] | None]] = {
    "L1": frozenset({"received", "refused"}),
    "L2": frozenset({"delivered", "delivered_with_warnings", "not_readable"}),
    "L3": frozenset({"admitted", "refused"}),
    "L4": None,  # what an authority can decide grows with its documents; the words are theirs
}


Age = Callable[[str], "datetime | None"]
"""By the SHA-256 of a token's bytes: when the partner proves that it existed."""


def messages(case: Case, witnessed: Age) -> tuple[MessageFound, ...]:
    """The messages; `witnessed` says when the partner proves that one existed."""
    found = []
    for name in under(case.files, "messages"):
        token, told, doubt = _envelope(case, name, "corridor-message+jws", witnessed)
        kind = reading.text(name, told, "type")
        if kind == "corridor.receipt.v1":
            raise NotProved(f"{name}: is a receipt under the seal of a message")
        payload = None
        if told.get("data_base64") is not None:
            octets = reading.plain_base64(name, reading.text(name, told, "data_base64"), what="data_base64")
            payload = hashlib.sha256(octets).hexdigest()
        said = told.get("data")
        found.append(
            MessageFound(
                identity=token.identity,
                raw=token.raw,
                id=reading.text(name, told, "id"),
                type=kind,
                sender=reading.text(name, told, "source"),
                receiver=reading.text(name, told, "receiver"),
                topic=reading.text(name, told, "topic"),
                subject=reading.text(name, told, "subject"),
                at=reading.moment_in(name, told, "time"),
                doctype=reading.text_or_none(name, told, "doctype"),
                function=reading.text_or_none(name, told, "function"),
                payload=payload,
                data=said if isinstance(said, dict) else None,
                sequence=reading.whole(name, told, "sequence"),
                doubt=doubt,
            )
        )
    return tuple(found)


def receipts(case: Case, witnessed: Age) -> tuple[ReceiptFound, ...]:
    """The receipts; `witnessed` says when the partner proves that one existed."""
    found = []
    for name in under(case.files, "receipts"):
        token, told, doubt = _envelope(case, name, "corridor-receipt+jws", witnessed)
        expect(name, reading.text(name, told, "type"), "corridor.receipt.v1", "of type")
        said = told.get("data")
        if not isinstance(said, dict):
            raise NotProved(f"{name}: a receipt that states nothing")
        found.append(
            ReceiptFound(
                identity=token.identity,
                raw=token.raw,
                id=reading.text(name, told, "id"),
                sender=reading.text(name, told, "source"),
                receiver=reading.text(name, told, "receiver"),
                at=reading.moment_in(name, told, "time"),
                of=reading.digest(name, said, "of"),
                sequence=reading.whole(name, told, "sequence"),
                statements=_statements(name, said),
                doubt=doubt,
            )
        )
    return tuple(found)


def _envelope(case: Case, name: str, typ: str, witnessed: Age) -> tuple[reading.Token, reading.Thing, str]:
    token = case.token(name, typ)
    expect(name, token.identity, stem(name), "holds the message with identity")
    told = reading.thing(name, token.payload)
    expect(name, reading.text(name, told, "specversion"), "1.0", "of CloudEvents")
    at = reading.moment_in(name, told, "time")
    sender, receiver = reading.text(name, told, "source"), reading.text(name, told, "receiver")
    doubt = ""
    try:
        signer = case.trust.signer(name, token.certificate, at, existed_by=witnessed(token.raw))
    except chains.Doubted as doubted:
        signer, doubt = chains.bearer(name, token.certificate), doubted.found
    expect(name, signer.party, sender, "signed by")
    agreed = case.agreement.found
    if {sender, receiver} != set(agreed.parties):
        raise NotProved(f"{name}: goes from {sender} to {receiver}, who are not the parties to the agreement")
    if not agreed.since <= at < agreed.until:
        raise NotProved(f"{name}: agreement {agreed.id} was not in force on {at:%Y-%m-%d %H:%M:%S}")
    expect(name, reading.text(name, told, "topic"), f"{receiver.lower()}.in.from.{sender.lower()}", "for topic")
    expect(name, reading.text(name, told, "correlationid"), case.manifest.correlation, "belongs to transaction")
    return token, told, doubt


def _statements(name: str, said: reading.Thing) -> tuple[StatementFound, ...]:
    found = []
    for each in reading.things(name, said, "statements"):
        level, status = reading.text(name, each, "level"), reading.text(name, each, "status")
        words = _STATUSES.get(level, frozenset())
        if words is not None and status not in words:
            raise NotProved(f"{name}: states {status!r} on level {level!r}, which nobody agreed on")
        at = reading.moment_in(name, each, "at")
        found.append(StatementFound(level, status, at, reading.text_or_none(name, each, "reason")))
    levels = [each.level for each in found]
    upwards = levels[:1] == ["L1"] and levels == sorted(set(levels))  # a level that was not tried is absent
    if not upwards and levels != ["L4"]:
        raise NotProved(f"{name}: states the levels {levels}, neither from L1 upwards nor a later L4 alone")
    return tuple(found)
