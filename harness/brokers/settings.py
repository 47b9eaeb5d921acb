"""What a Kafka of ours is told: by its JVM's options and by its properties, one node in KRaft mode.

Imported in no time, so that a Kafka can be starting while we import what asks it. Who starts it: local, standing,
container, warming. Its certificates: access.
"""

from __future__ import annotations

import base64
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from harness.clock import Chance
from harness.errors import RoadFailed
from harness.exchange.bus import LARGEST_RECORD, OPERATOR

HOST: Final = "127.0.0.1"

BROKER: Final = "broker"
"""The principal of the broker itself."""

PRINCIPAL_RULE: Final = "RULE:^CN=([A-Za-z0-9-]+),.*$/$1/"
"""How Kafka reads a principal from a certificate's subject, and there is no other way in (no DEFAULT)."""

JVM: Final = (
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    # Kafka puts the key of a PEM file into a PKCS #12 store in memory, once for each listener and channel. There it
    # guards nothing, for the file holds the key in the clear; the default, 10 000 rounds, is a third of a start.
    "-Dkeystore.pkcs12.keyPbeIterationCount=1",
)
LOG_LINE: Final = "-Djava.util.logging.SimpleFormatter.format=%1$tF %1$tT.%1$tL %4$s %3$s: %5$s%6$s%n"

LOG4J: Final = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd HH:mm:ss.SSS} %p %c: %m%n%ex
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""


def plain_properties(certificates: Path, data: Path, port: int, controller: int) -> dict[str, str]:
    """What a Kafka is told that anybody on this machine may use: no TLS, no authorizer."""
    guarded = properties(certificates, data, port, controller)
    kept = {
        key: told for key, told in guarded.items() if not key.startswith(("ssl.", "authorizer.", "super.", "allow."))
    }
    return kept | {"listener.security.protocol.map": "CORRIDOR:PLAINTEXT,CONTROLLER:PLAINTEXT"}


def properties(certificates: Path, data: Path, port: int, controller: int) -> Mapping[str, str]:
    """What Kafka is told; each line that is not obvious says why."""
    return {
        "node.id": "1",
        "process.roles": "broker,controller",
        "controller.quorum.bootstrap.servers": f"{HOST}:{controller}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "CORRIDOR",  # not `SSL`: images refuse a listener of that name with PEM
        "listeners": f"CORRIDOR://{HOST}:{port},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"CORRIDOR://{HOST}:{port},CONTROLLER://{HOST}:{controller}",
        "listener.security.protocol.map": "CORRIDOR:SSL,CONTROLLER:SSL",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": (certificates / f"{BROKER}.pem").as_posix(),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": (certificates / "authority.pem").as_posix(),
        "ssl.client.auth": "required",
        "ssl.endpoint.identification.algorithm": "https",
        "ssl.enabled.protocols": "TLSv1.3",
        "ssl.protocol": "TLSv1.3",
        "ssl.principal.mapping.rules": PRINCIPAL_RULE,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{BROKER};User:{OPERATOR}",
        "allow.everyone.if.no.acl.found": "false",
        "auto.create.topics.enable": "false",
        "log.dirs": data.as_posix(),
        "message.max.bytes": str(4 * LARGEST_RECORD),  # the topics' own limit is the one that speaks
        "log.retention.ms": "-1",  # a run keeps its records until it trims them on purpose
        "log.cleaner.dedupe.buffer.size": "16777216",  # the default, 128 MiB, does not fit a small heap
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # One that was killed is let in again when its old self's session is over: nobody else could take its work.
        "broker.session.timeout.ms": "5000",  # not less: a busy machine would shut a living one out
        "broker.heartbeat.interval.ms": "500",
        "group.initial.rebalance.delay.ms": "0",  # a party is one reader; there is nobody to wait for
        "num.network.threads": "2",
        "num.io.threads": "4",
    }


def with_detour(settings: Mapping[str, str], *, told: int, listens: str) -> Mapping[str, str]:
    """The properties with a further listener, as guarded as the first, to which a detour leads.

    Args:
        settings: those of `properties`, or of `plain_properties`.
        told: the port of the detour, which clients that come to this listener are told instead of its own.
        listens: HOST:PORT of the listener itself.
    """
    guarded = settings["listener.security.protocol.map"].partition(":")[2].partition(",")[0]
    added = {
        "listeners": f"DETOUR://{listens}",
        "advertised.listeners": f"DETOUR://{HOST}:{told}",
        "listener.security.protocol.map": f"DETOUR:{guarded}",
    }
    return {**settings, **{name: f"{settings[name]},{more}" for name, more in added.items()}}


def write(path: Path, told: Mapping[str, str]) -> None:
    """Write properties into a file, as Kafka reads them (java.util.Properties, `load`: all but ASCII is escaped)."""
    path.write_text("".join(f"{key}={_escaped(value)}\n" for key, value in told.items()), encoding="ascii")


def _escaped(value: str) -> str:
    def units(found: re.Match[str]) -> str:
        octets = found[0].encode("utf-16-be")
        return "".join(f"\\u{octets[at : at + 2].hex()}" for at in range(0, len(octets), 2))

    return re.sub(r"[^ -~]", units, value.replace("\\", "\\\\"))


def jvm_log(folder: Path) -> tuple[str, ...]:
    """What a JVM is told so that Kafka says what we read in its log, whichever of the two loggers is on its path.

    Our own jars log through java.util.logging. A Kafka of the user's logs through log4j2, which says nothing below an
    error unless told to; the denials are below. Its file is written into `folder`.
    """
    file = folder / "log4j2.properties"
    file.write_text(LOG4J, encoding="ascii")
    return (LOG_LINE, f"-Dlog4j2.configurationFile={file}")


def cluster_id() -> str:
    """A random identity for the cluster, in Kafka's own spelling of UUIDs; never with a leading dash."""
    octets = Chance().octets(16, "brokers/cluster")
    return base64.urlsafe_b64encode(bytes([octets[0] & 0x7F]) + octets[1:]).decode().rstrip("=")


def free_ports(count: int) -> tuple[int, ...]:
    """Loopback ports that nobody uses now. Somebody may take one before Kafka does: hence the tries."""
    taken = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = tuple(each.getsockname()[1] for each in taken)
    for each in taken:
        each.close()
    return ports


def failed(what: str, log: Path, since: int = 0) -> RoadFailed:
    """The error for a Kafka that does not come up, with what its log says last, from octet `since` on."""
    said = log.read_bytes()[since:] if log.is_file() else b""
    words = ("Exception", "Error occurred", "ERROR", "SEVERE")
    telling = [line for line in said.decode("utf-8", "replace").splitlines()[-200:] if any(w in line for w in words)]
    return RoadFailed(
        f"Apache Kafka {what}" + (f": {telling[-1].strip()[:300]}" if telling else ""),
        expected="a broker that answers",
        todo=f"read {log}",
    )
