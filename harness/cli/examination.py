"""What `corridor doctor` looks at, a part at a time. Only looks: fetches nothing, starts nothing, writes nothing."""

from __future__ import annotations

import asyncio
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.errors import BadInput, CorridorError, NotReady

if TYPE_CHECKING:
    from harness.exchange.bus import TopicRights

DISTRIBUTION: Final = "corridor"
PACKAGES: Final = ("certs", "harness", "nodes", "scenarios")
EVERYTHING: Final = "every command"
KAFKA: Final = "every bus but memory; broker, node"
LOCAL: Final = "--bus local"
OURS: Final = "--bus local, broker start"
OLDEST_PYTHON: Final = (3, 11)

_INSTALL: Final = "install Corridor again, into an environment of its own"
_KAFKA_EXTRA: Final = "pip install 'corridor[kafka]'"
_PATIENCE: Final = 8.0  # seconds for a broker to answer
_ONLY: Final = {"aiokafka": KAFKA, "jinja2": "reports"}
"""Dependencies that the commands of the memory bus do without."""
CONTAINER: Final = "--bus container"
_EXTRAS: Final = {"kafka": f"{OURS}, where Java or Kafka is not there already", "container": CONTAINER}


@dataclass(frozen=True, slots=True)
class Part:
    """One thing looked at. `essential`: without it nothing can be run, or not what was asked about."""

    name: str
    there: bool
    found: str
    needed_by: str
    todo: str = ""
    essential: bool = False

    @property
    def state(self) -> str:
        """In a word: ok, missing (and nothing runs without it), or absent (and only some commands want it)."""
        return "ok" if self.there else "missing" if self.essential else "absent"


def examine(bus: str, config: Path | None = None, run: str | None = None) -> Iterator[Part]:
    """Look at everything, and at `bus` (memory, local, container or HOST:PORT) as at something essential.

    Args:
        bus: its name.
        config: Kafka client properties for HOST:PORT.
        run: the name that stands before topics opened there already, whose rights are to be looked at.

    Raises:
        BadInput: `bus` is no bus, or the client properties cannot be followed.
    """
    from harness.trial.buses import named

    if bus in ("memory", "local", "container") and run is not None:
        raise BadInput(
            f"--run {run} with --bus {bus}",
            expected="a run whose topics were opened on brokers at HOST:PORT",
            todo="name the brokers with --bus, or leave --run out",
        )
    named(bus, config)
    yield _python()
    yield _distribution()
    yield from (_package(name) for name in PACKAGES)
    yield from _dependencies(essential=frozenset() if bus == "memory" else frozenset({"aiokafka"}))
    yield _packs()
    yield _place()
    yield _java(essential=bus == "local")
    yield _jars(essential=bus == "local")
    yield from _programs()
    yield _pytest()
    if bus == "container":
        yield _container()
    elif bus not in ("memory", "local"):
        yield from _broker(bus, config, run)


def _python() -> Part:
    there = sys.version_info >= OLDEST_PYTHON
    found = f"{platform.python_version()} at {sys.executable}"
    return Part("Python", there, found, EVERYTHING, "use Python 3.11 or later", essential=True)


def _distribution() -> Part:
    try:
        found, there = metadata.version(DISTRIBUTION), True
    except metadata.PackageNotFoundError:
        found, there = "not installed: this is a bare checkout", False
    return Part("corridor", there, found, EVERYTHING, "make demo, or pip install the wheel", essential=True)


def _package(name: str) -> Part:
    """Whether the name that Python imports is ours: a folder or another distribution can shadow a general name."""
    spec = find_spec(name)
    told = f"package {name}"
    if spec is None or spec.origin is None:
        return Part(told, there=False, found="not found", needed_by=EVERYTHING, todo=_INSTALL, essential=True)
    try:
        ours = Path(str(metadata.distribution(DISTRIBUTION).locate_file(f"{name}/__init__.py")))
    except metadata.PackageNotFoundError:
        ours = Path(spec.origin)
    if Path(spec.origin).resolve() == ours.resolve():
        return Part(told, there=True, found=str(Path(spec.origin).parent), needed_by=EVERYTHING, essential=True)
    found = f"{spec.origin} stands before ours, {ours}"
    return Part(told, False, found, EVERYTHING, "start elsewhere, or unset PYTHONPATH", essential=True)


def _dependencies(essential: frozenset[str]) -> Iterator[Part]:
    try:
        required = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return
    for line in required:
        stated, _, marker = line.partition(";")
        match = re.match(r"\s*([A-Za-z0-9._-]+)([^;]*)", stated)
        if match is None:
            continue
        # One of several bounds, in any order: `<0.15,>=0.14`.
        oldest = re.search(r">=\s*([0-9.]+)", match[2])
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", marker)
        bound, of = oldest[1] if oldest else "0", extra[1] if extra else ""
        yield _dependency(match[1], bound, of, wanted=match[1] in essential)


def _dependency(name: str, oldest: str, extra: str, *, wanted: bool) -> Part:
    needed_by = _EXTRAS.get(extra, f"the extra {extra}") if extra else _ONLY.get(name, EVERYTHING)
    todo = f"pip install 'corridor[{extra}]'" if extra else f"pip install '{name}>={oldest}'"
    essential = wanted or (not extra and name not in _ONLY)
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Part(name, False, "not installed", needed_by, todo, essential)
    if _numbers(found) < _numbers(oldest):
        return Part(name, False, f"{found}, older than {oldest}", needed_by, todo, essential)
    return Part(name, True, found, needed_by, todo, essential)


def _packs() -> Part:
    found = [point.value for point in metadata.entry_points(group="corridor.packs")]
    todo = "install the wheel of corridor (make demo does), not the bare checkout"
    return Part("packs", bool(found), ", ".join(found) or "none", "demo, list, run, send", todo, essential=True)


def _place() -> Part:
    here = Path.cwd()
    there = os.access(here, os.W_OK)
    found = f"{here} can{'' if there else 'not'} be written to"
    return Part("this folder", there, found, "demo, run, send without --out", "go elsewhere, or give --out")


def _java(*, essential: bool) -> Part:
    from harness.brokers.java import find_java

    try:
        found, there = str(find_java()), True
    except NotReady as error:
        found, there = error.found, False
    return Part("Java", there, found, OURS, _KAFKA_EXTRA, essential)


def _jars(*, essential: bool) -> Part:
    from harness.brokers import jars

    if home := os.environ.get("KAFKA_HOME"):
        there = any((Path(home) / "libs").glob("kafka-clients-*.jar"))
        found = f"KAFKA_HOME {home}" + ("" if there else ", which holds no kafka-clients jar in libs")
        return Part("Apache Kafka", there, found, OURS, "correct KAFKA_HOME, or unset it", essential)
    cache = jars.cache_folder(os.environ) / f"kafka-{jars.KAFKA}"
    if all((cache / name).is_file() for name in jars.expected()):
        return Part("Apache Kafka", there=True, found=f"{jars.KAFKA} in {cache}", needed_by=OURS, essential=essential)
    if find_spec("jgo") is not None:
        found = f"not fetched yet: {LOCAL} fetches {jars.KAFKA} once (44 MB) into {cache}"
        return Part("Apache Kafka", there=True, found=found, needed_by=OURS, essential=essential)
    return Part("Apache Kafka", False, f"neither KAFKA_HOME nor {cache}", OURS, _KAFKA_EXTRA, essential)


def _programs() -> Iterator[Part]:
    """Programs that nothing here starts by itself; people and tests do."""
    by_hand = "following a bundle's README by hand; some of our tests"
    wanted = (
        ("openssl", ("openssl", "version"), by_hand),
        ("node", ("node", "--version"), by_hand),
        ("git", ("git", "--version"), "the revision in a run's first line"),
        ("docker engine", ("docker", "version", "--format", "{{.Server.Version}}"), CONTAINER),
    )
    for name, asked, needed_by in wanted:
        said = _said(asked)
        todo = f"install {name}, if you want that"
        yield Part(name, said is not None, said or "not found, or it does not answer", needed_by, todo)


def _said(asked: tuple[str, ...]) -> str | None:
    """The first line that a program says of itself; None when it is not there or fails."""
    program = shutil.which(asked[0])
    if program is None:
        return None
    try:
        ran = subprocess.run([program, *asked[1:]], capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return next(iter(ran.stdout.strip().splitlines()), None)


def _pytest() -> Part:
    needed_by = "pytest scenarios/, and our own tests"
    try:
        return Part("pytest", there=True, found=metadata.version("pytest"), needed_by=needed_by)
    except metadata.PackageNotFoundError:
        return Part("pytest", False, "not installed", needed_by, "pip install pytest pytest-asyncio")


def _container() -> Part:
    """Whether a run could start: testcontainers, an engine that answers, and the image, here or to be pulled."""
    from harness.brokers.container import image_wanted
    from harness.brokers.engine import Engine

    told, image = "Kafka in Docker", image_wanted(os.environ)
    try:
        engine = Engine()
    except NotReady as error:
        return Part(told, False, error.found, CONTAINER, error.todo, essential=True)
    try:
        found = image if engine.has(image) else f"{image} is not here yet: {CONTAINER} pulls it once"
    finally:
        engine.close()
    return Part(told, there=True, found=found, needed_by=CONTAINER, essential=True)


def _broker(bus: str, config: Path | None, run: str | None) -> Iterator[Part]:
    """Whether the brokers answer, and what each principal may do there, a line for each right."""
    told, needed_by = f"broker {bus}", f"--bus {bus}"
    try:
        from harness.exchange.kafka import KafkaBus
        from harness.exchange.kafka_config import ClientConfig, read
        from harness.exchange.kafka_link import Link
        from harness.exchange.kafka_rights import wanted_and_had
    except ImportError as error:
        yield Part(told, False, f"cannot be asked: {error}", needed_by, "pip install aiokafka", essential=True)
        return
    how = read(config) if config is not None else ClientConfig()
    prefix = how.prefix + (f"{run}." if run else "")
    try:
        asyncio.run(KafkaBus(bus, credentials=how.credentials, patience=_PATIENCE).answers())
        yield Part(told, there=True, found="answers", needed_by=needed_by, essential=True)
        link = Link(bus, prefix, how.credentials, _PATIENCE)
        rights = asyncio.run(wanted_and_had(link, _topics(), opened=run is not None))
    except CorridorError as error:
        yield Part(told, False, error.found, needed_by, error.todo, essential=True)
        return
    todo = "have the cluster's operator grant it; corridor broker open does, as operator"
    for right in rights:
        name = f"{right.principal}: {right.action}"
        found = f"{right.topic}{f': {right.why}' if right.why else ''}"
        yield Part(name, right.granted, found, needed_by, todo, essential=True)


def _topics() -> tuple[TopicRights, ...]:
    from harness.trial import packs
    from harness.trial.founding import rights_of

    return rights_of(tuple(corridor for pack in packs.installed() for corridor in pack.corridors))


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers a version begins with: enough to hold it against a lower bound."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()
