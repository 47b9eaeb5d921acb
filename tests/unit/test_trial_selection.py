"""Which scenarios a command means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.errors import BadInput, NothingSelected
from harness.trial.selection import Playable, chosen, playables, reads
from scenarios.pack import PACK

ALL = playables([PACK])


def ids(found: tuple[Playable, ...]) -> list[str]:
    """The ids of what was chosen."""
    return [one.scenario.id for one in found]


@pytest.mark.parametrize(
    ("expression", "text", "fits"),
    [
        ("replay", "attacks/replayed-message replayed message", True),
        ("REPLAY", "attacks/replayed-message replayed message", True),
        ("not replay", "attacks/replayed-message", False),
        ("a and not b", "a", True),
        ("a or b and c", "a", True),
        ("(a or b) and c", "a", False),
        ("not a or b", "b", True),
        ("not (a or b)", "b", False),
        ("not not a", "a", True),
        ('"one id" and two', "two contents under one id", True),
        ("'and'", "sand", True),
        ("origin/accepted-and-used", "origin/accepted-and-used", True),
    ],
)
def test_expression(expression: str, text: str, fits: bool) -> None:  # noqa: FBT001 - the expected value of a table
    """Words are looked for in the text; not binds tighter than and, and tighter than or; quotes make one word."""
    assert reads(expression)(text) is fits


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("(", "ends where a word must stand"),
        ("a and", "ends where a word must stand"),
        ("(a", "parenthesis is not closed"),
        ("a b", "'b' follows without and, or"),
        ("a)", "')' follows"),
        ("and a", "'and' stands where a word must"),
        ("a or not", "ends where a word must stand"),
        ('"a', "quotation is not closed"),
    ],
)
def test_bad_expression(expression: str, why: str) -> None:
    """An expression that cannot be read is refused with the place where reading stopped."""
    with pytest.raises(BadInput) as refused:
        reads(expression)
    assert why in refused.value.found
    assert "parentheses" in refused.value.expected


def test_nothing_asked() -> None:
    """Without a selection all scenarios are played, and the demonstration is not."""
    assert ids(chosen(ALL, ())) == [scenario.id for scenario in PACK.scenarios]


def test_beginning_of_an_id() -> None:
    """A word selects what begins with it; several words select what any of them does, once, in the pack's order."""
    both = ids(chosen(ALL, ("attacks/rep", "attacks", "origin/acc")))
    assert both[0] == "origin/accepted-and-used"
    assert len(both) == len(set(both))
    assert all(one.startswith(("attacks/", "origin/acc")) for one in both)


def test_demonstration_named() -> None:
    """The demonstration is played when it is named: the command that repeats it works."""
    assert ids(chosen(ALL, ("demo/first-five-minutes",))) == ["demo/first-five-minutes"]


def test_selection_and_expression() -> None:
    """Both must fit."""
    assert ids(chosen(ALL, ("attacks",), "id and not wrong and two")) == ["attacks/two-contents-one-id"]


@pytest.mark.parametrize(
    ("select", "expression"), [(("nix",), ""), ((), "nix"), (("attacks", "nix"), ""), (("origin",), "replay")]
)
def test_nothing_selected(select: tuple[str, ...], expression: str) -> None:
    """A selection that means nothing is told, with what exists; one good word does not hide a bad one."""
    with pytest.raises(NothingSelected) as refused:
        chosen(ALL, select, expression)
    assert "attacks/replayed-message" in refused.value.expected


def test_nearly_right() -> None:
    """A slip of the keyboard is answered with what was probably meant."""
    with pytest.raises(NothingSelected) as refused:
        chosen(ALL, ("attacks/replayed-massage",))
    assert "attacks/replayed-message" in refused.value.todo


def test_two_packs_with_one_id() -> None:
    """Two packs that bring a scenario under one id are refused by name."""
    with pytest.raises(BadInput) as refused:
        playables([PACK, replace(PACK, name="other", demo=None)])
    assert "other" in refused.value.found


def test_a_whole_id_is_that_scenario_alone() -> None:
    """What `again` prints repeats one scenario, also where another id begins with its own."""
    assert ids(chosen(ALL, ["attacks/parsing/name-twice"])) == ["attacks/parsing/name-twice"]
    assert len(chosen(ALL, ["attacks/parsing/name-twic"])) == 2


def test_nobody_is_sent_to_what_an_expression_never_plays() -> None:
    """The demonstration is no suggestion for `-k`."""
    with pytest.raises(NothingSelected) as nothing:
        chosen(ALL, (), "first-five-minutes")
    assert "demo/" not in nothing.value.todo
