"""`corridor conformance`: public test vectors against the code of the exchange.

One sub-command for each kind of outside suite, in a module of its own; how cases come and answers go: `stream`.
Formats, with an example each: docs/conformance.md.
"""

from __future__ import annotations

import click

from harness.cli.conformance import jws, timestamp, x509


@click.group(name="conformance")
def command() -> None:
    """Public test vectors against the code of the exchange.

    Reads one JSON case a line on stdin and writes one JSON answer a line on stdout, in order, whatever the case is.

    \b
    Examples:
      corridor conformance jws < cases.ndjson
    """


command.add_command(jws.command)
command.add_command(x509.command)
command.add_command(timestamp.command)
