"""A sender's numbering of what it puts on one topic, as its receiver has seen it: what is missing, late, or doubled.

The numbers are signed, so nobody on the way can mend them. A gap refuses nothing: a sender that fell between logging
and putting sends again what it logged, out of order, and several in flight may pass each other. It is written down,
so that two logs together can tell what became of each number. Folded from the log like all a window knows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.evidence import records


@dataclass
class Numbering:
    """One sender's numbers. Owned by the ledger. `holders`: the identity that came under each number first."""

    highest: int = 0
    holders: dict[int, str] = field(default_factory=dict)

    def notices(self, number: int, identity: str, *, counts: bool) -> tuple[str, dict[str, int]] | None:
        """What the number of something that just came says: an event of the log and its fields, or nothing.

        Args:
            number: what its sender signed.
            identity: of what came.
            counts: False for witness traffic, which repeats the last number and so tells what should have come.
        """
        before = number - 1 if counts else number
        if before > self.highest:
            return records.GAP, {"first": self.highest + 1, "last": before}
        if not counts or number > self.highest:
            return None
        holder = self.holders.get(number)
        if holder is None:
            return records.LATE, {"sequence": number}
        return None if holder == identity else (records.REPEATED, {"sequence": number})

    def came(self, number: int, identity: str) -> None:
        """Something came under `number`."""
        self.holders.setdefault(number, identity)
        self.highest = max(self.highest, number)

    def missed(self, last: int) -> None:
        """It is noted that nothing came up to `last`."""
        self.highest = max(self.highest, last)
