"""Client properties: what is read, what is written, and what is refused with the key that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.exchange import kafka_config
from harness.exchange.kafka_config import ClientConfig

GUARDED = "security.protocol=SSL\nssl.truststore.location=ca.pem\nssl.keystore.location=keys/{principal}.pem\n"


def file(folder: Path, text: str) -> Path:
    """A properties file."""
    path = folder / "client.properties"
    path.write_text(text, encoding="utf-8")
    return path


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    """The authority and each principal's file are found beside the properties, wherever the command runs."""
    read = kafka_config.read(file(tmp_path, GUARDED))
    assert read.credentials is not None
    assert read.credentials.authority == tmp_path / "ca.pem"
    assert read.credentials.shown("qm") == tmp_path / "keys" / "qm.pem"
    assert (read.prefix, read.passed_over) == ("", ())


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """With certificates beside it, or for plaintext; the prefix with it."""
    path = tmp_path / "client.properties"
    kafka_config.write(path, prefix="pilot-7.")
    guarded = kafka_config.read(path)
    assert guarded.credentials is not None
    assert guarded.credentials.shown("operator") == tmp_path / "operator.pem"
    assert guarded.prefix == "pilot-7."
    kafka_config.write(path, guarded=False)
    assert kafka_config.read(path) == ClientConfig()


def test_spellings_of_java(tmp_path: Path) -> None:
    """Comments, blanks, colons and unknown keys, as Java's own properties have them; the unknown ones are named."""
    text = "# ours\n! too\n\n  security.protocol : PLAINTEXT\nbootstrap.servers=a:1\nfetch.min.bytes = 1\n"
    read = kafka_config.read(file(tmp_path, text))
    assert read == ClientConfig(None, "", ("fetch.min.bytes",))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("security.protocol=SASL_SSL\n", "security.protocol=SASL_SSL"),
        ("security.protocol=SSL\n", "no ssl.truststore.location"),
        ("security.protocol=SSL\nssl.truststore.location=ca.pem\n", "no ssl.keystore.location"),
        (GUARDED + "ssl.truststore.type=JKS\n", "ssl.truststore.type=JKS"),
        (GUARDED + "ssl.endpoint.identification.algorithm=\n", "ssl.endpoint.identification.algorithm="),
        (GUARDED + "security.protocol=PLAINTEXT\n", "security.protocol twice"),
        ("corridor.prefix=a b\n", "corridor.prefix=a b"),
        ("=nothing\n", "line 1 is '=nothing'"),
    ],
)
def test_what_cannot_be_followed(tmp_path: Path, text: str, found: str) -> None:
    """It is refused, and the message names the file and the key."""
    path = file(tmp_path, text)
    with pytest.raises(BadInput) as error:
        kafka_config.read(path)
    assert error.value.found == f"{path}: {found}"
    assert error.value.expected
    assert error.value.todo


def test_files_that_are_no_properties(tmp_path: Path) -> None:
    """One that is not there, one that is no text, and one without end."""
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        kafka_config.read(tmp_path / "absent")
    path = tmp_path / "octets"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="no text in UTF-8"):
        kafka_config.read(path)
    path.write_bytes(b"a" * 100_000)
    with pytest.raises(BadInput, match="more than 65536 octets"):
        kafka_config.read(path)
