"""A message that is shown to an arbiter beside a bundle that does not hold it: who signed it, by that bundle's lists.

What a window refused is in nobody's bundle as a message; what either side's lists say of it can be asked all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from harness.evidence.audit import chains, container, procedure, reading
from harness.evidence.audit.case import expect

_NAME: Final = "the message shown"


def shown(data: bytes, token: bytes, *, at: datetime, roots: Mapping[str, str] | None = None) -> str:
    """The party that signed `token`, as far as the evidence in a bundle lets an arbiter say so.

    It is judged twice: as of `at`, when the bus took it, and by the date that it bears, which is its signer's own word.
    Nothing proves that it is older than either; where its certificate was withdrawn since, it is in doubt.

    Args:
        data: the bytes of a bundle; it is checked first.
        token: the message.
        at: when the bus took it, as whoever shows it says.
        roots: as for `audit`.

    Raises:
        BadInput: as `audit`.
        NotProved: the bundle does not verify; or nobody can say who signed the message, and why.
    """
    procedure.audit(data, roots=roots)
    case = procedure.opened(container.files_of(data), roots)
    # Believed for nothing: like any signer's, it must chain to one of the lists.
    certificate = chains.certificate_brought(_NAME, reading.brought_by(_NAME, token))
    known = {chains.thumbprint(certificate): certificate}
    read = reading.token(_NAME, token, typ="corridor-message+jws", certificates=known)
    told = reading.thing(_NAME, read.payload)
    for moment in (at, reading.moment_in(_NAME, told, "time")):
        signer = case.trust.signer(_NAME, certificate, moment)
    expect(_NAME, signer.party, reading.text(_NAME, told, "source"), "signed by")
    return signer.party
