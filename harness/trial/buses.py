"""Which bus a run stands on.

`memory`; `local` and `container`, an Apache Kafka started here and stopped again; `HOST:PORT`, one that runs.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, runtime_checkable

from harness.clock import Clock
from harness.errors import BadInput
from harness.exchange.bus import Bus, Doorway
from harness.exchange.memory import MemoryBus
from harness.trial.processes import Way

BusMaker = Callable[[str], AbstractAsyncContextManager[Bus]]
"""Makes the bus of one scenario from its topic prefix."""


@runtime_checkable
class Fallible(Protocol):
    """A broker of ours that can be killed, or a bus that can act as if its was."""

    async def falls(self) -> None:
        """Be killed, and started again on the same data; return once it answers."""
        ...


@runtime_checkable
class Roundabout(Protocol):
    """A broker of ours to which a detour leads."""

    @property
    def detour(self) -> tuple[int, int]:
        """The port where a detour to it begins, and the one where it ends."""
        ...


@runtime_checkable
class Doored(Protocol):
    """A broker of ours whose door its operator can open to others."""

    async def opens(self, doorway: Doorway) -> None:
        """Be killed, and started again with another doorway; return once it answers."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """A bus that stands for a whole run; called with a topic prefix, it makes the bus of one scenario.

    `way` is how a party comes to it from a process of its own, `broker` what can be killed: None where there is none.
    """

    make: BusMaker
    way: Way | None = None
    broker: Fallible | None = None

    def __call__(self, prefix: str) -> AbstractAsyncContextManager[Bus]:
        """The bus of one scenario."""
        return self.make(prefix)


ANSWERS_WITHIN = 8.0
"""Seconds in which a broker at an address given must answer, before anything is begun on it."""

MEMORY = "memory"
LOCAL = "local"
CONTAINER = "container"
_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})")


def named(bus: str, config: Path | None = None) -> str:
    """Check the name of a bus, and that client properties come with an address only. Raises BadInput."""
    if bus in (MEMORY, LOCAL, CONTAINER):
        if config is not None:
            raise BadInput(
                f"--bus-config {config} with --bus {bus}",
                expected="client properties with HOST:PORT only: for its own brokers the run makes them itself",
                todo="leave --bus-config out, or name the brokers: --bus HOST:PORT",
            )
        return bus
    brokers = [_ADDRESS.fullmatch(each) for each in bus.split(",")]
    if all(each is not None and 0 < int(each[1]) < 65536 for each in brokers):
        return bus
    raise BadInput(
        f"--bus {bus!r}",
        expected="memory, local, container, or HOST:PORT of a running broker",
        todo="see `corridor run --help`",
    )


@asynccontextmanager
async def standing(
    bus: str,
    folder: Path,
    principals: Sequence[str],
    clock: Clock,
    say: Callable[[str], None],
    *,
    config: Path | None = None,
) -> AsyncIterator[Standing]:
    """Bring a bus up for a whole run, and take it down after it.

    Args:
        bus: its name, see `named`.
        folder: the run's folder, where a broker of ours keeps its files.
        principals: the parties that will come.
        clock: the memory bus's time; a broker has its own.
        say: told in a sentence what takes long.
        config: Kafka client properties for the brokers at an address; None where they take plaintext.

    Raises:
        BadInput: the client properties cannot be followed.
        NotReady: Java or Kafka's jars are missing; no Docker engine, or no image.
        Unreachable: no broker answers at that address.
    """
    if named(bus, config) == MEMORY:

        @asynccontextmanager
        async def memory(_prefix: str) -> AsyncIterator[Bus]:
            made = MemoryBus(clock)
            try:
                yield made
            finally:
                await made.close()

        yield Standing(memory)
        return
    # Imported here: aiokafka costs a fifth of a second that the memory bus does not need.
    from harness.brokers.container import ContainerBroker  # noqa: PLC0415
    from harness.brokers.local import LocalBroker  # noqa: PLC0415
    from harness.brokers.standing import log_beside  # noqa: PLC0415
    from harness.exchange.kafka import KafkaBus  # noqa: PLC0415
    from harness.exchange.kafka_config import ClientConfig, read, write  # noqa: PLC0415

    def kafka(make: Callable[[str], KafkaBus]) -> BusMaker:
        @asynccontextmanager
        async def opened(prefix: str) -> AsyncIterator[Bus]:
            made = make(prefix)
            try:
                yield made
            finally:
                await made.close()

        return opened

    if bus in (LOCAL, CONTAINER):
        kind = LocalBroker if bus == LOCAL else ContainerBroker
        async with kind(folder, principals, say=say) as broker:
            properties = broker.folder / "client.properties"
            write(properties)
            # Each party is the one reader of its group: under one name, it takes its place over after an outage.
            make = partial(broker.bus, instance="stage")
            yield Standing(kafka(make), Way(broker.address, properties), broker)
        return
    how = ClientConfig() if config is None else read(config)
    for key in how.passed_over:
        say(f"{config}: {key} is passed over; it means nothing here")
    await KafkaBus(bus, credentials=how.credentials, patience=ANSWERS_WITHIN).answers()
    log = None if config is None else log_beside(config, bus)
    opened = kafka(lambda prefix: KafkaBus(bus, prefix=how.prefix + prefix, credentials=how.credentials, log=log))
    yield Standing(opened, Way(bus, config))
