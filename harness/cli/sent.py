"""What became of a document that was sent, told to people and to programs. The command itself: `harness.cli.send`.

Both faces read one value, so neither can say what the other does not know.
"""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from harness.cli import say
from harness.cli.uncefact import Form
from harness.clock import stamp
from harness.documents.model import Finding, TradeDocument
from harness.exchange.reasons import Refused, by_code
from harness.exchange.receipt import Statement
from harness.trial import about
from harness.trial.sending import Consignment, Sending
from harness.trial.verdict import Judged, Verdict

FORM: Final = Path("documents", "uncefact.json")
"""Where the UN/CEFACT form stands in the run's folder."""
_KINDS: Final = {"851": "phytosanitary certificate", "864": "preferential certificate of origin"}


@dataclass(frozen=True, slots=True)
class Told:
    """A sending with what the user asked for: all that a face needs. `folder` is the run's."""

    folder: Path
    sending: Sending
    consignment: Consignment
    document: TradeDocument
    form: Form
    bus: str
    again: str
    sample: bool
    """Whether it is one that ships with Corridor: these are dated anew each time."""


class Face(Protocol):
    """How the result is written to stdout."""

    def tell(self, told: Told) -> None:
        """Tell what became of the document."""
        ...

    def refused_at_home(self, sender: str, refused: Refused) -> None:
        """Tell that the sender's own window did not send it."""
        ...


class Text:
    """For people."""

    def refused_at_home(self, sender: str, refused: Refused) -> None:
        """Tell that the sender's own window did not send it."""
        reason = refused.reason
        say.result(f"REFUSED by {sender}'s own window: {reason.code} {reason.name}; nothing was sent")
        _why(refused.found, reason.step.name.lower(), refused.clause)

    def tell(self, told: Told) -> None:
        """Tell each level on a line of its own, then what is kept, what held, and where the evidence is."""
        sending, document = told.sending, told.document
        one, other = told.consignment.sender, told.consignment.receiver
        kind = _KINDS.get(document.doctype, f"document {document.doctype}")
        say.result(
            f"corridor {about.corridor_version()}  {kind} {document.reference}  {one} -> {other}, bus {told.bus}"
        )
        _levels(sending)
        if told.sample:
            say.row("sample", "dates moved so that it reads as fresh today")
        _losses(sending.unissued, f"from the file into {one}'s national form", always=False)
        _losses(sending.losses, f"on the way into {other}'s own form", always=True)
        for kept in sending.kept:
            say.row(kept.what, f"{told.folder / kept.path}  {kept.size} octets, SHA-256 {kept.sha256}")
        _form(told)
        _promises(sending.judged)
        for party, path in sending.bundles.items():
            say.row("evidence", f"{told.folder / path}  of {party}")
        _outcome(sending, other)
        say.row("again", told.again)
        if other in sending.bundles:
            say.row("next", f"corridor verify {shlex.quote(str(told.folder / sending.bundles[other]))}")


class NdJson:
    """For programs: docs/schemas/send.schema.json."""

    def refused_at_home(self, sender: str, refused: Refused) -> None:
        """Tell that the sender's own window did not send it."""
        reason = refused.reason
        why = {"step": reason.step.name.lower(), "clause": refused.clause, "found": refused.found}
        say.line("refusal", by=sender, sent=False, level=None, reason=reason.code, name=reason.name, **why)

    def tell(self, told: Told) -> None:
        """The same as `Text.tell`, a line a thing."""
        sending = told.sending
        say.line(
            "sending",
            corridor=about.corridor_version(),
            sender=told.consignment.sender,
            receiver=told.consignment.receiver,
            doctype=told.document.doctype,
            reference=told.document.reference,
            id=sending.sent.id,
            identity=sending.sent.identity,
            correlation=sending.sent.correlation,
            bus=told.bus,
            run=str(told.folder),
            again=told.again,
            sample=told.sample,
        )
        if (where := sending.transported) is not None:
            place = {name: where[name] for name in ("topic", "partition", "offset")}
            say.line("level", level="L0", status="transported", **place)
        for said in sending.statements:
            say.line("level", **_stated(said))
        for kept in sending.kept:
            file = {"path": str(told.folder / kept.path), "sha256": kept.sha256, "size": kept.size}
            say.line("document", what=kept.what, party=kept.party, **file)
        form = told.form
        say.line(
            "uncefact",
            path=str(told.folder / FORM),
            losses=[_found(finding) for finding in form.losses],
            departures=None if form.departures is None else [_found(finding) for finding in form.departures],
        )
        for one in sending.judged:
            verdict = one.verdict.value
            say.line("promise", check=one.check, topic=one.topic, verdict=verdict, expected=one.expected, saw=one.saw)
        for party, path in sending.bundles.items():
            say.line("bundle", party=party, path=str(told.folder / path))
        if (last := sending.last) is not None and last.reason is not None:
            reason = by_code(last.reason)
            why = {"step": reason.step.name.lower(), "clause": last.clause or reason.clause, "found": last.found}
            by, level = told.consignment.receiver, last.level.value
            say.line("refusal", by=by, sent=True, level=level, reason=reason.code, name=reason.name, **why)
        lost = {"unissued": list(sending.unissued), "losses": list(sending.losses)}
        say.line("total", accepted=sending.accepted, **lost, **_counted(sending.judged))


def _levels(sending: Sending) -> None:
    where = sending.transported
    place = f"{where['topic']}, partition {where['partition']}, offset {where['offset']}" if where else "no word of it"
    say.row("L0", f"transported  {place}")
    for said in sending.statements:
        say.row(said.level.value, f"{said.status.value}  {stamp(said.at)}")
        for finding in said.findings:
            say.row("", f"{finding.severity.value} {finding.code} {finding.pointer}: {finding.sentence}")
    if sending.last is None:
        say.row("L1", "no answer came in time")


def _losses(losses: tuple[str, ...], where: str, *, always: bool) -> None:
    if losses or always:
        say.row("losses", f"{len(losses)} {where}" if losses else f"none {where}")
    for told, count in Counter(losses).items():
        say.row("", f"{told}{f' ({count} times)' if count > 1 else ''}")


def _form(told: Told) -> None:
    form = told.form
    held = "not checked against a schema (--uncefact)"
    if form.departures is not None:
        held = f"departs from the schema in {len(form.departures)} place(s)" if form.departures else "conforms"
    say.row("uncefact", f"{told.folder / FORM}  {len(form.losses)} field(s) it cannot carry; {held}")
    for finding in form.departures or ():
        say.row("", f"{finding.pointer}: {finding.sentence}")


def _promises(judged: tuple[Judged, ...]) -> None:
    held = sum(one.verdict is Verdict.HELD for one in judged)
    say.row("promises", f"{held} of {len(judged)} held")
    for one in judged:
        if one.verdict is not Verdict.HELD:
            say.row("", f"{one.verdict.value.upper()}  {one.check}")
            say.row("", f"  expected  {one.expected}")
            say.row("", f"  saw       {one.saw}")


def _outcome(sending: Sending, receiver: str) -> None:
    last = sending.last
    if last is not None and last.reason is not None:
        reason = by_code(last.reason)
        say.result(f"REFUSED by {receiver} on {last.level.value}: {reason.code} {reason.name}")
        _why(last.found or reason.en, reason.step.name.lower(), last.clause or reason.clause)
    elif last is None:
        say.result(f"NO ANSWER from {receiver}")
    elif sending.accepted:
        say.result(f"{last.status.value.upper().replace('_', ' ')} by {receiver}")
    else:
        say.result(f"BROKEN: {receiver} says {last.status.value}, and a promise did not hold")


def _why(found: str, step: str, clause: str) -> None:
    say.row("found", found)
    say.row("step", step)
    say.row("clause", clause)


def _counted(judged: tuple[Judged, ...]) -> dict[str, int]:
    counts = {verdict.value.replace(" ", "_"): 0 for verdict in Verdict}
    for one in judged:
        counts[one.verdict.value.replace(" ", "_")] += 1
    return {"promises": len(judged), **counts}


def _stated(said: Statement) -> dict[str, object]:
    told: dict[str, object] = {"level": said.level.value, "status": said.status.value, "at": stamp(said.at)}
    told |= {"reason": said.reason, "clause": said.clause, "found": said.found}
    return {**told, "findings": [_found(finding) for finding in said.findings]}


def _found(finding: Finding) -> dict[str, str]:
    return {
        "severity": finding.severity.value,
        "code": finding.code,
        "pointer": finding.pointer,
        "sentence": finding.sentence,
    }
