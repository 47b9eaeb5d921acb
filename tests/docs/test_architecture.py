"""ARCHITECTURE.md and the decision records name only what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PACKAGES = ("certs", "harness", "nodes", "scenarios")
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[\w.-]+(/[\w.*-]*)+|[\w-]+\.(md|py|toml|lock)|Makefile")
MODULE = re.compile(r"(certs|harness|nodes|scenarios)(\.\w+)+")


def named(text: str) -> tuple[str, ...]:
    """Every path, and every module of ours as its path, that stands between backquotes."""
    words = [word.removeprefix("./") for word in CODE.findall(text)]
    paths = [word for word in words if PATH.fullmatch(word)]
    modules = [word.replace(".", "/") for word in words if MODULE.fullmatch(word) and not PATH.fullmatch(word)]
    return (*paths, *modules)


def exists(root: Path, name: str) -> bool:
    """Whether `name` is a file, a folder, a glob with a match, a module, or a name in one (`a/b/c`: c in a/b.py)."""
    if any(root.glob(name.rstrip("/"))) or (root / f"{name}.py").is_file():
        return True
    if "/" not in name:  # a bare file name: somewhere in the four packages
        return any(any((root / package).rglob(name)) for package in PACKAGES)
    module, _, inside = name.rpartition("/")
    source = root / f"{module}.py"
    return source.is_file() and re.search(rf"\b{re.escape(inside)}\b", source.read_text(encoding="utf-8")) is not None


def documents(root: Path) -> list[Path]:
    """The documents that describe the tree."""
    return [root / "ARCHITECTURE.md", *sorted((root / "docs" / "adr").glob("*.md"))]


def test_every_path_named_exists(repo_root: Path) -> None:
    """A path or module named in ARCHITECTURE.md or a decision record is there."""
    missing = [
        f"{page.name}: {name}"
        for page in documents(repo_root)
        for name in named(page.read_text(encoding="utf-8"))
        if not exists(repo_root, name)
    ]
    assert not missing


def test_architecture_fits_one_page(repo_root: Path) -> None:
    """ARCHITECTURE.md can be read in one sitting."""
    assert (repo_root / "ARCHITECTURE.md").read_text(encoding="utf-8").count("\n") <= 80


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see `harness/clock.py` and `harness/evidence/`", ("harness/clock.py", "harness/evidence/")),
        ("`harness.exchange.bus` carries", ("harness/exchange/bus",)),
        ("`make demo` and `BUS=local` are no paths", ()),
    ],
)
def test_paths_between_backquotes(text: str, found: tuple[str, ...]) -> None:
    """Paths and our modules are recognised; commands and settings are not taken for them."""
    assert named(text) == found


def test_path_that_is_not_there(tmp_path: Path) -> None:
    """A renamed file is noticed."""
    (tmp_path / "there.py").write_text("class Window: ...\n", encoding="utf-8")
    assert exists(tmp_path, "there.py")
    assert exists(tmp_path, "there/Window")
    assert not exists(tmp_path, "there/Door")
    assert not exists(tmp_path, "gone.py")
