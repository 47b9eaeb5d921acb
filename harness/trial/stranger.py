"""The stranger: a named seat from which a third country tries what no agreement gives it.

Each attempt is written into the history with what came of it, and after it what the broker wrote in its own log about
that very attempt: two witnesses that share nothing. Whether both say "refused" is for a check to judge
(`harness.trial.isolation`). On a bus without a broker behind it there is no door, no group and no log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from certs import keyfiles
from certs.authority import Authority
from harness.clock import Clock
from harness.errors import BadInput
from harness.exchange import topics
from harness.exchange.bus import Bus, Guarded, NotAllowed, Record
from harness.trial.history import Scribe, What

READ: Final = "read"
WRITE: Final = "write"
JOIN: Final = "join"
CONNECT: Final = "connect"

NO_CERTIFICATE: Final = "without a certificate"
FOREIGN_CERTIFICATE: Final = "with another authority's certificate"

_AGAIN: Final = 0.05  # seconds between two looks into a file that gives no event


class Stranger:
    """Party `code`, trying what is not its own. Its attempts are bounded by `patience` seconds of real time."""

    def __init__(
        self, code: str, bus: Bus, scribe: Scribe, *, authority: Authority, clock: Clock, folder: Path, patience: float
    ) -> None:
        self.code = code
        self._principal = topics.principal(code)
        self._bus = bus
        self._scribe = scribe
        self._authority = authority
        self._clock = clock
        self._folder = folder
        self._patience = patience

    async def tries_to_read(self, topic: str) -> None:
        """Take what stands on a topic that is another's to read."""
        if isinstance(self._bus, Guarded):
            prowler = self._bus.prowler(self._principal)
            await self._tries(READ, topic, self._bus.full(topic), prowler.read(topic), prowler.close)
            return
        inlet = await self._bus.inlet(self._principal, [topic], group=None)

        async def take() -> str:
            return f"{len(await inlet.take())} record(s) of it"

        await self._tries(READ, topic, topic, take(), inlet.close)

    async def tries_to_write(self, topic: str) -> None:
        """Put something on a topic that is another's to write."""
        octets = b"from a stranger"
        if isinstance(self._bus, Guarded):
            prowler = self._bus.prowler(self._principal)
            await self._tries(WRITE, topic, self._bus.full(topic), prowler.write(topic, octets), prowler.close)
            return
        outlet = await self._bus.outlet(self._principal)

        async def put() -> str:
            (ack,) = await outlet.put(Record(topic, b"", octets))
            return f"offset {ack.offset}"

        await self._tries(WRITE, topic, topic, put(), outlet.close)

    async def tries_to_join(self, owner: str) -> None:
        """Become a member of the group that `owner` reads its inboxes with, and so be given its messages."""
        bus, group = self._guarded(), topics.principal(owner)
        prowler = bus.prowler(self._principal)
        await self._tries(JOIN, group, bus.group(group, group), prowler.join(group, group), prowler.close)

    async def comes_without_a_certificate(self) -> None:
        """Knock at the broker's door and show nothing."""
        await self._knocks(NO_CERTIFICATE, None)

    async def comes_with_a_foreign_certificate(self) -> None:
        """Knock with a certificate in its own name, by its country's authority.

        Others may believe that one about documents; at the broker's door it is nobody.
        """
        key, chain = self._authority.issue_tls(self._principal, (), self._clock.now() - timedelta(minutes=1))
        keyfiles.private_folder(self._folder)
        shown = self._folder / f"{self._principal}-foreign.pem"
        keyfiles.write(shown, key + chain, mode=0o600)
        await self._knocks(FOREIGN_CERTIFICATE, shown)

    async def _knocks(self, how: str, shown: Path | None) -> None:
        bus = self._guarded()
        before = len(bus.log() or "")
        came = await bus.knock(self._principal, shown)
        outcome = "let in" if came.answered else "refused"
        fields: dict[str, object] = {"kind": "tls", "said": came.said, "port": came.port}
        self._wrote(CONNECT, how, how, outcome, fields)
        # Where the broker does not know our port, every door shut from now on counts: nobody else knocks in a run.
        caller, since = (f":{came.port}-", 0) if came.port else ("", before)
        await self._broker_says(outcome, lambda line: caller in line and "SSL handshake failed" in line, since=since)

    async def _tries(
        self, deed: str, what: str, resource: str, doing: Awaitable[str], close: Callable[[], Awaitable[None]]
    ) -> None:
        outcome = "refused"
        fields: dict[str, object] = {}
        try:
            async with asyncio.timeout(self._patience):
                fields = {"kind": "none", "said": await doing}
            outcome = "let in"
        except NotAllowed as error:
            fields = {"kind": "not allowed", "said": error.found}
            fields |= {"principal": error.principal, "action": error.action, "topic": error.topic}
        except TimeoutError:
            outcome, fields = "nothing", {"kind": "none", "said": f"neither let in nor refused in {self._patience:g} s"}
        finally:
            await close()
        self._wrote(deed, what, resource, outcome, fields)
        await self._broker_says(outcome, lambda line: "is Denied" in line and f":{resource} " in line)

    def _wrote(self, deed: str, what: str, resource: str, outcome: str, fields: dict[str, object]) -> None:
        said = {"by": self.code, "principal_of": self._principal, "deed": deed, "on": what, "resource": resource}
        self._scribe.write(What.ATTEMPT, **said, outcome=outcome, error=fields)

    async def _broker_says(self, outcome: str, about: Callable[[str], bool], *, since: int = 0) -> None:
        """Write down what the broker's own log says, from character `since` on, of the attempt just made."""
        bus = self._bus
        enforced = bus.enforces_rights
        if not isinstance(bus, Guarded):
            self._scribe.write(What.BROKER, log="none", enforces_rights=enforced, lines=[])
            return
        lines: list[str] = []
        try:
            async with asyncio.timeout(self._patience / 4):
                while (text := bus.log()) is not None:
                    lines = [line for line in text[since:].splitlines() if about(line)]
                    if lines or outcome != "refused":
                        break
                    await asyncio.sleep(_AGAIN)  # a broker's log gives no event
        except TimeoutError:
            pass  # it says nothing of it, and that is what stands in the history
        self._scribe.write(
            What.BROKER, log="none at hand" if bus.log() is None else "read", enforces_rights=enforced, lines=lines
        )

    def _guarded(self) -> Guarded:
        if isinstance(self._bus, Guarded):
            return self._bus
        raise BadInput("this bus has no broker behind it", expected="a Kafka", todo='say needs="kafka" in the scenario')
