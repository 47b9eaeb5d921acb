"""Keys and certificates on disk: folders 0700, keys 0600, each file replaced whole.

Who owns a key, and what may be done with it: certs.identity and certs.authority.
"""

from __future__ import annotations

import os
from pathlib import Path

from cryptography import exceptions, x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from certs.algorithms import PrivateKey
from certs.errors import UnsupportedAlgorithm
from certs.rsa_keys import strong


def private_folder(folder: Path) -> Path:
    """Make `folder`, for its owner only (0700), and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def write(path: Path, octets: bytes, *, mode: int = 0o644) -> None:
    """Write a file whole or not at all, with `mode` from its first moment."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(octets)
    beside.replace(path)


def write_key(path: Path, key: PrivateKey) -> None:
    """Write a private key as PKCS#8 PEM, 0600."""
    write(path, key_pem(key), mode=0o600)


def key_pem(key: PrivateKey) -> bytes:
    """The private key as PKCS#8 PEM, not encrypted: a run's keys live and die with the run's folder."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_key(path: Path) -> PrivateKey:
    """Read a PKCS#8 PEM private key.

    Raises:
        UnsupportedAlgorithm: neither P-256 nor Ed25519 nor ML-DSA-65 nor RSA, or encrypted.
        BrokenAlgorithm: an RSA key that is too weak.
        ValueError: no PEM key at all.
    """
    key = key_in(path.read_bytes(), path.name)
    if isinstance(key, ed25519.Ed25519PrivateKey | mldsa.MLDSA65PrivateKey):
        return key
    if isinstance(key, rsa.RSAPrivateKey):
        strong(key.public_key())
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise UnsupportedAlgorithm(f"{path.name} holds a key that is none of P-256, Ed25519, ML-DSA-65 and RSA")


def key_in(pem: bytes, name: str) -> PrivateKeyTypes:
    """The private key in a PEM text, of whatever kind; `name` says in an error where it lay.

    Raises:
        UnsupportedAlgorithm: encrypted, or of a kind that the library does not know.
        ValueError: no PEM key at all.
    """
    try:
        return load_pem_private_key(pem, password=None)
    except TypeError as error:  # the library's word for a missing password
        raise UnsupportedAlgorithm(f"{name} is encrypted; here a key lies without a password") from error
    except exceptions.UnsupportedAlgorithm as error:
        raise UnsupportedAlgorithm(f"{name} holds a key of an unknown kind: {error}") from error


def write_certificate(path: Path, certificate: x509.Certificate) -> None:
    """Write a certificate as PEM."""
    write(path, certificate.public_bytes(Encoding.PEM))


def read_certificate(path: Path) -> x509.Certificate:
    """Read a PEM certificate. Raises ValueError when it is none."""
    return x509.load_pem_x509_certificate(path.read_bytes())
