"""An ahead-of-time cache for Kafka's JVM: made once, and every later start takes about half the time.

From Java 25 on one run of a program writes what it loaded and linked into a file (JEP 514), and later runs begin with
that. The file fits one Java, one set of jars and one set of options, all of which stand in its name. It is only ever a
help: without it, or with one that the JVM does not take, Kafka starts as it always did. Making one: warming.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from harness.brokers.jars import Jars, cache_folder
from harness.brokers.java import feature, said

OLDEST: Final = 25
"""The first Java that makes such a cache in one run."""


def place(java: Path, jars: Jars, flags: Sequence[str], environment: Mapping[str, str] | None = None) -> Path | None:
    """Where the cache for this Java, these jars and these flags is kept; None when this Java makes none."""
    if feature(java) < OLDEST:
        return None
    named = "\n".join([said(java), *flags, jars.classpath, *sorted(path.name for path in jars.folder.glob("*.jar"))])
    digest = hashlib.sha256(named.encode()).hexdigest()[:16]
    return cache_folder(os.environ if environment is None else environment) / f"kafka-{jars.version}-{digest}.aot"


def options(java: Path, jars: Jars, flags: Sequence[str]) -> tuple[str, ...]:
    """What to hand this Java, beside `flags`, so that it begins with the cache; nothing when there is none."""
    found = place(java, jars, flags)
    # The JVM warns of a cache that it does not take, and goes on without.
    return () if found is None or not found.is_file() else (f"-XX:AOTCache={found}",)
