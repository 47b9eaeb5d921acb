"""The one transport interface. Two implementations: `memory` and `kafka`; both pass tests/contract.

Nothing here knows envelopes, seals or countries. Topic names are logical (`qn.in.from.qm`): a bus adds
the prefix of its run by itself, so a window cannot tell which bus, or whose run, it stands on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from harness.errors import RoadFailed

OPERATOR = "operator"
"""The principal that may create, read and write every topic: the broker's operator."""

EVERYBODY = "*"
"""A right for everybody: no agreement gives it, a careless operator does. Kafka spells it so too (`User:*`)."""

LARGEST_RECORD = 2 * 1024 * 1024
"""The largest record a topic takes, in bytes: key, value and headers, as Kafka's `max.message.bytes` counts them
within its own hundred bytes of framing."""

Headers = tuple[tuple[str, bytes], ...]


class Unreachable(RoadFailed):
    """No broker answers at the address given."""


class NotAllowed(RoadFailed):
    """The bus refused a principal: it has no right to write or read that topic."""

    def __init__(self, principal: str, action: str, topic: str) -> None:
        self.principal, self.action, self.topic = principal, action, topic
        super().__init__(
            f"{principal!r} may not {action} topic {topic!r}",
            expected="a right that the corridor agreement gives",
            todo="use the topic that the agreement names for this party",
        )


class RangeLost(RoadFailed):
    """Records that were never read are gone from the topic (retention, truncation)."""

    def __init__(self, topic: str, wanted: int, first: int) -> None:
        self.topic, self.wanted, self.first = topic, wanted, first
        super().__init__(
            f"topic {topic!r} now begins at offset {first}, records from {wanted} on are gone",
            expected=f"offset {wanted} to be still there",
            todo="ask the sender for the missing messages, then reset the group on purpose",
        )


class TooLarge(RoadFailed):
    """The record is larger than the topic takes."""


class NoSuchTopic(RoadFailed):
    """The topic does not exist, and topics are never created by writing to them."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is put on a topic. `key` decides the order: one key, one order."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers = ()

    @property
    def size(self) -> int:
        """Octets of key, value and headers: what `LARGEST_RECORD` bounds."""
        headers = sum(len(name.encode()) + len(value) for name, value in self.headers)
        return len(self.key) + len(self.value) + headers


@dataclass(frozen=True, slots=True)
class Ack:
    """The broker has the bytes (acknowledgement level L0). `at` is the broker's time."""

    topic: str
    partition: int
    offset: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was taken from a topic: bytes and headers exactly as they were put."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: Headers
    at: datetime


@dataclass(frozen=True, slots=True)
class TopicRights:
    """One topic, who alone may write it and who alone may read it (besides the operator).

    `bytes_per_second` is how fast its writer may write it, where that is agreed. A broker knows one rate for each
    writer: the sum over its topics. The memory bus knows none.
    """

    topic: str
    writer: str
    reader: str
    bytes_per_second: int | None = None


@dataclass(frozen=True, slots=True)
class Doorway:
    """Who comes in at a broker's door at all, whatever rights wait inside.

    `asks` is whether who shows no certificate is sent away. `roots` are those (PEM) whose certificates are good there,
    beside the broker's own authority: none, where no careless operator keeps the door.
    """

    asks: bool = True
    roots: tuple[bytes, ...] = ()


class Outlet(Protocol):
    """Where one principal puts records."""

    async def put(self, *records: Record) -> tuple[Ack, ...]:
        """Put `records` in this order; return when the broker has them all.

        When it raises, those before the refused one may be on their topics all the same.

        Raises: NotAllowed, NoSuchTopic (told to the operator only: who has no right on a topic does not learn
        whether it exists), TooLarge, Unreachable.
        """
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...


class Inlet(Protocol):
    """Where one principal takes records. What is taken and not committed is delivered again."""

    async def take(self, most: int = 256) -> tuple[Delivery, ...]:
        """Wait for at least one record, return up to `most`: of each topic that has some, at least its even share.

        Raises: NotAllowed, NoSuchTopic (as `Outlet.put` does), RangeLost, Unreachable.
        """
        ...

    async def commit(self, deliveries: Sequence[Delivery]) -> None:
        """These are done with, and all before them in their partitions. A place never moves back.

        Raises: RoadFailed when another reader of the group has taken over, and so will get them again.
        """
        ...

    async def close(self) -> None:
        """Leave without committing."""
        ...


class Bus(Protocol):
    """The topics of one run."""

    @property
    def enforces_rights(self) -> bool:
        """Whether what `open_topics` grants is all that is allowed. False on a broker without an authorizer."""
        ...

    async def open_topics(self, rights: Iterable[TopicRights]) -> None:
        """As operator, create the topics that do not exist and grant exactly these rights.

        A topic named here loses the rights it had before; topics not named keep theirs.
        """
        ...

    async def outlet(self, principal: str) -> Outlet:
        """A way to put records, as `principal`."""
        ...

    async def inlet(self, principal: str, topics: Sequence[str], *, group: str | None) -> Inlet:
        """A way to take records, as `principal`.

        The first time a group reads a topic it begins at the first record; afterwards at what it committed,
        and a committed place that is gone raises RangeLost. With `group=None` (the tap) every reading begins
        at the first record and nothing is committed.

        A group belongs to its principal: two principals that name the same group do not share a place. Of two
        open inlets of one group a topic serves one at a time; the other waits until that one is closed.
        """
        ...

    async def trim(self, topic: str, before: int) -> None:
        """As operator, delete the records before offset `before` (in every partition): what retention does.

        An offset past the end empties the topic.
        """
        ...

    async def close(self) -> None:
        """Let go of everything this bus opened."""
        ...


@dataclass(frozen=True, slots=True)
class Knock:
    """What came of coming to a broker's door with a certificate, or without one.

    `answered` is whether the broker took a first request; `said` is how the door was shut (a TLS alert by its name, as
    OpenSSL spells it), or what was answered; `port` is the caller's own port, by which the broker's log knows it;
    0 where somebody relays and the broker knows another.
    """

    answered: bool
    said: str
    port: int


class Prowler(Protocol):
    """One principal that goes around outlets and inlets and asks the broker straight for what it wants.

    Each act returns what it got, in a word, when the broker let it happen. Raises: NotAllowed, Unreachable.
    """

    async def read(self, topic: str) -> str:
        """Fetch what stands on `topic`, without asking first whether it is there."""
        ...

    async def write(self, topic: str, octets: bytes) -> str:
        """Put a record on `topic`."""
        ...

    async def join(self, owner: str, group: str) -> str:
        """Become a member of the group that `owner` reads with."""
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...


@runtime_checkable
class Guarded(Protocol):
    """A bus with a broker of its own behind it: it has a door to come to, and it keeps a log of whom it sent away."""

    def prowler(self, principal: str) -> Prowler:
        """Somebody who asks the broker straight, with the certificate of `principal`."""
        ...

    def comes_by(self, principal: str, address: str) -> None:
        """From now on `principal` comes to the broker at `address`, which leads to it by another way."""
        ...

    async def second_reader(self, principal: str, topics: Sequence[str], *, group: str) -> Inlet:
        """Another reader in the group of `principal`, to whom the broker gives the first of these topics.

        Raises: NotReady (no certificate), Unreachable.
        """
        ...

    async def knock(self, principal: str, shown: Path | None) -> Knock:
        """Come to the door as `principal`, with the key and chain in `shown`, or with no certificate at all.

        Raises: Unreachable (nobody listens there).
        """
        ...

    def full(self, topic: str) -> str:
        """The topic's name on the cluster."""
        ...

    def group(self, principal: str, group: str) -> str:
        """The group's name on the cluster."""
        ...

    def log(self) -> str | None:
        """What the broker has written in its own log so far; None when nobody here can read it."""
        ...
