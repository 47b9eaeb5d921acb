"""Two windows that send to each other at once: each consignment keeps its order, on both buses."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio

from harness.brokers.local import LocalBroker
from harness.clock import Chance, SystemClock
from harness.evidence import records
from harness.exchange.bus import Bus
from harness.exchange.envelope import Type
from harness.exchange.memory import MemoryBus
from harness.exchange.seat import Sent
from harness.trial.founding import Setting
from harness.trial.history import Scribe, told
from harness.trial.stage import Stage, staged
from scenarios.pack import PACK

EACH = 12
"""Certificates each way."""


@pytest.fixture(params=["memory", "kafka"])
def make_bus(request: pytest.FixtureRequest) -> Callable[[], Bus]:
    """How each bus is made; the making itself belongs into the test's own event loop."""
    if request.param == "memory":
        return lambda: MemoryBus(SystemClock())
    broker: LocalBroker = request.getfixturevalue("broker")
    return lambda: broker.bus("interleaving.")


@pytest_asyncio.fixture
async def bus(make_bus: Callable[[], Bus]) -> AsyncIterator[Bus]:
    """Each bus in turn."""
    made = make_bus()
    yield made
    await made.close()


async def test_certificates_both_ways_at_once(bus: Bus, tmp_path: Path) -> None:
    """Each is accepted once; its message stands before its receipts, and numbers rise without a gap on each topic."""
    scribe = Scribe(tmp_path / "history.jsonl", SystemClock())
    setting = Setting("interleaving", tmp_path, SystemClock(), Chance(), patience=15)
    try:
        async with staged(setting, PACK, bus, scribe) as stage:
            certificate = stage.sample("origin-certificate.json")
            roads = [("QM", "QN"), ("QN", "QM")] * EACH
            sent = await asyncio.gather(*(stage.window(one).lodges(certificate, to=other) for one, other in roads))
            await asyncio.gather(*(exchanged(stage, one) for one in sent))
            await stage.settle()
            await once_each(stage, sent)
            in_order(stage)
    finally:
        scribe.close()


async def exchanged(stage: Stage, sent: Sent) -> None:
    """The certificate is answered, used by its receiver, and the use reported."""
    await stage.answer(sent)
    await stage.window(sent.to).uses(sent, quantity="1", declaration=f"D-{sent.correlation}")
    await stage.answer(sent, copy=2)


async def once_each(stage: Stage, sent: list[Sent]) -> None:
    """Every certificate was worked on and used exactly once, at the party it went to."""
    for code in ("QM", "QN"):
        log = [told(body) for body in await stage.window(code).gives_out()]
        ours = sorted(one.identity for one in sent if one.to == code)
        assert sorted(str(one.fields["identity"]) for one in log if one.event == records.TRANSLATED) == ours
        assert sorted(str(one.fields["of"]) for one in log if one.event == records.USED) == ours


def in_order(stage: Stage) -> None:
    """On each topic by consignment: numbers rise, and a receipt stands behind the one it follows."""
    counted: dict[tuple[str, bytes], list[int]] = defaultdict(list)
    on_topic: dict[str, set[int]] = defaultdict(set)
    heard: dict[str, list[str]] = defaultdict(list)
    for seen in stage.tap.seen:
        if not seen.in_inbox or seen.said["type"] in (Type.CHECKPOINT, Type.COSIGNATURE):
            continue
        counted[seen.delivery.topic, seen.delivery.key].append(seen.said["sequence"])
        on_topic[seen.delivery.topic].add(seen.said["sequence"])
        if (receipt := seen.receipt) is not None:
            assert receipt.after in (None, *heard[receipt.of])
            heard[receipt.of].append(seen.sealed.identity)
    assert all(one < other for numbers in counted.values() for one, other in pairwise(numbers))
    assert all(numbers == set(range(1, len(numbers) + 1)) for numbers in on_topic.values())
    assert all(len(receipts) == 2 for receipts in heard.values())
