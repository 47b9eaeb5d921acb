"""The trust list as a value: which authorities of a country are recognised, from when to when.

Its JSON form is read and written here. Signing it: certs.authority.  Believing it: certs.trust.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from certs.errors import MalformedList
from certs.gates import JsonValue, strict_object
from certs.identity import UNREADABLE, readable


@dataclass(frozen=True)
class Authorities:
    """One recognised hierarchy: a root, its issuing and timestamping authorities, and the time of its recognition.

    `since` is its first moment; `until`, when given, the first moment it is recognised no more. A list written before
    there were timestamps names no timestamping authority.
    """

    name: str
    root: x509.Certificate
    issuing: tuple[x509.Certificate, ...]
    since: datetime
    until: datetime | None = None
    timestamping: tuple[x509.Certificate, ...] = ()

    @property
    def root_thumbprint(self) -> str:
        """Hex SHA-256 of the root's DER: the form an agreement pins."""
        return self.root.fingerprint(hashes.SHA256()).hex()


@dataclass(frozen=True)
class TrustList:
    """What one country publishes about its own authorities: dated, versioned, replaced by `next_update`."""

    country: str
    version: int
    issued: datetime
    next_update: datetime
    authorities: tuple[Authorities, ...]
    crossings: tuple[x509.Certificate, ...] = ()  # by which it recognises others' roots, where an agreement says so

    def payload(self) -> bytes:
        """The JSON text to sign: names sorted, no blanks, so that the same list is the same octets."""
        value: dict[str, object] = {
            "authorities": [
                {
                    "issuing": [_pem(each) for each in one.issuing],
                    "name": one.name,
                    "root": _pem(one.root),
                    "since": _stamp(one.since),
                    "timestamping": [_pem(each) for each in one.timestamping],
                    "until": None if one.until is None else _stamp(one.until),
                }
                for one in self.authorities
            ],
            "country": self.country,
            "issued": _stamp(self.issued),
            "nextupdate": _stamp(self.next_update),
            "version": self.version,
        }
        if self.crossings:
            value["crossings"] = [_pem(each) for each in self.crossings]
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read what `payload` wrote; unknown fields are passed over.

        Raises:
            NotStrictJson: JSON that can be read in two ways.
            MalformedList: a field is missing or of the wrong form.
        """
        found = strict_object(payload)
        try:
            version = found["version"]
            if not isinstance(version, int) or isinstance(version, bool) or version < 1:
                raise MalformedList("version must be a whole number from 1")
            return cls(
                country=_text(found, "country"),
                version=version,
                issued=_moment(_text(found, "issued")),
                next_update=_moment(_text(found, "nextupdate")),
                authorities=tuple(_authorities(each) for each in _array(found, "authorities")),
                crossings=tuple(_certificate(each) for each in _array({"crossings": [], **found}, "crossings")),
            )
        except KeyError as error:
            raise MalformedList(f"the list lacks {error.args[0]}") from error
        except UNREADABLE as error:
            raise MalformedList(f"the list holds a moment or a certificate that is none: {error}") from error


def publisher_of(country: str) -> str:
    """The CN under which a country's trust list is signed."""
    return f"{country} trust list"


def _authorities(value: JsonValue) -> Authorities:
    if not isinstance(value, dict):
        raise MalformedList("an authority must be an object")
    issuing = _array(value, "issuing")
    until = value["until"]
    return Authorities(
        name=_text(value, "name"),
        root=_certificate(value["root"]),
        issuing=tuple(_certificate(each) for each in issuing),
        since=_moment(_text(value, "since")),
        until=None if until is None else _moment(_text(value, "until")),
        timestamping=tuple(_certificate(each) for each in _array(value, "timestamping"))
        if "timestamping" in value
        else (),
    )


def _certificate(value: JsonValue) -> x509.Certificate:
    if not isinstance(value, str):
        raise MalformedList("a certificate must be PEM text")
    return readable(x509.load_pem_x509_certificate(value.encode("utf-8")))


def _text(found: dict[str, JsonValue], name: str) -> str:
    value = found[name]
    if not isinstance(value, str):
        raise MalformedList(f"{name} must be text")
    return value


def _array(found: dict[str, JsonValue], name: str) -> list[JsonValue]:
    value = found[name]
    if not isinstance(value, list):
        raise MalformedList(f"{name} must be a list")
    return value


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


# The wire's spelling of a moment. harness.clock has the same two; certs may not import it.
def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise MalformedList(f"{text!r} names no offset from UTC")
    return read.astimezone(UTC)
