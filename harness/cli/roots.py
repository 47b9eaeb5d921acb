"""Root certificates that an arbiter hands in: from PEM files, or from folders that hold them.

Whether a bundle chains to them is said by `harness.evidence.audit`; here they are only read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from harness.cli.files import read_file
from harness.errors import BadInput

_LARGEST: Final = 64 * 1024
_WANTED: Final = "a root certificate in PEM, or a folder that holds some, such as the `certs` folder of a run"


def roots_in(given: Iterable[Path]) -> dict[str, str]:
    """Per country, the SHA-256 (hexadecimal) of its root certificate, out of files and folders.

    Of a folder, every `root.pem` at any depth counts; where there is none, every `*.pem` directly in it.

    Raises:
        BadInput: no certificate, no root, or two roots of one country.
    """
    roots: dict[str, str] = {}
    for path in _files(given):
        country, thumbprint = _root(path)
        if roots.setdefault(country, thumbprint) != thumbprint:
            raise BadInput(
                f"{path} is a second root of {country}",
                expected="one root for each country",
                todo="hand in the one you know",
            )
    return roots


def _files(given: Iterable[Path]) -> Iterator[Path]:
    for path in given:
        if not path.is_dir():
            yield path
            continue
        found = sorted(path.rglob("root.pem")) or sorted(path.glob("*.pem"))
        if not found:
            raise BadInput(f"no PEM file in {path}", expected=_WANTED, todo="name the files one by one")
        yield from found


def _root(path: Path) -> tuple[str, str]:
    pem = read_file(path, largest=_LARGEST, wanted=_WANTED)
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        certificate.verify_directly_issued_by(certificate)
        countries = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)]
    # Whatever is wrong inside, the library has many words for it, and for the user it is one thing.
    except Exception as error:
        raise BadInput(f"{path} holds no root certificate: {error}", expected=_WANTED, todo="check the file") from error
    if len(countries) != 1:
        raise BadInput(
            f"{path} names {len(countries)} countries", expected="a root of one country", todo="check the file"
        )
    return countries[0], certificate.fingerprint(hashes.SHA256()).hex()
