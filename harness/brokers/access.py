"""Who may come to a broker of ours, and as whom: an authority for one broker, and a certificate for each principal.

The authority lives in memory and issues for one run only; it is not a country's, since a party's right to a topic and
a country's word about a document are two things. Rights on topics: harness.exchange.kafka_operator.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs import keyfiles
from certs.authority import Authority
from certs.drafts import Octets
from harness.brokers.settings import BROKER
from harness.exchange.bus import OPERATOR
from harness.exchange.kafka import Credentials

_NOWHERE = "ZZ"  # a user-assigned country code (ISO 3166-1): the authority of a run belongs to no country
_LIFETIME = timedelta(days=30)
_SPARE = timedelta(days=2)
"""How long certificates must still be good to be used once more."""


def issue_all(
    folder: Path, principals: Sequence[str], hosts: Sequence[str], *, at: datetime, chance: Octets
) -> Credentials:
    """Found an authority and issue for broker, operator and `principals`; write `NAME.pem` for each, mode 0600.

    Args:
        folder: where the files go; made for its owner only.
        principals: the parties' names on the broker, as harness.exchange.topics gives them.
        hosts: names and addresses on which the broker answers.
        at: the present moment, by the machine's own clock: broker and clients compare with nothing else.
        chance: where keys come from.
    """
    keyfiles.private_folder(folder)
    authority = Authority.found(_NOWHERE, at, chance, _LIFETIME)
    keyfiles.write(folder / "authority.pem", authority.root.public_bytes(Encoding.PEM))
    for principal in dict.fromkeys((BROKER, OPERATOR, *principals)):
        key, chain = authority.issue_tls(principal, hosts if principal == BROKER else (), at)
        keyfiles.write(folder / f"{principal}.pem", key + chain, mode=0o600)
    return Credentials.within(folder)


def keep_or_issue(
    folder: Path, principals: Sequence[str], hosts: Sequence[str], *, at: datetime, chance: Octets
) -> tuple[Credentials, bool]:
    """The certificates in `folder`, and whether they were there: kept while all of them are good for a while yet.

    Who was given one keeps it, then. Else all are issued anew, as `issue_all` does, whose arguments these are.
    """
    kept = Credentials.within(folder)
    wanted = (kept.authority, *(kept.shown(name) for name in (BROKER, OPERATOR, *principals)))
    if all(_good_until(file, at + _SPARE) for file in wanted):
        return kept, True
    return issue_all(folder, principals, hosts, at=at, chance=chance), False


def _good_until(file: Path, moment: datetime) -> bool:
    try:
        leaf = x509.load_pem_x509_certificates(file.read_bytes())[0]
    except (OSError, ValueError):
        return False
    return leaf.not_valid_after_utc >= moment
