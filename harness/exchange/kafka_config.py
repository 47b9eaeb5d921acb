"""Kafka client properties, as far as a party needs them: who vouches for the broker, what is shown to it, the prefix.

One folder holds `authority.pem` and a `PRINCIPAL.pem` for each principal, as a broker of ours writes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.errors import BadInput
from harness.exchange.kafka_link import Credentials

_TRUSTED: Final = "ssl.truststore.location"
_SHOWN: Final = "ssl.keystore.location"
_TODO: Final = "see the client.properties in the folder of a broker that was started here"


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """How a party comes to the broker: None for one that takes plaintext. `prefix` stands before topics and groups."""

    credentials: Credentials | None
    prefix: str = ""


def read(path: Path) -> ClientConfig:
    """Read client properties; relative paths are relative to the file.

    Raises:
        BadInput: the file cannot be read, or names no way that we know.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read: {error}", expected="Kafka client properties", todo=_TODO) from error
    pairs = (line.partition("=") for line in lines if line.strip() and line.lstrip()[0] not in "#!")
    told = {name.strip(): value.strip() for name, _, value in pairs}
    prefix, protocol = told.get("corridor.prefix", ""), told.get("security.protocol", "PLAINTEXT")
    if protocol == "PLAINTEXT":
        return ClientConfig(None, prefix)
    trusted, shown = (path.parent / told.get(name, "") for name in (_TRUSTED, _SHOWN))
    if protocol != "SSL" or (trusted.name, shown.name, shown.parent) != (
        "authority.pem",
        "{principal}.pem",
        trusted.parent,
    ):
        raise BadInput(
            f"{path} has security.protocol={protocol}, {_TRUSTED}={told.get(_TRUSTED)}, {_SHOWN}={told.get(_SHOWN)}",
            expected="PLAINTEXT, or SSL with authority.pem and {principal}.pem in one folder",
            todo=_TODO,
        )
    return ClientConfig(Credentials(trusted.parent), prefix)


def write(path: Path, *, prefix: str = "") -> None:
    """Write client properties for certificates that lie beside `path`."""
    told = {
        "security.protocol": "SSL",
        "ssl.truststore.type": "PEM",
        _TRUSTED: "authority.pem",
        "ssl.keystore.type": "PEM",
        _SHOWN: "{principal}.pem",
        "ssl.endpoint.identification.algorithm": "https",
        "corridor.prefix": prefix,
    }
    path.write_text("".join(f"{name}={value}\n" for name, value in told.items()), encoding="utf-8")
