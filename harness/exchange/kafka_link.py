"""How one run is tied to a Kafka cluster: address, credentials, prefix, patience, and what its errors mean to us.

Here a Kafka error becomes one of ours. What is then done over the link: kafka (put, take), kafka_operator (topics,
rights). How a broker comes up: harness.brokers.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from aiokafka import errors as kafka_errors
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.metadata import MetadataRequest
from cryptography import x509

from harness.clock import SystemClock, stamp
from harness.errors import NotReady, RoadFailed
from harness.exchange.bus import EVERYBODY, NoSuchTopic, NotAllowed, TooLarge, Unreachable

# aiokafka tells the terminal about every refused connection unless somebody listens; we raise those as errors.
logging.getLogger("aiokafka").addHandler(logging.NullHandler())

_NO_ANSWER = (
    TimeoutError,
    OSError,
    kafka_errors.KafkaConnectionError,
    kafka_errors.KafkaTimeoutError,
    kafka_errors.NodeNotReadyError,
    kafka_errors.RequestTimedOutError,
    kafka_errors.StaleMetadata,
)
_NOT_ALLOWED = (
    kafka_errors.TopicAuthorizationFailedError,
    kafka_errors.GroupAuthorizationFailedError,
    kafka_errors.ClusterAuthorizationFailedError,
)
_TOO_LARGE = (kafka_errors.MessageSizeTooLargeError, kafka_errors.InvalidMessageError)


PRINCIPAL: Final = "{principal}"
"""What stands for a principal's name in the path of a key store."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the principals of a run show the broker, and by what they know it (mutual TLS).

    `authority` holds the certificates of who vouches for the broker; `keystore` names, with `{principal}` in it, each
    principal's private key and its chain, leaf first, in one file. Both PEM.
    """

    authority: Path
    keystore: str

    @classmethod
    def within(cls, folder: Path) -> Self:
        """Those that lie in one folder: `authority.pem`, and `PRINCIPAL.pem` for each."""
        return cls(folder / "authority.pem", str(folder / f"{PRINCIPAL}.pem"))

    def shown(self, principal: str) -> Path:
        """The file that `principal` shows."""
        return Path(self.keystore.replace(PRINCIPAL, principal))

    def context(self, principal: str) -> ssl.SSLContext:
        """TLS 1.3, both sides known by name.

        Raises:
            NotReady: `principal` has no certificate here, it is over, or a file is not what it should be.
        """
        shown = self.shown(principal)
        for file in (shown, self.authority):
            if not file.is_file():
                raise NotReady(
                    f"no {file.name} in {file.parent}",
                    expected="a key and chain for each principal, and who vouches for the broker",
                    todo=f"issue a broker certificate for {principal!r}: corridor broker certs",
                )
        try:
            context = ssl.create_default_context(cafile=self.authority)
        except (ssl.SSLError, OSError) as error:
            raise _no_pem(self.authority, "certificates", error) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        # Python 3.13 checks strictly by default; so do we on every version.
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        try:
            context.load_cert_chain(shown)
            leaf = x509.load_pem_x509_certificates(shown.read_bytes())[0]
        except (ssl.SSLError, OSError, ValueError) as error:
            raise _no_pem(shown, "a private key and its chain", error) from error
        # Told here, where it is known: a broker only shuts its door.
        if leaf.not_valid_after_utc < SystemClock().now():
            raise NotReady(
                f"the certificate of {principal!r} in {shown} was valid until {stamp(leaf.not_valid_after_utc)}",
                expected="a certificate that is still valid",
                todo="have a new one issued; for a cluster of yours: corridor broker certs",
            )
        return context


def _no_pem(file: Path, wanted: str, error: Exception) -> NotReady:
    return NotReady(
        f"{file} does not hold {wanted}: {error}", expected=f"{wanted}, in PEM", todo="issue it anew, or name another"
    )


@dataclass(frozen=True, slots=True)
class Link:
    """One run's tie to one cluster.

    Args:
        address: HOST:PORT, several divided by commas.
        prefix: stands before every topic and group of the run, so that runs on one cluster do not meet.
        credentials: None for a broker that takes plaintext.
        patience: seconds after which a broker that does not answer counts as unreachable.
        instance: the static name of this process in its groups (KIP-345), if it is to have one.
    """

    address: str
    prefix: str
    credentials: Credentials | None
    patience: float
    instance: str | None = None
    detours: dict[str, str] = field(default_factory=dict)
    """Where principals come that do not come to `address`. Owned by the bus that holds this link."""

    def options(self, principal: str) -> dict[str, Any]:  # Any: aiokafka takes them as keyword arguments
        """What every client of this link is made with."""
        address = self.detours.get(principal, self.address)
        options: dict[str, Any] = {
            "bootstrap_servers": [part.strip() for part in address.split(",")],
            "client_id": f"corridor-{principal}",
            "request_timeout_ms": int(self.patience * 1000),
        }
        if self.credentials is not None:
            options |= {"security_protocol": "SSL", "ssl_context": self.credentials.context(principal)}
        return options

    def full(self, topic: str) -> str:
        """The topic's name on the cluster."""
        return self.prefix + topic

    def short(self, name: str) -> str:
        """The topic's name in the run."""
        return name.removeprefix(self.prefix)

    def group(self, principal: str, group: str) -> str:
        """The group's name on the cluster. The principal stands in it, so that rights can be given by prefix."""
        return self.groups_of(principal) + group

    def groups_of(self, principal: str) -> str:
        """What the names of all groups of `principal` begin with."""
        return self.prefix if principal == EVERYBODY else f"{self.prefix}{principal}."

    @asynccontextmanager
    async def answered(self) -> AsyncIterator[None]:
        """Hold what is inside to this link's patience; a broker that does not answer is Unreachable."""
        try:
            async with asyncio.timeout(self.patience):
                yield
        except _NO_ANSWER as error:
            raise self.unreachable(error) from error

    def unreachable(self, cause: BaseException | None = None) -> Unreachable:
        """The error for a cluster that does not answer."""
        how = "plaintext" if self.credentials is None else "mutual TLS"
        # aiokafka's own words only repeat the address.
        why = f" ({cause})" if isinstance(cause, OSError) and str(cause) else ""
        return Unreachable(
            f"no Kafka broker answers at {self.address}{why}",
            expected=f"an answer over {how} within {self.patience:g} s",
            todo="start the broker, or check the address and the certificates",
        )

    def refusal(self, error: Exception, principal: str, action: str, topic: str) -> RoadFailed:
        """What `error` from the broker means: `principal` wanted to `action` the topic (short name)."""
        if isinstance(error, _NOT_ALLOWED):
            return NotAllowed(principal, action, topic)
        if isinstance(error, kafka_errors.UnknownTopicOrPartitionError):
            return no_such(topic)
        if isinstance(error, _TOO_LARGE):
            return TooLarge(
                f"a record for topic {topic!r} is larger than the broker takes",
                expected="at most the topic's max.message.bytes",
                todo="send the document in parts, or agree on a larger record",
            )
        if isinstance(error, _NO_ANSWER):
            return self.unreachable(error)
        return RoadFailed(
            f"the broker answered {type(error).__name__} ({error})",
            expected=f"{principal!r} to {action} topic {topic!r}",
            todo="look into the broker's log",
        )


def no_such(topic: str) -> NoSuchTopic:
    """The error for a topic that is not there."""
    return NoSuchTopic(
        f"there is no topic {topic!r}",
        expected="a topic that the corridor agreement names",
        todo="open the topics of the corridor before the run",
    )


async def look_up(client: AIOKafkaClient, names: Iterable[str]) -> dict[str, dict[str, Any]]:  # Any: as it comes
    """What the cluster tells `client` about these topics, by full name: `error_code` and `partitions`.

    Asked by ourselves because aiokafka's own look-up would have a careless broker create what it does not know.
    """
    wanted = list(names)
    if client.get_random_node() is None:
        await client.force_metadata_update()  # the only broker was shut out for a moment, and may be back
    response = await client.send(client.get_random_node(), MetadataRequest(wanted, allow_auto_topic_creation=False))
    return {topic["topic"]: topic for topic in response.to_object()["topics"]}


async def partitions_of(client: AIOKafkaClient, link: Link, principal: str, action: str, topic: str) -> list[int]:
    """The partitions of a topic that `principal` is about to `action`.

    Raises: NotAllowed, NoSuchTopic (told to the operator, and by brokers that do not know rights).
    """
    name = link.full(topic)
    found = (await look_up(client, [name]))[name]
    error = kafka_errors.for_code(found["error_code"])
    if error is not kafka_errors.NoError:
        raise link.refusal(error(), principal, action, topic)
    return sorted(partition["partition"] for partition in found["partitions"])
