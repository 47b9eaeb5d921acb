"""A cache for Kafka's JVM: made once, and every later start takes a third to a half less.

One run of a program writes what it loaded and linked into a file, and later runs begin with that: from Java 25 on an
ahead-of-time cache (JEP 514), before that an archive of shared classes (JEP 350). The file fits one Java, one set of
jars and one set of options, all of which stand in its name. It is only ever a help: without it, or with one that the
JVM does not take, Kafka starts as it always did. Making one: warming.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from harness.brokers.jars import Jars, cache_folder
from harness.brokers.java import OLDEST, feature, said

AHEAD_OF_TIME: Final = 25
"""The first Java that makes an ahead-of-time cache in one run."""


def place(java: Path, jars: Jars, flags: Sequence[str], environment: Mapping[str, str] | None = None) -> Path | None:
    """Where the cache for this Java, these jars and these flags is kept; None when this Java makes none."""
    version = feature(java)
    if version < OLDEST:
        return None
    named = "\n".join([said(java), *flags, jars.classpath, *sorted(path.name for path in jars.folder.glob("*.jar"))])
    digest = hashlib.sha256(named.encode()).hexdigest()[:16]
    kind = "aot" if version >= AHEAD_OF_TIME else "jsa"
    folder = cache_folder(os.environ if environment is None else environment)
    return folder / f"kafka-{jars.version}-{digest}.{kind}"


def lacking(java: Path, jars: Jars, flags: Sequence[str]) -> Path | None:
    """Where a cache is to be made; None when there is one, or when this Java makes none."""
    found = place(java, jars, flags)
    return None if found is None or found.is_file() else found


def making(java: Path, to: Path) -> str:
    """What to hand this Java so that a run of it writes the cache when it ends."""
    return f"-XX:{'AOTCacheOutput' if feature(java) >= AHEAD_OF_TIME else 'ArchiveClassesAtExit'}={to}"


def options(java: Path, jars: Jars, flags: Sequence[str]) -> tuple[str, ...]:
    """What to hand this Java, beside `flags`, so that it begins with the cache; nothing when there is none."""
    found = place(java, jars, flags)
    if found is None or not found.is_file() or not found.stat().st_size:
        return ()
    # The JVM warns of a cache that it does not take, and goes on without.
    return (f"-XX:{'AOTCache' if found.suffix == '.aot' else 'SharedArchiveFile'}={found}",)
