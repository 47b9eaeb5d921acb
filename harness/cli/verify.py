"""`corridor verify`: check an evidence bundle offline, as an arbiter would.

Stands on `harness.evidence.audit` and cryptography alone, so that it is quick and shares nothing with what it checks.
Exit codes: 0 it verifies; 4 it does not, with one sentence that names the file; 2 what was given cannot be used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import click

from harness.cli import say
from harness.cli.files import read_file
from harness.cli.roots import roots_in
from harness.clock import stamp
from harness.errors import BadInput, NotProved
from harness.evidence.audit import Audited, IntervalFound, MessageFound, ReceiptFound, audit, when
from harness.evidence.audit.container import LARGEST
from harness.evidence.audit.found import counted

_WANTED: Final = "an evidence bundle, a ZIP that `corridor send` printed"


@click.command(name="verify")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--roots",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR|FILE",
    help="Root certificates you know, as PEM files, or a folder that holds them. May be given several times.",
)
@click.option("--json", "as_json", is_flag=True, help="NDJSON on stdout (docs/schemas/verify.schema.json).")
def command(*, bundle: Path, roots: tuple[Path, ...], as_json: bool) -> None:
    """Check an evidence bundle offline, as an arbiter would.

    Without --roots, the bundle is checked against the root certificates that its own agreement names. That proves that
    its parts fit together; with roots that you got another way, it also proves whose they are.

    \b
    Examples:
      corridor verify QN-5a1e.zip
      corridor verify QN-5a1e.zip --roots marenia-root.pem --roots norlund-root.pem
    """
    octets = read_file(bundle, largest=LARGEST, wanted=_WANTED)
    known = roots_in(roots) if roots else None
    try:
        audited = audit(octets, roots=known)
    except NotProved as error:
        if as_json:
            say.line("refuted", bundle=str(bundle), found=error.found)
        raise NotProved(
            f"{bundle} does not verify: {error.found}",
            expected="every file as it was signed, logged and cosigned",
            todo=error.todo or "do not rely on it; ask whoever gave it to you for an unchanged copy",
        ) from error
    except BadInput as error:
        raise BadInput(f"{bundle}: {error.found}", expected=error.expected, todo=error.todo) from error
    if as_json:
        _lines(bundle, audited)
    else:
        _text(bundle, audited)


def _text(bundle: Path, audited: Audited) -> None:
    say.result(f"VERIFIED {bundle}")
    if audited.anchored == "agreement":
        say.row(
            "note",
            "compare the roots below with ones you know, or give those with --roots: only then is it proved whose"
            " they are",
        )
    say.row(
        "evidence",
        f"of {audited.party}, transaction {audited.correlation}, run {audited.run}, made {stamp(audited.made)}",
    )
    agreement = audited.agreement
    say.row("agreement", f"{agreement.id} version {agreement.version}, signed by {' and '.join(agreement.parties)}")
    for message in audited.messages:
        say.row("message", _message(message))
    for receipt in audited.receipts:
        say.row("receipt", _receipt(receipt))
    for absent in audited.absent:
        say.row("absent", f"message {absent}, which a receipt here answers")
    for document in audited.documents:
        say.row(document.kind, f"{document.size} octets, SHA-256 {document.sha256}")
    _log(audited)
    for condition in retention(audited):
        say.row("retained", condition)
    source = "handed in" if audited.anchored == "given" else "named by the bundle's own agreement"
    for country, root in sorted(audited.roots.items()):
        say.row("root", f"{country} {root}  {source}")
    for step in audited.checks:
        say.row("checked", step)


def _log(audited: Audited) -> None:
    mark = audited.checkpoint
    shown = "all" if audited.complete else f"{len(audited.entries)} of"
    say.row("log", f"{shown} {mark.size} records shown, root {mark.root}, signed {stamp(mark.at)}")
    for entry in audited.entries:
        say.row("", f"{entry.index:>4}  {stamp(entry.at)}  {entry.event}{_bounds(when(audited, entry.index))}")
    for word in audited.cosignatures:
        say.row("cosigned", f"by {word.by} {stamp(word.at)}")
    for one in audited.stamps:
        say.row("stamped", f"by the timestamping authority of {one.by} {stamp(one.at)}")
    for country in sorted(set(audited.roots) - {one.by for one in audited.stamps}):
        say.row("stamped", f"not by the timestamping authority of {country}: nothing here of it")


def _bounds(found: IntervalFound) -> str:
    """Between which moments a record was made, where stamped checkpoints on both sides of it tell."""
    if found.not_before is None or found.not_after is None:
        return ""
    return f", proved between {stamp(found.not_before)} and {stamp(found.not_after)}"


def _message(message: MessageFound) -> str:
    kind = f"document {message.doctype}, function {message.function}" if message.doctype else message.type
    road = f"{message.sender} -> {message.receiver}  {message.subject}"
    return f"{road}  {kind}, signed {stamp(message.at)}  {message.identity[:16]}"


def _receipt(receipt: ReceiptFound) -> str:
    said = ", ".join(
        f"{one.level} {one.status}{f' ({one.reason})' if one.reason else ''}" for one in receipt.statements
    )
    return f"{receipt.sender} -> {receipt.receiver}  {said}, signed {stamp(receipt.at)}, answers {receipt.of[:16]}"


def retention(audited: Audited) -> Iterator[str]:
    """What the bundle shows of each condition for retaining data messages (UNCITRAL MLEC, art. 10 (1))."""
    originals = sum(document.kind == "original" for document in audited.documents)
    own = len(audited.documents) - originals
    moments = [each.at for each in audited.messages] + [each.at for each in audited.receipts]
    kept = counted(len(audited.documents), "document")
    yield f"MLEC art. 10 (1)(a), accessible for later reference: {kept} in plain files"
    yield (
        f"MLEC art. 10 (1)(b), in the form in which it was sent or received: {counted(originals, 'original')}"
        f" octet for octet, {counted(own, 'own version')} beside {'it' if originals == 1 else 'them'}"
    )
    if moments:
        span = f"{stamp(min(moments))} to {stamp(max(moments))}"
        told = f"of {counted(len(audited.messages), 'message')} and {counted(len(audited.receipts), 'receipt')}, {span}"
        yield f"MLEC art. 10 (1)(c), origin, destination, date and time: {told}"


def _lines(bundle: Path, audited: Audited) -> None:
    mark = audited.checkpoint
    say.line(
        "bundle",
        bundle=str(bundle),
        party=audited.party,
        run=audited.run,
        correlation=audited.correlation,
        made=stamp(audited.made),
        agreement={
            "id": audited.agreement.id,
            "version": audited.agreement.version,
            "sha256": audited.agreement.sha256,
        },
        anchored=audited.anchored,
        roots=dict(audited.roots),
        log={"origin": mark.origin, "size": mark.size, "root": mark.root, "at": stamp(mark.at)},
        cosigned=[{"by": word.by, "at": stamp(word.at)} for word in audited.cosignatures],
        stamped=[{"by": one.by, "at": stamp(one.at)} for one in audited.stamps],
        complete=audited.complete,
        absent=list(audited.absent),
    )
    for message in audited.messages:
        say.line("message", **_plain(message))
    for receipt in audited.receipts:
        statements = [
            {"level": one.level, "status": one.status, "at": stamp(one.at), "reason": one.reason}
            for one in receipt.statements
        ]
        fields = {name: getattr(receipt, name) for name in ("identity", "id", "sender", "receiver", "of")}
        say.line("receipt", **fields, at=stamp(receipt.at), statements=statements)
    for document in audited.documents:
        say.line("document", what=document.kind, name=document.name, sha256=document.sha256, size=document.size)
    for entry in audited.entries:
        bounds = when(audited, entry.index)
        say.line(
            "entry",
            index=entry.index,
            event=entry.event,
            at=stamp(entry.at),
            not_before=None if bounds.not_before is None else stamp(bounds.not_before),
            not_after=None if bounds.not_after is None else stamp(bounds.not_after),
        )
    say.line("verified", checks=list(audited.checks), retention=list(retention(audited)))


def _plain(message: MessageFound) -> Mapping[str, object]:
    names = ("identity", "id", "type", "sender", "receiver", "topic", "subject", "doctype", "function", "payload")
    return {**{name: getattr(message, name) for name in names}, "at": stamp(message.at)}
