"""Playing and judging: what goes wrong stands in the history, and no promise is held that was not put to the test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from harness.clock import SystemClock
from harness.errors import BadInput
from harness.exchange import reasons
from harness.exchange.bus import Bus, Unreachable
from harness.exchange.memory import MemoryBus
from harness.trial import checks
from harness.trial.history import History, What
from harness.trial.rehearsal import unplayable
from harness.trial.runner import Playbill, judge, play, trouble
from harness.trial.script import KAFKA, OURS, Play, Scenario, scenario
from harness.trial.stage import Stage
from harness.trial.verdict import Verdict
from nodes.window import Window
from scenarios.pack import PACK


@asynccontextmanager
async def a_bus(_prefix: str) -> AsyncIterator[Bus]:
    """A memory bus for one scenario."""
    bus = MemoryBus(SystemClock())
    yield bus
    await bus.close()


@asynccontextmanager
async def no_bus(_prefix: str) -> AsyncIterator[Bus]:
    """A bus that cannot be reached."""
    raise Unreachable("nobody answers at 127.0.0.1:1", todo="start a broker")
    yield MemoryBus(SystemClock())


BILL = Playbill(PACK, a_bus, "memory", SystemClock(), 1, patience=0.3)


def a_scenario(script: Play) -> Scenario:
    """A scenario around a script, with one promise of its own."""
    return scenario(title="test", checks=(checks.five_levels,), saboteurs=(), document="864")(script)


def by_check(of: Scenario, history: History) -> dict[str, Verdict]:
    """What became of each promise."""
    return {one.check: one.verdict for one in judge(of, history)}


async def test_a_script_that_ends(tmp_path: Path) -> None:
    """Its steps, the deliveries and every log stand in the history, after the facts of the run."""

    @a_scenario
    async def script(stage: Stage) -> None:
        """A certificate is sent."""
        sent = await stage.window("QM").lodges(stage.sample("origin-certificate.json"), to="QN")
        await stage.answer(sent)
        stage.promises(checks.five_levels, of=sent.identity)

    history = await play(script, BILL, tmp_path / "run")
    assert set(by_check(script, history).values()) == {Verdict.HELD}
    assert trouble(history) == ""
    assert history.events[0]["what"] == What.RUN
    assert {history.run["bus"], history.run["seed"]} == {"memory", 1}
    assert set(history.logs) == {"QM", "QN"}
    assert History.read(tmp_path / "run" / "history.jsonl").events == history.events


async def test_a_script_that_waits_in_vain(tmp_path: Path) -> None:
    """The history says for what; the promise behind it is not reached, and that is not held."""

    @a_scenario
    async def script(stage: Stage) -> None:
        """Nobody answers what nobody sent."""
        await stage.answer_to("0" * 64, "a message that was never sent")

    history = await play(script, BILL, tmp_path / "run")
    judged = next(one for one in judge(script, history) if one.check == "five_levels")
    assert judged.verdict is Verdict.NOT_REACHED
    assert "answer 1 to a message that was never sent" in judged.saw


async def test_a_script_that_never_ends(tmp_path: Path) -> None:
    """It is ended after four times the patience of one wait, and what came before is judged."""
    endless = replace(BILL, patience=0.05)

    @a_scenario
    async def script(stage: Stage) -> None:
        """Waits, and waits again."""
        fault = stage.mallory.holds_back(sender="QM", receiver="QN")
        await stage.mallory.has(fault)

    history = await play(script, endless, tmp_path / "run")
    assert next(event["waited_for"] for event in history.of(What.STOPPED)) == "the script to end"


async def test_a_window_that_refuses_what_the_script_asks(tmp_path: Path) -> None:
    """The script ends there; what was exchanged before is judged with all logs."""

    @a_scenario
    async def script(stage: Stage) -> None:
        """A use of what was never accepted."""
        sent = await stage.window("QM").lodges(stage.sample("origin-certificate-rule-broken.json"), to="QN")
        await stage.answer(sent)
        await stage.window("QN").uses(sent, quantity="1", declaration="D-1")

    history = await play(script, BILL, tmp_path / "run")
    verdicts = by_check(script, history)
    assert verdicts.pop("five_levels") is Verdict.NOT_REACHED
    assert set(verdicts.values()) == {Verdict.HELD}
    assert "was accepted at QN" in next(event["waited_for"] for event in history.of(What.STOPPED))


async def test_a_window_that_sends_what_it_should_refuse(tmp_path: Path) -> None:
    """The script stops there, and says so."""

    @a_scenario
    async def script(stage: Stage) -> None:
        """A refusal that does not come."""
        await stage.window("QM").is_refused(
            stage.sample("origin-certificate.json"), to="QN", reason=reasons.NOT_COVERED
        )

    history = await play(script, BILL, tmp_path / "run")
    assert "it sent it" in next(event["waited_for"] for event in history.of(What.STOPPED))


async def test_a_road_that_failed(tmp_path: Path) -> None:
    """There is no verdict then: the trouble is told with what to do."""
    scenario_ = PACK.scenarios[0]
    history = await play(scenario_, replace(BILL, bus=no_bus), tmp_path / "run")
    assert trouble(history) == "nobody answers at 127.0.0.1:1 (to do: start a broker)"
    assert set(by_check(scenario_, history).values()) == {Verdict.NOT_REACHED}


async def test_a_check_that_fails_itself(tmp_path: Path) -> None:
    """It says nothing about the promise: unknown, with the place to look."""

    @a_scenario
    async def script(stage: Stage) -> None:
        """A promise with an argument missing."""
        stage.promises(checks.five_levels)

    history = await play(script, BILL, tmp_path / "run")
    judged = next(one for one in judge(script, history) if one.check == "five_levels")
    assert judged.verdict is Verdict.UNKNOWN
    assert "the check itself failed: TypeError" in judged.saw


async def test_a_party_that_gives_out_no_record(tmp_path: Path) -> None:
    """What it gives out in the place of its log is judged, and does not end the run."""

    class Mute(Window):
        """Gives out bytes that are no text."""

        def gives_out(self) -> tuple[bytes, ...]:
            """Nothing that could be read."""
            return tuple(b"\xff" for _ in super().gives_out())

    one = PACK.scenarios[0]
    history = await play(one, BILL, tmp_path / "run", cast={"QN": Mute})
    verdicts = by_check(one, history)
    assert verdicts["logs_hold_together"] is Verdict.BROKEN
    assert Verdict.UNKNOWN not in verdicts.values()


async def test_a_party_that_dies(tmp_path: Path) -> None:
    """A defect of a party ends the play with its own error, not with a group of them."""

    class Breaks(Window):
        """Cannot be brought up."""

        async def run(self) -> None:
            """Die at once."""
            raise BadInput("this window is out of order")

    with pytest.raises(BadInput, match="out of order"):
        await play(PACK.scenarios[0], BILL, tmp_path / "run", cast={"QN": Breaks})


def test_a_scenario_without_a_promise() -> None:
    """It is refused where it is written: its docstring is its promise."""

    async def script(stage: Stage) -> None:
        pass

    with pytest.raises(BadInput, match="has no docstring"):
        a_scenario(script)


@pytest.mark.parametrize(
    ("needs", "kills", "played_on"),
    [
        ("", False, ("memory", "local", "container", "kafka.example:9092")),
        ("", True, ("memory", "local", "container")),
        (KAFKA, False, ("local", "container", "kafka.example:9092")),
        (OURS, False, ("local", "container")),
    ],
    ids=["nothing", "to kill the broker", "a Kafka", "one of ours"],
)
def test_what_a_bus_can_show(needs: str, kills: bool, played_on: tuple[str, ...]) -> None:  # noqa: FBT001 - a case
    """Every broker that the run itself starts shows all; one at an address nothing that has to break it."""
    asking = replace(PACK.scenarios[0], needs=needs, kills_the_broker=kills)
    buses = {"memory": True, "local": True, "container": True, "kafka.example:9092": False}
    assert tuple(bus for bus, mortal in buses.items() if not unplayable(asking, bus, mortal=mortal)) == played_on
