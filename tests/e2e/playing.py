"""Scenarios played and judged, for tests: what did not hold."""

from __future__ import annotations

from pathlib import Path

from harness.exchange import reasons
from harness.trial import checks, keys
from harness.trial.history import What
from harness.trial.runner import Playbill, judge, play, trouble
from harness.trial.script import Scenario
from harness.trial.verdict import Verdict
from scenarios.pack import PACK

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


def shows_something_of_its_own(scenario: Scenario) -> bool:
    """Whether it is more than one of many that a window refuses by reading."""
    return not scenario.id.startswith(READ_ALIKE) or scenario.id in ON_A_BROKER_TOO


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
