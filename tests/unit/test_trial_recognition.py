"""A rehearsal whose countries recognise each other over cross-certificates: what each gets, and its seat folder."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from certs.crossing import policy_of
from harness.clock import Chance, DrivenClock
from harness.errors import BadInput
from harness.exchange import agreement, seating
from harness.exchange.memory import MemoryBus
from harness.trial import founding, recognition
from scenarios.pack import PACK

START = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize("model", ["cross-certification", "bridge"])
def test_a_seat_written_down_and_taken_again(model: recognition.Model, tmp_path: Path) -> None:
    """Both sides of the pair take their seats: the agreement is checked by the recognition that it names itself."""
    clock = DrivenClock(START)
    ground = recognition.under(model, PACK, ("QM", "QN"))
    setting = founding.Setting("run", tmp_path, clock, Chance(1))
    countries = founding.found(setting, ground)
    for code, seat in founding.seat(setting, ground, countries, MemoryBus(clock)).items():
        seating.save(seat, tmp_path / "seats" / code)
        taken = seating.load(tmp_path / "seats" / code, bus=MemoryBus(clock), clock=clock, chance=Chance())
        for partner in taken.agreements:
            assert taken.trust.validate(countries[partner].identity.certificate, at=START).party == partner


def test_only_the_pair_recognises_so() -> None:
    """The other corridors of the ground stay as their drafts have them, and the ground itself is not changed."""
    ground = recognition.under("bridge", PACK, ("QN", "QM"))
    models = {each.id: each.recognition.model for each in ground.corridors}
    assert models == {"QM-QN": "bridge", "QP-QN": "trust-lists", "QM-QP": "trust-lists"}
    assert {each.recognition.model for each in PACK.corridors} == {"trust-lists"}


def test_an_agreement_without_a_policy_of_each() -> None:
    """Recognition over cross-certificates asks for what each side calls the level agreed."""
    corridor = recognition.under("cross-certification", PACK, ("QM", "QN")).corridors[0]
    octets = agreement.conclude(corridor, dict.fromkeys(corridor.parties, "0" * 64))
    assert agreement.read(octets).recognition.policies["QM"] == policy_of("QM", recognition.LEVEL).dotted_string
    for broken in (octets.replace(b'"policies": {', b'"other": {'), octets.replace(b'"2.25.', b'"2.x.')):
        with pytest.raises(BadInput):
            agreement.read(broken)
