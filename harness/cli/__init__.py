"""The command line: `corridor`. Each command lives in a module of its own, loaded only when it is called.

stdout is the result, stderr is progress. A flag beats the environment (`CORRIDOR_...`), which beats `corridor.toml`,
which beats the default. Nothing asks a question. Exit codes: docs/exit-codes.md.
"""

from __future__ import annotations

import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import click

from harness.errors import BadInput, CorridorError

COMMANDS: Final = {
    "demo": "One honest exchange, one refused attack, one dispute decided.",
    "list": "Show countries, corridors, scenarios and attacks.",
    "run": "Play scenarios and judge what happened.",
    "send": "Send one document of yours, there and back, with its evidence.",
    "verify": "Check an evidence bundle offline, as an arbiter would.",
    "certs": "The rehearsal's authorities: issue, list, show.",
    "bench": "Measure the published figures again.",
    "doctor": "Tell what is missing here, and which commands need it.",
}
"""Every command and its one line: so that `--help` need not load any of them."""

INTERRUPTED: Final = 130


class Lazy(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order a newcomer meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command in `harness.cli.<name>`, by its name there: `command`."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(f"harness.cli.{cmd_name}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Lazy, context_settings={"auto_envvar_prefix": "CORRIDOR", "max_content_width": 110})
@click.version_option(package_name="corridor", prog_name="corridor")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Rehearse cross-border paperless trade between simulated single windows.

    \b
    Begin with:
      corridor demo
    """
    ctx.default_map = _settings(Path("corridor.toml"))


def main() -> None:
    """Run the command line and exit with a documented code; no traceback reaches a user."""
    try:
        sys.exit(cli.main(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(BadInput.exit_code)
    except CorridorError as error:
        tell(error)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has had enough; that is not our failure to report.
        sys.stderr.close()
        sys.exit(0)


def tell(error: CorridorError) -> None:
    """Say what was found, what was expected and what to do, on stderr."""
    click.echo(f"corridor: {error.found}", err=True)
    if error.expected:
        click.echo(f"  expected  {error.expected}", err=True)
    if error.todo:
        click.echo(f"  to do     {error.todo}", err=True)


def _settings(path: Path) -> dict[str, Any]:  # Any: as TOML gives it; click checks each value as it would a flag
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(
            f"{path} is not TOML: {error}", expected="a table for each command", todo=f"mend {path}"
        ) from error
