"""The cache of Kafka's JVM: of the kind that this Java makes, and used only where there is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.brokers import aot
from harness.brokers.jars import Jars

FLAGS = ("-Xmx256m",)


def a_java(folder: Path, version: str) -> Path:
    """A program that answers `-version` like a Java: on standard error."""
    java = folder / f"java-{version}"
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    java.chmod(0o755)
    return java


@pytest.fixture
def jars(tmp_path: Path) -> Jars:
    """A folder that passes for Kafka's."""
    folder = tmp_path / "jars"
    folder.mkdir()
    (folder / "kafka-clients-4.3.1.jar").touch()
    return Jars(folder, "4.3.1")


@pytest.mark.parametrize(
    ("version", "kind", "makes", "uses"),
    [
        ("17.0.15", ".jsa", "-XX:ArchiveClassesAtExit=", "-XX:SharedArchiveFile="),
        ("24.0.1", ".jsa", "-XX:ArchiveClassesAtExit=", "-XX:SharedArchiveFile="),
        ("25.0.2", ".aot", "-XX:AOTCacheOutput=", "-XX:AOTCache="),
    ],
)
def test_each_java_has_its_kind(
    version: str, kind: str, makes: str, uses: str, jars: Jars, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ahead-of-time cache where Java makes one in one run, an archive of shared classes before that."""
    monkeypatch.setenv("CORRIDOR_CACHE", str(tmp_path / "cache"))
    java = a_java(tmp_path, version)
    cache = aot.place(java, jars, FLAGS)
    assert cache is not None
    assert (cache.parent, cache.suffix) == (tmp_path / "cache", kind)
    assert aot.making(java, cache) == f"{makes}{cache}"
    assert aot.options(java, jars, FLAGS) == ()
    cache.parent.mkdir()
    cache.touch()
    assert aot.options(java, jars, FLAGS) == ()  # this Java made none
    cache.write_bytes(b"classes")
    assert aot.options(java, jars, FLAGS) == (f"{uses}{cache}",)


def test_another_java_or_other_flags_another_cache(jars: Jars, tmp_path: Path) -> None:
    """What does not fit stands under another name."""
    elsewhere = {"CORRIDOR_CACHE": str(tmp_path)}
    places = {
        aot.place(a_java(tmp_path, version), jars, flags, elsewhere)
        for version in ("17.0.15", "17.0.16")
        for flags in (FLAGS, ())
    }
    assert len(places) == 4


def test_no_java_no_cache(jars: Jars, tmp_path: Path) -> None:
    """What does not say its version makes none."""
    assert aot.place(tmp_path / "nothing", jars, FLAGS) is None
