"""What is asked of path validation, and what is answered: two values, each one line of JSON.

They cross a pipe to a process of their own.  Asking: certs.paths.  The process: certs.worker.  Answering: certs.walker.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from certs import errors
from certs.errors import TrustError

ANY_POLICY: Final = "2.5.29.32.0"  # RFC 5280, 4.2.1.4


@dataclass(frozen=True, kw_only=True)
class Question:
    """The inputs of RFC 5280, 6.1.1, and the lists of 6.3.1; certificates and lists are DER.

    Args:
        leaf: the certificate in question.
        intermediates: what may stand between; each is used only where it fits.
        anchors: certificates that are believed as they are. What they say of names, length and dates binds too.
        crls: the revocation lists at hand; one newer than `at` counts, it knows at least as much about the past.
        at: the moment of the question.
        policies: the user-initial-policy-set, dotted; empty: any policy.
        explicit_policy: initial-explicit-policy.
        inhibit_mapping: initial-policy-mapping-inhibit.
        inhibit_any: initial-any-policy-inhibit.
        key_usage: bits that the leaf must have, by their names in RFC 5280, 4.2.1.3.
        extended_key_usage: usages that the leaf must name, dotted.
        usage_outright: whether the leaf must have both extensions for that: else one without may be used for anything.
        revocation: whether the lists must cover the path.
        longest: certificates that a path may have, its anchor not counted; None: any number.
    """

    leaf: bytes
    intermediates: tuple[bytes, ...]
    anchors: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    at: datetime
    policies: tuple[str, ...] = ()
    explicit_policy: bool = False
    inhibit_mapping: bool = False
    inhibit_any: bool = False
    key_usage: tuple[str, ...] = ()
    extended_key_usage: tuple[str, ...] = ()
    usage_outright: bool = True
    revocation: bool = True
    longest: int | None = None

    def line(self) -> bytes:
        """As one line of JSON."""
        told = dict(vars(self))
        told["leaf"] = _text(self.leaf)
        for name in ("intermediates", "anchors", "crls"):
            told[name] = [_text(each) for each in told[name]]
        told["at"] = self.at.isoformat()
        return json.dumps(told).encode("ascii") + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Self:
        """What `line` wrote. Only our own process writes it: anything else raises whatever comes."""
        told = json.loads(line)
        told["leaf"] = base64.b64decode(told["leaf"])
        for name in ("intermediates", "anchors", "crls"):
            told[name] = tuple(base64.b64decode(each) for each in told[name])
        for name in ("policies", "key_usage", "extended_key_usage"):
            told[name] = tuple(told[name])
        told["at"] = datetime.fromisoformat(told["at"])
        return cls(**told)


@dataclass(frozen=True)
class Answer:
    """Why the path does not hold: a class of certs.errors by its name, and a sentence. Empty: it holds."""

    kind: str = ""
    found: str = ""

    @classmethod
    def of(cls, error: TrustError) -> Self:
        """The answer that this refusal is."""
        return cls(type(error).__name__, str(error))

    def line(self) -> bytes:
        """As one line of JSON."""
        return json.dumps(vars(self)).encode("ascii") + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Self:
        """What `line` wrote."""
        return cls(**json.loads(line))

    def settled(self) -> None:
        """Return when the path holds.

        Raises:
            TrustError: of the kind that says why it does not.
        """
        if not self.kind:
            return
        kind = getattr(errors, self.kind)
        if not issubclass(kind, TrustError):  # a defect of ours, on either side of the pipe
            raise TypeError(f"{self.kind} is no refusal")
        raise kind(self.found)


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
