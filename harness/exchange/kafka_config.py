"""Kafka client properties, as far as a party needs them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.errors import BadInput
from harness.exchange.kafka_link import Credentials


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """How a party comes to the broker."""

    credentials: Credentials | None
    prefix: str = ""


def read(path: Path) -> ClientConfig:
    """Read properties. Raises BadInput."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}", expected="Kafka client properties") from error
    told = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    if told.get("security.protocol", "PLAINTEXT") == "PLAINTEXT":
        return ClientConfig(None, told.get("corridor.prefix", ""))
    return ClientConfig(
        Credentials((path.parent / told["ssl.truststore.location"]).parent), told.get("corridor.prefix", "")
    )


def write(path: Path, *, prefix: str = "") -> None:
    """Write properties for certificates that lie beside `path`."""
    lines = {
        "security.protocol": "SSL",
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": "authority.pem",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": "{principal}.pem",
        "ssl.endpoint.identification.algorithm": "https",
        "corridor.prefix": prefix,
    }
    path.write_text("".join(f"{name}={value}\n" for name, value in lines.items()), encoding="utf-8")
