"""The history of one run: what happened, written down first and judged later.

An append-only file of JSON lines. Whoever writes an event says what it saw, never what it thinks of it:
the verdict is a pure function of this file (`harness.trial.verdict`), so an old run can be judged by a new check.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from certs.errors import TrustError
from certs.gates import strict_json
from certs.jwe import looks_encrypted
from certs.jws import read as read_token
from certs.trust import TrustStore
from harness.clock import Clock, moment, stamp
from harness.errors import BadInput, NotProved
from harness.evidence import records
from harness.evidence.records import Record
from harness.exchange import topics
from harness.exchange.bus import Delivery
from harness.exchange.reasons import Refused
from harness.exchange.receipt import Receipt, Statement
from harness.exchange.receipt import parse as parse_receipt
from harness.exchange.seal import Kind, Opened, Sealed, unseal
from harness.exchange.seat import Sent


class What(StrEnum):
    """The kinds of events."""

    RUN = "run"
    COUNTRY = "country"
    STEP = "step"
    DELIVERY = "delivery"
    DEATH = "death"
    FALL = "fall"
    CUT = "cut"
    STOPPED = "stopped"
    PROMISE = "promise"
    RECORD = "record"
    UNDER_COVER = "under cover"
    BUNDLE = "bundle"
    ATTEMPT = "attempt"
    DOOR = "door"
    BROKER = "broker"
    TROUBLE = "trouble"


class Scribe:
    """Writes one history, in a folder made when absent. The only writer of its file; line by line, in order."""

    def __init__(self, path: Path, clock: Clock) -> None:
        path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        self.path = path
        self._clock = clock
        self._file = path.open("a", encoding="utf-8")
        self._count = 0

    def write(self, what: What, **said: object) -> None:
        """Add one event."""
        self._count += 1
        event = {"n": self._count, "at": stamp(self._clock.now()), "what": what.value, **said}
        self._file.write(json.dumps(event, ensure_ascii=False, sort_keys=True) + "\n")
        self._file.flush()

    def close(self) -> None:
        """No more events."""
        self._file.close()


@dataclass(frozen=True)
class Seen:
    """One record that the tap saw on a topic, with what can be read of it without believing any of it."""

    delivery: Delivery
    sealed: Sealed
    kind: Kind | None
    said: Mapping[str, Any]  # Any: the envelope's JSON as it came, possibly a forger's
    opened: Opened | None = None
    """What its seal held, where the judge could open it: only then does it speak for the party it names."""

    @property
    def receipt(self) -> Receipt | None:
        """The receipt in it, if it is one that can be read."""
        if self.kind is not Kind.RECEIPT:
            return None
        try:
            return parse_receipt(self.said.get("data"))
        except Refused:
            return None

    @property
    def document(self) -> bytes:
        """The document in it, as it came; empty when there is none."""
        return base64.b64decode(str(self.said.get("data_base64", "")))

    @property
    def in_inbox(self) -> bool:
        """Whether it came on an inbox (and not in somebody's quarantine)."""
        return ".in.from." in self.delivery.topic

    @property
    def by_owner(self) -> bool:
        """Whether it stands on the inbox that the sender it names alone writes for the receiver it names."""
        return self.delivery.topic == topics.inbox(str(self.said.get("receiver")), str(self.said.get("source")))

    def statement(self, level: str) -> Statement | None:
        """What its receipt states on `level`."""
        found = self.receipt
        return next((one for one in found.statements if one.level == level), None) if found is not None else None


@dataclass(frozen=True)
class Logged:
    """One record of a party's evidence log, as that party gave it out."""

    party: str
    index: int
    body: bytes
    record: Record

    def get(self, name: str) -> object:
        """A field of the record."""
        return self.record.fields.get(name)


class History:
    """A finished (or cut off) history, to be read by checks."""

    def __init__(self, events: tuple[Mapping[str, Any], ...], folder: Path) -> None:
        self.events = events
        self.folder = folder

    @classmethod
    def read(cls, path: Path) -> History:
        """Read a history file. Raises BadInput naming the line that is wrong."""
        events = []
        for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
            # By line feeds alone: a partner's text may hold any other character that some call the end of a line.
            if not line:
                continue
            try:
                events.append(json.loads(line))
            except ValueError as error:
                raise BadInput(
                    f"{path.name}, line {number} is no event: {error}", expected="one JSON object a line"
                ) from error
        return cls(tuple(events), path.parent)

    def of(self, what: What) -> Iterator[Mapping[str, Any]]:
        """The events of one kind, in order."""
        return (event for event in self.events if event["what"] == what)

    @cached_property
    def run(self) -> Mapping[str, Any]:
        """What the run said of itself at its start."""
        return next(self.of(What.RUN), {})

    @cached_property
    def deliveries(self) -> tuple[Seen, ...]:
        """Everything the tap saw, in its order, opened where a seal holds."""
        return tuple(self._open(see(self._uncovered(delivery_from(event)))) for event in self.of(What.DELIVERY))

    @cached_property
    def trust(self) -> TrustStore:
        """What every country published about its authorities: by this the judge opens seals, and by nothing else."""
        store = TrustStore()
        countries = tuple(self.of(What.COUNTRY))
        for event in countries:
            store.load_list(event["trust_list"].encode(), anchor=event["anchor"], at=moment(event["at"]))
        for event in countries:
            for crl in event["crls"]:
                store.load_crl(base64.b64decode(crl))
        return store

    @cached_property
    def logs(self) -> Mapping[str, tuple[Logged, ...]]:
        """Each party's evidence log, as it gave it out at the end."""
        logs: dict[str, list[Logged]] = {}
        for event in self.of(What.RECORD):
            body = event["body"].encode()
            logs.setdefault(event["party"], []).append(Logged(event["party"], event["index"], body, told(body)))
        return {party: tuple(found) for party, found in logs.items()}

    def log(self, party: str, event: str, **fields: object) -> tuple[Logged, ...]:
        """The records of one kind in one party's log that hold all of `fields`."""
        return tuple(
            logged
            for logged in self.logs.get(party, ())
            if logged.record.event == event and all(logged.get(name) == value for name, value in fields.items())
        )

    def tokens(self, identity: str) -> tuple[Seen, ...]:
        """Every time this message was seen on an inbox."""
        return self._on_inboxes.get(identity, ())

    @cached_property
    def _on_inboxes(self) -> Mapping[str, tuple[Seen, ...]]:
        """What was seen on inboxes, by identity: a flood is thousands of them, and each is asked for.

        What its reader opened goes by the identity of its cover too: a cover may be what had to be refused.
        """
        found: dict[str, list[Seen]] = {}
        for event, seen in zip(self.of(What.DELIVERY), self.deliveries, strict=True):
            if not seen.in_inbox:
                continue
            found.setdefault(seen.sealed.identity, []).append(seen)
            outside = delivery_from(event).value
            if outside != seen.delivery.value:
                found.setdefault(Sealed(outside).identity, []).append(seen)
        return {identity: tuple(copies) for identity, copies in found.items()}

    def receipts(self, of: str) -> tuple[Seen, ...]:
        """Every receipt about this message that was seen, in order: given by who it came to, and by nobody else."""
        came_to = {seen.delivery.topic.partition(".in.from.")[0] for seen in self.tokens(of)}
        return tuple(
            seen for seen in self._given_about.get(of, ()) if topics.principal(str(seen.said["source"])) in came_to
        )

    @cached_property
    def _given_about(self) -> Mapping[str, tuple[Seen, ...]]:
        """The receipts that stand, by what they are about."""
        found: dict[str, list[Seen]] = {}
        for seen, receipt in self.given:
            found.setdefault(receipt.of, []).append(seen)
        return {of: tuple(receipts) for of, receipts in found.items()}

    @cached_property
    def given(self) -> tuple[tuple[Seen, Receipt], ...]:
        """The receipts that stand, well sealed, on the inbox that their signer alone writes for who they name."""
        return tuple(
            (seen, receipt)
            for seen in self.deliveries
            if (receipt := seen.receipt) is not None and seen.opened is not None and seen.by_owner
        )

    @cached_property
    def handed_over(self) -> Mapping[str, bytes]:
        """The signed tokens behind what crossed encrypted, by raw digest, as the parties handed them to the judge."""
        tokens = (event["token"].encode("latin-1") for event in self.of(What.UNDER_COVER))
        return {Sealed(token).raw: token for token in tokens}

    @cached_property
    def taken(self) -> Mapping[tuple[str, int, int], str]:
        """What each reader's log says it took from each place of its own inboxes: raw digests by place."""
        return {
            (str(one.get("topic")), int(str(one.get("partition"))), int(str(one.get("offset")))): str(one.get("raw"))
            for party, log in self.logs.items()
            for one in log
            if one.get("raw") is not None
            and one.get("offset") is not None
            and str(one.get("topic")).startswith(f"{topics.principal(party)}.in.from.")
        }

    def _uncovered(self, delivery: Delivery) -> Delivery:
        """With the token that its reader says was inside, where the wire shows none; its seal is checked as any."""
        if not looks_encrypted(delivery.value):
            return delivery
        raw = self.taken.get((delivery.topic, delivery.partition, delivery.offset), "")
        return replace(delivery, value=self.handed_over.get(raw, delivery.value))

    def _open(self, seen: Seen) -> Seen:
        try:
            return replace(seen, opened=unseal(seen.sealed, trust=self.trust, at=seen.delivery.at))
        except Refused:
            return seen


def event_of(delivery: Delivery) -> dict[str, Any]:  # Any: JSON values
    """A delivery as the history keeps it: all its bytes."""
    return {
        "topic": delivery.topic,
        "partition": delivery.partition,
        "offset": delivery.offset,
        "key": delivery.key.decode("latin-1"),
        "value": base64.b64encode(delivery.value).decode(),
        "headers": [[name, value.decode("latin-1")] for name, value in delivery.headers],
        "broker_time": stamp(delivery.at),
    }


def delivery_from(event: Mapping[str, Any]) -> Delivery:
    """What `event_of` kept."""
    at: datetime = moment(event["broker_time"])
    return Delivery(
        topic=event["topic"],
        partition=event["partition"],
        offset=event["offset"],
        key=event["key"].encode("latin-1"),
        value=base64.b64decode(event["value"]),
        headers=tuple((name, value.encode("latin-1")) for name, value in event["headers"]),
        at=at,
    )


def told(body: bytes) -> Record:
    """A record as a party gave it out. What cannot be read tells of nothing, and its bytes still count in the log."""
    try:
        return records.read(body)
    except NotProved:
        return Record("unreadable", "", datetime.fromtimestamp(0, UTC), None, {})


def sent_of(octets: bytes, given: Iterable[bytes], known: Container[str]) -> Sent | None:
    """What a log says of the message that a trader's file was sent in; None when it knows only of the `known` ones."""
    digest = hashlib.sha256(octets).hexdigest()
    log = [told(body) for body in given]
    lodged = {one.correlation for one in log if one.event == records.LODGED and one.fields.get("raw") == digest}
    for one in log:
        if one.event == records.SENT and one.correlation in lodged and one.correlation not in known:
            names = {name: str(one.fields[name]) for name in ("identity", "id", "subject", "topic")}
            return Sent(**names, correlation=str(one.correlation), to=str(one.fields["receiver"]))
    return None


def see(delivery: Delivery) -> Seen:
    """Read of a delivery what can be read, believing nothing."""
    sealed = Sealed(delivery.value)
    try:
        token = read_token(delivery.value)
        said = strict_json(token.payload)
    except TrustError:
        return Seen(delivery, sealed, None, {})
    kind = Kind(token.typ) if token.typ in tuple(Kind) else None
    return Seen(delivery, sealed, kind, said if isinstance(said, dict) else {})
