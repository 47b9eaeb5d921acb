"""Where the windows' own log goes: into the run's folder, never to stdout."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from harness.clock import SystemClock, stamp

NAME = "log.jsonl"


@contextmanager
def journal(folder: Path) -> Iterator[None]:
    """While the block lasts, what windows log goes to `folder/log.jsonl`, one JSON object a line."""
    clock = SystemClock()

    def timed(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        return {"at": stamp(clock.now()), **event}

    with (folder / NAME).open("a", encoding="utf-8") as file:
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                timed,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            logger_factory=structlog.WriteLoggerFactory(file),
            cache_logger_on_first_use=False,
        )
        try:
            yield
        finally:
            structlog.reset_defaults()
