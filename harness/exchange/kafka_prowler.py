"""Somebody at a Kafka broker who does not ask nicely: straight requests for what is not theirs, and knocks at the door.

aiokafka's clients ask for a topic's description before they touch it, and a refusal there says little of reading and
writing. Here the very requests are sent (Kafka protocol, keys 0, 1 and 11), so that the broker refuses the deed itself
and its log names it. Also used by who is entitled: then it is answered. Names, patience and errors: kafka_link.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from aiokafka import errors as kafka_errors
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.group import JoinGroupRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from harness.errors import NotReady
from harness.exchange.bus import LARGEST_RECORD, Knock, Unreachable
from harness.exchange.kafka_link import Link

_WAIT: Final = 500  # milliseconds the broker may hold a fetch open
_SESSION: Final = 10_000  # milliseconds of a group's session, the smallest that brokers take
_HELLO: Final = struct.pack(">hhih", 18, 0, 1, -1)  # ApiVersions, version 0, correlation 1, no client id
_PAST_THE_RIGHTS: Final = (
    kafka_errors.MemberIdRequired,
    kafka_errors.InconsistentGroupProtocolError,
    kafka_errors.GroupCoordinatorNotAvailableError,
    kafka_errors.GroupLoadInProgressError,
    kafka_errors.NotCoordinatorForGroupError,
)
"""What is said to a newcomer that may join: take this name first, speak as the members do, come later, ask elsewhere.
Whether it may is asked before all of that."""
_MAGIC: Final = 2  # the form of record batches since Kafka 0.11


class KafkaProwler:
    """One principal on a connection of its own. Implements `bus.Prowler`."""

    def __init__(self, link: Link, principal: str) -> None:
        self._link = link
        self._principal = principal
        self._client: AIOKafkaClient | None = None

    async def read(self, topic: str) -> str:
        """Fetch from the first record on."""
        wanted = [(self._link.full(topic), [(0, 0, LARGEST_RECORD)])]
        answer = await self._ask(FetchRequest(_WAIT, 1, LARGEST_RECORD, 0, wanted))
        ((_, ((_, code, *_, octets),)),) = answer.topics
        self._granted(code, "read", topic)
        return f"{len(octets or b'')} octets of it"

    async def write(self, topic: str, octets: bytes) -> str:
        """Produce one record."""
        batch = DefaultRecordBatchBuilder(_MAGIC, 0, 0, -1, -1, -1, LARGEST_RECORD)
        batch.append(0, 0, b"", octets, [])
        records = [(self._link.full(topic), [(0, bytes(batch.build()))])]
        answer = await self._ask(ProduceRequest(None, -1, int(self._link.patience * 1000), records))
        ((_, ((_, code, offset, *_),)),) = answer.topics
        self._granted(code, "write", topic)
        return f"offset {offset}"

    async def join(self, owner: str, group: str) -> str:
        """Ask to be a member. The broker's first word is enough: a half-made member keeps nobody from the group."""
        name = self._link.group(owner, group)
        answer = await self._ask(JoinGroupRequest(name, _SESSION, _SESSION, "", None, "consumer", [("range", b"")]))
        error = kafka_errors.for_code(answer.error_code)
        if error in _PAST_THE_RIGHTS:
            return f"an answer of a member in {name} ({error.__name__})"
        self._granted(answer.error_code, "join", group)
        return f"a place in {name}"

    async def close(self) -> None:
        """Let go of the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _ask(self, request: FetchRequest | ProduceRequest | JoinGroupRequest) -> Any:  # noqa: ANN401  as it comes
        async with self._link.answered():
            if self._client is None:
                client = AIOKafkaClient(**self._link.options(self._principal))
                try:
                    await client.bootstrap()
                except BaseException:
                    await client.close()
                    raise
                self._client = client
            return await self._client.send(self._client.get_random_node(), request)

    def _granted(self, code: int, action: str, what: str) -> None:
        error = kafka_errors.for_code(code)
        if error is not kafka_errors.NoError:
            raise self._link.refusal(error(), self._principal, action, what)


_SHORTLY = 3.0
"""Seconds for one more knock after nobody answered: a door that is shut is shut at once."""

_TLS_ALERT = 0x1503
"""How a TLS record begins that says no (RFC 8446, 5.1): so a listener that wants TLS answers plaintext."""


async def knock(link: Link, principal: str, shown: Path | None) -> Knock:
    """Come to the door with the key and chain in `shown`, or without a certificate, and ask for the first answer.

    Under TLS 1.3 a client believes itself inside before its certificate was looked at: only an answer tells.
    """
    address = link.detours.get(principal, link.address)
    host, _, port = address.split(",")[0].strip().rpartition(":")
    try:
        async with asyncio.timeout(link.patience):
            caller = await asyncio.to_thread(socket.create_connection, (host.strip("[]"), int(port)), link.patience)
    except (OSError, TimeoutError) as error:
        raise link.unreachable(error) from error
    caller.setblocking(False)
    mine: int = caller.getsockname()[1]
    try:
        # Not `link.answered`: a TLS alert is an answer here, and the broker is there.
        async with asyncio.timeout(link.patience):
            return Knock(*await _first_answer(caller, host.strip("[]"), _context(link, principal, shown)), mine)
    except ssl.SSLError as error:
        return Knock(answered=False, said=error.reason or type(error).__name__, port=mine)
    except (ConnectionError, EOFError) as error:  # shut without a word
        return Knock(answered=False, said=type(error).__name__, port=mine)
    except TimeoutError as error:
        raise link.unreachable(error) from error
    finally:
        caller.close()


async def explained(link: Link, principal: str, error: Unreachable) -> Unreachable:
    """Why nobody answers `principal`, where a knock at the door can tell; else `error` as it is.

    aiokafka only says that it got no connection, whether nobody listens or TLS failed, on either side.
    """
    shown = None if link.credentials is None else link.credentials.shown(principal)
    try:
        found = await knock(replace(link, patience=min(link.patience, _SHORTLY)), principal, shown)
    except Unreachable:
        return error
    if found.answered:
        return error
    if link.credentials is None:
        return Unreachable(
            f"what listens at {link.address} shuts the door on plaintext ({found.said})",
            expected="a broker that takes plaintext",
            todo="it may want TLS: name the client properties that its operator gave you with --bus-config",
        )
    if found.said == "CERTIFICATE_VERIFY_FAILED":
        return Unreachable(
            f"the broker at {link.address} is not vouched for by {link.credentials.authority}, or is called otherwise",
            expected="a broker whose certificate that authority issued, for this very name",
            todo="name the authority of this cluster (ssl.truststore.location), and the broker as its certificate does",
        )
    if "ALERT" in found.said:
        return Unreachable(
            f"the broker at {link.address} does not take the certificate of {principal!r} ({found.said})",
            expected="one that this cluster's own authority issued, and that is still valid",
            todo=f"have one issued for {principal!r}, and name it (ssl.keystore.location)",
        )
    return Unreachable(
        f"what listens at {link.address} does not speak TLS ({found.said})",
        expected="a Kafka broker's listener with mutual TLS",
        todo="check the port; or, for a broker on plaintext, leave --bus-config out",
    )


async def _first_answer(caller: socket.socket, host: str, context: ssl.SSLContext | None) -> tuple[bool, str]:
    named = host if context is not None else None
    reader, writer = await asyncio.open_connection(sock=caller, ssl=context, server_hostname=named)
    try:
        writer.write(struct.pack(">i", len(_HELLO)) + _HELLO)
        await writer.drain()
        (size,) = struct.unpack(">i", await reader.readexactly(4))
        if size >> 16 == _TLS_ALERT:
            return False, "a TLS alert"
        return True, f"an answer of {size} octets"
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def _context(link: Link, principal: str, shown: Path | None) -> ssl.SSLContext | None:
    """TLS that knows the broker as everybody does and shows what was asked for; None for a broker on plaintext."""
    if link.credentials is None:
        return None
    known = link.credentials.context(principal).get_ca_certs(binary_form=True)
    context = ssl.create_default_context(cadata=b"".join(known))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if shown is not None:
        if not shown.is_file():
            raise NotReady(f"no {shown.name} in {shown.parent}", expected="a key and its chain in one PEM file")
        context.load_cert_chain(shown)
    return context
