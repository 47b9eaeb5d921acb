"""Scenarios as items of pytest: collected by file, played on one bus for the session, failing with the four lines.

Played is what is installed, as everywhere else; the file only says which scenario is meant. Histories of a session
in which something did not hold stay where the four lines point; otherwise they are removed.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest

from harness.clock import Chance, SystemClock
from harness.errors import CorridorError
from harness.exchange import topics
from harness.trial import console, packs
from harness.trial.buses import Standing, named, standing
from harness.trial.journal import journal
from harness.trial.rehearsal import Programme, rehearse_one
from harness.trial.runner import Outcome
from harness.trial.selection import Playable, playables
from harness.trial.verdict import Verdict

_SESSION: Final = pytest.StashKey["Session"]()


class Session:
    """One bus and one folder for all scenarios of a pytest session. Closed when pytest ends."""

    def __init__(self, config: pytest.Config) -> None:
        seed: int | None = config.getoption("corridor_seed")
        self.items = playables(packs.installed())
        self.programme = Programme(
            items=self.items,
            bus=named(str(config.getoption("corridor_bus"))),
            seed=seed if seed is not None else int.from_bytes(Chance().octets(4, "seed")) >> 1,
            folder=Path(tempfile.mkdtemp(prefix="corridor-")),
            clock=SystemClock(),
        )
        self.kept = False
        self._make: Standing | None = None
        self._up = AsyncExitStack()
        # A loop of its own, under no policy: other plugins have theirs.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._up.enter_context(journal(self.programme.folder))

    def stand(self) -> Standing:
        """Bring the bus up, once. Raises NotReady."""
        if self._make is None:
            programme = self.programme
            codes = sorted({topics.principal(code) for one in self.items for code in one.pack.countries})
            bus = standing(programme.bus, programme.folder, codes, programme.clock, lambda _: None)
            self._make = self._runner.run(self._up.enter_async_context(bus))
        return self._make

    def play(self, item: Playable) -> Outcome:
        """Play and judge one scenario."""
        outcome = self._runner.run(rehearse_one(item, self.programme, self.stand()))
        self.kept = self.kept or outcome.verdict not in (Verdict.HELD, Verdict.NOT_PLAYED)
        return outcome

    def close(self) -> None:
        """Take the bus down, and the folder unless somebody has to look into it."""
        try:
            self._runner.run(self._up.aclose())
        finally:
            self._runner.close()
            if not self.kept:
                shutil.rmtree(self.programme.folder, ignore_errors=True)


class ScenarioFile(pytest.File):
    """A file that holds one scenario."""

    played: Playable

    def collect(self) -> Iterator[pytest.Item]:
        """The scenario in it."""
        item = ScenarioItem.from_parent(self, name=self.played.scenario.id)
        item.played = self.played
        item.add_marker("corridor")
        item.extra_keyword_matches.update(self.played.scenario.title.split())
        yield item


class ScenarioItem(pytest.Item):
    """One scenario, played when it is run."""

    played: Playable

    def setup(self) -> None:
        """Bring the bus up, for the first of them; where it does not come up there is no verdict, but an error."""
        trouble = ""
        try:
            session_of(self.config).stand()
        except CorridorError as error:
            trouble = str(error)
        if trouble:  # out here, so that what the user can do nothing about is not told before it
            pytest.fail(trouble, pytrace=False)

    def runtest(self) -> None:
        """Play and judge it; fail with four lines for each promise that did not hold."""
        outcome = session_of(self.config).play(self.played)
        self.user_properties.append(("again", outcome.again))
        if outcome.unplayable:
            pytest.skip(outcome.unplayable)
        if outcome.verdict is not Verdict.HELD:
            lines = console.outcome_lines(outcome)
            pytest.fail("\n".join("".join(part.text for part in line) for line in lines), pytrace=False)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it is, and what it is called."""
        return self.path, None, f"{self.played.scenario.id}: {self.played.scenario.title}"


def session_of(config: pytest.Config) -> Session:
    """The one session of this pytest run; made when first asked for."""
    made = config.stash.get(_SESSION, None)
    if made is None:
        made = config.stash[_SESSION] = Session(config)
        config.add_cleanup(made.close)
    return made


def collector(name: str, path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The collector of a file, where the installed packs know a scenario by that name."""
    item = next((one for one in playables(packs.installed()) if one.scenario.id == name), None)
    if item is None:
        return None
    made = ScenarioFile.from_parent(parent, path=path)
    made.played = item
    return made
