"""Who asks a real broker straight: the entitled is answered, the stranger refused, and the broker's log says so."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from harness.brokers.access import issue_all
from harness.brokers.local import LocalBroker
from harness.clock import Chance, SystemClock
from harness.errors import NotReady
from harness.exchange.bus import EVERYBODY, NotAllowed, Record, TopicRights, Unreachable
from harness.exchange.kafka import KafkaBus

TOPIC = "qn.in.from.qm"
INBOX = TopicRights(TOPIC, writer="qm", reader="qn")


@pytest_asyncio.fixture
async def bus(broker: LocalBroker) -> AsyncIterator[KafkaBus]:
    """A bus with one topic, and one record on it."""
    made = broker.bus("prowled.")
    await made.open_topics([INBOX])
    outlet = await made.outlet("qm")
    await outlet.put(Record(TOPIC, b"k", b"v"))
    try:
        yield made
    finally:
        await made.close()


async def test_the_entitled_is_answered(bus: KafkaBus) -> None:
    """The same requests are granted to whom the rights are given: the refusal is not the request's fault."""
    qm, qn = bus.prowler("qm"), bus.prowler("qn")
    try:
        assert (await qm.write(TOPIC, b"straight")).startswith("offset ")
        assert (await qn.read(TOPIC)).endswith(" octets of it")
        assert "prowled.qn.mine" in await qn.join("qn", "mine")
    finally:
        await qm.close()
        await qn.close()


@pytest.mark.parametrize("deed", ["read", "write", "join"])
async def test_the_stranger_is_refused_and_the_log_says_so(bus: KafkaBus, deed: str) -> None:
    """The error names who, what and where; the authorizer's log denies the same to the same."""
    qp = bus.prowler("qp")
    doing = {"read": qp.read(TOPIC), "write": qp.write(TOPIC, b"x"), "join": qp.join("qn", "qn")}
    for name, each in doing.items():
        if name != deed:
            each.close()
    try:
        with pytest.raises(NotAllowed) as refused:
            await doing[deed]
    finally:
        await qp.close()
    where = "qn" if deed == "join" else TOPIC
    assert (refused.value.principal, refused.value.action, refused.value.topic) == ("qp", deed, where)
    operation = "WRITE" if deed == "write" else "READ"
    resource = "Group:LITERAL:prowled.qn.qn" if deed == "join" else f"Topic:LITERAL:prowled.{TOPIC}"
    denials = [line for line in (bus.log() or "").splitlines() if "Principal = User:qp is Denied" in line]
    assert any(f"operation = {operation} " in line and f"{resource} " in line for line in denials)


async def test_what_is_opened_to_everybody_is_open(broker: LocalBroker) -> None:
    """A right for everybody is one on the broker too, groups included: so a careless operator is really careless."""
    bus = broker.bus("opened.")
    qp = bus.prowler("qp")
    try:
        await bus.open_topics([TopicRights(TOPIC, writer="qm", reader=EVERYBODY)])
        assert await qp.read(TOPIC) == "0 octets of it"
        assert "opened.qn.qn" in await qp.join("qn", "qn")
    finally:
        await qp.close()
        await bus.close()


async def test_a_knock_at_the_door(bus: KafkaBus, broker: LocalBroker, tmp_path: Path) -> None:
    """With its own certificate qp is answered; without one, or with a stranger's, TLS itself says no."""
    issue_all(tmp_path, ("qp",), (), at=SystemClock().now(), chance=Chance().octets)
    assert (await bus.knock("qp", broker.folder / "qp.pem")).answered
    bare, foreign = await bus.knock("qp", None), await bus.knock("qp", tmp_path / "qp.pem")
    assert (bare.answered, bare.said) == (False, "SSLV3_ALERT_BAD_CERTIFICATE")
    assert (foreign.answered, foreign.said) == (False, "SSLV3_ALERT_CERTIFICATE_UNKNOWN")
    with pytest.raises(NotReady, match=r"nobody\.pem"):
        await bus.knock("qp", tmp_path / "nobody.pem")


async def test_a_knock_where_nobody_lives() -> None:
    """It is told as a broker that does not answer, not as a refusal."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    bus = KafkaBus(address, patience=2)
    with pytest.raises(Unreachable, match=re.escape(address)):
        await bus.knock("qp", None)
    assert bus.log() is None
    await bus.close()
