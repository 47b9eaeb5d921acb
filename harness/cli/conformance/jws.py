"""`corridor conformance jws`: signed tokens and the public keys to check them with, each answered with a verdict.

The gates and the signature check are the exchange's own (certs.tokens); keys come as JWK, because that is how public
vectors bring them (certs.jwk). Which verdict comes first, and why: docs/conformance.md.
"""

from __future__ import annotations

from typing import Final

import click

from certs import jwk, tokens
from certs.errors import NationalAlgorithm, TrustError, UnsupportedAlgorithm
from certs.gates import base64url_encode
from harness.cli.conformance.stream import Answer, Case, answer, nested, text

ACCEPTED: Final = "accepted"
REFUSED: Final = "refused"
UNSUPPORTED: Final = "unsupported"


@click.command(name="jws")
def command() -> None:
    """Check tokens against public keys.

    A case is {"id", "jwk", "token"}, where id may be left out; an answer is {"id", "verdict", "reason", "payload"}. A
    verdict is accepted, refused or unsupported.

    \b
    Examples:
      corridor conformance jws < cases.ndjson
    """
    answer(judged, otherwise=UNSUPPORTED, beside={"payload": None})


def judged(case: Case) -> Answer:
    """The verdict on one token. Raises NotACase."""
    token, key = text(case, "token").encode(), nested(case, "jwk")
    try:
        algorithm, payload = _checked(token, key)
    except (UnsupportedAlgorithm, NationalAlgorithm) as error:
        return _said(UNSUPPORTED, error)
    except TrustError as error:
        return _said(REFUSED, error)
    encoded = base64url_encode(payload).decode("ascii")
    return {"verdict": ACCEPTED, "reason": f"the signature is good ({algorithm})", "payload": encoded}


def _checked(token: bytes, key: jwk.Jwk) -> tuple[str, bytes]:
    # (1) With a shared secret nobody can be held to what was signed: not ours, whatever the token is.
    if key.get("kty") == "oct":
        jwk.read(key)
    # (2) What is malformed or forbidden is so under any key.
    gated = tokens.gated(token)
    # (3) The key, and (4) the signature under the algorithm that it dictates.
    algorithm = tokens.fits(gated, jwk.read(key))
    return algorithm, gated.segments.payload


def _said(verdict: str, error: TrustError) -> Answer:
    return {
        "verdict": verdict,
        "reason": f"{type(error).__name__}: {error} ({error.clause or error.rule})",
        "payload": None,
    }
