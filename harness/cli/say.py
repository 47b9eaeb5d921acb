"""How commands speak: the result on stdout, as lines for people or as NDJSON; progress on stderr.

The schemas of the NDJSON lines are in docs/schemas, one file a command.
"""

from __future__ import annotations

import json

import click


def result(text: str) -> None:
    """One line of the result, for people."""
    click.echo(text)


def row(label: str, text: str) -> None:
    """One line of the result that begins with its label."""
    click.echo(f"  {label:<9} {text}")


def line(kind: str, **said: object) -> None:
    """One line of the result, for programs: a JSON object with its kind."""
    click.echo(json.dumps({"kind": kind, **said}, ensure_ascii=False))


def progress(text: str) -> None:
    """What takes time, on stderr."""
    click.echo(text, err=True)
