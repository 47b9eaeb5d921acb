"""The table of reasons: complete in three languages, and the published page is this table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from certs import errors
from certs.errors import TrustError
from harness.exchange import reasons
from harness.exchange.reasons import KINDS, LONGEST_FOUND, TABLE, Reason, Refused, Step, by_code
from harness.exchange.seal import WHY

every_reason = pytest.mark.parametrize("reason", TABLE.values(), ids=lambda reason: reason.code)

NOT_MET_IN_A_SEAL = {errors.MalformedList, errors.MalformedKey}
"""What only the loading of lists can meet, and the reading of keys in JSON."""

FIRST_STEP_OF = {"1": {Step.VERIFY, Step.MAP}, "4": {Step.VERIFY, Step.ADMIT}, "5": {Step.DECIDE}}


@every_reason
def test_a_reason_says_all_that_a_refusal_needs(reason: Reason) -> None:
    """Three sentences in three scripts, a clause, a step that its class can fall at, and a class."""
    assert reason.en.isascii()
    assert reason.en.endswith(".")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in reason.zh)
    assert any("\u0400" <= letter <= "\u04ff" for letter in reason.ru)
    assert reason.clause
    assert reason.kind in KINDS.values()
    assert reason.step in FIRST_STEP_OF.get(reason.code[0], set(Step))
    assert "|" not in f"{reason.clause}{reason.en}{reason.zh}{reason.ru}"


def test_codes_names_and_sentences_are_one_each() -> None:
    """No two reasons share a code, a name or a sentence, and each stands in the table under its code."""
    written = [one for one in vars(reasons).values() if isinstance(one, Reason)]
    assert [one.code for one in written] == list(TABLE)
    for said in ("code", "name", "en", "zh", "ru"):
        assert len({getattr(one, said) for one in written}) == len(written)
    assert all(len(code) == 3 and code.isdigit() and by_code(code).code == code for code in TABLE)


def test_a_code_that_nobody_knows() -> None:
    """It is no reason."""
    with pytest.raises(KeyError):
        by_code("999")


def every(kind: type[TrustError]) -> Iterator[type[TrustError]]:
    """All that are of this kind, and closer."""
    for closer in kind.__subclasses__():
        yield closer
        yield from every(closer)


def test_every_way_trust_can_fail_has_a_reason() -> None:
    """A class of TrustError without a line in `WHY` would end a window instead of refusing."""
    assert set(every(TrustError)) - NOT_MET_IN_A_SEAL == set(WHY)
    assert all(reason in TABLE.values() for reason in WHY.values())


def test_a_refusal_that_quotes_too_much() -> None:
    """Its sentence is cut, and says so; its clause is the reason's own unless a closer one is known."""
    refused = Refused(reasons.UNKNOWN_TYPE, "x" * 5000)
    assert len(refused.found) == LONGEST_FOUND
    assert refused.found.endswith("...")
    assert refused.clause == reasons.UNKNOWN_TYPE.clause
    assert Refused(reasons.NOT_COVERED, "found", clause="agreement 1").clause == "agreement 1"


def test_the_published_page(repo_root: Path) -> None:
    """docs/reasons.md is what the table gives."""
    assert (repo_root / "docs" / "reasons.md").read_text(encoding="utf-8") == reasons.as_markdown()
