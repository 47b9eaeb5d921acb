"""The command line: `corridor`. Each command lives in a module of its own, loaded only when it is called.

stdout is the result, stderr is progress. A flag beats the environment (`CORRIDOR_...`), which beats `corridor.toml`,
which beats the default (docs/settings.md). Nothing asks a question. Exit codes: docs/exit-codes.md.
"""

from __future__ import annotations

import errno
import os
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import click

from harness.cli import say
from harness.errors import BadInput, CorridorError, Defect, RoadFailed

COMMANDS: Final = {
    "demo": "One honest exchange, one refused attack, one dispute decided.",
    "list": "Show countries, corridors, scenarios and attacks.",
    "run": "Play scenarios and judge what happened.",
    "send": "Send one document of yours, there and back, with its evidence.",
    "node": "One party as a process of its own.",
    "verify": "Check an evidence bundle offline, as an arbiter would.",
    "broker": "A real Apache Kafka on this machine: start, stop, status.",
    "certs": "The rehearsal's authorities: issue, renew, revoke, publish, list, show.",
    "conformance": "Public test vectors against the code of the exchange.",
    "bench": "Measure the published figures again.",
    "doctor": "Tell what is missing here, and which commands need it.",
}
"""Every command and its one line: so that `--help` need not load any of them."""

SHARED: Final = frozenset({"bus", "bus-config", "seed", "out", "algorithm", "json"})
"""The options that mean the same wherever they stand: CORRIDOR_BUS is for every command that has `--bus`."""

INTERRUPTED: Final = 130
READER_GONE: Final = 141

_ENVIRONMENT: Final = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE)
)

TRACEBACK: Final = "CORRIDOR_TRACEBACK"
"""The environment variable that lets a developer see where an unforeseen error came from."""


class Lazy(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order a newcomer meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command in `harness.cli.<name>`, by its name there: `command`."""
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(f"harness.cli.{cmd_name}").command
        # Here and not in the group's own function, which click calls only after this.
        settings = _settings(Path("corridor.toml"))
        ctx.default_map = {cmd_name: _as_typed(found, (cmd_name,), settings.get(cmd_name, {}))}
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Lazy, context_settings={"auto_envvar_prefix": "CORRIDOR", "max_content_width": 110})
@click.version_option(package_name="corridor", prog_name="corridor")
def cli() -> None:
    """Rehearse cross-border paperless trade between simulated single windows.

    \b
    Begin with:
      corridor demo
    """


def main() -> None:
    """Run the command line and exit with a documented code; no traceback reaches a user."""
    try:
        code = cli.main(standalone_mode=False) or 0
    except click.ClickException as error:
        error.show()
        sys.exit(BadInput.exit_code)
    except CorridorError as error:
        tell(error)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)
    except SystemExit:
        # Click's one way out that is no exception of its own: whoever read our output has had enough. Not our failure,
        # and no verdict either: what a shell says of a program that ends so.
        sys.exit(READER_GONE)
    except Exception as error:
        if os.environ.get(TRACEBACK):
            raise
        found = _unforeseen(error)
        _give_up_stdout()
        tell(found)
        sys.exit(found.exit_code)
    sys.exit(code)


def tell(error: CorridorError) -> None:
    """Say what was found, what was expected and what to do, on stderr."""
    click.echo(say.plain(f"corridor: {error.found}"), err=True)
    if error.expected:
        click.echo(say.plain(f"  expected  {error.expected}"), err=True)
    if error.todo:
        click.echo(say.plain(f"  to do     {error.todo}"), err=True)


def _unforeseen(error: Exception) -> CorridorError:
    """An error that nobody foresaw, as a user is told of it.

    What a full or guarded disk refuses is the environment's; anything else is ours: what and where, for a report.
    """
    if isinstance(error, OSError) and error.errno in _ENVIRONMENT:
        where = f" ({error.filename})" if error.filename else ""
        return RoadFailed(
            f"nothing more can be written or read: {error.strerror}{where}",
            expected="room and rights, on the disk and wherever stdout leads to",
            todo="make room, or send the output elsewhere, and try again",
        )
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = "" if frame is None else f" ({Path(frame.tb_frame.f_code.co_filename).name}, line {frame.tb_lineno})"
    return Defect(
        f"Corridor itself is broken: {type(error).__name__}: {error}{where}",
        expected="a result, or a message that you can act on",
        todo=f"please report this with the command; {TRACEBACK}=1 before it shows more",
    )


def _give_up_stdout() -> None:
    """Let what stdout did not take be lost, or the interpreter would try again at its end, in words of its own."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _as_typed(command: click.Command, words: tuple[str, ...], settings: object) -> dict[str, Any]:  # Any: TOML values
    """Let environment and settings call options as they are typed: `--json` is CORRIDOR_RUN_JSON, and `json` in [run].

    Those that are SHARED are called without the command too, CORRIDOR_JSON; the narrower name comes first.

    Returns the settings by click's own names. Raises BadInput for a setting that the command does not have.
    """
    table = f"[{'.'.join(words)}]"
    if not isinstance(settings, dict):
        raise BadInput(f"corridor.toml: {table} is {settings!r}", expected="a table", todo="mend corridor.toml")
    parts = command.commands if isinstance(command, click.Group) else {}
    found = {name: _as_typed(part, (*words, name), settings.get(name, {})) for name, part in parts.items()}
    names: dict[str, str] = {}
    for param in command.params:
        if isinstance(param, click.Option) and param.name:
            typed = max(param.opts, key=len).lstrip("-")
            names[typed] = param.name
            param.envvar = [_variable(*words, typed), *([_variable(typed)] if typed in SHARED else [])]
    unknown = sorted(settings.keys() - names.keys() - parts.keys())
    if unknown:
        raise BadInput(
            f"corridor.toml: {table} has no setting {unknown[0]!r}",
            expected=f"some of {', '.join(sorted({*names, *parts}))}",
            todo="mend corridor.toml",
        )
    return found | {names[typed]: value for typed, value in settings.items() if typed in names}


def _variable(*words: str) -> str:
    return "_".join(("CORRIDOR", *words)).replace("-", "_").upper()


def _settings(path: Path) -> dict[str, Any]:  # Any: as TOML gives it; click checks each value as it would a flag
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(
            f"{path} is not TOML: {error}", expected="a table for each command", todo=f"mend {path}"
        ) from error
    unknown = sorted(settings.keys() - COMMANDS.keys())
    if unknown:
        expected = f"tables of some of {', '.join(COMMANDS)}"
        raise BadInput(f"{path} has settings for {unknown[0]!r}", expected=expected, todo=f"mend {path}")
    return settings
