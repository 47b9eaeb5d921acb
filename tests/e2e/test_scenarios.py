"""Every scenario of the pack, played with honest windows: all its promises hold, on the memory bus.

On a real Apache Kafka: test_scenarios_on_kafka.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs import hpke
from certs.identity import Algorithm
from certs.jwe import looks_encrypted
from harness.clock import DrivenClock, SystemClock
from harness.trial.buses import standing
from harness.trial.history import What
from harness.trial.runner import Playbill, play
from harness.trial.script import Scenario
from scenarios.pack import PACK

from .playing import broken_promises, shows_something_of_its_own

START = datetime(2026, 3, 12, 9, tzinfo=UTC)

USUAL = (Algorithm.ES256, Algorithm.ED25519)
EXCHANGES = ("origin/", "phytosanitary/", "receipts/", "disputes/", "isolation/")
"""Where the scenarios are that show an exchange as a whole: enough for an algorithm whose keys take long to make."""


LONG = pytest.mark.long("the same scenario under another algorithm")


def is_the_same(scenario: Scenario, algorithm: Algorithm) -> bool:
    """Whether this algorithm shows nothing that ES256 does not: what is read alike, and what names its own."""
    alike = scenario.id.startswith(("attacks/parsing/", "attacks/certificates/"))
    return algorithm is not Algorithm.ES256 and (alike or Algorithm.ES256 in scenario.algorithms.values())


@pytest.mark.parametrize(
    ("scenario", "algorithm"),
    [
        pytest.param(
            one,
            algorithm,
            id=f"{algorithm}-{one.id}",
            marks=() if algorithm is Algorithm.ES256 or one.id.startswith(EXCHANGES) else LONG,
        )
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


@pytest.mark.parametrize(
    "scenario",
    [
        one
        for one in PACK.scenarios
        if not one.needs
        and shows_something_of_its_own(one)
        and all(each.repeatable for each in one.algorithms.values())
    ],
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
