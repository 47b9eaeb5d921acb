"""Three brokers in containers, of which one falls: the cluster goes on, and nothing is lost or done twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

import pytest
from aiokafka.client import AIOKafkaClient

from harness.clock import seconds
from harness.evidence import records
from harness.evidence.log import EvidenceLog
from harness.exchange.bus import OPERATOR
from harness.exchange.kafka import Credentials
from harness.exchange.kafka_link import Link, look_up

from .stacks import CERTIFICATE, PARTIES, UP, Stack, brought_up, healthy, taken_out

INBOX: Final = "pilot.qn.in.from.qm"


async def leader(stack: Stack, topic: str, tls: Path) -> int:
    """The broker that leads the one partition of a topic, as the cluster tells its operator."""
    address = ",".join(f"127.0.0.1:{port}" for port in stack.ports)
    link = Link(address, "", Credentials.within(tls), 15.0)
    client = AIOKafkaClient(**link.options(OPERATOR))
    try:
        async with link.answered():
            await client.bootstrap()
            (told,) = (await look_up(client, [topic]))[topic]["partitions"]
    finally:
        await client.close()
    return int(told["leader"])


def written(stack: Stack, party: str, event: str, folder: Path) -> list[records.Record]:
    """The records of one kind in the log of a party that has gone."""
    place = folder / party
    if not place.is_dir():
        taken_out(stack, party, "/party/seat", place)
    log = EvidenceLog(place / "log.sqlite", party.upper())
    try:
        return [one for one in (records.read(body) for _, body in log.records()) if one.event == event]
    finally:
        log.close()


@pytest.mark.long("brings compose files up")
@pytest.mark.timeout(420)  # three brokers come up, one goes, and all parties are told to go
async def test_one_broker_of_three_falls(
    repo_root: Path, compose_command: tuple[str, ...], compose_images: dict[str, str], tmp_path: Path
) -> None:
    """On three brokers every record is on all of them; the one that leads QN's inbox is killed, documents cross on.

    Who stands at the counter may be told to ask again meanwhile. In the end each certificate that QM's log says was
    sent has exactly one effect at QN, and its answer.
    """
    with brought_up(repo_root, compose_command, compose_images, "kafka-three.yml", 3) as stack:
        await healthy(stack, "kafka-1", "kafka-2", "kafka-3", *PARTIES)
        document = (repo_root / CERTIFICATE).read_bytes()
        assert stack.counter("qm", "lodge", "--to", "QN", given=document).returncode == 0
        denied = stack.counter("qp", "look", "qn.in.from.qm")
        assert (denied.returncode, denied.stdout) == (1, "denied: 'qp' may not read topic 'qn.in.from.qm'\n")
        tls = taken_out(stack, "prepare", "/prepared/authorities/tls", tmp_path / "tls")
        stack.run("kill", f"kafka-{await leader(stack, INBOX, tls)}")
        until = seconds() + UP
        # At once again: each time takes a second and more by itself.
        while (ran := stack.counter("qm", "lodge", "--to", "QN", given=document)).returncode != 0:
            assert seconds() < until, ran.stdout + ran.stderr
        assert "L4" in ran.stdout
        stack.run("stop", "qm", "qn")
        sent = Counter(one.digest("identity") for one in written(stack, "qm", "sent", tmp_path))
        assert sent.total() >= 2
        assert Counter(one.digest("identity") for one in written(stack, "qn", "received", tmp_path)) == sent
        assert {one.digest("of") for one in written(stack, "qm", "acknowledged", tmp_path)} == sent.keys()
