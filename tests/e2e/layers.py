"""The private keys in an image: in each of its layers, whatever a later one hides, and in what is said about it."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

_HEADER: Final = rb"-----BEGIN ([A-Z]+ )?PRIVATE KEY-----"
_A_LINE: Final = re.compile(rb"^" + _HEADER, re.MULTILINE)
_ANYWHERE: Final = re.compile(_HEADER)
_NAMED: Final = re.compile(r"((^|/)(key|broker|operator|q[a-z])\.pem|\.key(\.pem)?|\.(p12|pfx|jks|keystore))$")
"""How our own files with private keys end (certs, harness.brokers.access), and key stores elsewhere."""
_GONE: Final = ".wh."
"""What stands before the name of a file that a layer takes away."""


def private_keys(image: str, folder: Path) -> list[str]:
    """Each file that holds a private key, or is named as one, as `LAYER: PATH`; the first layer is 1.

    What is said about the image, its history and environment, is looked through too, as `settings`.

    Args:
        image: its name on the engine.
        folder: where there is room for all of it for a while.
    """
    saved = folder / "image.tar"
    subprocess.run(["docker", "save", "--output", str(saved), image], check=True, timeout=60, capture_output=True)
    try:
        with tarfile.open(saved) as archive:
            (told,) = json.loads(_octets(archive, "manifest.json"))
            assert told["Layers"], f"{image} has no layer"
            found = ["settings"] if _ANYWHERE.search(_octets(archive, told["Config"])) else []
            for number, name in enumerate(told["Layers"], start=1):
                found += [f"{number}: {path}" for path in _within(_part(archive, name))]
    finally:
        saved.unlink()
    return found


def _within(layer: IO[bytes]) -> Iterator[str]:
    with tarfile.open(fileobj=layer, mode="r|*") as files:
        for file in files:
            content = files.extractfile(file) if file.isfile() else None
            if content is None or Path(file.name).name.startswith(_GONE):
                continue
            octets = content.read()
            # A program that knows how a key begins is none; key stores are known by their names.
            if _NAMED.search(file.name) or (b"\0" not in octets and _A_LINE.search(octets)):
                yield file.name


def _part(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    part = archive.extractfile(name)
    assert part is not None, name
    return part


def _octets(archive: tarfile.TarFile, name: str) -> bytes:
    with _part(archive, name) as part:
        return part.read()
