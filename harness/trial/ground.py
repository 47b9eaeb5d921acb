"""The ground a rehearsal stands on: which countries, under which agreements, and who plays a window.

What is played on it are scenarios (`harness.trial.script`); it is built up by the stage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from harness.exchange.agreement import Agreement
from harness.exchange.bus import TopicRights
from harness.exchange.seat import Seat
from harness.trial.party import Party

Cast = Callable[[Seat], Party]
"""Who takes a seat: a window, a saboteur, or somebody else's system."""


Grants = Callable[[tuple[TopicRights, ...]], tuple[TopicRights, ...]]
"""What the broker's operator makes of the rights that the agreements give."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Countries (party code -> name in words), the corridors between them, the usual cast, and sample documents."""

    countries: Mapping[str, str]
    corridors: tuple[Agreement, ...]
    cast: Cast
    sample: Callable[[str, datetime], bytes]
    """A document of the ground's own, dated as if issued shortly before the moment given."""

    def under(self, terms: tuple[Agreement, ...]) -> Self:
        """The same ground with these agreements in the place of its own of the same id."""
        other = {one.id: one for one in terms}
        return replace(self, corridors=tuple(other.get(one.id, one) for one in self.corridors))
