"""What compose/ promises, read from its files. Each promise has a saboteur: one edit that must be found, by name."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from harness.brokers.settings import LOG4J, properties

FILES: Final = ("kafka-one.yml", "kafka-three.yml")
PARTIES: Final = ("qm", "qn", "qp")
ENDING: Final = ("prepare", "open")
"""Services that do their work and end."""

Service = Mapping[str, Any]  # Any: YAML as it comes


def services_of(folder: Path, name: str) -> dict[str, Service]:
    """The services of a file, each with what it extends."""
    services = yaml.safe_load((folder / name).read_text("utf-8"))["services"]
    return {one: _whole(folder, name, service) for one, service in services.items()}


def _whole(folder: Path, name: str, service: Service) -> Service:
    if (from_ := service.get("extends")) is None:
        return service
    file = from_.get("file", name)
    inherited = _whole(folder, file, yaml.safe_load((folder / file).read_text("utf-8"))["services"][from_["service"]])
    volumes = [*inherited.get("volumes", []), *service.get("volumes", [])]
    return {**inherited, **service, "volumes": volumes}


def told_to_nodes(folder: Path) -> dict[str, str]:
    """What every node is told, and what `start.sh` adds to it."""
    script = (folder / "kafka" / "start.sh").read_text("ascii").partition("<<END\n")[2].partition("\nEND\n")[0]
    lines = [*(folder / "kafka" / "common.properties").read_text("ascii").splitlines(), *script.splitlines()]
    pairs = [line.split("=", 1) for line in lines if line and not line.startswith("#")]
    assert len({key for key, _ in pairs}) == len(pairs), "a property is told twice"
    return dict(pairs)


def faults(folder: Path, name: str) -> set[str]:
    """Everything in a compose file, and in what it mounts, that breaks a promise of compose/README.md."""
    services = services_of(folder, name)
    networks = yaml.safe_load((folder / name).read_text("utf-8"))["networks"]
    return {
        *_of_listeners(told_to_nodes(folder)),
        *_of_guards(told_to_nodes(folder)),
        *(fault for one, service in services.items() for fault in _of_containers(one, service)),
        *_of_borders(services, networks),
        *_of_rights(services, folder),
    }


def _of_listeners(told: Mapping[str, str]) -> Iterator[str]:
    protocols = dict(each.split(":") for each in told["listener.security.protocol.map"].split(","))
    for listener in told["listeners"].split(","):
        if protocols.get(listener.partition("://")[0]) != "SSL":
            yield "listener without TLS"
    if told["ssl.client.auth"] != "required":
        yield "nobody is asked who comes"
    if told["ssl.endpoint.identification.algorithm"] != "https":
        yield "host names are not checked"


def _of_guards(told: Mapping[str, str]) -> Iterator[str]:
    """Where nodes are told something else than every other broker that Corridor starts, but for places and numbers."""
    local = properties(Path("/prepared/broker"), Path("/var/lib/kafka/data"), 9092, 9093)
    own = {name for name in local if "listeners" in name or "replication.factor" in name or "min.isr" in name}
    own |= {"node.id", "listener.security.protocol.map", "controller.quorum.bootstrap.servers"}
    own |= {"broker.session.timeout.ms", "broker.heartbeat.interval.ms"}  # three of them must not fence one another
    own -= {"controller.listener.names"}
    for name in local.keys() - own:
        if told.get(name) != local[name]:
            yield f"{name} is not as elsewhere"
    more = {"controller.quorum.voters", "default.replication.factor", "min.insync.replicas"}
    for name in told.keys() - local.keys() - more:
        yield f"{name} is told here only"


def _of_containers(name: str, service: Service) -> Iterator[str]:
    if service.get("user") != "1000:1000":
        yield f"{name} may be root"
    if service.get("read_only") is not True:
        yield f"{name} writes its root file system"
    if service.get("cap_drop") != ["ALL"] or "no-new-privileges:true" not in service.get("security_opt", ()):
        yield f"{name} keeps privileges"
    if (name in ENDING) is ("healthcheck" in service):
        yield f"{name} has no health check" if name not in ENDING else f"{name} cannot end"
    for other, how in service.get("depends_on", {}).items():
        if how["condition"] != ("service_completed_successfully" if other in ENDING else "service_healthy"):
            yield f"{name} does not wait for {other}"
    for port in service.get("ports", ()):
        if not port.startswith("127.0.0.1:"):
            yield f"{name} is published to everybody"


def _of_borders(services: Mapping[str, Service], networks: Mapping[str, Any]) -> Iterator[str]:
    for party in PARTIES:
        if services[party]["networks"] != [party] or networks[party] != {"internal": True}:
            yield f"{party} reaches more than the brokers"
        if services[party]["volumes"] != [f"{party}:/party"]:
            yield f"{party} holds more than its own keys"
    if services["prepare"].get("network_mode") != "none":
        yield "the authorities' keys are where somebody may come"
    for name, service in services.items():
        if name != "prepare" and any(volume.startswith("authorities:") for volume in service["volumes"]):
            yield f"{name} holds the authorities' keys"


def _of_rights(services: Mapping[str, Service], folder: Path) -> Iterator[str]:
    if services["open"]["command"][:2] != ["broker", "open"]:
        yield "rights do not come from the agreements"
    for party in PARTIES:
        if "open" not in services[party]["depends_on"]:
            yield f"{party} comes before its rights"
    for path in folder.rglob("*"):
        if path.suffix in (".sh", ".yml", ".properties") and re.search(
            "kafka-acls|AclCommand", path.read_text("utf-8")
        ):
            yield "a right is granted by hand"


@pytest.fixture(scope="module")
def compose(repo_root: Path) -> Path:
    """The folder of the compose files."""
    return repo_root / "compose"


@pytest.mark.parametrize("name", FILES)
def test_promises_of_the_compose_files(compose: Path, name: str) -> None:
    """TLS on every listener, everything denied, nobody root, nothing writable, each party alone with the brokers."""
    assert faults(compose, name) == set()


SABOTAGE: Final = (
    ("kafka/common.properties", "CONTROLLER:SSL", "CONTROLLER:PLAINTEXT", "listener without TLS"),
    ("kafka/common.properties", "listeners=", "listeners=PLAIN://0.0.0.0:9,", "listener without TLS"),
    ("kafka/common.properties", "client.auth=required", "client.auth=requested", "nobody is asked who comes"),
    ("kafka/common.properties", "algorithm=https", "algorithm=", "host names are not checked"),
    ("kafka/common.properties", "found=false", "found=true", "allow.everyone.if.no.acl.found is not as elsewhere"),
    ("kafka/common.properties", "authorizer.class.name=", "#", "authorizer.class.name is not as elsewhere"),
    ("kafka/common.properties", "User:operator", "User:operator;User:qp", "super.users is not as elsewhere"),
    ("kafka/start.sh", "node.id=", "ssl.allow.dn.changes=true\nnode.id=", "ssl.allow.dn.changes is told here only"),
    ("parties.yml", '    user: "1000:1000"\n', "", "qm may be root"),
    ("parties.yml", "    read_only: true\n", "", "kafka-1 writes its root file system"),
    ("parties.yml", "    cap_drop: [ALL]\n", "", "open keeps privileges"),
    ("parties.yml", "    healthcheck:", "    x-check:", "qn has no health check"),
    ("kafka-NAME.yml", "service_healthy", "service_started", "open does not wait for kafka-1"),
    ("kafka-NAME.yml", '"127.0.0.1:${KAFKA_PORT', '"${KAFKA_PORT', "kafka-1 is published to everybody"),
    ("kafka-NAME.yml", "networks: [qp]", "networks: [qp, qn]", "qp reaches more than the brokers"),
    ("kafka-NAME.yml", "qm: {internal: true}", "qm: {internal: false}", "qm reaches more than the brokers"),
    ("kafka-NAME.yml", '["qp:/party"]', '["qp:/party", "qn:/n"]', "qp holds more than its own keys"),
    ("kafka-NAME.yml", '["operator:', '["authorities:/a", "operator:', "open holds the authorities' keys"),
    ("kafka-NAME.yml", "network_mode: none", "network_mode: host", "the authorities' keys are where somebody may come"),
    ("kafka-NAME.yml", "[broker, open,", "[broker, certs,", "rights do not come from the agreements"),
    ("kafka-NAME.yml", "      open: {", "      prepare: {", "qm comes before its rights"),
    ("kafka/answers.sh", "exec java", "kafka-acls; exec java", "a right is granted by hand"),
)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(("file", "was", "becomes", "fault"), SABOTAGE, ids=[fault for *_, fault in SABOTAGE])
def test_edit_that_breaks_a_promise(
    compose: Path, tmp_path: Path, name: str, file: str, was: str, becomes: str, fault: str
) -> None:
    """One edit is found out, by the name of the promise that it breaks."""
    folder = tmp_path / "compose"
    shutil.copytree(compose, folder)
    path = folder / (name if "NAME" in file else file)
    text = path.read_text("utf-8")
    assert was in text
    path.write_text(text.replace(was, becomes), "utf-8")
    assert fault in faults(folder, name)


@pytest.mark.parametrize(("name", "nodes"), [("kafka-one.yml", 1), ("kafka-three.yml", 3)])
def test_nodes(compose: Path, name: str, nodes: int) -> None:
    """One node, or three that know of each other, in one cluster and reached on ports of their own."""
    told = [one["environment"] for key, one in services_of(compose, name).items() if key.startswith("kafka-")]
    assert [one["NODE"] for one in told] == [str(number) for number in range(1, nodes + 1)]
    assert {one["NODES"] for one in told} == {str(nodes)}
    assert len({one["CLUSTER"] for one in told}) == 1
    assert len({one["OUTSIDE"] for one in told}) == nodes
    start = (compose / "kafka" / "start.sh").read_text("ascii")
    assert "1) enough=1 ;; *) enough=2 ;;" in start
    assert "\nmin.insync.replicas=$enough\n" in start


def test_denials_are_logged_as_in_every_container_of_ours(compose: Path) -> None:
    """What an image that logs through log4j2 is told is the same for `--bus container` and here."""
    lines = (compose / "kafka" / "log4j2.properties").read_text("ascii").splitlines(keepends=True)
    assert "".join(line for line in lines if not line.startswith("#")) == LOG4J


@pytest.mark.parametrize("name", FILES)
def test_images_can_be_replaced(compose: Path, name: str) -> None:
    """Where no registry is within reach, the images of one's own take the place of the usual ones."""
    images = {service["image"] for service in services_of(compose, name).values()}
    assert images == {"${KAFKA_IMAGE:-apache/kafka:4.3.1}", "${CORRIDOR_IMAGE:-corridor:local}"}
    assert "ARG BASE=python:3.13-slim\n" in (compose / "Dockerfile").read_text("utf-8")


def test_image_takes_in_what_is_named_and_no_key(repo_root: Path, compose: Path) -> None:
    """All is kept out of the image but what is named, keys even there; it ends as a user without rights."""
    lines = [line for line in (repo_root / ".dockerignore").read_text("utf-8").splitlines() if line[:1] != "#"]
    named = [line for line in lines if line.startswith("!")]
    assert lines[0] == "*"
    assert lines.index("**/*.pem") > lines.index(named[-1])
    assert not [line for line in named if re.search("pem|key|seat|run", line)]
    text = (compose / "Dockerfile").read_text("utf-8")
    assert not re.search(r"^(COPY|ADD|ARG|ENV)\b.*(\.pem|\.key|password|secret|token)", text, re.MULTILINE)
    assert re.findall("^USER (.*)$", text, re.MULTILINE)[-1] == "1000:1000"
