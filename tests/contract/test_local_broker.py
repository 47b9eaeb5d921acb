"""The local broker leaves nothing behind, however its run ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.brokers.local import LocalBroker
from harness.errors import RoadFailed
from harness.exchange.bus import Record, TopicRights

PROGRAM = """
import asyncio, sys
from pathlib import Path
from harness.brokers.local import LocalBroker

async def main():
    async with LocalBroker(Path(sys.argv[1]), ["qm"]) as broker:
        print(broker._now().process.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def alive(pid: int) -> bool:
    """Whether there is such a process, dead ones that nobody collected left out."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.is_file() and state.read_text().rpartition(")")[2].split()[0] == "Z")


def test_ctrl_c_leaves_no_broker_behind(parts_of_a_broker: None, tmp_path: Path) -> None:
    """Interrupted in the middle of a run, the broker is stopped before the program ends."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, tmp_path], stdout=subprocess.PIPE, text=True, stderr=subprocess.PIPE
    ) as program:
        assert program.stdout is not None
        broker = int(program.stdout.readline())
        assert alive(broker)
        program.send_signal(signal.SIGINT)
        _, complaint = program.communicate(timeout=15)
    assert "KeyboardInterrupt" in complaint
    assert not alive(broker)


async def test_kafka_that_cannot_start_is_told_with_its_log(
    parts_of_a_broker: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three tries, then an error that says what Kafka complained about and where to read on."""
    home = tmp_path / "kafka"
    (home / "libs").mkdir(parents=True)
    (home / "libs" / "kafka-clients-9.9.9.jar").write_bytes(b"not a jar")
    monkeypatch.setenv("KAFKA_HOME", str(home))
    broker = LocalBroker(tmp_path, ())
    with pytest.raises(RoadFailed, match="could not format its storage") as failed:
        await broker.__aenter__()
    assert broker.software == "Apache Kafka 9.9.9"
    assert len(broker.logs) == 3
    assert failed.value.todo == f"read {broker.logs[-1]}"
    assert "StorageTool" in broker.logs[-1].read_text("utf-8")


@pytest.mark.timeout(60)  # a broker of its own, started twice
async def test_a_broker_that_was_killed_keeps_its_data(parts_of_a_broker: None, tmp_path: Path) -> None:
    """SIGKILL and a start on the same data: what was put before is there, and the same client goes on putting."""
    async with LocalBroker(tmp_path, ("qm", "qn")) as broker:
        bus = broker.bus(patience=40)
        await bus.open_topics([TopicRights("qn.in.from.qm", writer="qm", reader="qn")])
        outlet = await bus.outlet("qm")
        await outlet.put(Record("qn.in.from.qm", b"key", b"before"))
        first = broker._now()
        await broker.falls()
        assert first.process.returncode == -signal.SIGKILL
        assert broker.address == first.address
        await outlet.put(Record("qn.in.from.qm", b"key", b"after"))
        inlet = await bus.inlet("qn", ["qn.in.from.qm"], group="qn")
        taken: list[bytes] = []
        while len(taken) < 2:
            taken += [each.value for each in await inlet.take()]
        assert taken == [b"before", b"after"]
        await bus.close()
