"""Seat folders for parties that run as processes of their own: written by `certs issue --seats`, read by `node`.

What is in one: `harness.exchange.seating`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from certs.identity import Algorithm
from harness.cli.files import new_folder
from harness.clock import Chance, SystemClock
from harness.errors import BadInput
from harness.exchange import seating


def issue_seats(
    folder: Path, run: str | None, algorithm: Algorithm, lifetime: timedelta
) -> Iterator[tuple[str, str, Path]]:
    """Found all countries of the pack's corridors and write `folder/PARTY` for each; tell party, run and seat folder.

    Raises:
        BadInput: the folder is there already, or the run's name cannot stand in the name of a topic.
    """
    # Here, and not above: only issuing seats needs the stage and the pack.
    from harness.exchange.memory import MemoryBus
    from harness.trial import packs
    from harness.trial.founding import Setting, found, seat

    clock, chance = SystemClock(), Chance()
    run = run or f"seats-{chance.token('run', count=4)}"
    if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9_-]{0,99}", run):
        raise BadInput(
            f"--run {run!r}",
            expected="letters, digits, hyphens and underscores: it stands before every topic",
            todo="pilot-1, say",
        )
    if folder.exists() or folder.is_symlink():
        raise BadInput(
            f"{folder} is there already", expected="a place without keys", todo="choose another DIR, or move it away"
        )
    ground = packs.installed()[0]
    with new_folder(folder.parent, folder.name) as unfinished:
        setting = Setting(run, unfinished, clock, chance, algorithm, lifetime=lifetime)
        # Nobody comes to this bus: the seats are only written down.
        for code, made in seat(setting, ground, found(setting, ground), MemoryBus(clock), at=unfinished).items():
            seating.save(made, unfinished / code)
    for code in sorted(each.name for each in folder.iterdir() if (each / seating.TICKET).is_file()):
        yield code, run, folder / code
