"""The envelope: what a message says about itself, as CloudEvents 1.0 in JSON.

Nothing here signs, checks or sends. The payload is bytes that came as they came and are never touched:
documents always travel as `data_base64`; only our own small objects (receipts, disputes) use `data`.
Format: docs/wire.md, section 2. Seal: `harness.exchange.seal`.
"""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from certs import errors
from certs.errors import MisleadingText, NotStrictJson
from certs.gates import JsonValue, strict_json
from harness.clock import moment, stamp
from harness.errors import first_wrong
from harness.exchange.reasons import (
    DUPLICATE_NAME,
    ESCAPED_DUPLICATE,
    LOSSY_NUMBER,
    MISLEADING_TEXT,
    NOT_AN_ENVELOPE,
    NOT_STRICT_JSON,
    TOO_MUCH,
    Reason,
    Refused,
)


class Type(StrEnum):
    """What a message is about (the CloudEvents `type`)."""

    DOCUMENT = "corridor.document.v1"
    RECEIPT = "corridor.receipt.v1"
    DISPUTE = "corridor.dispute.v1"
    CHECKPOINT = "corridor.checkpoint.v1"
    COSIGNATURE = "corridor.cosignature.v1"


WITNESS: Final = (Type.CHECKPOINT, Type.COSIGNATURE)
"""Witness traffic: about logs, not about trade. It is not numbered and repeats its sender's last number."""


WHY: Final[dict[type[errors.TrustError], Reason]] = {
    errors.DuplicateName: DUPLICATE_NAME,
    errors.EscapedDuplicate: ESCAPED_DUPLICATE,
    errors.LossyNumber: LOSSY_NUMBER,
    errors.MisleadingText: MISLEADING_TEXT,
    errors.TooMuch: TOO_MUCH,
}
"""Each closer way in which JSON can be read twice, and the reason a refusal names for it."""

COMPARED: Final = (
    "id",
    "source",
    "subject",
    "receiver",
    "topic",
    "corridor",
    "correlationid",
    "causationid",
)
"""The attributes that systems and people compare: ASCII alone, so that what looks the same is the same."""

LONGEST_SUBJECT: Final = 840
"""Characters: a document's reference has at most 70, and a letter beyond ASCII needs up to twelve (`label`)."""


def _moment(value: object) -> object:
    return moment(value) if isinstance(value, str) else value


Moment = Annotated[datetime, BeforeValidator(_moment)]
WORD: Final = re.compile(r"[\x21-\x7e]{1,200}")
"""How an id or a correlation is spelt."""
Word = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
Party = Annotated[str, Field(pattern=r"^[A-Z]{2}(-[a-z]+)?$")]


class Envelope(BaseModel):
    """One message as its sender meant it. Attributes we do not know are kept, not dropped (CloudEvents 1.0, 3.2)."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")

    specversion: Literal["1.0"] = "1.0"
    id: Word
    source: Party
    type: str
    subject: Annotated[str, Field(min_length=1, max_length=LONGEST_SUBJECT, pattern=r"^[\x20-\x7e]+$")]
    time: Moment
    datacontenttype: str
    receiver: Party
    topic: Word
    corridor: Word
    correlationid: Word
    causationid: Word | None = None
    expirytime: Moment
    sequence: Annotated[int, Field(ge=0)]
    nonce: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    traceparent: Annotated[str, Field(pattern=r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")] | None = None
    doctype: Annotated[str, Field(pattern=r"^[0-9]{1,3}$")] | None = None
    function: Annotated[str, Field(pattern=r"^[0-9]{1,3}$")] | None = None
    # Any: our own small JSON objects; each has a strict model of its own (receipt, dispute, witness).
    data: Any = None
    data_base64: str | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.data is None) == (self.data_base64 is None):
            raise ValueError("exactly one of data and data_base64 must be there (CloudEvents JSON format, 3.1)")
        if self.sequence == 0 and self.type not in WITNESS:
            raise ValueError("sequence counts from 1; only witness traffic may come before the first")
        if self.type == Type.DOCUMENT and not (self.doctype and self.function and self.data_base64):
            raise ValueError("a document needs doctype, function and data_base64")
        if self.data_base64 is not None and base64.b64encode(self.payload).decode() != self.data_base64:
            raise ValueError("data_base64 is not canonical base64 (RFC 4648, 3.5)")
        return self

    @property
    def payload(self) -> bytes:
        """The document's bytes as they came; empty when there is no `data_base64`."""
        return base64.b64decode(self.data_base64 or "", validate=True)

    def octets(self) -> bytes:
        """The bytes to sign. Called once by the sender; a receiver keeps the bytes that came."""
        said = {name: value for name, value in self.model_dump().items() if value is not None}
        said["time"] = stamp(self.time)
        said["expirytime"] = stamp(self.expirytime)
        return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    def hints(self) -> tuple[tuple[str, bytes], ...]:
        """The routing attributes as Kafka headers (CloudEvents Kafka binding, 3.2.3): hints, never believed alone."""
        return (
            ("content-type", b"application/jose"),
            ("ce_id", self.id.encode()),
            ("ce_source", self.source.encode()),
            ("ce_type", self.type.encode()),
            ("ce_receiver", self.receiver.encode()),
            ("ce_correlationid", self.correlationid.encode()),
        )


def parse(octets: bytes) -> Envelope:
    """Read envelope bytes whose signature has been checked.

    Raises:
        Refused: NOT_STRICT_JSON or a closer reason of `WHY`; NOT_AN_ENVELOPE, naming the first attribute that is wrong.
    """
    try:
        said = strict_json(octets)
        if isinstance(said, dict):
            _one_look(said)
    except NotStrictJson as error:
        raise Refused(WHY.get(type(error), NOT_STRICT_JSON), str(error), clause=error.clause) from error
    try:
        return Envelope.model_validate(said)
    except ValidationError as error:
        raise Refused(NOT_AN_ENVELOPE, first_wrong(error, "envelope")) from error


def label(reference: str) -> str:
    """A document's reference as the envelope's `subject`: letters beyond ASCII as the escapes of JSON (RFC 8259, 7)."""
    return reference if reference.isascii() else json.dumps(reference)[1:-1]


def _one_look(said: dict[str, JsonValue]) -> None:
    """Raises MisleadingText for an attribute that is compared and holds anything beyond ASCII."""
    for name in COMPARED:
        value = said.get(name)
        if isinstance(value, str) and not value.isascii():
            raise MisleadingText(f"{name} is {value[:80]!a}: ASCII only, so that what looks the same is the same")
