"""Every scenario of the pack, played with honest windows: all its promises hold, on both buses."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs import hpke
from certs.identity import Algorithm
from certs.jwe import looks_encrypted
from harness.brokers.local import LocalBroker
from harness.clock import DrivenClock, SystemClock
from harness.exchange import reasons
from harness.trial import checks, keys
from harness.trial.buses import BusMaker, standing
from harness.trial.history import What
from harness.trial.runner import Playbill, judge, play, trouble
from harness.trial.script import OURS, Scenario
from harness.trial.verdict import Verdict
from scenarios.pack import PACK

START = datetime(2026, 3, 12, 9, tzinfo=UTC)

SPARING = [scenario for scenario in PACK.scenarios if not scenario.kills_the_broker]
"""Those that leave the session's broker alive; the others: test_processes."""

READ_ALIKE = ("attacks/envelope/", "attacks/parsing/", "attacks/certificates/")
"""Attacks on what a message says, or on who signed it: a window refuses them by reading, and reads alike on any bus."""
ON_A_BROKER_TOO = frozenset(
    {
        "attacks/envelope/mirrored-signature",  # two tokens of one message, at two offsets
        "attacks/envelope/truncated",  # a record that is no token
        "attacks/parsing/bombs",  # the largest record
        "attacks/parsing/compressed-bomb",  # the one under a cover
    }
)
"""Those of them that a broker could get wrong all the same."""
KAFKA = [one for one in SPARING if not one.id.startswith(READ_ALIKE) or one.id in ON_A_BROKER_TOO]


async def broken_promises(scenario: Scenario, bill: Playbill, folder: Path) -> list[str]:
    """Play, judge, and tell what did not hold, or why there is no verdict."""
    history = await play(scenario, bill, folder)
    judged = judge(scenario, history)
    assert {check.name for check in scenario.checks} <= {one.check for one in judged}
    promised = {
        (event["args"]["reason"], event["args"].get("clause", ""))
        for event in history.of(What.PROMISE)
        if event["check"] == checks.refused_with_reason.name
    }
    # A list is refused at the counter, on its reason's own clause.
    listed = [event["args"]["reason"] for event in history.of(What.PROMISE) if event["check"] == keys.list_refused.name]
    promised |= {(code, reasons.by_code(code).clause) for code in listed}
    # What docs/attacks.md says is what was promised. A replay is refused too, and promised as one effect.
    said = {(one.reason.code, one.rests_on) for one in scenario.refusals if one.reason is not reasons.REPLAYED}
    assert said <= promised
    told = [f"{one.verdict.value} {one.check}: {one.saw}" for one in judged if one.verdict is not Verdict.HELD]
    return told + ([trouble(history)] if trouble(history) else [])


USUAL = (Algorithm.ES256, Algorithm.ED25519)
EXCHANGES = ("origin/", "phytosanitary/", "receipts/", "disputes/", "isolation/")
"""Where the scenarios are that show an exchange as a whole: enough for an algorithm whose keys take long to make."""


def is_the_same(scenario: Scenario, algorithm: Algorithm) -> bool:
    """Whether this algorithm shows nothing that ES256 does not: what is read alike, and what names its own."""
    alike = scenario.id.startswith(("attacks/parsing/", "attacks/certificates/"))
    return algorithm is not Algorithm.ES256 and (alike or Algorithm.ES256 in scenario.algorithms.values())


@pytest.mark.parametrize(
    ("scenario", "algorithm"),
    [
        pytest.param(one, algorithm, id=f"{algorithm}-{one.id}")
        for one in PACK.scenarios
        if not one.needs
        for algorithm in Algorithm
        if (algorithm in USUAL or one.id.startswith(EXCHANGES)) and not is_the_same(one, algorithm)
    ],
)
async def test_honest_windows_on_the_memory_bus(scenario: Scenario, algorithm: Algorithm, tmp_path: Path) -> None:
    """All promises hold, whatever the algorithm of the seals."""
    clock = SystemClock()
    async with standing("memory", tmp_path, (), clock, lambda _: None) as bus:
        bill = Playbill(PACK, bus, "memory", clock, 1, algorithm=algorithm)
        assert await broken_promises(scenario, bill, tmp_path / "run") == []


@pytest.fixture(params=["on_the_broker", "on_the_container"])
def on_kafka(request: pytest.FixtureRequest) -> BusMaker:
    """Makes the bus of one scenario on a real Apache Kafka: on this machine's JVM, and in Docker."""
    made: BusMaker = request.getfixturevalue(request.param)
    return made


@pytest.mark.parametrize("scenario", [one for one in KAFKA if one.needs != OURS], ids=lambda one: one.id)
@pytest.mark.timeout(60)  # floods and failing roads take their time
async def test_honest_windows_on_a_real_kafka(scenario: Scenario, on_kafka: BusMaker, tmp_path: Path) -> None:
    """All promises hold on a real Apache Kafka too, with the same windows."""
    bill = Playbill(PACK, on_kafka, "local", SystemClock(), 1, patience=15)
    assert await broken_promises(scenario, bill, tmp_path / "run") == []


@pytest.mark.parametrize("scenario", [one for one in SPARING if one.needs == OURS], ids=lambda one: one.id)
@pytest.mark.timeout(60)  # floods and failing roads take their time
async def test_honest_windows_on_roads_that_fail(
    scenario: Scenario, on_the_broker: BusMaker, broker: LocalBroker, tmp_path: Path
) -> None:
    """All promises hold where the road itself fails."""
    bill = Playbill(PACK, on_the_broker, "local", SystemClock(), 1, patience=15, broker=broker)
    assert await broken_promises(scenario, bill, tmp_path / "run") == []


@pytest.mark.parametrize(
    "scenario",
    [one for one in PACK.scenarios if not one.needs and all(each.repeatable for each in one.algorithms.values())],
    ids=lambda scenario: scenario.id,
)
async def test_the_same_seed_and_the_same_clock(scenario: Scenario, tmp_path: Path) -> None:
    """Two runs write the same bytes: history and evidence bundles differ in nothing but what HPKE hid anew."""
    written = []
    for folder in (tmp_path / "one", tmp_path / "other"):
        clock = DrivenClock(START, step=timedelta(milliseconds=1))
        async with standing("memory", folder, (), clock, lambda _: None) as bus:
            await play(scenario, Playbill(PACK, bus, "memory", clock, 7, fixed_keys=True), folder)
        kept = [folder / "history.jsonl", *sorted(folder.rglob("*.zip"))]
        written.append({path.name: path.read_bytes().splitlines() for path in kept})
    if any(agreement.encryption == hpke.PROFILE for agreement in scenario.under):
        for one in written:
            one["history.jsonl"] = [but_for_ciphertext(line) for line in one["history.jsonl"]]
    assert written[0] == written[1]


def but_for_ciphertext(line: bytes) -> bytes:
    """A line of a history without the octets of a cover: HPKE's chance comes from the library, not from the seed."""
    event = json.loads(line)
    if event["what"] == What.DELIVERY and looks_encrypted(base64.b64decode(event["value"])):
        event["value"] = ""
    return json.dumps(event).encode()
