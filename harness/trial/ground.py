"""The ground a rehearsal stands on: which countries, under which agreements, and who plays a window.

What is played on it are scenarios (`harness.trial.script`); it is built up by the stage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from harness.exchange.agreement import Agreement
from harness.exchange.bus import Doorway, TopicRights
from harness.exchange.seat import Seat
from harness.trial.party import Party

Cast = Callable[[Seat], Party]
"""Who takes a seat: a window, a saboteur, or somebody else's system."""


Grants = Callable[[tuple[TopicRights, ...]], tuple[TopicRights, ...]]
"""What the broker's operator makes of the rights that the agreements give."""


Doorkeeper = Callable[[tuple[bytes, ...]], Doorway]
"""What an operator makes of the broker's door, told the roots (PEM) of all countries' authorities."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Countries (party code -> name in words), the corridors between them, the usual cast, and sample documents."""

    countries: Mapping[str, str]
    corridors: tuple[Agreement, ...]
    cast: Cast
    sample: Callable[[str, datetime], bytes]
    """A document of the ground's own, dated as if issued shortly before the moment given."""


def under(ground: Ground, agreements: tuple[Agreement, ...]) -> Ground:
    """The ground with these agreements, each in the place of the one between the same parties."""
    others = {frozenset(one.parties): one for one in agreements}
    kept = tuple(others.get(frozenset(one.parties), one) for one in ground.corridors)
    return replace(ground, corridors=kept)
