"""Names of topics: one inbox for each ordered pair of parties, destination first (docs/wire.md, section 1)."""

from __future__ import annotations

from collections.abc import Iterable

from harness.exchange.bus import TopicRights


def inbox(receiver: str, sender: str) -> str:
    """The topic that only `sender` writes and only `receiver` reads: `qn.in.from.qm`."""
    return f"{receiver.lower()}.in.from.{sender.lower()}"


def quarantine(party: str) -> str:
    """The topic where `party` alone keeps what it could not accept: `qn.quarantine`."""
    return f"{party.lower()}.quarantine"


def principal(party: str) -> str:
    """The name under which `party` comes to the broker."""
    return party.lower()


def rights_between(a: str, b: str, *, bytes_per_second: int | None = None) -> tuple[TopicRights, ...]:
    """The topics that two parties of a corridor need, with their rights, and how fast each may send to the other."""
    pa, pb = principal(a), principal(b)
    return (
        TopicRights(inbox(b, a), writer=pa, reader=pb, bytes_per_second=bytes_per_second),
        TopicRights(inbox(a, b), writer=pb, reader=pa, bytes_per_second=bytes_per_second),
        TopicRights(quarantine(a), writer=pa, reader=pa),
        TopicRights(quarantine(b), writer=pb, reader=pb),
    )


def sender_of(topic: str, partners: Iterable[str]) -> str | None:
    """Which of `partners` writes that inbox; None when it is no inbox of theirs."""
    _, _, name = topic.partition(".in.from.")
    return next((party for party in partners if principal(party) == name), None)
