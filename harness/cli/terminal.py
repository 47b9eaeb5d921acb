"""Lines with states on stdout: coloured on a terminal, plain anywhere else. NO_COLOR and FORCE_COLOR are honoured."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Final

import click

from harness.trial.console import Line
from harness.trial.verdict import Verdict

_COLOUR: Final = {
    Verdict.HELD: "green",
    Verdict.BROKEN: "bold red",
    Verdict.UNKNOWN: "bold yellow",
    Verdict.NOT_REACHED: "bold magenta",
    Verdict.NOT_PLAYED: "cyan",
}


def coloured() -> bool:
    """Whether stdout gets colour: NO_COLOR says no, FORCE_COLOR yes, else a terminal does (no-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def tell(lines: Iterable[Line]) -> None:
    """Print lines, one after another, as they come."""
    if not coloured():
        for line in lines:
            click.echo("".join(part.text for part in line))
        return
    # Only on a terminal: it costs more to import than the whole of --help may take.
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True, force_terminal=True)
    for line in lines:
        text = Text()
        for part in line:
            text.append(part.text, style=_COLOUR[part.verdict] if part.verdict else "")
        console.print(text)


class Progress:
    """What is going on, on stderr: one line a scenario; on a terminal the line gives way to the result."""

    def __init__(self, *, quiet_on_terminal: bool) -> None:
        self._passing = quiet_on_terminal and sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._standing = False

    def now(self, text: str) -> None:
        """Say what is happening now."""
        if not self._passing:
            click.echo(text, err=True)
            return
        self.over()
        click.echo(text, err=True, nl=False)
        self._standing = True

    def over(self) -> None:
        """Take the passing line away."""
        if self._standing:
            click.echo("\r\x1b[K", err=True, nl=False)
            self._standing = False
