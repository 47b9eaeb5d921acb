"""Find the packs of scenarios that are installed, through the entry point group `corridor.packs`.

The trial must play scenarios and seat windows, and may import neither (docs/adr/0001): it asks what is installed.
Another team's pack joins by being installed, exactly as ours does.
"""

from __future__ import annotations

from importlib.metadata import entry_points

from harness.errors import BadInput, NotReady
from harness.trial.script import Pack

GROUP = "corridor.packs"


def installed() -> tuple[Pack, ...]:
    """Every installed pack, by the name of its entry point.

    Raises:
        NotReady: none is installed.
        BadInput: an entry point names something that is no pack.
    """
    packs = []
    for point in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        pack = point.load()
        if not isinstance(pack, Pack):
            raise BadInput(
                f"entry point {point.name} = {point.value} is a {type(pack).__name__}",
                expected="a harness.trial.script.Pack",
                todo="mend the distribution that declares it",
            )
        packs.append(pack)
    if not packs:
        raise NotReady(
            "no pack of scenarios is installed",
            expected=f"an entry point in group {GROUP}",
            todo="install the wheel of corridor (make demo does), not the bare checkout",
        )
    return tuple(packs)
