"""`corridor run` and `corridor send` on a Kafka that somebody else started: plain, without an authorizer."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.brokers.local import LocalBroker

from .conftest import RunCorridor


@pytest.mark.timeout(90)  # three commands, each bringing up its topics on a broker of its own
async def test_commands_on_a_broker_that_runs_already(
    plain: LocalBroker, run_corridor: RunCorridor, tmp_path: Path
) -> None:
    """An attack is refused and a document goes there and back on HOST:PORT; a second run does not meet the first.

    A broker that is not ours is not killed, and that is counted.
    """
    for _ in range(2):
        words = ("attacks/replayed-message", "continuity/broker-killed")
        ran = run_corridor("run", *words, "--bus", plain.address, "--json", folder=tmp_path)
        assert ran.code == 0, ran.err
        assert {one["id"]: one["verdict"] for one in ran.lines("scenario")} == dict(
            zip(words, ("held", "not played"), strict=True)
        )
        assert ran.lines("total")[0]["scenarios"]["not_played"] == 1
    sent = run_corridor(
        "send", "sample:phytosanitary.xml", "--from", "QM", "--to", "QN", "--bus", plain.address, folder=tmp_path
    )
    assert sent.code == 0, sent.err
    assert "ACCEPTED by QN" in sent.out
