"""What a scenario expects of a refusal: the reason, its step, and the clause it rests on.

Said once: the script promises it (`checks.refused_with_reason`), and docs/attacks.md is made from it.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.exchange.reasons import Reason


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal for `reason`, on `clause` where one lies closer than the reason's own."""

    reason: Reason
    clause: str = ""

    @property
    def rests_on(self) -> str:
        """The clause that the signed receipt must name."""
        return self.clause or self.reason.clause

    @property
    def told(self) -> dict[str, str]:
        """As `checks.refused_with_reason` takes it."""
        return {"reason": self.reason.code, "clause": self.rests_on}
