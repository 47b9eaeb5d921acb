"""What the gates cost beside a signature: for each algorithm, on a message whose envelope has about 2 kB.

`python benchmarks/gates.py` prints microseconds: the lexical gate with the header's (for a signer met before, and for
one met first), the JSON gate over the payload and `json.loads` of the same, the bare primitive, the exchange's whole
check of a token, and what both gates cost in the bare primitive. The JSON gate is a reader too: what it takes includes
the reading that nobody is spared, of which `json.loads` gives an idea.
"""

from __future__ import annotations

import base64
import json
import timeit
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from certs import gates, jws, tokens
from certs.algorithms import Algorithm, verify
from certs.authority import Authority
from certs.identity import Identity, dictated
from harness.clock import Chance

AT: Final = datetime(2026, 3, 1, tzinfo=UTC)
ENVELOPE: Final = {
    "specversion": "1.0",
    "id": "qm-3f2a9c5d1b7e4f60",
    "source": "QM",
    "type": "corridor.document.v1",
    "subject": "CO-0001",
    "time": "2026-03-01T00:00:00.000Z",
    "datacontenttype": "application/vnd.qm.origin+json",
    "receiver": "QN",
    "topic": "qn.in.from.qm",
    "corridor": "QM-QN",
    "correlationid": "0123456789abcdef",
    "expirytime": "2026-03-02T00:00:00.000Z",
    "sequence": 7,
    "nonce": "5ca1ab1e" * 4,
    "doctype": "864",
    "function": "9",
    "data_base64": base64.b64encode(bytes(range(256)) * 4 + bytes(100)).decode(),
}


ROUNDS: Final = 200
CALLS: Final = 50


def _microseconds(*calls: Callable[[], object]) -> tuple[float, ...]:
    """Of each call the best of many short rounds, in turns: what it takes when nothing else runs."""
    best = [float("inf")] * len(calls)
    for _ in range(ROUNDS):
        best = [min(found, timeit.timeit(call, number=CALLS)) for found, call in zip(best, calls, strict=True)]
    return tuple(found / CALLS * 1e6 for found in best)


def main() -> None:
    """Measure and print."""
    authority = Authority.found("QM", AT, Chance(1).octets, timedelta(days=30))
    payload = json.dumps(ENVELOPE, separators=(",", ":"), sort_keys=True).encode()
    print(f"an envelope of {len(payload)} octets; microseconds")
    print(f"{'':10}{'gate':>7}{'first':>7}{'JSON':>7}{'loads':>7}{'bare':>8}{'check':>8}{'share':>8}")
    for algorithm in Algorithm:
        signer = authority.issue_signing("QM", algorithm, AT)
        figures = _measured(jws.sign(payload, signer, typ=jws.MESSAGE), signer, payload)
        gate, first, strict, plain, bare, check = figures
        share = (gate + strict) / bare
        print(f"{algorithm:10}{gate:7.1f}{first:7.1f}{strict:7.1f}{plain:7.1f}{bare:8.1f}{check:8.1f}{share:8.1%}")


def _measured(raw: bytes, signer: Identity, payload: bytes) -> tuple[float, ...]:
    """Gate, gate with a header met first, JSON gate, plain reading, bare primitive, whole check."""
    token, (algorithm, public) = jws.read(raw), dictated(signer.certificate)
    segments = token.gated.segments

    def first() -> None:
        tokens._header.cache_clear()  # noqa: SLF001 - a signer that was not met before
        gates._header_spelt.cache_clear()  # noqa: SLF001 - the same
        tokens.gated(raw)

    return _microseconds(
        lambda: tokens.gated(raw),
        first,
        lambda: gates.strict_json(payload),
        lambda: json.loads(payload),
        lambda: verify(algorithm, public, segments.signature, segments.signing_input),
        lambda: jws.check(jws.read(raw), signer.certificate, typ=jws.MESSAGE),
    )


if __name__ == "__main__":
    main()
