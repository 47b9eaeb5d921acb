"""Makes the cache of Kafka's JVM (aot): by one short run of a throw-away broker."""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from harness.brokers import aot
from harness.brokers.access import issue_all
from harness.brokers.formatting import format_storage
from harness.brokers.jars import Jars
from harness.brokers.local import answering
from harness.brokers.settings import HOST, JVM, failed, free_ports, properties, write
from harness.clock import Chance, SystemClock
from harness.errors import RoadFailed

_MAKING: Final = 180.0  # seconds, generous: the JVM links some ten thousand classes when the run ends


async def make(java: Path, jars: Jars, say: Callable[[str], None]) -> None:
    """Make the cache where there can be one and is none: a throw-away broker is started and stopped for it.

    What goes wrong is said and no more: the cache is a help, not a part.
    """
    cache = aot.lacking(java, jars, JVM)
    if cache is None:
        return
    say("Making a cache for later starts of Kafka (some 60 MB, once)")
    cache.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache.parent, prefix="making-") as beside:
        made = Path(beside) / cache.name
        try:
            async with asyncio.timeout(_MAKING):
                await _trained(java, jars, Path(beside), made)
            if not made.is_file():
                # A Java without an archive of its own makes none: an empty file, so that nobody tries again.
                say("No cache was made, so later starts take as long as this one: this Java makes none")
                made.touch()
            # Two starts may make one at once; either will do.
            made.replace(cache)
        except TimeoutError:
            say("No cache was made, so later starts take as long as this one: it took too long")
        except (RoadFailed, OSError) as error:
            say(f"No cache was made, so later starts take as long as this one: {error}")


async def _trained(java: Path, jars: Jars, folder: Path, made: Path) -> None:
    port, controller = free_ports(2)
    settings, log = folder / "broker.properties", folder / "broker.log"
    # Guarded, as it is started mostly: what TLS and rights need is in the cache too.
    credentials = issue_all(folder, (), (HOST,), at=SystemClock().now(), chance=Chance().octets)
    told = properties(folder, folder / "data", port, controller)
    write(settings, told)
    command = (str(java), *JVM, "-cp", jars.classpath)
    await format_storage(command, settings, log)
    with log.open("ab") as words:
        broker = await asyncio.create_subprocess_exec(
            str(java),
            *JVM,
            aot.making(java, made),
            "-cp",
            jars.classpath,
            "kafka.Kafka",
            str(settings),
            stdout=words,
            stderr=subprocess.STDOUT,
            process_group=0,
        )  # fmt: skip - one line a thought
    try:
        asking = asyncio.ensure_future(answering(f"{HOST}:{port}", credentials))
        ending = asyncio.ensure_future(broker.wait())
        try:
            await asyncio.wait((asking, ending), return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise failed("ended by itself", log)
            await asking
        finally:
            asking.cancel()
            ending.cancel()
        broker.terminate()
        await broker.wait()
    finally:
        if broker.returncode is None:
            broker.kill()
            await broker.wait()
