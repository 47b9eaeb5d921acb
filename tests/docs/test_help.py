"""The help of every command: found by asking `corridor` itself, as a user would."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .conftest import Shell

LISTED = re.compile(r"^  ([a-z][\w-]*)(?:  +(\S.*))?$", re.MULTILINE)


def subcommands(help_text: str) -> dict[str, str]:
    """The sub-commands listed under `Commands:`, each with its one line."""
    _, _, listed = help_text.partition("\nCommands:\n")
    return dict(LISTED.findall(listed))


def example(command: str, help_text: str) -> bool:
    """Whether the help shows a whole command line to copy, besides the usage line."""
    return re.search(rf"^\s+(?:\$ )?{re.escape(command)}\b", help_text, re.MULTILINE) is not None


@pytest.mark.timeout(120)  # some twenty commands, each a process of its own
def test_every_command_has_help_and_an_example(shell: Shell, tmp_path: Path) -> None:
    """Each command, at any depth, says in one line what it does and shows a command line to copy."""
    waiting = ["corridor"]
    poor: list[str] = []
    while waiting:
        command = waiting.pop()
        ran = shell(f"{command} --help", tmp_path)
        assert ran.returncode == 0, f"{command} --help: exit {ran.returncode}\n{ran.stdout}"
        listed = subcommands(ran.stdout)
        poor += [f"{command} {name}: no line of help" for name, line in listed.items() if not line]
        poor += [] if listed or example(command, ran.stdout) else [f"{command}: no example"]
        waiting += [f"{command} {name}" for name in listed]
    assert not poor


def test_help_leaves_nothing_behind(shell: Shell, tmp_path: Path) -> None:
    """Asking for help writes no file."""
    shell("corridor --help", tmp_path)
    assert not list(tmp_path.iterdir())


def test_listing_of_click_is_read() -> None:
    """Commands are found in a help text, wrapped lines and options are not taken for them."""
    options = "Usage: corridor [OPTIONS]\n\nOptions:\n  --help  Show.\n"
    text = f"{options}\nCommands:\n  certs  The\n         keys.\n  run    Play.\n  odd\n"
    assert subcommands(text) == {"certs": "The", "run": "Play.", "odd": ""}
    assert example("corridor run", "Usage: corridor run\n\n  Examples:\n    corridor run -k replay\n")
    assert not example("corridor run", "Usage: corridor run [OPTIONS]\n\n  Plays scenarios.\n")
