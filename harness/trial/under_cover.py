"""What a script can know of traffic that crossed encrypted: from the parties' logs and the tokens they hand over.

The tap sees ciphertext there, at a place; the reader's log says which token stood at that place. Nothing here waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from harness.evidence import records
from harness.exchange import topics
from harness.exchange.seal import Sealed
from harness.trial.history import Seen, see, told


def taken(party: str, log: Iterable[bytes]) -> Iterator[tuple[str, int]]:
    """The places, by topic and offset, from which a party's log says that something came to its inboxes."""
    mine = f"{topics.principal(party)}.in.from."
    for body in log:
        fields = told(body).fields
        if "offset" in fields and str(fields["topic"]).startswith(mine):
            yield str(fields["topic"]), int(str(fields["offset"]))


def answers(of: str, log: Iterable[bytes], tokens: Iterable[bytes], seen: Sequence[Seen]) -> tuple[Seen, ...]:
    """The receipts about message `of` that a party's log holds, in its order, each as it stood where the tap saw it.

    Args:
        of: the message's identity.
        log: what the party gives out.
        tokens: what it hands over.
        seen: what the tap saw.
    """
    by_raw = {Sealed(token).raw: token for token in tokens}
    by_place = {(one.delivery.topic, one.delivery.offset): one.delivery for one in seen}
    found = []
    for record in map(told, log):
        if record.event != records.ACKNOWLEDGED or record.fields.get("of") != of:
            continue
        token = by_raw.get(str(record.fields["raw"]))
        place = by_place.get((str(record.fields["topic"]), int(str(record.fields["offset"]))))
        if token is not None and place is not None:
            found.append(see(replace(place, value=token)))
    return tuple(found)
