"""How commands speak: the result on stdout, as lines for people or as NDJSON; progress on stderr.

The schemas of the NDJSON lines are in docs/schemas, one file a command.
"""

from __future__ import annotations

import json

import click


def plain(text: str) -> str:
    """Without what steers a terminal: a stranger's words may stand in it, out of a file or off the wire."""
    return text if text.isprintable() else "".join(_visible(one) for one in text)


def _visible(one: str) -> str:
    return one if one.isprintable() or one == "\n" else "\N{REPLACEMENT CHARACTER}"


def result(text: str) -> None:
    """One line of the result, for people."""
    click.echo(plain(text))


def row(label: str, text: str) -> None:
    """One line of the result that begins with its label."""
    click.echo(plain(f"  {label:<9} {text}"))


def line(kind: str, **said: object) -> None:
    """One line of the result, for programs: a JSON object with its kind."""
    click.echo(json.dumps({"kind": kind, **said}, ensure_ascii=False))


def progress(text: str) -> None:
    """What takes time, on stderr."""
    click.echo(text, err=True)
