"""`corridor conformance x509`: certification paths of somebody else's making, by the code that validates a partner's.

One case a line: PEM texts, a moment, and the inputs of RFC 5280, 6.1.1. The rules that only a corridor has (four
certificates at most, one usage named outright) do not apply here. What each verdict means: docs/conformance.md.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

import click

from certs import paths
from certs.errors import PathTooCostly, RevocationUnknown, TrustError, UnsupportedAlgorithm
from certs.question import Question
from harness.cli.conformance import stream
from harness.cli.conformance.moments import moment
from harness.cli.conformance.stream import Answer, Case, NotACase

WITHIN: Final = 5.0
"""Seconds of real time for one case."""

_DOTTED: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_ARMOUR: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----")
_BITS: Final = {
    "digitalSignature": "digital_signature",
    "nonRepudiation": "non_repudiation",
    "contentCommitment": "non_repudiation",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
    "encipherOnly": "encipher_only",
    "decipherOnly": "decipher_only",
}
"""The bits of RFC 5280, 4.2.1.3 (and X.509's newer name of the second), as path validation calls them."""


@click.command(name="x509")
def command() -> None:
    """Certification paths (RFC 5280), one case a line.

    \b
    Examples:
      corridor conformance x509 < cases.ndjson
    """
    stream.answer(verdict, otherwise="invalid")


def verdict(case: Case) -> Answer:
    """What path validation says of one case.

    Raises:
        NotACase: a field is missing or of the wrong form.
    """
    try:
        paths.settle(question(case), within=WITHIN)
    except (RevocationUnknown, PathTooCostly) as error:
        return _said("indeterminate", error)
    except UnsupportedAlgorithm as error:
        return _said("unsupported", error)
    except TrustError as error:
        return _said("invalid", error)
    return {"verdict": "valid", "reason": ""}


def question(case: Case) -> Question:
    """The question that a case asks. Raises NotACase."""
    return Question(
        leaf=_ders(stream.text(case, "leaf"))[0],
        intermediates=_all(case, "intermediates"),
        anchors=_all(case, "anchors"),
        crls=_all(case, "crls"),
        at=moment(case, "at"),
        policies=_dotted(case, "policies"),
        explicit_policy=_flag(case, "explicit_policy"),
        inhibit_mapping=_flag(case, "inhibit_mapping"),
        inhibit_any=_flag(case, "inhibit_any"),
        key_usage=_key_usage(case),
        extended_key_usage=_dotted(case, "extended_key_usage"),
        usage_outright=False,
        revocation=_revocation(case),
    )


def _said(verdict: str, error: TrustError) -> Answer:
    found = " ".join(str(error).split())
    return {"verdict": verdict, "reason": f"{type(error).__name__}: {found} [{error.clause or error.rule}]"}


def _all(case: Case, name: str) -> tuple[bytes, ...]:
    return tuple(der for text in stream.texts(case, name) for der in _ders(text))


def _ders(pem: str) -> list[bytes]:
    """The octets within each armour. What is no PEM is no certificate either, and is left to the validation."""
    return [_octets(found[2]) for found in _ARMOUR.finditer(pem)] or [b""]


def _octets(armoured: str) -> bytes:
    try:
        return base64.b64decode("".join(armoured.split()), validate=True)
    except binascii.Error:
        return b""


def _dotted(case: Case, name: str) -> tuple[str, ...]:
    found = [str(case[name])] if isinstance(case.get(name), str) else stream.texts(case, name)
    if not all(_DOTTED.fullmatch(each) for each in found):
        raise NotACase(f"{name} must be dotted identifiers")
    return tuple(found)


def _key_usage(case: Case) -> tuple[str, ...]:
    found = case.get("key_usage")
    named = [found] if isinstance(found, str) else stream.texts(case, "key_usage")
    if unknown := [each for each in named if each not in _BITS and each not in _BITS.values()]:
        raise NotACase(f"key_usage has no bit {unknown[0]!r}; expected some of {', '.join(_BITS)}")
    return tuple(_BITS.get(each, each) for each in named)


def _flag(case: Case, name: str) -> bool:
    found = case.get(name)
    if found is not None and not isinstance(found, bool):
        raise NotACase(f"{name} must be true or false")
    return bool(found)


def _revocation(case: Case) -> bool:
    found = case.get("revocation")
    if found not in (None, "none", "required"):
        raise NotACase("revocation must be none, or left out")
    return found != "none"
