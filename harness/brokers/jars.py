"""Find the jars of Apache Kafka: the user's own Kafka, else a cache filled once from package indexes.

What is fetched is believed only when names and SHA-256 are those of the list beside this file
(`kafka-4.3.1.sha256`): a resolver once picked another version of the client library in silence.
Java: java. What is done with both: local.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from pathlib import Path

from harness.brokers.java import INSTALL
from harness.errors import NotReady

KAFKA = "4.3.1"
"""The Apache Kafka that we test with."""

# slf4j-jdk14 and not log4j: log4j's own list of versions would silently bring kafka-clients 3.9.1.
_COORDINATES = f"org.apache.kafka:kafka_2.13:{KAFKA}+org.slf4j:slf4j-jdk14:1.7.36"


@dataclass(frozen=True, slots=True)
class Jars:
    """A folder of jars that together are Apache Kafka."""

    folder: Path
    version: str

    @property
    def classpath(self) -> str:
        """What `java -cp` takes."""
        return str(self.folder / "*")


def find_jars(say: Callable[[str], None], environment: Mapping[str, str] | None = None) -> Jars:
    """The jars: of KAFKA_HOME, else of the cache, which is filled first if need be (44 MB, about half a minute).

    Args:
        say: told in a sentence what takes long.
        environment: where KAFKA_HOME and CORRIDOR_CACHE are looked up; by default this process's.

    Raises:
        NotReady: KAFKA_HOME holds no Kafka, or the jars cannot be fetched, or they are not those of the list.
    """
    environment = os.environ if environment is None else environment
    if home := environment.get("KAFKA_HOME"):
        return _own(Path(home))
    cache = cache_folder(environment) / f"kafka-{KAFKA}"
    listed = expected()
    wrong = _differences(cache, listed)
    if not wrong:
        return Jars(cache, KAFKA)
    spoilt = f"the jars in {cache} are not as listed: {_few(wrong)}" if cache.exists() else ""
    if spoilt:
        say(f"{spoilt[0].upper()}{spoilt[1:]}. None of them is used")
    say(f"Fetching Apache Kafka {KAFKA} (44 MB, once; about half a minute)")
    _fetch(cache, listed, spoilt)
    return Jars(cache, KAFKA)


def expected() -> dict[str, str]:
    """The committed list: file name -> SHA-256 in hexadecimal, in the format of `sha256sum`."""
    listed = {}
    for line in files("harness.brokers").joinpath(f"kafka-{KAFKA}.sha256").read_text("ascii").splitlines():
        digest, _, name = line.partition("  ")
        listed[name] = digest
    return listed


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Where fetched things are kept between runs: CORRIDOR_CACHE, else the platform's own place."""
    if own := environment.get("CORRIDOR_CACHE"):
        return Path(own)
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "corridor" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "corridor"
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "corridor"


def _own(home: Path) -> Jars:
    # The user's own Kafka is not held against our list: which version to rehearse with is theirs to choose.
    clients = sorted((home / "libs").glob("kafka-clients-*.jar"))
    if not clients:
        raise NotReady(
            f"KAFKA_HOME is {home}, and there is no kafka-clients jar in its libs folder",
            expected="the folder that an Apache Kafka download unpacks to",
            todo=f"correct KAFKA_HOME, or unset it and run: {INSTALL}",
        )
    return Jars(home / "libs", clients[-1].stem.removeprefix("kafka-clients-"))


def _differences(folder: Path, listed: Mapping[str, str]) -> list[str]:
    """How a folder differs from the list, a sentence each; empty when it is as listed."""
    there = {path.name for path in folder.glob("*.jar")}
    said = [f"{name} is missing" for name in sorted(listed.keys() - there)]
    said += [f"{name} is not on the list" for name in sorted(there - listed.keys())]
    for name in sorted(there & listed.keys()):
        with (folder / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != listed[name]:
                said.append(f"{name} has another SHA-256")
    return said


def _few(wrong: Sequence[str]) -> str:
    more = len(wrong) - 3
    return "; ".join(wrong[:3]) + (f"; and {more} more" if more > 0 else "")


def _fetch(cache: Path, listed: Mapping[str, str], spoilt: str) -> None:
    try:
        resolver = import_module("jgo")  # by name: an extra of ours
    except ImportError as error:
        raise NotReady(
            f"{spoilt or 'there is no Apache Kafka on this machine'}, and nothing is here to fetch it with",
            expected="KAFKA_HOME, or the jars in the cache, or the kafka extra",
            todo=INSTALL,
        ) from error
    cache.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache.parent, prefix="fetching-") as beside:
        # It warns that it looks in vain for a Java of its own, which nobody asked for.
        logging.getLogger(resolver.__name__).addHandler(logging.NullHandler())
        try:
            jars = resolver.build(_COORDINATES, cache_dir=Path(beside) / "jgo").all_jars
        except Exception as error:  # whatever the resolver raises means the same to the user: no jars
            raise NotReady(
                f"Apache Kafka {KAFKA} could not be fetched: {error}",
                expected="a package index with Java archives within reach, the first time",
                todo="check the network, or point KAFKA_HOME to an Apache Kafka of your own",
            ) from error
        gathered = Path(beside) / "jars"
        gathered.mkdir()
        for jar in jars:
            shutil.copy(jar, gathered)
        if wrong := _differences(gathered, listed):
            raise NotReady(
                f"what was fetched is not Apache Kafka {KAFKA} as we know it: {_few(wrong)}",
                expected=f"the {len(listed)} files of kafka-{KAFKA}.sha256",
                todo="point KAFKA_HOME to an Apache Kafka of your own, and report this",
            )
        _put_in_place(gathered, cache)


def _put_in_place(gathered: Path, cache: Path) -> None:
    """Two runs may fetch at once: what stands there already is moved aside, and the last one stays."""
    aside = gathered.with_name("aside")
    if cache.exists():
        cache.rename(aside)
    gathered.rename(cache)
