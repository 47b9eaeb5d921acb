"""Formats the storage of a Kafka of ours, as each must be once before it starts: Kafka's own tool, run to its end."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import DEVNULL, STDOUT
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from harness.brokers.settings import cluster_id, failed

_LONGEST: Final = 60.0  # seconds, generous: a cold disk and a busy machine


async def format_storage(command: Sequence[str], settings: Path, log: Path) -> None:
    """Return when the storage is formatted, under a new cluster's identity.

    Args:
        command: Java, its options and the classpath.
        settings: the properties, which name the storage.
        log: where the tool's words go, behind what is there.

    Raises:
        RoadFailed: it failed, or took too long; it runs no more, then or when cancelled.
    """
    tool = ("kafka.tools.StorageTool", "format", "--standalone", "-t", cluster_id(), "-c", str(settings))
    with log.open("ab") as words:
        # A group of its own: Ctrl-C in the terminal is for us.
        formatting = await asyncio.create_subprocess_exec(
            *command, *tool, stdin=DEVNULL, stdout=words, stderr=STDOUT, process_group=0
        )
    try:
        async with asyncio.timeout(_LONGEST):
            ended = await formatting.wait()
    except TimeoutError:
        ended = -1
    finally:
        if formatting.returncode is None:
            formatting.kill()
            await formatting.wait()
    if ended != 0:
        raise failed("could not format its storage", log)
