"""What the gates cost beside a signature: for each algorithm, on a message whose envelope has about 2 kB.

`python benchmarks/gates.py` prints microseconds: the lexical gate with the header's (for a signer met before, and for
one met first), the JSON gate over the payload and `json.loads` of the same, the bare primitive, the token's check by a
certificate at hand, and the whole of what a window does with a seal (`unseal`: gates, the certificate's path out of the
cache, signature, envelope as a checked object). Then what both gates come to in the bare primitive, which is what the
aim is held against, and in the whole, of which they are a part. The JSON gate is a reader too: what it takes includes
the reading that nobody is spared, of which `json.loads` gives an idea. `--rounds` makes it shorter and rougher.
"""

from __future__ import annotations

import argparse
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
from certs.trust import TrustStore
from harness.clock import Chance
from harness.exchange.seal import Sealed, unseal

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


def _microseconds(rounds: int, *calls: Callable[[], object]) -> tuple[float, ...]:
    """Of each call the best of many short rounds, in turns: what it takes when nothing else runs."""
    best = [float("inf")] * len(calls)
    for _ in range(rounds):
        best = [min(found, timeit.timeit(call, number=CALLS)) for found, call in zip(best, calls, strict=True)]
    return tuple(found / CALLS * 1e6 for found in best)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What the gates cost beside a signature.")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of each call, the best of so many")
    rounds = parser.parse_args().rounds
    authority = Authority.found("QM", AT, Chance(1).octets, timedelta(days=30))
    trust = TrustStore()
    trust.load_list(authority.trust_list(1, AT, AT + timedelta(days=1)), anchor=authority.anchor, at=AT)
    for crl in authority.crls(AT):
        trust.load_crl(crl)
    payload = json.dumps(ENVELOPE, separators=(",", ":"), sort_keys=True).encode()
    print(f"an envelope of {len(payload)} octets; microseconds")
    print(
        f"{'':10}{'gate':>7}{'first':>7}{'JSON':>7}{'loads':>7}{'bare':>8}{'check':>8}{'unseal':>8}"
        f"{'in bare':>10}{'in unseal':>11}"
    )
    for algorithm in Algorithm:
        signer = authority.issue_signing("QM", algorithm, AT)
        raw = jws.sign(payload, signer, typ=jws.MESSAGE)
        gate, first, strict, plain, bare, check, whole = _measured(raw, signer, payload, trust, rounds)
        both = gate + strict
        print(
            f"{algorithm:10}{gate:7.1f}{first:7.1f}{strict:7.1f}{plain:7.1f}{bare:8.1f}{check:8.1f}{whole:8.1f}"
            f"{both / bare:10.1%}{both / whole:11.1%}"
        )


def _measured(raw: bytes, signer: Identity, payload: bytes, trust: TrustStore, rounds: int) -> tuple[float, ...]:
    """Gate, gate with a header met first, JSON gate, plain reading, bare primitive, check, and the whole."""
    token, (algorithm, public) = jws.read(raw), dictated(signer.certificate)
    segments = token.gated.segments

    def first() -> None:
        tokens._header.cache_clear()  # noqa: SLF001 - a signer that was not met before
        gates._header_spelt.cache_clear()  # noqa: SLF001 - the same
        tokens.gated(raw)

    unseal(Sealed(raw), trust=trust, at=AT)  # the path is walked once, and cached
    return _microseconds(
        rounds,
        lambda: tokens.gated(raw),
        first,
        lambda: gates.strict_json(payload),
        lambda: json.loads(payload),
        lambda: verify(algorithm, public, segments.signature, segments.signing_input),
        lambda: jws.check(jws.read(raw), signer.certificate, typ=jws.MESSAGE),
        lambda: unseal(Sealed(raw), trust=trust, at=AT),
    )


if __name__ == "__main__":
    main()
