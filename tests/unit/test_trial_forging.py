"""What an adversary makes of a sealed message, and the door at which nobody may knock."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from certs.gates import base64url
from harness.clock import Chance, DrivenClock
from harness.errors import BadInput
from harness.exchange import reasons, topics
from harness.exchange.bus import Delivery, Record
from harness.exchange.reasons import Reason, Refused
from harness.exchange.seal import Sealed, unseal
from harness.trial import door, forging
from harness.trial.faults import Insider, Mallory, Wire
from harness.trial.forging import Craft
from harness.trial.history import History, Scribe, What, event_of, see
from harness.trial.verdict import Verdict

if TYPE_CHECKING:
    from tests.unit.conftest import Corridor

INBOX = topics.inbox("QN", "QM")
AT = datetime(2026, 3, 12, 9, tzinfo=UTC)
NOWHERE = "http://127.0.0.1:9"


def refusal(token: bytes, corridor: Corridor) -> Refused:
    """For what QN refuses a token."""
    with pytest.raises(Refused) as refused:
        unseal(Sealed(token), trust=corridor.recognised, at=AT)
    return refused.value


@pytest.mark.parametrize(
    ("craft", "reason", "clause"),
    [
        (forging.another_document, reasons.BROKEN_SEAL, ""),
        (forging.another_thumbprint, reasons.OTHER_CERTIFICATE, ""),
        (forging.without_signature, reasons.NO_SIGNATURE, ""),
        (forging.declared_unsigned, reasons.UNSECURED, ""),
        (forging.public_key_as_secret, reasons.ALGORITHM_MISMATCH, ""),
        (forging.own_key_in_the_header, reasons.KEY_IN_HEADER, ""),
        (forging.key_at(NOWHERE), reasons.KEY_TO_FETCH, "RFC 7515, 4.1.2; RFC 8725, 3.10"),
        (forging.zeros_for_a_signature, reasons.SIGNATURE_OUT_OF_RANGE, ""),
        (forging.longer_signature, reasons.SIGNATURE_LENGTH, ""),
        (forging.with_a_blank, reasons.LOOSE_SPELLING, ""),
        (forging.with_loose_bits, reasons.LOOSE_SPELLING, ""),
        (forging.cut_short, reasons.NOT_A_TOKEN, ""),
    ],
    ids=lambda one: one.__name__ if callable(one) else "",
)
def test_a_forgery(craft: Craft, reason: Reason, clause: str, corridor: Corridor) -> None:
    """It is refused for what it is, and its docstring says in one line what was done."""
    good = corridor.sealed(corridor.envelope(data={})).value
    refused = refusal(craft(good), corridor)
    assert refused.reason is reason
    assert refused.clause == (clause or reason.clause)
    assert (craft.__doc__ or "").endswith(".")


def test_the_mirrored_signature(corridor: Corridor) -> None:
    """It is another token, and the same message."""
    good = corridor.sealed(corridor.envelope(data={})).value
    twin = forging.mirrored(good)
    assert twin != good
    assert forging.mirrored(twin) == good
    assert unseal(Sealed(twin), trust=corridor.recognised, at=AT).identity == Sealed(good).identity


async def test_what_mallory_alters(corridor: Corridor) -> None:
    """The next message alone is altered, and the history is told in her words."""
    wire, acts = Wire(corridor.bus, corridor.clock), list[str]()
    mallory = Mallory(corridor.bus, wire, acts.append)
    mallory.alters(forging.cut_short, sender="QM", receiver="QN")
    one, other = (corridor.sealed(corridor.envelope(data={})) for _ in range(2))
    await (await wire.outlet("qm")).put(one, other)
    altered, untouched = corridor.on(INBOX)
    assert altered.delivery.value == one.value[: len(one.value) // 2]
    assert untouched.delivery.value == other.value
    record = await mallory.sends_altered(untouched, forging.mirrored)
    assert corridor.on(INBOX)[-1].delivery.value == record.value == forging.mirrored(other.value)
    assert acts[0] == "stands between QM and QN and will let only the first half of the record through"
    assert "to put n - s for s" in acts[1]


def spelling(corridor: Corridor) -> tuple[Insider, Callable[..., Record]]:
    """An insider at QM, who spells a good message of QM's otherwise."""
    insider = Insider(corridor.identities["QM"], corridor.clock, Chance(1))
    good = corridor.sealed(corridor.envelope(data={}))
    seen = see(corridor.delivered(good))
    return insider, lambda plain, **how: insider.spells(seen, plain, **how)


def test_what_an_insider_spells(corridor: Corridor) -> None:
    """The signature is good, and what is signed is spelt as said; what stands there more often is no one place."""
    _, spells = spelling(corridor)
    record = spells('"specversion":"1.0"', otherwise='"specversion":"1.0","v":1.0', id="qm-x")
    assert b'"v":1.0' in base64url(record.value.split(b".")[1], what="payload")
    assert refusal(record.value, corridor).reason is reasons.LOSSY_NUMBER
    with pytest.raises(BadInput, match="0 time"):
        spells("no such text", otherwise="")


def history(tmp_path: Path, tokens: tuple[bytes, ...], *, knocks: int) -> tuple[History, str]:
    """A door, and what happened while it stood open."""
    scribe = Scribe(tmp_path / "history.jsonl", DrivenClock(AT))
    with door.opened(scribe, Chance(1).octets) as opened:
        for token in tokens:
            named = forging.key_at(opened.url)(token)
            scribe.write(What.DELIVERY, **event_of(Delivery(INBOX, 0, 0, b"k", named, (), AT)))
        for _ in range(knocks):
            with urlopen(f"{opened.url}/keys.json", timeout=5) as answer:  # noqa: S310 - our own, of this very test
                assert json.load(answer)["keys"] == [forging.own_jwk()]
    scribe.close()
    return History.read(tmp_path / "history.jsonl"), opened.url


@pytest.mark.parametrize(
    ("named", "knocks", "verdict"),
    [(True, 0, Verdict.HELD), (True, 2, Verdict.BROKEN), (False, 0, Verdict.NOT_REACHED)],
)
def test_the_door(named: bool, knocks: int, verdict: Verdict, corridor: Corridor, tmp_path: Path) -> None:  # noqa: FBT001 - a case
    """That nobody came is held only where a message named the door; who came is counted."""
    good = corridor.sealed(corridor.envelope(data={})).value
    told, url = history(tmp_path, (good,) if named else (), knocks=knocks)
    judged = door.nothing_fetched(told, address=url)
    assert judged.verdict is verdict, judged.saw
    assert door.nothing_fetched(told, address=NOWHERE).verdict is Verdict.NOT_REACHED
    if knocks:
        assert "2 knock(s)" in judged.saw
