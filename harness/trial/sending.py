"""Send one document of a user's own: there and back, recorded, judged, and proved by both sides.

The same road as any scenario: staged, played, and told from the history that was written. What a user sees of it is
`harness.cli.send`; playing the pilots' scenarios is `harness.trial.runner`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from harness.errors import BadInput, Defect
from harness.evidence import records
from harness.evidence.audit import audit, container
from harness.exchange.bus import Bus
from harness.exchange.reasons import Step, by_code
from harness.exchange.receipt import NEGATIVE, Receipt, Statement, Status
from harness.exchange.seat import Sent
from harness.trial import about, checks
from harness.trial.acting import Stopped
from harness.trial.founding import Setting
from harness.trial.ground import Ground
from harness.trial.history import History, Logged, Scribe, What
from harness.trial.runner import judge
from harness.trial.script import Scenario
from harness.trial.stage import Stage, staged
from harness.trial.verdict import Judged, Verdict, worst

ACCEPTED: Final = frozenset({Status.ACCEPTED, Status.ACCEPTED_WITH_WARNINGS})


@dataclass(frozen=True, slots=True)
class Consignment:
    """A file to send: its exact bytes, and from whom to whom."""

    octets: bytes
    sender: str
    receiver: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A document that one side keeps, written out as a file of the run's folder.

    `what` is "lodged" (the user's file, at the sender), "original" (what came, at the receiver) or "own" (the
    receiver's own version). `path` is relative to the run's folder.
    """

    what: str
    party: str
    path: Path
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Sending:
    """What became of a consignment, told from the history and the bundles.

    `transported` is where the broker put it (level L0), `statements` are levels L1 to L4 as far as they came,
    `unissued` what the sender's national form does not carry of the file, `losses` what did not get into the receiver's
    own form (each a JSON pointer, or words for what has no place in the model), `bundles` each party's evidence
    relative to the run's folder.
    """

    sent: Sent
    transported: Mapping[str, Any] | None  # Any: topic, partition and offset, as JSON
    statements: tuple[Statement, ...]
    unissued: tuple[str, ...]
    losses: tuple[str, ...]
    kept: tuple[Kept, ...]
    bundles: Mapping[str, Path]
    judged: tuple[Judged, ...]

    @property
    def last(self) -> Statement | None:
        """The highest level that was answered; None when no answer came."""
        return self.statements[-1] if self.statements else None

    @property
    def accepted(self) -> bool:
        """Whether the authority accepted it and every promise held."""
        decided = self.last is not None and self.last.status in ACCEPTED
        return decided and worst(one.verdict for one in self.judged) is Verdict.HELD


def ground_between(grounds: Sequence[Ground], sender: str, receiver: str) -> Ground:
    """The ground with nothing but the corridor between two countries.

    Raises:
        BadInput: a country is unknown, or there is no corridor between them.
    """
    names = {code: name for ground in grounds for code, name in ground.countries.items()}
    for code in (sender, receiver):
        if code not in names:
            raise BadInput(
                f"unknown country {code!r}",
                expected=f"one of {', '.join(f'{one} ({name})' for one, name in sorted(names.items()))}",
                todo="name a country of an installed pack: corridor list",
            )
    for ground in grounds:
        for corridor in ground.corridors:
            if {sender, receiver} == set(corridor.parties):
                return Ground(
                    countries={code: names[code] for code in corridor.parties},
                    corridors=(corridor,),
                    cast=ground.cast,
                    sample=ground.sample,
                )
    known = sorted({" and ".join(corridor.parties) for ground in grounds for corridor in ground.corridors})
    raise BadInput(
        f"there is no corridor between {sender} and {receiver}",
        expected=f"corridors stand between {'; '.join(known)}",
        todo="send along one of these: corridor list",
    )


async def send(
    consignment: Consignment, ground: Ground, setting: Setting, bus: Bus, *, told: Mapping[str, str]
) -> Sending:
    """Send a consignment over a stage of its own, and return what became of it.

    Args:
        consignment: what, from whom, to whom.
        ground: the corridor to send along.
        setting: the run; its folder is there and empty.
        bus: an open bus; closing it is the caller's.
        told: what the history's first line says besides version and revision: the bus, and the command to repeat it.

    Raises:
        BadInput: the sender's window cannot read the file; nothing was sent.
        Refused: the sender's window may not send it under the agreement; nothing was sent.
        RoadFailed: the bus or a disk failed under us.
        NotProved: a bundle that was written does not verify.
    """
    scribe = Scribe(setting.folder / "history.jsonl", setting.clock)
    script = _Script(consignment)
    try:
        facts = {"corridor": about.corridor_version(), "revision": about.revision(), **told}
        scribe.write(What.RUN, scenario="send", run=setting.run, **facts)
        async with staged(setting, ground, bus, scribe) as stage:
            await script.play(stage)
            await stage.settle()
    finally:
        scribe.close()
    return _told(script, History.read(setting.folder / "history.jsonl"))


class _Script:
    """What is done with a consignment, and what is promised of it. `sent` is known once the broker has it."""

    def __init__(self, consignment: Consignment) -> None:
        self.consignment = consignment
        self.sent: Sent | None = None

    async def play(self, stage: Stage) -> None:
        one, other = self.consignment.sender, self.consignment.receiver
        sent = self.sent = await stage.window(one).lodges(self.consignment.octets, to=other)
        with suppress(Stopped):  # written down; what was promised of it shows as broken
            try:
                seen = await stage.answer(sent)
            except Stopped:
                stage.promises(checks.five_levels, of=sent.identity)
                raise
            _promise(stage, sent, seen.receipt)
            await stage.window(one).proves(sent, witness=other)
            await stage.window(other).proves(sent, witness=one)


def _promise(stage: Stage, sent: Sent, receipt: Receipt | None) -> None:
    """Whatever the answer was, it must stand in both logs as it was said."""
    last = receipt.last if receipt is not None else None
    if last is None or last.status in ACCEPTED:
        accepted = Status.ACCEPTED if last is None else last.status
        stage.promises(checks.five_levels, of=sent.identity, accepted=accepted.value)
        stage.promises(checks.original_untouched, of=sent.identity)
    elif last.reason is not None and by_code(last.reason).step <= Step.MAP:
        stage.promises(checks.refused_with_reason, of=sent.identity, by=sent.to, reason=last.reason)
    elif last.status in NEGATIVE:
        stage.promises(checks.original_untouched, of=sent.identity)


def _told(script: _Script, history: History) -> Sending:
    consignment, sent = script.consignment, script.sent
    if sent is None:
        raise Defect("a script that ended without sending and without an error")
    one, other = consignment.sender, consignment.receiver
    transported = history.log(one, records.TRANSPORTED, identity=sent.identity)
    answers = [seen.receipt for seen in history.receipts(sent.identity) if seen.receipt is not None]
    translated = history.log(other, records.TRANSLATED, identity=sent.identity)
    lodged = history.log(one, records.LODGED)
    bundles = {str(event["party"]): Path(event["path"]) for event in history.of(What.BUNDLE)}
    sending = Sending(
        sent=sent,
        transported=transported[0].record.fields if transported else None,
        statements=answers[0].statements if answers else (),
        unissued=_losses(lodged),
        losses=_losses(translated),
        kept=(),
        bundles=bundles,
        judged=judge(_as_scenario(script), history),
    )
    return replace(sending, kept=_written_out(sending, consignment, history))


def _losses(logged: Sequence[Logged]) -> tuple[str, ...]:
    told = logged[0].get("losses") if logged else ()
    return tuple(str(one) for one in told) if isinstance(told, list | tuple) else ()


def _as_scenario(script: _Script) -> Scenario:
    """What the judge needs to know: every promise is the script's own, and the standing ones are added."""
    return Scenario(
        id="send",
        title="A document of the user's own",
        promise="It arrives as it was sent, is answered level by level, and both sides can prove it.",
        play=script.play,
        checks=(),
        saboteurs=(),
        pair=(script.consignment.sender, script.consignment.receiver),
        document="",
    )


def _written_out(sending: Sending, consignment: Consignment, history: History) -> tuple[Kept, ...]:
    """Both sides' documents as files, out of their bundles: what an arbiter would see, not what we remember."""
    one, other = consignment.sender, consignment.receiver
    if not {one, other} <= sending.bundles.keys():
        return ()
    of = sending.sent.identity
    lodged = {str(log.get("raw")) for log in history.log(one, records.LODGED)}
    original = {str(log.get("payload")) for log in history.log(other, records.RECEIVED, identity=of)}
    own = {str(log.get("own")) for log in history.log(other, records.TRANSLATED, identity=of)}
    found: list[Kept] = []
    for party, wanted in ((one, {"lodged": lodged}), (other, {"original": original, "own": own})):
        bundle = (history.folder / sending.bundles[party]).read_bytes()
        files = container.files_of(bundle)
        for document in audit(bundle).documents:
            for what, digests in wanted.items():
                if document.sha256 not in digests or document.kind != ("own" if what == "own" else "original"):
                    continue
                path = Path("documents") / f"{party}-{what}{Path(document.name).suffix}"
                (history.folder / path).parent.mkdir(exist_ok=True)
                (history.folder / path).write_bytes(files[document.name])
                found.append(Kept(what, party, path, document.sha256, document.size))
    return tuple(found)
