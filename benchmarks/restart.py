"""How long a window that comes back after many records reads its log, and what it holds afterwards.

`python benchmarks/restart.py 1000000` writes a log of that many records, three to an exchange as a receiver has them,
opens it as a window does (every record is hashed again) and folds it. Prints seconds and resident memory for each.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from harness.clock import seconds
from harness.evidence import records
from harness.evidence.log import EvidenceLog
from nodes.ledger import Ledger

AT = datetime(2026, 3, 1, tzinfo=UTC)
STATEMENTS = [{"level": f"L{level}", "status": "received", "reason": None} for level in (1, 2, 3, 4)]


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _exchange(number: int) -> list[bytes]:
    """What a receiver logs of one exchange."""
    identity, correlation = _digest("message", number), f"{number:016x}"
    numbered = {"sequence": number + 1}
    place = {"topic": "qn.in.from.qm", "partition": 0, "offset": number}
    message = {"id": f"qm-{number:016x}", "sender": "QM", "subject": "CO-0001", "doctype": "864", "function": "9"}
    kept = {"identity": identity, "raw": _digest("raw", number), "payload": _digest("payload", number)}
    answer = {"identity": _digest("answer", number), "raw": _digest("answer's raw", number), "of": identity}
    own = {"identity": identity, "own": _digest("own", number), "losses": []}
    return [
        records.record(records.RECEIVED, "QN", AT, correlation=correlation, **message, **kept, **place, **numbered),
        records.record(records.TRANSLATED, "QN", AT, correlation=correlation, **own),
        records.record(
            records.ANSWERED, "QN", AT, correlation=correlation, **answer, **numbered, statements=STATEMENTS
        ),
    ]


def _resident() -> int:
    """Most that this process has held so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def _told(what: str, begun: float, count: int, before: int) -> None:
    taken = seconds() - begun
    print(f"{what:<8} {taken:6.2f} s  {taken / count * 1e6:5.1f} us a record  {_resident() - before:+5d} MiB")


def main() -> None:
    """Write, open, fold."""
    parser = argparse.ArgumentParser(description="Read a long log as a window that comes back does.")
    parser.add_argument("records", type=int, nargs="?", default=100_000)
    exchanges = parser.parse_args().records // 3
    with tempfile.TemporaryDirectory(prefix="corridor-restart-") as scratch:
        path = Path(scratch) / "log.sqlite"
        begun, before = seconds(), _resident()
        log = EvidenceLog(path, "QN")
        for start in range(0, exchanges, 1000):
            log.append([body for n in range(start, min(start + 1000, exchanges)) for body in _exchange(n)])
        log.close()
        _told("written", begun, 3 * exchanges, before)
        begun, before = seconds(), _resident()
        log = EvidenceLog(path, "QN")
        _told("opened", begun, log.size, before)
        begun, ledger = seconds(), Ledger()
        for _, body in log.records():
            ledger.apply(records.recall(body))
        _told("folded", begun, log.size, before)
        assert len(ledger.received) == exchanges
        log.close()


if __name__ == "__main__":
    main()
