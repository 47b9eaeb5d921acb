"""The adversaries: named seats from which something goes wrong on purpose.

`Wire` stands between the parties' outlets and the bus: what Mallory does to records under way happens there, so the
sender's log says what it sent and the tap says what arrived; `wiring` carries it to parties that are processes
of their own. `Mallory` also plays the dishonest operator, who can write any topic. `Insider` holds one party's key and
sends what its window never would. None of them touches a window.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from cryptography import x509

from certs import jws
from certs.identity import Identity
from certs.jwe import looks_encrypted
from harness.clock import Chance, Clock
from harness.errors import BadInput
from harness.exchange import cover, topics
from harness.exchange.bus import OPERATOR, Ack, Bus, Outlet, Record
from harness.exchange.envelope import Envelope, Type
from harness.exchange.seal import Sealed, kind_of, seal
from harness.trial import forging
from harness.trial.forging import Craft
from harness.trial.history import Seen
from harness.trial.passage import Passage

Tamper = Callable[[Record], "Record | None"]
"""What happens to a record under way: the same, another one, or None when it is held back."""


@dataclass
class Fault:
    """One thing Mallory does to what is put on `topic`, `times` times at most."""

    topic: str
    tamper: Tamper
    times: int
    held: list[Record] = field(default_factory=list)
    caught: asyncio.Event = field(default_factory=asyncio.Event)

    def does(self, record: Record) -> Record | None:
        """Do it to `record`, if it is meant and not used up."""
        if record.topic != self.topic or self.times <= 0:
            return record
        after = self.tamper(record)
        if after is not record:
            self.times -= 1
        if after is None:
            self.held.append(record)
            self.caught.set()
        return after


@dataclass
class Wire(Passage):
    """A bus as the parties have it when Mallory stands on the wire: what is put passes her, once, for all who read."""

    clock: Clock
    faults: list[Fault] = field(default_factory=list)
    kept_away: set[bytes] = field(default_factory=set)
    """What was put and did not come on its topic as it was put."""

    async def outlet(self, principal: str) -> Outlet:
        """An outlet whose records pass Mallory."""

        async def through(records: Sequence[Record]) -> Sequence[Record | None]:
            return [self.through(one) for one in records]

        return WiredOutlet(await super().outlet(principal), through, self.clock)

    def through(self, record: Record) -> Record | None:
        """What becomes of `record`."""
        now: Record | None = record
        for fault in self.faults:
            now = fault.does(now) if now is not None else None
        if now is None or now.value != record.value:
            self.kept_away.add(record.value)
        return now


class WiredOutlet:
    """An outlet of a party's under which Mallory stands. `through` says what becomes of records: None is held back."""

    def __init__(
        self, outlet: Outlet, through: Callable[[Sequence[Record]], Awaitable[Sequence[Record | None]]], clock: Clock
    ) -> None:
        self._outlet, self._through, self._clock = outlet, through, clock

    async def put(self, *records: Record) -> tuple[Ack, ...]:
        """Put what Mallory lets through; for what she holds back she lies that the broker has it."""
        became = await self._through(records)
        passed = [(at, changed) for at, changed in enumerate(became) if changed is not None]
        acks = dict(zip((at for at, _ in passed), await self._outlet.put(*(one for _, one in passed)), strict=True))
        return tuple(acks.get(at) or Ack(one.topic, 0, 0, self._clock.now()) for at, one in enumerate(records))

    async def close(self) -> None:
        """Let go of the connection."""
        await self._outlet.close()


class Mallory:
    """The adversary on the wire, and the dishonest operator of the broker. `does` writes down each of her acts."""

    def __init__(self, bus: Bus, wire: Wire, does: Callable[[str], None]) -> None:
        self._bus = bus
        self._wire = wire
        self._does = does

    def flips_a_byte(self, *, sender: str, receiver: str) -> None:
        """Change one byte that the next message from `sender` to `receiver` is signed over: its subject's last one.

        What arrives is a good envelope still, about another document: only the seal tells.
        """
        self._does(f"stands between {sender} and {receiver} and will flip one byte of the signed payload")

        def tamper(record: Record) -> Record:
            return replace(record, value=forging.another_document(record.value))

        self._add(sender, receiver, tamper)

    def alters(self, craft: Craft, *, sender: str, receiver: str) -> None:
        """Do to the next message from `sender` to `receiver` what the first line of `craft`'s docstring says."""
        self._does(f"stands between {sender} and {receiver} and will {_said(craft)}")
        self._add(sender, receiver, lambda record: replace(record, value=craft(record.value)))

    def spoils_cover(self, *, sender: str, receiver: str) -> None:
        """Change one character of the ciphertext of the next encrypted message from `sender` to `receiver`."""
        self._does(f"stands between {sender} and {receiver} and will change a character of the ciphertext")

        def tamper(record: Record) -> Record:
            if not looks_encrypted(record.value):
                return record
            parts = record.value.split(b".")
            parts[3] = (b"B" if parts[3][:1] == b"A" else b"A") + parts[3][1:]
            return replace(record, value=b".".join(parts))

        self._add(sender, receiver, tamper)

    def rewrites_header(self, name: str, value: bytes, *, sender: str, receiver: str) -> None:
        """Change a Kafka header of the next message from `sender` to `receiver`; the signed body stays."""
        self._does(f"will rewrite header {name} of {sender}'s next message to say {value.decode()}")

        def tamper(record: Record) -> Record:
            headers = tuple((key, value if key == name else old) for key, old in record.headers)
            return replace(record, headers=headers)

        self._add(sender, receiver, tamper)

    def holds_back(self, *, sender: str, receiver: str) -> Fault:
        """Hold back the next record from `sender` to `receiver` until it is released."""
        self._does(f"holds back {sender}'s next record to {receiver}")
        return self._add(sender, receiver, lambda _record: None)

    async def releases(self, fault: Fault) -> None:
        """Let what was held back go on its way now."""
        self._does(f"lets go what she held back on {fault.topic}")
        await self._write(*fault.held)
        fault.held.clear()

    async def has(self, fault: Fault) -> None:
        """Return once something was held back. Bound the wait with a deadline."""
        await fault.caught.wait()

    async def diverts(self, fault: Fault, *, to: str) -> Record:
        """Put what was held back on another topic, once there is something; return the first of it."""
        await fault.caught.wait()
        self._does(f"diverts what she held back to {to}")
        records = [replace(record, topic=to) for record in fault.held]
        await self._write(*records)
        fault.held.clear()
        return records[0]

    async def sends_again(self, seen: Seen) -> None:
        """Put the very same bytes on the very same topic once more."""
        self._does(f"sends {seen.said.get('subject')} a second time on {seen.delivery.topic}")
        delivery = seen.delivery
        await self._write(Record(delivery.topic, delivery.key, delivery.value, delivery.headers))

    async def sends_altered(self, seen: Seen, craft: Craft) -> Record:
        """Put the same message once more, altered; return what was put."""
        delivery = seen.delivery
        self._does(
            f"takes {seen.said.get('subject')} as it came on {delivery.topic}, to {_said(craft)}, and sends that"
        )
        record = Record(delivery.topic, delivery.key, craft(delivery.value), delivery.headers)
        await self._write(record)
        return record

    async def puts(self, *records: Record) -> None:
        """Put records of somebody's on their topics, as operator."""
        self._does(f"puts {len(records)} record(s) on {', '.join(sorted({record.topic for record in records}))}")
        await self._write(*records)

    def _add(self, sender: str, receiver: str, tamper: Tamper) -> Fault:
        fault = Fault(topics.inbox(receiver, sender), tamper, 1)
        self._wire.faults.append(fault)
        return fault

    async def _write(self, *records: Record) -> None:
        outlet = await self._bus.outlet(OPERATOR)
        try:
            await outlet.put(*records)
        finally:
            await outlet.close()


def _said(craft: Craft) -> str:
    """What a craft does, as it says itself, within a sentence."""
    said = (craft.__doc__ or "").strip().partition("\n")[0].rstrip(".")
    return f"{said[:1].lower()}{said[1:]}"


class Insider:
    """Somebody inside one country who can use its signing key and go around its window."""

    def __init__(
        self, identity: Identity, clock: Clock, chance: Chance, *, sealed: Callable[[Envelope, Identity], Sealed] = seal
    ) -> None:
        self.identity = identity
        self._seal = sealed
        self._clock = clock
        self._chance = chance

    def signs(self, like: Seen, **changes: object) -> Record:
        """Sign an envelope like the one seen, with some attributes changed; what is not changed stays, id included."""
        return self._sealed(self._like(like, changes))

    def spells(self, like: Seen, plain: str, *, otherwise: str, **changes: object) -> Record:
        """Sign an envelope like the one seen, in whose JSON one piece is spelt as no window would write it.

        Raises:
            BadInput: `plain` does not stand in it exactly once.
        """
        envelope = self._like(like, changes)
        octets, old = envelope.octets(), plain.encode()
        if octets.count(old) != 1:
            raise BadInput(f"{plain!r} stands {octets.count(old)} time(s) in the envelope", expected="once")
        signed = jws.sign(octets.replace(old, otherwise.encode()), self.identity, typ=kind_of(envelope))
        return Record(envelope.topic, envelope.correlationid.encode(), signed, envelope.hints())

    def signs_under(self, like: Seen, header: Mapping[str, object], **changes: object) -> Record:
        """Sign an envelope like the one seen, under a header that says `header` besides, or otherwise."""
        record = self.signs(like, **changes)
        return replace(record, value=forging.under_header(record.value, header, self.identity))

    def compresses(self, record: Record, reader: x509.Certificate) -> Record:
        """Encrypt a record for `reader`, compressed before: what opens it does not know how large it will be."""
        hidden = forging.compressed(record.value, reader, chance=self._chance.octets)
        return cover.routed(record, hidden)

    def writes(
        self, octets: bytes, *, source: str, to: str, corridor: str, doctype: str, reference: str, media_type: str
    ) -> Record:
        """Sign a new message that claims to come from `source`."""
        now = self._clock.now()
        envelope = Envelope(
            id=f"insider-{self._chance.token('insider/id', count=8)}",
            source=source,
            type=Type.DOCUMENT.value,
            subject=reference,
            time=now,
            datacontenttype=media_type,
            receiver=to,
            topic=topics.inbox(to, source),
            corridor=corridor,
            correlationid=self._chance.token("insider/correlation", count=8),
            expirytime=now + timedelta(hours=1),
            sequence=1,
            nonce=self._chance.token("insider/nonce"),
            doctype=doctype,
            function="9",
            data_base64=base64.b64encode(octets).decode(),
        )
        return self._sealed(envelope)

    def _like(self, like: Seen, changes: Mapping[str, object]) -> Envelope:
        return Envelope.model_validate({**like.said, "nonce": self._chance.token("insider/nonce"), **changes})

    def _sealed(self, envelope: Envelope) -> Record:
        sealed = self._seal(envelope, self.identity)
        return Record(envelope.topic, envelope.correlationid.encode(), sealed.token, envelope.hints())
