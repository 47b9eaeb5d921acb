"""What a cosignature takes is timed with one that crossed; where none could be read, it is in no part of the budget."""

from __future__ import annotations

from pathlib import Path

from certs.identity import Algorithm
from harness.clock import SystemClock
from harness.exchange.memory import MemoryBus
from harness.trial.cosigning import cosigning
from harness.trial.measure import loaded, working
from scenarios.pack import PACK


async def test_a_cosignature_that_crossed(tmp_path: Path) -> None:
    """It is found among the last of the witness traffic; what is under a cover, or not there, costs nothing."""
    bus = MemoryBus(SystemClock())
    async with working(PACK, bus, tmp_path, algorithm=Algorithm.ED25519) as pair:
        while not pair.meter.cosigned:
            await loaded(pair, width=32, most_seconds=15, most=96)
        assert cosigning(pair) > 0
        pair.meter.witness.clear()
        assert cosigning(pair) == 0
    await bus.close()
