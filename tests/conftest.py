"""What every test may ask for: the checkout, the real data beside it, and the rules for what is not played.

A part that this machine lacks (Java, openssl, the real data) skips its tests with that reason. Under CI=true
the same absence is a failure: there, a test that did not run is a promise that nobody checked.

Tests marked `long` show on real brokers, killed processes and by repetition what shorter ones show once; together they
take longer than all others. CI plays them, and so does `make test LONG=1`; else they are skipped with that reason.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import pytest
import pytest_asyncio
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from harness.brokers.container import ContainerBroker, image_wanted
from harness.brokers.engine import Engine
from harness.brokers.jars import find_jars
from harness.brokers.java import find_java
from harness.brokers.local import LocalBroker
from harness.brokers.settings import plain_properties
from harness.errors import NotReady
from harness.exchange.bus import Bus
from harness.trial.buses import BusMaker

REPO_ROOT = Path(__file__).resolve().parents[1]
CI = os.environ.get("CI") == "true"
LONG = CI or bool(os.environ.get("CORRIDOR_LONG_TESTS"))
PARTIES = ("qm", "qn", "qp", "qx")
"""Who may come to the session's broker."""


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers; in CI tell each failure when it comes, for what is cut off has no summary; hear Ctrl-C."""
    config.addinivalue_line("markers", "may_be_absent(why): this test may be skipped in CI too")
    config.addinivalue_line("markers", "long(why): this test is left to CI and to `make test LONG=1`")
    if CI and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_TellsAtOnce(config))
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # What a shell starts in its background hears no Ctrl-C, nor does what that starts: tests start and interrupt.
        signal.signal(signal.SIGINT, signal.default_int_handler)


class _TellsAtOnce:
    """Tells what failed as soon as it did: the test, and the line of its error."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of one test is over."""
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            crash = getattr(report.longrepr, "reprcrash", None)
            why = str(report.longrepr if crash is None else crash.message).strip().splitlines() or [""]
            terminal.ensure_newline()
            terminal.write_line(f"{report.when} failed: {report.nodeid}: {why[0][:300]}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave long tests to CI and to who asks for them."""
    for item in items:
        if not LONG and (mark := item.get_closest_marker("long")) is not None:
            item.add_marker(pytest.mark.skip(reason=f"long: {mark.args[0]}; make test LONG=1 plays it, and CI does"))


_ON_THE_BROKER = re.compile(r"\b(broker: LocalBroker|container: ContainerBroker|on_the_broker)\b")
"""What stands in a module that plays on the session's brokers; those of contract/ do so through their conftest."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Where processes share the tests (make test), one has all that play on the session's brokers.

    So each broker is started once. The modules that bring compose files up go one after the other: side by side they
    are more than a small machine bears. Besides, the tests of a module stay together, for they share what is set up.
    """
    return _ByModule(config, log)


class _ByModule(LoadScopeScheduling):  # type: ignore[misc]  # published without types
    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        if module.startswith(("tests/e2e/test_compose", "tests/docs/test_compose")):
            return "compose"
        return "a broker" if _on_the_broker(module) else module


@cache
def _on_the_broker(module: str) -> bool:
    text = (REPO_ROOT / module).read_text(encoding="utf-8")
    return "/contract/" in module or _ON_THE_BROKER.search(text) is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI, turn a skip into a failure that names what was absent."""
    report = yield
    if CI and report.skipped and not hasattr(report, "wasxfail") and item.get_closest_marker("may_be_absent") is None:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"under CI=true nothing may be absent: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """In CI, turn a module that skipped itself into a failure that names what was absent."""
    report = yield
    if CI and report.outcome == "skipped":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"under CI=true nothing may be absent: {collector.nodeid}: {reason}"
    return report


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """The checkout these tests belong to."""
    return REPO_ROOT


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data, `../shared/data` or `$CORRIDOR_SHARED/data`; never part of the repository."""
    folder = Path(os.environ.get("CORRIDOR_SHARED", REPO_ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip("the real data is not here: expected ../shared/data beside the checkout, or CORRIDOR_SHARED")
    return folder


@pytest.fixture(scope="session")
def parts_of_a_broker() -> None:
    """Java and the jars of Kafka, or a skip that says what is absent."""
    try:
        find_java()
        find_jars(lambda _: None)
    except NotReady as absent:
        pytest.skip(f"no local Kafka here: {absent}")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def broker(parts_of_a_broker: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalBroker]:
    """A real Apache Kafka, started once; each test has topics of its own on it."""
    async with LocalBroker(tmp_path_factory.mktemp("run"), PARTIES) as running:
        yield running


@pytest.fixture(scope="session")
def made_on() -> Callable[[LocalBroker], BusMaker]:
    """How the bus of a scenario is made on a broker that runs already."""
    return _made_on


@pytest.fixture
def on_the_broker(broker: LocalBroker) -> BusMaker:
    """Makes the bus of one scenario on the session's broker."""
    return _made_on(broker)


def _made_on(broker: LocalBroker | ContainerBroker) -> BusMaker:
    @asynccontextmanager
    async def opened(prefix: str) -> AsyncIterator[Bus]:
        bus = broker.bus(prefix, instance="stage")
        try:
            yield bus
        finally:
            await bus.close()

    return opened


@pytest.fixture(scope="session")
def parts_of_a_container() -> None:
    """A Docker engine and an image of Kafka on it, or a skip that says what is absent."""
    absent = ""
    try:
        engine = Engine()
    except NotReady as error:
        absent = str(error)
    else:
        image = image_wanted(os.environ)
        if not engine.has(image):
            absent = f'no image {image}; eval "$(.ci/images)" builds a stand-in'
        engine.close()
    if absent:
        pytest.skip(f"no Kafka in Docker here: {absent}")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def container(
    parts_of_a_container: None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ContainerBroker]:
    """A real Apache Kafka in Docker, started once; each test has topics of its own on it."""
    async with ContainerBroker(tmp_path_factory.mktemp("container"), PARTIES) as running:
        yield running


@pytest.fixture
def on_the_container(container: ContainerBroker) -> BusMaker:
    """Makes the bus of one scenario on the session's broker in Docker."""
    return _made_on(container)


@pytest.fixture(scope="session")
def compose_command() -> tuple[str, ...]:
    """The compose command of this machine, v2 before v1, or a skip."""
    for words in (("docker", "compose"), ("docker-compose",)):
        if shutil.which(words[0]) is not None:
            ran = subprocess.run([*words, "version"], capture_output=True, timeout=20, check=False)
            if ran.returncode == 0:
                return words
    pytest.skip("neither `docker compose` nor docker-compose is here")


@pytest.fixture(scope="session")
def compose_images(parts_of_a_container: None) -> dict[str, str]:
    """The images that compose files are to use, all of them on the engine, or a skip."""
    asked = {
        "KAFKA_IMAGE": os.environ.get("KAFKA_IMAGE", "apache/kafka:4.3.1"),
        "BASE": os.environ.get("BASE", "python:3.13-slim"),
    }
    engine = Engine()
    absent = [image for image in asked.values() if not engine.has(image)]
    engine.close()
    if absent:
        pytest.skip(f'no image {", ".join(absent)}; eval "$(.ci/images)" builds stand-ins')
    return {**asked, "CORRIDOR_IMAGE": "corridor-test:built"}


class PlainBroker(LocalBroker):
    """A broker as somebody might run it on a desk: no TLS, no authorizer, topics made by asking for them."""

    def _issue(self) -> None:
        self.folder.mkdir(parents=True)

    def _properties(self, data: Path, port: int, controller: int) -> Mapping[str, str]:
        return plain_properties(self.folder, data, port, controller) | {"auto.create.topics.enable": "true"}


@pytest_asyncio.fixture
async def plain(parts_of_a_broker: None, tmp_path: Path) -> AsyncIterator[LocalBroker]:
    """A plain broker, for one test."""
    async with PlainBroker(tmp_path, ()) as running:
        yield running


@pytest_asyncio.fixture
async def mortal(parts_of_a_broker: None, tmp_path: Path) -> AsyncIterator[LocalBroker]:
    """A broker with mutual TLS and rights, for one test, which may kill it."""
    async with LocalBroker(tmp_path / "mortal", PARTIES) as running:
        yield running
