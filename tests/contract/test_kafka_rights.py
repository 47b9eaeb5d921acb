"""What a cluster says of each principal's rights, and why somebody is not let in, on a real Apache Kafka."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest

from harness.brokers.access import issue_all
from harness.brokers.local import LocalBroker
from harness.clock import Chance, SystemClock
from harness.errors import NotReady, RoadFailed
from harness.exchange.bus import OPERATOR, TopicRights, Unreachable
from harness.exchange.kafka import Credentials, KafkaBus
from harness.exchange.kafka_link import Link
from harness.exchange.kafka_operator import _CLUSTER, _LITERAL, _PREFIXED, _TOPIC, _Right, _spelled
from harness.exchange.kafka_rights import Right, wanted_and_had

from .conftest import a_prefix

_ALL, _CREATE, _ALTER, _DESCRIBE = 2, 5, 7, 8  # AclOperation
TOPIC = TopicRights("qn.in.from.qm", writer="qm", reader="qn")


def link(broker: LocalBroker, prefix: str, credentials: Credentials | None = None) -> Link:
    """A tie to the session's broker."""
    return Link(broker.address, prefix, credentials or Credentials.within(broker.folder), 10.0)


async def test_rights_that_are_there(broker: LocalBroker) -> None:
    """Who was granted what the corridor needs has it, by the cluster's own word."""
    prefix = a_prefix()
    bus = broker.bus(prefix)
    await bus.open_topics([TOPIC])
    found = await wanted_and_had(link(broker, prefix), [TOPIC], opened=True)
    await bus.close()
    assert [one for one in found if not one.granted] == []
    assert {(one.principal, one.action) for one in found if one.topic == TOPIC.topic} == {
        ("operator", "read"),
        ("operator", "write"),
        ("qm", "write"),
        ("qn", "read"),
    }
    assert [(one.principal, one.action) for one in found if one.topic == f"in group {prefix}qn.qn"] == [("qn", "read")]


async def test_rights_that_are_missing(broker: LocalBroker) -> None:
    """Who writes and who reads were taken for each other; one has no certificate; and a topic is not there at all."""
    prefix = a_prefix()
    bus = broker.bus(prefix)
    await bus.open_topics([TopicRights(TOPIC.topic, writer="qn", reader="qm")])
    found = await wanted_and_had(link(broker, prefix), [TOPIC], opened=True)
    missing = [one for one in found if not one.granted]
    assert missing == [
        Right("qm", "write", TOPIC.topic, granted=False, why="no right to write"),
        Right("qn", "read", TOPIC.topic, granted=False, why="no right to read"),
        Right("qn", "read", f"in group {prefix}qn.qn", granted=False, why="no right on it"),
    ]
    stranger = TopicRights("qz.in.from.qm", writer="qm", reader="qz")
    found = await wanted_and_had(link(broker, prefix), [stranger], opened=True)
    await bus.close()
    why = {(one.principal, one.action): one.why for one in found if not one.granted}
    assert why["operator", "read"] == "there is no such topic"
    assert why["qm", "write"] == "no right on it, or no such topic"
    assert why["qz", "read"].startswith("no qz.pem in ")


async def test_an_operator_of_nothing(broker: LocalBroker) -> None:
    """A party in the operator's place may not create topics or grant rights, and is told so."""
    shown = Credentials(broker.folder / "authority.pem", str(broker.folder / "qx.pem"))
    limited = replace(TOPIC, bytes_per_second=1000)
    found = await wanted_and_had(link(broker, a_prefix(), shown), [limited], opened=False)
    assert {one.action: one.granted for one in found if one.principal == OPERATOR} == {
        "create topics": False,
        "grant rights": False,
        "see rights": False,
        "set quotas": False,
        "see quotas": False,
    }


async def test_parties_that_are_not_let_in(broker: LocalBroker, tmp_path: Path) -> None:
    """Before there are topics: of one the certificate is another authority's, of one there is none, the third is in."""
    foreign = issue_all(tmp_path, ("qm",), (), at=SystemClock().now(), chance=Chance().octets)
    shutil.copy(broker.folder / "authority.pem", foreign.authority)
    for name in ("operator.pem", "qn.pem"):
        shutil.copy(broker.folder / name, tmp_path)
    topics = [TOPIC, TopicRights("qm.in.from.qz", writer="qz", reader="qm")]
    found = await wanted_and_had(link(broker, a_prefix(), foreign), topics, opened=False)
    why = {one.principal: one.why for one in found if one.action == "come to"}
    assert "does not take the certificate of 'qm'" in why["qm"]
    assert (why["qn"], why["qz"].startswith("no qz.pem in ")) == ("", True)
    bus = KafkaBus(broker.address, credentials=foreign, patience=5.0)
    with pytest.raises(Unreachable, match="does not take the certificate of 'qm'"):
        await bus.outlet("qm")
    with pytest.raises(Unreachable, match="does not take the certificate of 'qm'"):
        await bus.inlet("qm", ["qm.in.from.qn"], group="qm")
    await bus.close()


async def test_an_operator_who_may_not_limit(broker: LocalBroker) -> None:
    """Topics and rights are his, quotas are not: what is missing is named, as far as agreements limit anybody."""
    prefix = a_prefix()
    theirs = [_Right(_CLUSTER, "kafka-cluster", _LITERAL, "User:qx", each) for each in (_CREATE, _ALTER, _DESCRIBE)]
    theirs.append(_Right(_TOPIC, prefix, _PREFIXED, "User:qx", _ALL))
    client = AIOKafkaClient(**link(broker, prefix).options(OPERATOR))
    await client.bootstrap()
    try:
        for right in theirs:
            await client.send(client.get_random_node(), CreateAclsRequest(*_spelled(right)))
        shown = Credentials(broker.folder / "authority.pem", str(broker.folder / "qx.pem"))
        bus = KafkaBus(broker.address, prefix=prefix, credentials=shown)
        with pytest.raises(RoadFailed, match="'operator' may not set or see quotas"):
            await bus.open_topics([replace(TOPIC, bytes_per_second=1000)])
        await bus.close()
    finally:
        for right in theirs:
            await client.send(client.get_random_node(), DeleteAclsRequest(*_spelled(right)))
        await client.close()


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        ("none", "shuts the door on plaintext"),
        ("authority.pem", "does not take the certificate of 'operator'"),
        ("nothing", "is not vouched for by "),
    ],
)
async def test_why_nobody_answers(broker: LocalBroker, tmp_path: Path, own: str, sentence: str) -> None:
    """Plaintext to a guarded broker, a certificate of another authority, a broker that ours does not vouch for."""
    foreign = issue_all(tmp_path / "tls", (), ("127.0.0.1",), at=SystemClock().now(), chance=Chance().octets)
    credentials = {
        "none": None,
        "authority.pem": Credentials(broker.folder / "authority.pem", foreign.keystore),
        "nothing": foreign,
    }[own]
    bus = KafkaBus(broker.address, credentials=credentials, patience=5.0)
    with pytest.raises(Unreachable, match=sentence):
        await bus.answers()
    await bus.close()


def test_a_certificate_that_is_over(tmp_path: Path) -> None:
    """It is told before anybody is asked: a broker would only shut its door."""
    long_ago = SystemClock().now() - timedelta(days=60)
    over = issue_all(tmp_path / "tls", ("qm",), ("127.0.0.1",), at=long_ago, chance=Chance().octets)
    with pytest.raises(NotReady, match=r"the certificate of 'qm' in .* was valid until"):
        over.context("qm")
