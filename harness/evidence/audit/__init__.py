"""The second reader: checks an evidence bundle as an arbiter would, offline, from its bytes alone.

It stands on the standard library and cryptography, and on nothing that wrote the evidence: no log, no
Merkle code, no envelopes, no documents, no certs of ours. Where it repeats what another module can do,
it does so on purpose: two readers that share code share mistakes.

    audit            the procedure, eight numbered steps          .procedure
                     the ZIP                                      .container
                     JSON, moments, tokens, Merkle proofs         .reading
                     certificates, revocation, trust lists        .chains
    names that an authority may vouch for        .names
    a message shown beside a bundle              .shown
                     one timestamp of RFC 3161                    .tokens
                     what timestamps say of time                  .stamped
                     what was found, as values                    .found

Deciding a dispute from two audited bundles: harness.evidence.dispute. Making one: harness.evidence.bundle.
Format: docs/wire.md, section 8.
"""

from harness.evidence.audit.found import (
    AgreementFound,
    Audited,
    CheckpointFound,
    CosignatureFound,
    DocumentFound,
    EntryFound,
    IntervalFound,
    MarkFound,
    MessageFound,
    ReceiptFound,
    StampFound,
    StatementFound,
    TermFound,
)
from harness.evidence.audit.procedure import audit
from harness.evidence.audit.shown import shown
from harness.evidence.audit.stamped import when

__all__ = [
    "AgreementFound",
    "Audited",
    "CheckpointFound",
    "CosignatureFound",
    "DocumentFound",
    "EntryFound",
    "IntervalFound",
    "MarkFound",
    "MessageFound",
    "ReceiptFound",
    "StampFound",
    "StatementFound",
    "TermFound",
    "audit",
    "shown",
    "when",
]
