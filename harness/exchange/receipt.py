"""Receipts: what a receiver states about one message, level by level, signed.

Five levels that are never merged (docs/wire.md, section 4): L0 the broker took the bytes (only the sender knows,
from the bus), L1 technical, L2 delivery, L3 application, L4 authority. One receipt carries each level that was
reached, in order, as a statement of its own; later receipts carry what the authority did afterwards.
An unknown status is a failure, never "pending": the status words are closed sets.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from harness.clock import stamp
from harness.documents.model import Finding
from harness.errors import first_wrong
from harness.exchange.envelope import Moment
from harness.exchange.reasons import NOT_AN_ENVELOPE, TABLE, Refused


class Level(StrEnum):
    """The question a statement answers."""

    TECHNICAL = "L1"
    DELIVERY = "L2"
    APPLICATION = "L3"
    AUTHORITY = "L4"


class Status(StrEnum):
    """All that can be stated, over all levels."""

    RECEIVED = "received"
    REFUSED = "refused"
    DELIVERED = "delivered"
    DELIVERED_WITH_WARNINGS = "delivered_with_warnings"
    NOT_READABLE = "not_readable"
    ADMITTED = "admitted"
    ACCEPTED = "accepted"
    ACCEPTED_WITH_WARNINGS = "accepted_with_warnings"
    REJECTED = "rejected"
    UTILISED_PARTLY = "utilised_partly"
    UTILISED = "utilised"


SAYS: Final[dict[Level, frozenset[Status]]] = {
    Level.TECHNICAL: frozenset({Status.RECEIVED, Status.REFUSED}),
    Level.DELIVERY: frozenset({Status.DELIVERED, Status.DELIVERED_WITH_WARNINGS, Status.NOT_READABLE}),
    Level.APPLICATION: frozenset({Status.ADMITTED, Status.REFUSED}),
    Level.AUTHORITY: frozenset(
        {
            Status.ACCEPTED,
            Status.ACCEPTED_WITH_WARNINGS,
            Status.REJECTED,
            Status.UTILISED_PARTLY,
            Status.UTILISED,
        }
    ),
}
"""Which status belongs to which level."""

NEGATIVE: Final = frozenset({Status.REFUSED, Status.NOT_READABLE, Status.REJECTED})
"""The statuses that end a message's road; each needs a reason."""


class Statement(BaseModel):
    """What is stated on one level."""

    model_config = ConfigDict(frozen=True, extra="allow")

    level: Level
    status: Status
    at: Moment
    reason: str | None = None
    clause: str | None = None
    found: str | None = None
    findings: tuple[Finding, ...] = ()
    quantity: str | None = None
    declaration: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.status not in SAYS[self.level]:
            raise ValueError(f"{self.status.value!r} is no status of level {self.level.value}")
        if (self.status in NEGATIVE) != (self.reason is not None):
            raise ValueError(
                f"{self.status.value!r} with reason {self.reason!r}: a negative status has one, others none"
            )
        if self.reason is not None and self.reason not in TABLE:
            raise ValueError(f"reason {self.reason!r} is not in the table of reasons")
        return self


class Receipt(BaseModel):
    """The `data` of a receipt envelope. `of` is the identity (64 hex digits) of the message it is about."""

    model_config = ConfigDict(frozen=True, extra="allow")

    of: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    ofid: str | None = None
    """The message's id, where its seal could be opened."""
    after: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    """The identity of the earlier receipt that this one follows: what it must not overtake."""
    form: Literal["corridor-receipt"] = "corridor-receipt"
    statements: Annotated[tuple[Statement, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        levels = [statement.level.value for statement in self.statements]
        if levels != sorted(set(levels)):
            raise ValueError(f"levels {levels} are not each once and in ascending order")
        return self

    @property
    def last(self) -> Statement:
        """The highest level that was reached."""
        return self.statements[-1]

    @property
    def negative(self) -> bool:
        """Whether the message's road ended here."""
        return self.last.status in NEGATIVE

    def said(self) -> dict[str, Any]:  # Any: a JSON object
        """This receipt as the JSON object that travels."""
        told = self.model_dump(exclude={"statements"}, exclude_none=True, exclude_defaults=True)
        told["form"] = self.form
        told["statements"] = [
            {**statement.model_dump(mode="json", exclude_none=True, exclude_defaults=True), "at": stamp(statement.at)}
            for statement in self.statements
        ]
        return told


def statement(level: Level, status: Status, at: datetime, refused: Refused | None = None) -> Statement:
    """A statement without findings; with `refused`, its reason, clause and sentence."""
    if refused is None:
        return Statement(level=level, status=status, at=at)
    return Statement(
        level=level, status=status, at=at, reason=refused.reason.code, clause=refused.clause, found=refused.found
    )


def parse(data: object) -> Receipt:
    """Read the `data` of a receipt. Raises Refused (NOT_AN_ENVELOPE): an unknown status is a failure, not "pending"."""
    try:
        return Receipt.model_validate(data)
    except ValidationError as error:
        raise Refused(NOT_AN_ENVELOPE, f"receipt {first_wrong(error, 'data')}") from error
