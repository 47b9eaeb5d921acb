"""Kafka client properties: how a party comes to a cluster, in the file format that every Kafka client knows.

    security.protocol=SSL                          or PLAINTEXT
    ssl.truststore.type=PEM
    ssl.truststore.location=authority.pem          who vouches for the brokers
    ssl.keystore.type=PEM
    ssl.keystore.location={principal}.pem          key (PKCS#8) and chain in one file
    ssl.endpoint.identification.algorithm=https
    corridor.prefix=pilot-7.                       ours: before every topic and group, and before the run's own prefix

`{principal}` becomes qm, qn, operator ...; without it one certificate serves all. Paths are relative to the file. What
TLS makes of it: `kafka_link`. Source: Apache Kafka documentation, 3.4 and 3.5 (consumer and producer configs), 4.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.errors import BadInput
from harness.exchange.kafka_link import PRINCIPAL, Credentials

_PROTOCOL, _PREFIX = "security.protocol", "corridor.prefix"
_TRUST, _KEYS = "ssl.truststore.location", "ssl.keystore.location"
_FIXED: Final[Mapping[str, str]] = {
    "ssl.truststore.type": "PEM",
    "ssl.keystore.type": "PEM",
    "ssl.endpoint.identification.algorithm": "https",
}
"""Keys that may say one thing only, and mean it where they are absent too."""

_HEARD: Final = frozenset({_PROTOCOL, _PREFIX, _TRUST, _KEYS, *_FIXED, "bootstrap.servers"})
"""`bootstrap.servers` is heard and not followed: `--bus` says where the cluster is."""

_LINE = re.compile(r"\s*([^\s=:#!][^\s=:]*)\s*[=:\s]\s*(.*?)\s*")
_A_PREFIX = re.compile(r"[A-Za-z0-9._-]{0,100}")
_LARGEST: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """How the principals of a run come to a cluster. `passed_over` names the keys that mean nothing here."""

    credentials: Credentials | None = None
    prefix: str = ""
    passed_over: tuple[str, ...] = ()


def read(path: Path) -> ClientConfig:
    """Read client properties. No file they name is opened yet.

    Raises:
        BadInput: the file cannot be read, or says what cannot be followed; the message names the key.
    """
    told = _told(path)
    prefix = told.get(_PREFIX, "")
    if not _A_PREFIX.fullmatch(prefix):
        raise _wrong(path, f"{_PREFIX}={prefix}", "letters, digits, '.', '_' and '-', at most 100", "choose another")
    passed_over = tuple(key for key in told if key not in _HEARD)
    protocol = told.get(_PROTOCOL, "PLAINTEXT")
    if protocol == "PLAINTEXT":
        return ClientConfig(None, prefix, passed_over)
    if protocol != "SSL":
        todo = "ask the cluster's operator for a listener with mutual TLS"
        raise _wrong(path, f"{_PROTOCOL}={protocol}", "PLAINTEXT, or SSL with certificates on both sides", todo)
    for key, value in _FIXED.items():
        if told.get(key, value) != value:
            todo = "openssl pkcs12 -in STORE -nodes -out STORE.pem makes PEM of a PKCS#12 store"
            raise _wrong(path, f"{key}={told[key]}", value, todo if key.endswith("type") else "leave it at that")
    for key, what in ((_TRUST, "the authority that vouches for the brokers"), (_KEYS, "key and chain, one PEM file")):
        if not told.get(key):
            raise _wrong(path, f"no {key}", f"{what}, for {_PROTOCOL}=SSL", f"add {key}=FILE")
    here = path.parent
    return ClientConfig(Credentials(here / told[_TRUST], str(here / told[_KEYS])), prefix, passed_over)


def write(path: Path, *, guarded: bool = True, prefix: str = "") -> None:
    """Write client properties for certificates that lie beside `path`, as harness.brokers.access issues them.

    Args:
        path: the file.
        guarded: False for a broker that takes plaintext.
        prefix: what is to stand before every topic and group.
    """
    lines = {_PROTOCOL: "PLAINTEXT"}
    if guarded:
        lines = {_PROTOCOL: "SSL", _TRUST: "authority.pem", _KEYS: f"{PRINCIPAL}.pem", **_FIXED}
    if prefix:
        lines[_PREFIX] = prefix
    path.write_text("".join(f"{name}={value}\n" for name, value in lines.items()), encoding="ascii")


def _told(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            octets = file.read(_LARGEST + 1)
        if len(octets) > _LARGEST:
            raise _wrong(path, f"more than {_LARGEST} octets", "a few lines", "name the properties file")
        lines = octets.decode("utf-8").splitlines()
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read: {error.strerror}",
            expected="Kafka client properties",
            todo="name the file that your Kafka's operator gave you, or that `corridor broker start` printed",
        ) from error
    except UnicodeDecodeError as error:
        raise _wrong(path, "no text in UTF-8", "key=value lines", "name the properties file") from error
    return dict(_pairs(path, lines))


def _pairs(path: Path, lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    seen: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip()[0] in "#!":
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise _wrong(path, f"line {number} is {line[:60]!r}", "key=value", "mend the line")
        if match[1] in seen:
            raise _wrong(path, f"{match[1]} twice", "each key once", "remove one of the lines")
        seen.add(match[1])
        yield match[1], match[2]


def _wrong(path: Path, found: str, expected: str, todo: str) -> BadInput:
    return BadInput(f"{path}: {found}", expected=expected, todo=todo)
