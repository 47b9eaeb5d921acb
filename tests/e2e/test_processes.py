"""Every scenario with every party as a process of its own on a real Kafka: what holds in one process holds there."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from harness.brokers.local import LocalBroker
from harness.clock import SystemClock
from harness.errors import BadInput, Defect
from harness.exchange.kafka_config import write
from harness.exchange.seat import Seat
from harness.trial.apart import apart
from harness.trial.buses import LOCAL, BusMaker, Standing, standing
from harness.trial.history import What
from harness.trial.processes import Way, named
from harness.trial.runner import Playbill, judge, play, trouble
from harness.trial.script import Saboteur, Scenario
from harness.trial.verdict import Verdict
from nodes import mortals
from nodes.window import Window
from scenarios.continuity.acknowledgement_lost import acknowledgement_lost
from scenarios.continuity.broker_killed import broker_killed
from scenarios.continuity.reader_overtaken import reader_overtaken
from scenarios.continuity.receiver_killed_within_a_turn import receiver_killed_within_a_turn
from scenarios.continuity.road_cut import road_cut
from scenarios.origin.accepted_and_used import accepted_and_used
from scenarios.pack import PACK

from .playing import SPARING, broken_promises

DEMO = () if PACK.demo is None else (PACK.demo.scenario,)


@pytest.fixture
def bill(broker: LocalBroker, on_the_broker: BusMaker) -> Playbill:
    """Played on the session's broker, each party a process."""
    properties = broker.folder / "client.properties"
    write(properties)
    way = Way(broker.address, properties)
    return Playbill(PACK, on_the_broker, "local", SystemClock(), 1, processes=way, broker=broker)


TELLING = [
    *(one for one in SPARING if one.id.startswith("continuity/") and not one.needs),
    *(one for one in SPARING if one.id in ("attacks/byte-flipped", "isolation/operator-reads", "disputes/no-answer")),
    road_cut,
    acknowledgement_lost,
    reader_overtaken,
    *DEMO,
]
"""What can come out otherwise where a party is a process: kills, the wire carried to it, a key in its seat, a bundle
that it wrote, a road that fails. Everything else is the same windows over the same broker, at some five seconds a
scenario."""


LONG = pytest.mark.long("each party is an interpreter of its own")


@pytest.mark.parametrize(
    "scenario", [pytest.param(one, id=one.id, marks=() if one in DEMO else LONG) for one in TELLING]
)
@pytest.mark.timeout(90)  # each party is an interpreter of its own, and some scenarios start a dozen of them
async def test_honest_processes(scenario: Scenario, bill: Playbill, tmp_path: Path) -> None:
    """All promises hold: what is killed there is killed by SIGKILL."""
    assert await broken_promises(scenario, bill, tmp_path / "run") == []


@pytest.mark.parametrize("apart", [False, True], ids=["in one process", "as processes"])
@LONG
@pytest.mark.timeout(120)  # a broker of its own, for the session's would not outlive this test's event loop
async def test_a_broker_that_is_really_killed(parts_of_a_broker: None, *, apart: bool, tmp_path: Path) -> None:
    """All promises hold on a broker that was killed in the middle of a batch, wherever the parties live."""
    async with standing(LOCAL, tmp_path, ("qm", "qn", "qp"), SystemClock(), lambda _: None) as stands:
        way = stands.way if apart else None
        bill = Playbill(PACK, stands, LOCAL, SystemClock(), 1, processes=way, broker=stands.broker)
        assert await broken_promises(broker_killed, bill, tmp_path / "run") == []


@pytest.mark.parametrize("saboteur", receiver_killed_within_a_turn.saboteurs, ids=lambda one: one.name)
@LONG
@pytest.mark.timeout(90)  # as above
async def test_a_saboteur_that_is_really_killed(saboteur: Saboteur, bill: Playbill, tmp_path: Path) -> None:
    """What breaks a promise about coming back in one process breaks it after a real kill too, and is named."""
    scenario = receiver_killed_within_a_turn
    history = await play(scenario, replace(bill, patience=15), tmp_path / "run", cast=saboteur.casting)
    assert not trouble(history)
    found = [one.verdict for one in judge(scenario, history) if one.check == saboteur.caught_by]
    assert found == [Verdict.BROKEN]
    assert list(history.of(What.DEATH))


async def test_a_process_that_does_not_come_up(bill: Playbill, tmp_path: Path) -> None:
    """There is no verdict, and its last words are told."""
    cast = {"QN": mortals.LosesItsBooks}
    # It would throw its books away, and stumbles over a folder among them.
    (tmp_path / "run" / "parties" / "QN" / "log.sqlite.d").mkdir(parents=True)
    history = await play(accepted_and_used, bill, tmp_path / "run", cast=cast)
    assert "the process of QN did not come up (exit code" in trouble(history)


async def test_a_process_that_is_told_to_go_by_somebody_else(
    broker: LocalBroker, on_the_broker: BusMaker, tmp_path: Path
) -> None:
    """It goes in good order, which is no kill: the run fails, and says how it ended."""
    properties = broker.folder / "client.properties"
    write(properties)
    stands = Standing(on_the_broker, Way(broker.address, properties), broker)

    async def told() -> None:
        async with asyncio.timeout(15), apart(PACK, stands, tmp_path) as pair:
            assert pair.asks._life is not None
            pair.asks._life.process.terminate()
            await asyncio.Event().wait()

    with pytest.raises(Defect, match=r"the process of QM ended by itself \(exit code 0\): .*QM has left"):
        await told()


def test_a_cast_without_a_name() -> None:
    """It cannot be played in another process, and the message says where it would have to be."""

    def local(seat: Seat) -> Window:
        return Window(seat)

    with pytest.raises(BadInput, match="cannot be found by another process"):
        named(local)
    assert named(mortals.Mortal) == "nodes.mortals:Mortal"
