"""What a local broker is told and what its principals are given."""

from __future__ import annotations

import itertools
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from harness.brokers.access import issue_all
from harness.brokers.local import LocalBroker
from harness.brokers.settings import PRINCIPAL_RULE, failed, plain_properties, properties, with_detour, write
from harness.clock import Chance, SystemClock
from harness.errors import Defect, NotReady

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def test_everything_is_denied_and_everyone_is_asked_who_they_are(tmp_path: Path) -> None:
    """No listener without TLS on both sides, no right that was not granted, no topic by accident."""
    told = properties(tmp_path, tmp_path / "data", 9092, 9093)
    protocols = dict(each.split(":") for each in told["listener.security.protocol.map"].split(","))
    named = {each.partition("://")[0] for each in told["listeners"].split(",")}
    assert named == protocols.keys()
    assert set(protocols.values()) == {"SSL"}
    assert told["ssl.client.auth"] == "required"
    assert told["ssl.principal.mapping.rules"] == PRINCIPAL_RULE
    assert told["authorizer.class.name"].endswith("StandardAuthorizer")
    assert told["allow.everyone.if.no.acl.found"] == "false"
    assert told["super.users"] == "User:broker;User:operator"
    assert told["auto.create.topics.enable"] == "false"


@pytest.mark.parametrize(
    ("own", "guarded"), [(properties, {"SSL"}), (plain_properties, {"PLAINTEXT"})], ids=["guarded", "plain"]
)
def test_listener_of_the_detour_is_as_guarded_as_the_first(
    tmp_path: Path, own: Callable[..., Mapping[str, str]], guarded: set[str]
) -> None:
    """It stands beside the others in every line about listeners, and tells its clients the detour's port."""
    told = with_detour(own(tmp_path, tmp_path / "data", 9092, 9093), told=1, listens="127.0.0.1:2")
    protocols = dict(each.split(":") for each in told["listener.security.protocol.map"].split(","))
    listeners = dict(each.split("://") for each in told["listeners"].split(","))
    advertised = dict(each.split("://") for each in told["advertised.listeners"].split(","))
    assert protocols.keys() == listeners.keys() == advertised.keys() == {"CORRIDOR", "CONTROLLER", "DETOUR"}
    assert set(protocols.values()) == guarded
    assert (listeners["DETOUR"], advertised["DETOUR"]) == ("127.0.0.1:2", "127.0.0.1:1")


def test_broker_listens_on_loopback_only(tmp_path: Path) -> None:
    """A rehearsal on a laptop opens nothing to the network around it."""
    told = properties(tmp_path, tmp_path / "data", 9092, 9093)
    for listener in told["listeners"].split(","):
        assert "://127.0.0.1:" in listener


def test_each_principal_has_a_key_of_its_own_for_its_owner_only(tmp_path: Path) -> None:
    """Keys are mode 0600 in a folder 0700, and each certificate names its principal."""
    credentials = issue_all(
        tmp_path / "broker", ("qm", "qn"), ("127.0.0.1",), at=SystemClock().now(), chance=Chance(1).octets
    )
    assert credentials.authority.parent.stat().st_mode & 0o777 == 0o700
    keys: list[object] = []
    for name in ("broker", "operator", "qm", "qn"):
        file = credentials.shown(name)
        assert file.stat().st_mode & 0o777 == 0o600
        leaf = x509.load_pem_x509_certificates(file.read_bytes())[0]
        assert leaf.subject.rfc4514_string() == f"CN={name},C=ZZ"
        keys.append(leaf.public_key())
    assert all(one != other for one, other in itertools.combinations(keys, 2))
    assert credentials.context("qm").minimum_version is ssl.TLSVersion.TLSv1_3


def test_principal_that_was_not_named_has_no_way_in(tmp_path: Path) -> None:
    """Credentials say whose certificate is missing."""
    credentials = issue_all(tmp_path, ("qm",), (), at=NOW, chance=Chance(1).octets)
    with pytest.raises(NotReady, match=r"no qx\.pem"):
        credentials.context("qx")


def test_broker_outside_its_context_is_a_defect(tmp_path: Path) -> None:
    """An address that is not there yet is not made up."""
    with pytest.raises(Defect):
        LocalBroker(tmp_path, ()).bus()


def test_properties_hold_any_path(tmp_path: Path) -> None:
    """A user's folder may be called anything: all but ASCII is escaped as Java reads it, in units of UTF-16."""
    file = tmp_path / "b.properties"
    write(file, {"log.dirs": "/home/\u0418\u043c\u044f \U0001f600\\x"})
    assert file.read_bytes() == b"log.dirs=/home/\\u0418\\u043c\\u044f \\ud83d\\ude00\\\\x\n"


def test_what_a_log_says_last_is_of_this_try(tmp_path: Path) -> None:
    """A log that is kept from start to start: an older failure is no cause of this one."""
    log = tmp_path / "broker.log"
    log.write_text("java.lang.IllegalStateException: long ago\n", "utf-8")
    before = log.stat().st_size
    assert "long ago" in failed("ended by itself", log).found
    assert failed("ended by itself", log, before).found == "Apache Kafka ended by itself"
    with log.open("a", encoding="utf-8") as more:
        more.write("Error occurred during initialization of VM\n")
    assert failed("ended by itself", log, before).found.endswith(": Error occurred during initialization of VM")
