"""What a person wants to see of a certificate. Nothing is checked here: a summary is not a recommendation.

Checking: certs.trust.  Printing: harness.cli.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs import jwe
from certs.errors import TrustError
from certs.identity import DOCUMENT_SIGNING, KEY_AGREEMENT, bearer, dictated

_USAGES: Final = {
    DOCUMENT_SIGNING: "document signing",
    KEY_AGREEMENT: "document encryption",
    ExtendedKeyUsageOID.SERVER_AUTH: "TLS server",
    ExtendedKeyUsageOID.CLIENT_AUTH: "TLS client",
    ExtendedKeyUsageOID.TIME_STAMPING: "time stamping",
}


_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


@dataclass(frozen=True)
class Summary:
    """One certificate in the trade's words; `party` and `country` are empty when the subject names none."""

    party: str
    country: str
    subject: str
    issuer: str
    serial: str  # hexadecimal
    since: datetime
    until: datetime
    algorithm: str  # of signatures made with its key, or of what is encrypted for it; a sentence when we cannot use it
    authority: bool
    usages: tuple[str, ...]
    hosts: tuple[str, ...]
    thumbprint: str  # hex SHA-256 of the DER

    def lines(self) -> tuple[tuple[str, str], ...]:
        """Label and value, in the order a person reads them; nothing for what is empty."""
        rows = (
            ("party", self.party),
            ("country", self.country),
            ("kind", "authority" if self.authority else ", ".join(self.usages) or "unstated"),
            ("answers on", ", ".join(self.hosts)),
            ("valid from", self.since.isoformat().replace("+00:00", "Z")),
            ("valid until", self.until.isoformat().replace("+00:00", "Z")),
            ("algorithm", self.algorithm),
            ("subject", self.subject),
            ("issued by", self.issuer),
            ("serial", self.serial),
            ("SHA-256", self.thumbprint),
        )
        return tuple((label, value) for label, value in rows if value)


def describe(certificate: x509.Certificate) -> Summary:
    """Summarise a certificate.

    Raises:
        ValueError: a part of it is malformed.
    """
    try:
        country, party = bearer(certificate)
    except TrustError:
        country, party = "", ""
    basic = _value(certificate, x509.BasicConstraints)
    extended = _value(certificate, x509.ExtendedKeyUsage)
    try:
        opens = extended is not None and KEY_AGREEMENT in extended
        algorithm = jwe.profile(certificate) if opens else dictated(certificate)[0].value
    except TrustError as error:
        algorithm = str(error)
    names = _value(certificate, x509.SubjectAlternativeName)
    return Summary(
        party=party,
        country=country,
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        serial=f"{certificate.serial_number:x}",
        since=certificate.not_valid_before_utc,
        until=certificate.not_valid_after_utc,
        algorithm=algorithm,
        authority=basic is not None and basic.ca,
        usages=() if extended is None else tuple(_USAGES.get(each, each.dotted_string) for each in extended),
        hosts=() if names is None else tuple(str(each.value) for each in names),
        thumbprint=certificate.fingerprint(hashes.SHA256()).hex(),
    )


def _value(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
