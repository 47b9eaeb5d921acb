"""README.md shows what really happens.

The line before a ```console block says how it is held to that:

    <!-- run -->                 every `$` line is run, in order, all blocks in one fresh folder. A line ends with
                                 `# exit 4` when that is the promise (0 otherwise). What stands below it must be
                                 its output; `...` alone on a line stands for any lines. Figures and
                                 hexadecimal names may differ, words may not.
    <!-- help: corridor run -->  the block is exactly what `corridor run --help` prints
    <!-- shown: why -->          not run here, for the reason given

A block without one of these fails: nothing in the README is unheld in silence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from .conftest import Shell

BLOCK = re.compile(r"^(?:<!-- (?P<mark>[^\n]*?) -->\n+)?```console\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"\s+# exit (\d+)$")
# What `make` lines run once Corridor is installed: the Makefile adds no more than that.
MADE = {"make demo": "corridor demo"}


@dataclass(frozen=True)
class Block:
    """One ```console block: its marker, its text, and the line of README.md it begins at."""

    mark: str
    body: str
    line: int


@dataclass(frozen=True)
class Command:
    """One `$` line: what to run, the exit code promised, the output shown below it."""

    line: str
    exit_code: int
    shown: tuple[str, ...]


def blocks(readme: str) -> tuple[Block, ...]:
    """Every console block of the README, in order."""
    return tuple(
        Block(found["mark"] or "", found["body"], readme.count("\n", 0, found.start("body")))
        for found in BLOCK.finditer(readme)
    )


def commands(body: str) -> tuple[Command, ...]:
    """The `$` lines of a block, joined over trailing backslashes, each with the output that follows it."""
    read: list[Command] = []
    for piece in re.split(r"^\$ ", body.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
        line, *shown = piece.rstrip("\n").split("\n")
        promised = EXIT.search(line)
        line = EXIT.sub("", line)
        read.append(Command(MADE.get(line, line), int(promised[1]) if promised else 0, tuple(shown)))
    return tuple(read)


def words(line: str) -> str:
    """A line without what differs from run to run: figures, hexadecimal names, widths of blanks."""
    # A short name may well be of letters alone: where a run's folder is named, it is one all the same.
    line = re.sub(r"\b(?=[0-9a-f]*\d)[0-9a-f]{4,}\b|(?<=corridor-runs/)[0-9a-f]{4}\b", "0", line)
    return re.sub(r"\s+", " ", re.sub(r"\d+", "0", line)).strip()


def holds(shown: tuple[str, ...], printed: str) -> bool:
    """Whether the output shown is what was printed, where `...` stands for any lines."""
    pattern = "".join(r"(?:.*\n)*" if line.strip() == "..." else re.escape(words(line)) + r"\n" for line in shown)
    return re.fullmatch(pattern, "".join(words(line) + "\n" for line in printed.rstrip("\n").split("\n"))) is not None


@pytest.fixture(scope="module")
def readme(repo_root: Path) -> str:
    """The text of README.md."""
    return (repo_root / "README.md").read_text(encoding="utf-8")


def test_console_block_without_a_marker(readme: str) -> None:
    """Every console block says whether it is run, compared with a help text, or only shown and why."""
    unheld = [block for block in blocks(readme) if not re.match(r"run$|help: corridor|shown: \S", block.mark)]
    assert not unheld, (
        f"README.md line {unheld[0].line}: no <!-- run -->, <!-- help: ... --> or <!-- shown: why --> before it"
    )
    assert readme.count("```console\n") == len(blocks(readme)), "README.md: a console block that this test cannot read"


@pytest.mark.timeout(180)  # a reader's whole session, one command after another
def test_commands_of_the_readme(readme: str, shell: Shell, tmp_path: Path) -> None:
    """Every command of the README ends with the exit code and the words that the README shows."""
    for block in blocks(readme):
        for command in commands(block.body) if block.mark == "run" else ():
            ran = shell(command.line, tmp_path)
            place = f"README.md line {block.line}: $ {command.line}"
            assert ran.returncode == command.exit_code, f"{place}\nexit {ran.returncode}\n{ran.stdout}"
            assert not command.shown or holds(command.shown, ran.stdout), f"{place}\nprinted\n{ran.stdout}"


def test_help_blocks_of_the_readme(readme: str, shell: Shell, tmp_path: Path) -> None:
    """A help text in the README is the one that the command prints."""
    for block in blocks(readme):
        if block.mark.startswith("help: "):
            line = block.mark.removeprefix("help: ") + " --help"
            ran = shell(line, tmp_path)
            shown = block.body.removeprefix(f"$ {line}\n")
            assert ran.returncode == 0, ran.stdout
            assert shown.strip() == ran.stdout.strip(), f"README.md line {block.line}: `{line}` prints another text"


@pytest.mark.parametrize(
    ("shown", "printed", "agree"),
    [
        (("  1/6  QM issues CO-0001   0.3 s",), "  1/6  QM issues CO-0001   0.9 s\n", True),
        (("corridor-runs/7f3a/report.html",), "corridor-runs/0b12/report.html\n", True),
        (("a", "...", "z"), "a\nb\nc\nz\n", True),
        (("a", "...", "z"), "a\nz\n", True),
        (("REFUSED  replayed",), "ACCEPTED  replayed\n", False),
        (("a",), "a\nb\n", False),
        (("a", "b"), "a\n", False),
    ],
)
def test_output_compared_word_by_word(shown: tuple[str, ...], printed: str, agree: bool) -> None:  # noqa: FBT001 - a table
    """Figures and names of runs may differ from what the README shows; words and lines may not."""
    assert holds(shown, printed) is agree


def test_block_read_as_a_reader_reads_it() -> None:
    """A command carries its promised exit code, its continuation lines and the output below it."""
    text = "<!-- run -->\n\n```console\n$ corridor verify \\\n    b.zip  # exit 4\nnot proved\n$ make demo\n```\n"
    (block,) = blocks(text)
    assert block.mark == "run"
    assert commands(block.body) == (
        Command("corridor verify      b.zip", 4, ("not proved",)),
        Command("corridor demo", 0, ()),
    )
