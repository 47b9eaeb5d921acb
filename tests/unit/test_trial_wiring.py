"""The stage's wire, carried to a party over a socket: Mallory does there what she does here."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import RoadFailed
from harness.exchange.bus import Record
from harness.trial.faults import Fault, Wire
from harness.trial.wiring import Wired, wired

from .conftest import PATIENCE, Corridor

TOPIC = "qn.in.from.qm"


def record(number: int) -> Record:
    """One of several records, with bytes that are no text."""
    return Record(TOPIC, b"key", b"\xff\x00%d" % number, (("ce_id", b"\xfe%d" % number),))


async def test_what_passes_the_wire(corridor: Corridor, tmp_path: Path) -> None:
    """What Mallory leaves alone passes as it is; what she changes is changed; what she holds back she keeps."""
    wire = Wire(corridor.bus, corridor.clock)
    held = Fault(TOPIC, lambda one: None if b"1" in one.value else one, 1)
    wire.faults += [held, Fault(TOPIC, lambda one: replace(one, value=b"altered") if b"2" in one.value else one, 1)]
    path = tmp_path / "wire.sock"
    async with asyncio.timeout(PATIENCE), wired(wire, path):
        assert path.stat().st_mode & 0o777 == 0o600
        party = Wired(corridor.bus, path, corridor.clock)
        outlet = await party.outlet("qm")
        acks = await outlet.put(*map(record, range(4)))
        await outlet.close()
        await party.close()
    assert [one.delivery.value for one in corridor.on(TOPIC)] == [record(0).value, b"altered", record(3).value]
    assert [one.delivery.headers for one in corridor.on(TOPIC)] == [record(n).headers for n in (0, 2, 3)]
    assert held.held == [record(1)]
    assert wire.kept_away == {record(1).value, record(2).value}
    assert [ack.offset for ack in acks] == [0, 0, 1, 2]  # the second is Mallory's lie


async def test_a_stage_that_is_gone(corridor: Corridor, tmp_path: Path) -> None:
    """The party hears of it, and puts nothing past a wire at which nobody is."""
    path = tmp_path / "wire.sock"
    party = Wired(corridor.bus, path, corridor.clock)
    async with asyncio.timeout(PATIENCE):
        async with wired(Wire(corridor.bus, corridor.clock), path):
            outlet = await party.outlet("qm")
            await outlet.put(record(0))
        await party.gone.wait()
        with pytest.raises(RoadFailed, match="nobody is at the wire"):
            await outlet.put(record(1))
        await party.close()
        with pytest.raises(RoadFailed, match="nobody is at the wire"):
            await Wired(corridor.bus, path, corridor.clock).outlet("qm")
    assert len(corridor.on(TOPIC)) == 1
