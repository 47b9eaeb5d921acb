"""A key that an image keeps is found in it, whatever hides it there: each way in is tried."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from certs.keyfiles import key_pem, write

from .conftest import environment
from .layers import private_keys

KEPT: Final = {
    "deleted in a later layer": ("COPY words /opt/words\nRUN rm /opt/words", ["2: opt/words"]),
    "overwritten in a later layer": ("COPY words /opt/words\nCOPY nothing /opt/words", ["2: opt/words"]),
    "under another's name": ("COPY words /etc/ssl/certs/authority.pem", ["2: etc/ssl/certs/authority.pem"]),
    "a key store": ("COPY nothing /opt/broker.p12", ["2: opt/broker.p12"]),
    "a file of ours": ("COPY nothing /party/qm.pem", ["2: party/qm.pem"]),
    "in the environment": ('ENV KEY="-----BEGIN PRIVATE KEY-----"', ["settings"]),
    "none": ("COPY nothing /opt/nothing\nRUN rm /opt/nothing", []),
}
"""What is done on top of a base of one layer, and what must be found."""

pytestmark = [pytest.mark.timeout(120), pytest.mark.long("builds images")]


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A folder to build from, with a private key in it that is called `words`, and a file that says nothing."""
    folder = tmp_path / "context"
    folder.mkdir()
    write(folder / "words", key_pem(ec.generate_private_key(ec.SECP256R1())))
    (folder / "nothing").write_text("nothing\n", "ascii")
    return folder


@pytest.fixture
def tag() -> Iterator[str]:
    """The name of an image that is gone after the test."""
    name = f"corridor-test:key-{os.getpid()}"
    yield name
    subprocess.run(["docker", "image", "rm", "--force", name], check=False, capture_output=True, timeout=60)


@pytest.mark.parametrize(("done", "found"), KEPT.values(), ids=KEPT)
def test_key_in_an_image(
    done: str, found: list[str], compose_images: Mapping[str, str], context: Path, tag: str, tmp_path: Path
) -> None:
    """It is found in the layer that it came with; a base that anybody uses has none."""
    (context / "Dockerfile").write_text(f"FROM {compose_images['BASE']}\n{done}\n", "ascii")
    subprocess.run(
        ["docker", "build", "--tag", tag, str(context)],
        check=True, capture_output=True, timeout=60, env=environment(DOCKER_BUILDKIT="0"),
    )  # fmt: skip
    assert private_keys(tag, tmp_path) == found
