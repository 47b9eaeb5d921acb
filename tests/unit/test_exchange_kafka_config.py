"""Client properties: what was written is read, and what names no way is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.exchange.kafka_config import ClientConfig, read, write
from harness.exchange.kafka_link import Credentials

APART = "security.protocol=SSL\nssl.truststore.location=a/authority.pem\n"


def test_what_was_written(tmp_path: Path) -> None:
    """It leads to the certificates beside it, under its prefix."""
    write(tmp_path / "client.properties", prefix="pilot.")
    assert read(tmp_path / "client.properties") == ClientConfig(Credentials(tmp_path), "pilot.")


def test_plaintext(tmp_path: Path) -> None:
    """Without a protocol it is plaintext, as Kafka has it; comments and blank lines say nothing."""
    (tmp_path / "client.properties").write_text("# a comment\n\n! another\ncorridor.prefix = x.\n")
    assert read(tmp_path / "client.properties") == ClientConfig(None, "x.")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("security.protocol=SASL_SSL\n", "security.protocol=SASL_SSL"),
        ("security.protocol=SSL\n", "ssl.truststore.location=None"),
        (
            "security.protocol=SSL\nssl.truststore.location=a/authority.pem\nssl.keystore.location=b/{principal}.pem\n",
            "b/",
        ),
    ],
)
def test_no_way_that_we_know(tmp_path: Path, text: str, found: str) -> None:
    """It is told with what was found, and what would do."""
    (tmp_path / "client.properties").write_text(text)
    with pytest.raises(BadInput, match=found) as told:
        read(tmp_path / "client.properties")
    assert "{principal}.pem in one folder" in told.value.expected


def test_no_file(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(BadInput, match=r"client\.properties cannot be read"):
        read(tmp_path / "client.properties")
