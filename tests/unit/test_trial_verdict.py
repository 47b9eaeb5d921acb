"""Verdicts: broken beats unknown beats not reached beats held, and nothing at all is not held."""

from __future__ import annotations

from itertools import permutations

import pytest

from harness.trial.verdict import Verdict, worst

ORDER = [Verdict.HELD, Verdict.NOT_REACHED, Verdict.UNKNOWN, Verdict.BROKEN]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_several_verdicts_together(count: int) -> None:
    """They come to the worst among them, in whatever order they stand."""
    for some in permutations(ORDER, count):
        assert worst(some) is max(some, key=ORDER.index)


def test_no_verdict_at_all() -> None:
    """A scenario that promises nothing has not held anything."""
    assert worst([]) is Verdict.NOT_REACHED
