"""Certificates in files and folders, read and told in the trade's words. Believing any of them: certs.trust."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography import x509

from certs.identity import UNREADABLE
from certs.summary import Summary, describe
from harness.cli import say
from harness.cli.files import read_file
from harness.clock import stamp
from harness.errors import BadInput

LARGEST: Final = 256 * 1024
"""Octets of a file with certificates or a list in it."""

WANTED: Final = "a certificate in PEM or DER"


def in_folder(folder: Path) -> Iterator[tuple[Path, Summary]]:
    """Every certificate in PEM files below `folder`, in the order of the paths; keys are left out."""
    if not folder.is_dir():
        raise BadInput(
            f"there is no folder {folder}",
            expected="what `corridor certs issue` wrote, or the `certs` folder of a run",
            todo="corridor certs issue QM makes one",
        )
    for path in sorted(folder.rglob("*.pem")):
        if path.is_file() and path.stat().st_size <= LARGEST and b"-----BEGIN CERTIFICATE-----" in path.read_bytes():
            yield from ((path, summary) for summary in certificates_in(path))


def certificates_in(path: Path) -> Iterator[Summary]:
    """The certificates in a file, summarised. Raises BadInput."""
    octets = read_file(path, largest=LARGEST, wanted=WANTED)
    try:
        if b"-----BEGIN" in octets:
            certificates = x509.load_pem_x509_certificates(octets)
        else:
            certificates = [x509.load_der_x509_certificate(octets)]
        summaries = [describe(certificate) for certificate in certificates]
    except UNREADABLE as error:
        what = "holds a private key, which is not for showing" if b"PRIVATE KEY" in octets else "is no certificate"
        if b"-----BEGIN CERTIFICATE-----" in octets:
            what = "holds a certificate that cannot be read"
        raise BadInput(f"{path} {what}", expected=WANTED, todo="name the file of a certificate") from error
    yield from summaries


def told(summary: Summary) -> str:
    """A certificate in half a line."""
    return (
        f"{summary.algorithm}, valid from {stamp(summary.since)} until {stamp(summary.until)}, serial {summary.serial}"
    )


def certificate_line(path: Path, summary: Summary, *, current: bool | None = None) -> None:
    """A certificate for programs. `current`: whether its party signs with it now, where that is the point."""
    more = {} if current is None else {"current": current}
    say.line(
        "certificate",
        path=str(path),
        party=summary.party,
        country=summary.country,
        authority=summary.authority,
        usages=list(summary.usages),
        algorithm=summary.algorithm,
        since=stamp(summary.since),
        until=stamp(summary.until),
        subject=summary.subject,
        issuer=summary.issuer,
        serial=summary.serial,
        hosts=list(summary.hosts),
        sha256=summary.thumbprint,
        **more,
    )
