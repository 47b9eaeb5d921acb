"""A folder for what is written and not wanted afterwards; where a broker wrote in it and something failed, it stays.

A broker that failed says why in its own log, and an error that sends the user there must not take the log away.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_LOG: Final = "broker-*.log"


class Scratch:
    """A folder among the system's temporary ones, as a context: made on entry for its owner only, removed on exit.

    It stays when a broker's log is in it and the block ended by an error, or `fails` was called. An interruption is
    no failure.

    Args:
        prefix: what its name begins with.
        say: told in a sentence where it is, when it stays.
    """

    def __init__(self, prefix: str, say: Callable[[str], None]) -> None:
        self.folder = Path(tempfile.gettempdir())
        self._prefix = prefix
        self._say = say
        self._failed = False

    def __enter__(self) -> Self:
        """Make it."""
        self.folder = Path(tempfile.mkdtemp(prefix=self._prefix))
        return self

    def fails(self) -> None:
        """Something failed that no error tells of at the end of the block."""
        self._failed = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove it, or say where it stays."""
        logs = sorted(self.folder.rglob(_LOG)) if self._failed or isinstance(error, Exception) else []
        if not logs:
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        named = ", ".join(str(log.relative_to(self.folder)) for log in logs)
        self._say(f"Kept for the broker's log: {self.folder} ({named})")
