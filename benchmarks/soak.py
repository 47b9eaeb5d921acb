"""A long soak on a real Apache Kafka: `python benchmarks/soak.py 1000000 --every 2000 --seed 7`.

Two windows, each a process of its own, exchange signed documents while they and the broker are killed (SIGKILL) and the
road between one of them and the broker is cut, at moments drawn from the seed; then both logs are held against each
other. Prints each fault with the seconds to recovery, and what the logs say. Exit code 1 when something did not hold.
What is checked: `harness.trial.soak.verdict`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from harness.clock import SystemClock
from harness.errors import CorridorError
from harness.exchange import topics
from harness.trial import packs
from harness.trial.buses import LOCAL, standing
from harness.trial.measure import quantile
from harness.trial.scratch import Scratch
from harness.trial.soak import Fault, Plan, Soaked, soak


def _told(fault: Fault) -> None:
    print(fault, flush=True)


def _said(text: str) -> None:
    print(text, file=sys.stderr)


async def _soaked(plan: Plan, folder: Path) -> Soaked:
    ground = packs.installed()[0]
    principals = [topics.principal(party) for party in ground.corridors[0].parties]
    async with standing(LOCAL, folder, principals, SystemClock(), _said) as stands:
        return await soak(ground, stands, folder / "soak", plan, _told)


def main() -> int:
    """Play, and say what came of it."""
    parser = argparse.ArgumentParser(description="Exchange documents while all are killed and cut off.")
    parser.add_argument("exchanges", type=int, nargs="?", default=10_000)
    parser.add_argument("--every", type=int, default=2000, help="exchanges between two faults, about")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="keep seats, logs and broker in this folder; else on failure only")
    asked = parser.parse_args()
    try:
        with Scratch("corridor-soak-", _said) as scratch:
            plan = Plan(asked.exchanges, asked.every, asked.seed)
            came = asyncio.run(_soaked(plan, asked.out or scratch.folder))
            if came.broken:
                scratch.fails()
    except CorridorError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(f"{came.exchanges} exchanges in {came.seconds:.0f} s, {came.exchanges / came.seconds:.0f} a second")
    for what in sorted({fault.drawn.what for fault in came.faults}):
        taken = sorted(fault.seconds for fault in came.faults if fault.drawn.what == what)
        times = f"p50 {quantile(taken, 0.5):.2f} s, slowest {taken[-1]:.2f} s"
        print(f"{what}: {len(taken)} time(s), recovered within {times}")
    for party, size in came.records.items():
        print(f"log of {party}: {size} records")
    for broken in came.broken:
        print(f"BROKEN {broken}")
    print("HELD" if not came.broken else "BROKEN")
    return 1 if came.broken else 0


if __name__ == "__main__":
    sys.exit(main())
