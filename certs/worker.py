"""A process of its own for path validation, killed and replaced when it takes too long.

One for each process that asks, started on demand and shared by all its trust stores: a few hostile chains keep the
library busy for minutes, and nothing inside one process stops that. What runs in it: certs.walker.

The worker ends with its pipe: when the asker closes it, exits or is killed, nothing is left behind. It stands in a
process group of its own, so that Ctrl-C reaches only the asker.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import IO, Final

from certs.errors import PathTooCostly
from certs.question import Answer, Question

STARTS_WITHIN: Final = 30.0
"""Seconds of real time in which a worker must be up: on a machine that is busy with something else, too."""

PATIENCE: Final = 5
"""How many times its processor time a worker is waited for: a busy machine must not cost an honest path its verdict."""

TIME_ALLOWED: Final = "docs/wire.md, 5 (the time allowed)"
"""The clause on which a path is refused that was given up, because its time was over or its process fell."""

_READY: Final = b"ready\n"
# It looks for modules where its parent found this one, and nowhere else: not in the current folder.
_PROGRAM: Final = "import sys; sys.path[:] = sys.argv[1:]; from certs.walker import main; main()"
_PIECE: Final = 65536
_TOO_LONG: Final = "took longer than it may"


class NoWorker(RuntimeError):
    """The worker cannot be started, or speaks nonsense: we are broken, nobody else is."""


class Worker:
    """One process that answers one question after the other. Thread-safe; not to be shared across a fork."""

    def __init__(self) -> None:
        # Owned by whoever holds the lock.
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False

    @property
    def pid(self) -> int | None:
        """The process that answers now, if one was started."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process without waiting for it, if there is none."""
        with self._lock:
            self._started()

    def ask(self, question: Question, *, within: float) -> Answer:
        """The answer, or after `within` seconds of the worker's processor time that there is none.

        On a machine that gives the worker no time to work in, after PATIENCE times as many seconds of real time.

        Raises:
            PathTooCostly: no answer in that time, or the process fell over the question. Another one takes its place.
            NoWorker: no process can be started.
        """
        with self._lock:
            process = self._started()
            try:
                if not self._ready:
                    self._comes_up(process)
                head = f"{within:.3f} ".encode("ascii")
                said = _exchanged(process, head + question.line(), time.monotonic() + within * PATIENCE)
            except BaseException as error:
                # Also on Ctrl-C: a late answer must not be taken for the next question's.
                self._kill()
                if isinstance(error, _GaveUp):
                    raise PathTooCostly(f"validation {error}", clause=TIME_ALLOWED) from None
                raise
        return Answer.read(said)

    def close(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            self._kill()

    def forget(self) -> None:
        """After a fork, in the child: the process is the parent's."""
        self._lock = threading.Lock()
        process, self._process, self._ready = self._process, None, False
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            process.returncode = 0  # not ours to wait for

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._kill()
        command = [sys.executable, "-P", "-c", _PROGRAM, *sys.path]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                process_group=0,
            )
        except OSError as error:
            raise NoWorker(f"no process for path validation: {error}") from error
        for pipe in (self._process.stdin, self._process.stdout):
            os.set_blocking(_there(pipe).fileno(), False)
        return self._process

    def _comes_up(self, process: subprocess.Popen[bytes]) -> None:
        try:
            self._ready = _exchanged(process, b"", time.monotonic() + STARTS_WITHIN) == _READY
        except _GaveUp as error:
            raise NoWorker(f"the process for path validation did not come up: it {error}") from error

    def _kill(self) -> None:
        process, self._process, self._ready = self._process, None, False
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # what a dead process did not read is lost, and may be
                _there(pipe).close()


class _GaveUp(Exception):
    """No answer came; the message says how, of the process."""


def _exchanged(process: subprocess.Popen[bytes], question: bytes, until: float) -> bytes:
    """Write `question`, read one line. Raises _GaveUp when the time is over or the process is gone."""
    into, out = _there(process.stdin).fileno(), _there(process.stdout).fileno()
    left, said = memoryview(question), b""
    while not said.endswith(b"\n"):
        seconds = until - time.monotonic()
        if seconds <= 0:
            raise _GaveUp(_TOO_LONG)
        readable, writable, _ = select.select([out], [into] if left else [], [], seconds)
        if writable:
            try:
                left = left[os.write(into, left[:_PIECE]) :]
            except BrokenPipeError as error:
                raise _GaveUp("ended its process") from error
        if readable:
            piece = os.read(out, _PIECE)
            if not piece:
                raise _GaveUp(_TOO_LONG if process.wait() == -signal.SIGPROF else "ended its process")
            said += piece
    return said


def _there(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise NoWorker("the process for path validation has no pipe")
    return pipe


SHARED: Final = Worker()
"""The one of this process."""

atexit.register(SHARED.close)
os.register_at_fork(after_in_child=SHARED.forget)
