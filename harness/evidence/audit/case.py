"""What the steps of the audit hand on to each other, and how they name files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from harness.errors import NotProved
from harness.evidence.audit import chains, reading
from harness.evidence.audit.found import AgreementFound

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the manifest says besides the list of files."""

    party: str
    run: str
    correlation: str
    made: datetime
    absent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """The agreement and, per party, the root it pins and the policy it is recognised under, if it names any."""

    found: AgreementFound
    roots: Mapping[str, str]
    policies: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Case:
    """What every later step needs of the earlier ones."""

    files: Files
    manifest: Manifest
    agreement: Agreement
    certificates: Mapping[str, x509.Certificate]
    trust: chains.Trust

    def token(self, name: str, typ: str) -> reading.Token:
        """Read the token in a file and check its signature."""
        return reading.token(name, self.files[name], typ=typ, certificates=self.certificates)


def under(files: Files, folder: str) -> tuple[str, ...]:
    """The names of the files in a folder."""
    return tuple(name for name in files if name.startswith(f"{folder}/"))


def stem(name: str) -> str:
    """A file's name without folder and extension."""
    return name.rpartition("/")[2].rpartition(".")[0]


def expect(name: str, found: str, expected: str, what: str) -> None:
    """Two things that must be the same, with a sentence when they are not."""
    if found != expected:
        raise NotProved(f"{name}: {what} {found}, not {expected}")
