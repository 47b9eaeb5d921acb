"""Disputes: what a party claims about one message, as a message of its own that deletes nothing.

Only the claim as it travels is here. Who is right is a pure function of two evidence bundles: harness.evidence.dispute.
Format: docs/wire.md, section 8.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.errors import first_wrong
from harness.exchange.reasons import NOT_AN_ENVELOPE, Refused

Name = Annotated[str, Field(min_length=1, max_length=200)]


class Dispute(BaseModel):
    """The `data` of a dispute envelope. `of` is the identity (64 hex digits) of the message it is about."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")

    claim: Name
    of: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    dispute: Name
    """The number that the claimant gives it."""
    sentence: Annotated[str, Field(min_length=1, max_length=2000)]


def parse(data: object) -> Dispute:
    """Read the `data` of a dispute. Raises Refused (NOT_AN_ENVELOPE), naming the first field that is wrong."""
    try:
        return Dispute.model_validate(data)
    except ValidationError as error:
        raise Refused(NOT_AN_ENVELOPE, f"dispute {first_wrong(error, 'data')}") from error
