"""Lets `pytest scenarios/` play scenarios as test items. Thin, and silent in every other pytest run.

It is loaded by each pytest of the environment (entry point group `pytest11`), so nothing is imported here that pytest
has not imported already. What plays: `harness.trial.pytest_items`.

    pytest scenarios                                  each scenario an item, on the memory bus
    pytest scenarios -k replay --corridor-bus local   as `corridor run` would
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

import pytest

GROUP = "corridor.packs"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that say with what scenarios are played."""
    group = parser.getgroup("corridor", "Corridor scenarios")
    group.addoption("--corridor-bus", default="memory", metavar="BUS", help="memory, local, container, or HOST:PORT")
    group.addoption("--corridor-seed", type=int, default=None, metavar="N", help="repeat a run; drawn when not given")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker that every item of ours carries."""
    config.addinivalue_line("markers", "corridor: a scenario of Corridor, played and judged")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a file that holds a scenario of an installed pack."""
    name = _name_in_pack(file_path) if file_path.suffix == ".py" else None
    if name is None:
        return None
    # Only now: this imports the windows, the documents and the trust they need.
    from harness.trial import pytest_items  # noqa: PLC0415

    return pytest_items.collector(name, file_path, parent)


@cache
def _modules() -> tuple[str, ...]:
    """The modules that the installed packs are in."""
    return tuple(point.module for point in entry_points(group=GROUP))


def _name_in_pack(path: Path) -> str | None:
    """The id a scenario in this file would have; None when the file is not below the sources of a pack.

    A folder of that name alone is nothing: the module that the entry point names must stand in it.
    """
    for module in _modules():
        top, *below = module.split(".")
        for folder in path.parents:
            if folder.name == top and folder.joinpath(*below).with_suffix(".py").is_file():
                return "/".join(part.replace("_", "-") for part in path.relative_to(folder).with_suffix("").parts)
    return None
