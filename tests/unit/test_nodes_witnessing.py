"""Two windows witness each other: what is cosigned, what is not, and how a lost cosignature is made good."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from harness.evidence import checkpoint as checkpoints
from harness.evidence import records
from harness.evidence.checkpoint import Checkpoint
from harness.exchange import reasons, topics
from harness.exchange.envelope import Envelope, Type
from harness.exchange.reasons import Refused
from harness.exchange.seal import Opened, Sealed, unseal
from nodes.turn import Turn
from nodes.window import Window
from tests.unit.conftest import Knife

if TYPE_CHECKING:
    from tests.unit.conftest import Corridor


def opened(corridor: Corridor, kind: Type, data: object, *, source: str = "QM", to: str = "QN") -> Opened:
    """Witness traffic as its receiver opened it."""
    record = corridor.sealed(corridor.envelope(source, to, type=kind.value, data=data))
    return unseal(Sealed(record.value), trust=corridor.recognised, at=corridor.clock.now())


def shown(
    corridor: Corridor, size: int, root: bytes, *, log: str = "corridor/unit/QM", later: int = 0
) -> dict[str, object]:
    """QM's checkpoint, as it asks for a cosignature."""
    mark = Checkpoint(log, size, root, corridor.clock.now() + timedelta(seconds=later))
    return {"checkpoint": checkpoints.sign(mark, corridor.identities["QM"]).decode(), "since": 0, "proof": []}


async def test_each_witnesses_the_other(corridor: Corridor) -> None:
    """A cosignature is over the log as it stood when asked, and the next request proves that it continues."""
    async with corridor.living(qm := Window(corridor.seat("QM")), qn := Window(corridor.seat("QN"))):
        for count in (1, 2):
            sent = await qm.counter.lodge(corridor.certificate(), to="QN")
            await corridor.receipts(sent.identity)
            for window, witness in ((qm, "QN"), (qn, "QM")):
                await window.counter.seek_witness(witness)
                kept = window.witnessing.pair(witness)
                assert kept is not None
                word = checkpoints.cosigned(kept[1], corridor.identities[witness].certificate)
                assert word.checkpoint.root == window.log.root(word.checkpoint.size)
                assert word.checkpoint.size == kept[2] >= 3 * count


async def test_who_waits_hears_of_it_when_the_turn_is_over(corridor: Corridor) -> None:
    """Not before its place in the inbox is moved: who then cuts the road cuts nothing that is under way."""
    gate = _Gate(corridor.bus, "before commit")
    async with corridor.living(qm := Window(corridor.seat("QM", bus=gate)), Window(corridor.seat("QN"))):
        await qm.counter.lodge(corridor.certificate(), to="QN")
        await qm.counter.seek_witness("QN")
        gate.opens.clear()
        size = qm.log.size
        seeking = asyncio.create_task(qm.counter.seek_witness("QN"))
        await gate.fell.wait()
        assert (qm.witnessing.pair("QN") or (b"", b"", 0))[2] >= size
        asking = asyncio.create_task(qm.witnessing.cosigned("QN", size))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not seeking.done()
        assert not asking.done()
        gate.opens.set()
        await asyncio.gather(seeking, asking)


@dataclass
class _Gate(Knife):
    """Holds a window up at the moment while it is shut."""

    opens: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.opens.set()

    async def comes(self, moment: str) -> None:
        """Wait here, if the gate is shut."""
        if moment == self.moment and not self.opens.is_set():
            self.fell.set()
            await self.opens.wait()


async def test_a_cosignature_that_was_lost(corridor: Corridor) -> None:
    """The witness says where it stood; the request is made again from there, and cosigned."""
    async with corridor.living(qn := Window(corridor.seat("QN"))):
        async with corridor.living(qm := Window(corridor.seat("QM"))):
            sent = await qm.counter.lodge(corridor.certificate(), to="QN")
            await corridor.receipts(sent.identity)
            await qm.counter.seek_witness("QN")
        # As if the window had died before the cosignature came: it does not know of it, the witness does.
        (corridor.folder / "QM" / "cosigned-by-QN.json").unlink()
        async with corridor.living(qm := Window(corridor.seat("QM"))):
            await qm.counter.lodge(corridor.certificate(), to="QN")
            assert qm.witnessing.asked("QN") == 0
            await qm.counter.seek_witness("QN")
            assert corridor.noted(qn, records.REFUSED) == corridor.noted(qm, records.REFUSED) == []


async def test_witnessing_as_often_as_agreed(corridor: Corridor) -> None:
    """When the log has grown by as many records as the agreement says, the partner is asked without being told to."""
    async with corridor.living(qm := Window(corridor.seat("QM"))):
        for _ in range(90):
            await qm.counter.lodge(corridor.certificate(), to="QN")
        asked = [one for one in corridor.on(topics.inbox("QN", "QM")) if one.said["type"] == Type.CHECKPOINT]
        assert len(asked) == 1
        assert 256 <= qm.witnessing.asked("QN") < qm.log.size


async def test_a_log_that_was_rebuilt(corridor: Corridor) -> None:
    """A second root for one size is never cosigned, and the refusal stands in the witness's log."""
    qn = Window(corridor.seat("QN"))
    qn.witnessing.cosign(opened(corridor, Type.CHECKPOINT, shown(corridor, 5, b"a" * 32)))
    turn = Turn()
    other = corridor.sealed(a_checkpoint(corridor, shown(corridor, 5, b"b" * 32, later=9)))
    qn.take([corridor.delivered(other)], turn)
    assert records.read(turn.records[0]).fields["reason"] == reasons.LOG_NOT_CONTINUED.code
    assert turn.outgoing == []


@pytest.mark.parametrize(
    ("size", "log", "later"),
    [(3, "corridor/unit/QM", 9), (6, "corridor/other/QM", 9), (6, "corridor/unit/QP", 9)],
    ids=["shrunk", "another run's log", "another party's log"],
)
async def test_a_checkpoint_that_does_not_follow(corridor: Corridor, size: int, log: str, later: int) -> None:
    """It is refused as a log that was not continued."""
    qn = Window(corridor.seat("QN"))
    qn.witnessing.cosign(opened(corridor, Type.CHECKPOINT, shown(corridor, 5, b"a" * 32)))
    data = shown(corridor, size, b"b" * 32, log=log, later=later)
    with pytest.raises(Refused) as refused:
        qn.witnessing.cosign(opened(corridor, Type.CHECKPOINT, data))
    assert refused.value.reason is reasons.LOG_NOT_CONTINUED


async def test_a_checkpoint_that_came_late(corridor: Corridor) -> None:
    """An older checkpoint than the last seen is no misdeed: nothing is answered, and nothing refused."""
    qn = Window(corridor.seat("QN"))
    qn.witnessing.cosign(opened(corridor, Type.CHECKPOINT, shown(corridor, 5, b"a" * 32)))
    turn = Turn()
    late = corridor.sealed(a_checkpoint(corridor, shown(corridor, 4, b"b" * 32, later=-9)))
    qn.take([corridor.delivered(late)], turn)
    assert (turn.records, turn.outgoing) == ([], [])


def a_checkpoint(corridor: Corridor, data: object) -> Envelope:
    """A request of QM's to cosign its log, before anything that is numbered."""
    return corridor.envelope(type=Type.CHECKPOINT.value, sequence=0, data=data)


def asked_of_qn(corridor: Corridor, qm: Window) -> Opened:
    """QN's cosignature of the log as QM shows it now, as QM opened it."""
    data = qm.witnessing.request("QN")[1].data
    assert isinstance(data, dict)
    mark = checkpoints.opened(data["checkpoint"].encode(), corridor.identities["QM"].certificate)
    token = checkpoints.cosign(mark, corridor.identities["QN"], corridor.clock.now()).decode()
    return opened(corridor, Type.COSIGNATURE, {"cosignature": token}, source="QN", to="QM")


async def test_two_requests_at_one_size(corridor: Corridor) -> None:
    """Each cosignature finds the request it answers; the others of that size, and replays, are dropped unrefused."""
    qm = Window(corridor.seat("QM"))
    first = asked_of_qn(corridor, qm)
    corridor.clock.advance(timedelta(seconds=1))
    second = asked_of_qn(corridor, qm)
    for word in (first, second, first):
        assert qm.witnessing.store(word) is None
        kept = qm.witnessing.pair("QN")
        assert kept is not None
        assert kept[1].decode() == first.envelope.data["cosignature"]


@pytest.mark.parametrize("left", [b"", b'{"size": 12, "chec', b"{}", b"\xff"])
async def test_a_cosignature_that_was_half_written(corridor: Corridor, left: bytes) -> None:
    """A machine that lost its power may leave anything: the window asks again, and has its evidence."""
    async with corridor.living(qm := Window(corridor.seat("QM")), Window(corridor.seat("QN"))):
        await qm.counter.lodge(corridor.certificate(), to="QN")
        await qm.counter.seek_witness("QN")
    kept = corridor.folder / "QM" / "cosigned-by-QN.json"
    kept.write_bytes(left)
    async with corridor.living(qm := Window(corridor.seat("QM")), Window(corridor.seat("QN"))):
        assert qm.witnessing.pair("QN") is None
        await qm.counter.seek_witness("QN")
        assert qm.witnessing.pair("QN") is not None


async def test_a_cosignature_for_an_earlier_life(corridor: Corridor) -> None:
    """What a window asked for before it was killed is true of its log: dropped, and no misdeed of its partner's."""
    async with corridor.living(qm := Window(corridor.seat("QM")), Window(corridor.seat("QN"))):
        await qm.counter.lodge(corridor.certificate(), to="QN")
    word = asked_of_qn(corridor, Window(corridor.seat("QM")))
    again = Window(corridor.seat("QM"))
    assert again.witnessing.store(word) is None
    assert again.witnessing.pair("QN") is None


async def test_a_bundle_stays_in_its_folder(corridor: Corridor) -> None:
    """The partner chose the correlation; it does not choose where the bundle is written."""
    async with corridor.living(qm := Window(corridor.seat("QM")), Window(corridor.seat("QN"))):
        path = await qm.counter.evidence("../../out", partner="QN")
    assert path.parent == corridor.folder / "QM" / "bundles"
    assert re.fullmatch(r"QM-[0-9a-f]{16}\.zip", path.name)


@pytest.mark.parametrize(
    "change",
    [
        {"checkpoint": None},
        {"checkpoint": 5},
        {"checkpoint": "a.b.c"},
        {"since": -1},
        {"since": True},
        {"since": "0"},
        {"proof": "abc"},
        {"proof": [1]},
        {"proof": 7},
    ],
    ids=str,
)
async def test_a_request_that_is_malformed(corridor: Corridor, change: dict[str, object]) -> None:
    """It is refused with a reason of its own."""
    qn = Window(corridor.seat("QN"))
    data = {**shown(corridor, 5, b"a" * 32), **change}
    with pytest.raises(Refused) as refused:
        qn.witnessing.cosign(opened(corridor, Type.CHECKPOINT, data))
    assert refused.value.reason in (reasons.NOT_AN_ENVELOPE, reasons.NOT_A_TOKEN)


async def test_a_cosignature_nobody_asked_for(corridor: Corridor) -> None:
    """It is not stored: not of our log, not of what we asked about, not by the partner's own key."""
    qm = Window(corridor.seat("QM"))
    now = corridor.clock.now()
    mark = Checkpoint("corridor/unit/QM", 5, b"a" * 32, now)
    for signer in ("QN", "QP", "QM"):
        token = checkpoints.cosign(mark, corridor.identities[signer], now).decode()
        with pytest.raises(Refused):
            qm.witnessing.store(opened(corridor, Type.COSIGNATURE, {"cosignature": token}, source="QN", to="QM"))
    assert qm.witnessing.pair("QN") is None


@pytest.mark.parametrize("again_from", [-1, 1, 2**53 - 1, True, "0", None])
async def test_a_proof_from_where_no_log_ever_was(corridor: Corridor, again_from: object) -> None:
    """A partner cannot move us past the end of our own log, and so out of its witness."""
    qm = Window(corridor.seat("QM"))
    with pytest.raises(Refused) as refused:
        qm.witnessing.store(opened(corridor, Type.COSIGNATURE, {"again_from": again_from}, source="QN", to="QM"))
    assert refused.value.reason is reasons.NOT_AN_ENVELOPE
    assert qm.witnessing.asked("QN") == 0
