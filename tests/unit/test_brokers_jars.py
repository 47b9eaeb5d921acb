"""Jars are believed by their SHA-256, except those of the user's own Kafka."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from harness.brokers.jars import KAFKA, expected, find_jars
from harness.errors import NotReady


def a_resolver(*jars: Path) -> ModuleType:
    """A resolver that finds these jars: what the real one might hand us on a bad day."""
    module = ModuleType("jgo")
    module.__dict__["build"] = lambda *_, **__: SimpleNamespace(all_jars=list(jars))
    return module


def test_committed_list_names_the_kafka_we_test() -> None:
    """The list is complete and well formed, and its client library is of the same version as the broker."""
    listed = expected()
    assert len(listed) == 46
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in listed.values())
    assert {f"kafka_2.13-{KAFKA}.jar", f"kafka-clients-{KAFKA}.jar", "slf4j-jdk14-1.7.36.jar"} <= listed.keys()


def test_kafka_of_the_user_is_taken_as_it_is(tmp_path: Path) -> None:
    """KAFKA_HOME decides, and its version is reported."""
    (tmp_path / "libs").mkdir()
    (tmp_path / "libs" / "kafka-clients-4.1.0.jar").touch()
    jars = find_jars(pytest.fail, {"KAFKA_HOME": str(tmp_path)})
    assert (jars.folder, jars.version) == (tmp_path / "libs", "4.1.0")
    assert jars.classpath == str(tmp_path / "libs" / "*")


def test_kafka_home_without_kafka_is_told(tmp_path: Path) -> None:
    """A wrong KAFKA_HOME is corrected by its owner, not silently ignored."""
    with pytest.raises(NotReady, match="no kafka-clients jar"):
        find_jars(pytest.fail, {"KAFKA_HOME": str(tmp_path)})


def test_empty_cache_without_a_resolver_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing there and nothing to fetch with: the user is told the one command."""
    monkeypatch.setitem(sys.modules, "jgo", None)
    said: list[str] = []
    with pytest.raises(NotReady) as absent:
        find_jars(said.append, {"CORRIDOR_CACHE": str(tmp_path)})
    assert absent.value.todo == "pip install 'corridor[kafka]'"
    assert absent.value.found == "there is no Apache Kafka on this machine, and nothing is here to fetch it with"
    assert said == [f"Fetching Apache Kafka {KAFKA} (44 MB, once; about half a minute)"]


def test_cache_that_was_tampered_with_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All names present and every byte wrong: it is said, and the cache is filled again rather than run."""
    monkeypatch.setitem(sys.modules, "jgo", None)
    cache = tmp_path / f"kafka-{KAFKA}"
    cache.mkdir()
    for name in expected():
        (cache / name).write_bytes(b"evil")
    said: list[str] = []
    with pytest.raises(NotReady, match=r"another SHA-256.*and 43 more, and nothing is here to fetch it with"):
        find_jars(said.append, {"CORRIDOR_CACHE": str(tmp_path)})
    assert said[0].endswith("None of them is used")


def test_fetched_jars_that_are_not_on_the_list_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that picks another version of the client library is caught, and nothing reaches the cache."""
    wrong = tmp_path / "kafka-clients-3.9.1.jar"
    wrong.write_bytes(b"an older client")
    monkeypatch.setitem(sys.modules, "jgo", a_resolver(wrong))
    with pytest.raises(NotReady, match=f"not Apache Kafka {KAFKA} as we know it"):
        find_jars(lambda _: None, {"CORRIDOR_CACHE": str(tmp_path / "cache")})
    assert not any((tmp_path / "cache").iterdir())


def test_a_fetched_jar_with_another_checksum_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All names as listed, and the bytes of one of them altered on the way: it is named, and nothing is kept."""
    fetched = tmp_path / "fetched"
    fetched.mkdir()
    for name in expected():
        (fetched / name).write_bytes(b"altered")
    monkeypatch.setitem(sys.modules, "jgo", a_resolver(*fetched.iterdir()))
    with pytest.raises(NotReady, match=r"not Apache Kafka .* as we know it: .*\.jar has another SHA-256"):
        find_jars(lambda _: None, {"CORRIDOR_CACHE": str(tmp_path / "cache")})
    assert not any((tmp_path / "cache").iterdir())


def test_an_index_out_of_reach_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the resolver says of the network: a sentence, what to do, and nothing half-fetched."""

    def no_road(*_: object, **__: object) -> None:
        raise OSError("Temporary failure in name resolution")

    resolver = ModuleType("jgo")
    resolver.__dict__["build"] = no_road
    monkeypatch.setitem(sys.modules, "jgo", resolver)
    with pytest.raises(NotReady, match="could not be fetched: Temporary failure in name resolution") as absent:
        find_jars(lambda _: None, {"CORRIDOR_CACHE": str(tmp_path / "cache")})
    assert "KAFKA_HOME" in absent.value.todo
    assert not any((tmp_path / "cache").iterdir())
