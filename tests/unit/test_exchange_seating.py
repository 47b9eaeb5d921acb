"""Seat folders: written once, read back as if they came from a stranger, held by one process at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from certs import hpke, jwe, keyfiles
from harness.clock import Chance
from harness.errors import BadInput
from harness.exchange import seating
from harness.exchange.seat import Seat
from harness.trial.founding import Setting, found, seat
from harness.trial.ground import under
from nodes.covering import Covering
from scenarios.corridors import corridor as draft_of
from scenarios.pack import PACK

from .conftest import Corridor


@pytest.fixture
def folder(corridor: Corridor, tmp_path: Path) -> Path:
    """QN's seat, written down."""
    place = tmp_path / "seats" / "QN"
    seating.save(corridor.seat("QN"), place)
    return place


def load(corridor: Corridor, folder: Path) -> Seat:
    """Take the seat in a folder."""
    return seating.load(folder, bus=corridor.bus, clock=corridor.clock, chance=Chance())


async def test_what_was_saved(corridor: Corridor, folder: Path) -> None:
    """It is loaded as it was, but for the lists of those with whom there is no agreement."""
    given, taken = corridor.seat("QN"), load(corridor, folder)
    assert (taken.run, taken.party, taken.folder) == (given.run, "QN", folder)
    assert taken.identity.thumbprint == given.identity.thumbprint
    assert taken.identity.sign(b"x") == given.identity.sign(b"x")
    assert taken.agreements == given.agreements
    assert {partner: (one.octets, dict(one.tokens)) for partner, one in taken.signed.items()} == {
        partner: (one.octets, dict(one.tokens)) for partner, one in given.signed.items()
    }
    assert taken.lists == given.lists
    assert taken.crls == given.crls


async def test_keys_to_open_with(corridor: Corridor, folder: Path) -> None:
    """One for each profile, each in a folder of its own; a partner's certificate is the one of the agreed profile."""
    given, taken = corridor.seat("QN"), load(corridor, folder)
    assert {profile: one.certificate for profile, one in taken.openers.items()} == {
        profile: one.certificate for profile, one in given.openers.items()
    }
    assert set(seating.OPENERS) == set(taken.openers)
    assert taken.readers == given.readers
    for name in seating.OPENERS.values():
        assert mode(folder / name) == 0o700
        assert [path.name for path in (folder / name).iterdir() if mode(path) != 0o644] == ["key.pem"]
        assert mode(folder / name / "key.pem") == 0o600


async def test_whose_eyes_it_is_for(folder: Path) -> None:
    """The folder and the key are for their owner alone."""
    assert [mode(path) for path in (folder, folder / "signing")] == [0o700, 0o700]
    assert mode(folder / "signing" / "key.pem") == 0o600


def mode(path: Path) -> int:
    """Who may do what with it."""
    return path.stat().st_mode & 0o777


async def test_a_folder_that_holds_a_log_already(corridor: Corridor, folder: Path) -> None:
    """What the party keeps there stays when the seat is written again."""
    (folder / "log.sqlite").write_bytes(b"evidence")
    seating.save(corridor.seat("QN"), folder)
    assert (folder / "log.sqlite").read_bytes() == b"evidence"


def _without_ticket(folder: Path) -> None:
    (folder / seating.TICKET).unlink()


def _other_format(folder: Path) -> None:
    told = json.loads((folder / seating.TICKET).read_bytes())
    (folder / seating.TICKET).write_text(json.dumps(told | {"format": 2}))


def _run_of_no_topic(folder: Path) -> None:
    told = json.loads((folder / seating.TICKET).read_bytes())
    (folder / seating.TICKET).write_text(json.dumps(told | {"run": "a b"}))


def _two_readings(folder: Path) -> None:
    (folder / seating.TICKET).write_text('{"format": 1, "format": 1}')


def _other_root(folder: Path) -> None:
    told = json.loads((folder / seating.TICKET).read_bytes())
    told["roots"]["QM"] = told["roots"]["QP"]
    (folder / seating.TICKET).write_text(json.dumps(told))


def _without_list(folder: Path) -> None:
    (folder / "trust" / "QM.jws").unlink()


def _one_sided(folder: Path) -> None:
    (folder / "agreements" / "QM.by-QM.jws").unlink()


def _changed_agreement(folder: Path) -> None:
    path = folder / "agreements" / "QM.json"
    path.write_bytes(path.read_bytes().replace(b'"version": 1', b'"version": 2'))


def _other_partners_agreement(folder: Path) -> None:
    for path in sorted((folder / "agreements").glob("QM.*")):
        path.rename(path.with_name(path.name.replace("QM.", "QX.", 1)))


def _without_agreements(folder: Path) -> None:
    for path in (folder / "agreements").iterdir():
        path.unlink()


def _without_key(folder: Path) -> None:
    (folder / "signing" / "key.pem").unlink()


def _encrypted_key(folder: Path) -> None:
    key = keyfiles.read_key(folder / "signing" / "key.pem")
    password = BestAvailableEncryption(b"open")
    (folder / "signing" / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, password))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_without_ticket, "seat.json cannot be read"),
        (_other_format, "no ticket of format 1"),
        (_run_of_no_topic, "names run 'a b'"),
        (_two_readings, "is no JSON"),
        (_other_root, "do not hold"),
        (_without_list, r"QM\.jws cannot be read"),
        (_one_sided, "one-sided: QM has not signed it"),
        (_changed_agreement, "signed other bytes"),
        (_other_partners_agreement, r"QX\.json is between QM and QN"),
        (_without_agreements, "holds no agreement"),
        (_without_key, "holds no identity"),
        (_encrypted_key, r"holds no identity: key\.pem is encrypted"),
    ],
    ids=lambda value: getattr(value, "__name__", "").strip("_"),
)
async def test_a_seat_that_cannot_be_taken(
    corridor: Corridor, folder: Path, damage: Callable[[Path], None], told: str
) -> None:
    """It is not, and the message says what is wrong with which file."""
    damage(folder)
    with pytest.raises(BadInput, match=told):
        load(corridor, folder)


async def test_another_partys_key(corridor: Corridor, folder: Path) -> None:
    """Nobody takes a seat with it."""
    corridor.identities["QM"].save(folder / "signing")
    with pytest.raises(BadInput, match="is QM's"):
        load(corridor, folder)


async def test_seats_that_are_issued(corridor: Corridor, tmp_path: Path) -> None:
    """Whoever issues seats issues the keys that each party's agreements ask for, and QN none of QM's and QP's."""
    setting = Setting("issued", tmp_path, corridor.clock, Chance())
    ground = under(PACK, (draft_of("qm-qp-2.toml"),))
    seats = seat(setting, ground, found(setting, ground), corridor.bus, at=tmp_path / "seats")
    for code, made in seats.items():
        seating.save(made, tmp_path / "seats" / code)
    taken = {code: load(corridor, tmp_path / "seats" / code) for code in seats}
    assert {code: tuple(one.openers) for code, one in taken.items()} == {
        "QM": (jwe.ECDH, hpke.PROFILE),
        "QP": (jwe.ECDH, hpke.PROFILE),
        "QN": (jwe.ECDH,),
    }
    assert jwe.profile(taken["QM"].readers["QP"]) == jwe.profile(taken["QP"].readers["QM"]) == hpke.PROFILE
    assert jwe.profile(taken["QM"].readers["QN"]) == jwe.ECDH
    for one in taken.values():
        Covering(one)


async def test_an_opener_in_anothers_place(corridor: Corridor, folder: Path) -> None:
    """Another party's, another profile's, or half of one: the seat is not taken, and the message names the folder."""
    corridor.hybrids["QM"].save(folder / "opener-hpke")
    with pytest.raises(BadInput, match=r"opener-hpke is QM's"):
        load(corridor, folder)
    corridor.openers["QN"].save(folder / "opener-hpke")
    with pytest.raises(BadInput, match=r"opener-hpke is for ECDH-ES\+A256GCM"):
        load(corridor, folder)
    corridor.hybrids["QN"].save(folder / "opener-hpke")
    key = folder / "opener-hpke" / "key.pem"
    key.write_bytes(key.read_bytes().partition(b"-----END PRIVATE KEY-----\n")[2])
    with pytest.raises(BadInput, match=r"opener-hpke holds no key to open with: .*ML-KEM-768"):
        load(corridor, folder)


async def test_a_seat_is_for_one(folder: Path) -> None:
    """The second to sit down is refused; when the first has gone, the seat is free."""
    with seating.taken(folder), pytest.raises(BadInput, match="another process sits"), seating.taken(folder):
        pytest.fail("two sit in one seat")
    with seating.taken(folder):
        pass
