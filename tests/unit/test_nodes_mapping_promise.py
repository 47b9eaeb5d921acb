"""The promise of the mapping, over generated documents and a real one: nothing is lost but what is reported.

The generator reads the common model itself, so a field added there is generated here without anybody's help. It draws
from one seed and hypothesis draws the seed: drawing every value of such large documents apart takes it minutes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from random import Random
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from harness.documents import fields
from harness.documents.model import KINDS, TradeDocument, Unreadable, from_plain, plain
from nodes.mapping import Loss, from_national, to_national
from nodes.profile import Dialect, load

OWN = [dialect for party in ("QM", "QN", "QP") for dialect in load(party).dialects if dialect.own]


# ------------------------------------------------------------------------------------------ documents of all shapes


# Markup, quotes, inner blanks, other scripts, beyond the basic plane.
TEXTS = ['<a> & "b"', "]]>", "x\u00a0y", "Өндөр Уул", "𝒳", "0", "a/b~c", "&amp;", "Ålevik", "\\u0041", "'"]
ZONES = [UTC, timezone(timedelta(hours=8)), timezone(-timedelta(hours=3, minutes=30))]
# No dialect has a word for ACR, for ZZ; other codes only have to have the right shape.
CODES = {
    "unit": [*["KGM", "TNE", "LTR"] * 5, "ACR"],
    "criterion": ["WO", "PE", "CTC", "RVC", "PSR", "WO", "PE", "RVC", "ZZ"],
}
SHAPES = {
    r"^[A-Z]{2}$": "QM",
    r"^[A-Z]{3}$": "USD",
    r"^[a-z]{2,3}$": "mn",
    r"^[0-9]{6}([0-9]{2}){0,2}$": "07011010",
    r"^[0-9]{6}$": "510810",
    r"^[0-9a-f]{64}$": "ab" * 32,
    r"^[0-9]{1,3}$": "10",
    r"^[0-9]$": "2",
    r"^[A-Z]{2}[A-Z0-9]{3}$": "QNALV",
    r"^[A-Z0-9]{1,3}$": "CT",
}


def moment(chance: Random) -> str:
    """A moment in one of three zones, with or without a fraction of a second."""
    passed = timedelta(seconds=chance.randrange(10**9), microseconds=chance.choice([0, 0, 250_000, 1]))
    return fields.written_moment(datetime(1999, 12, 31, tzinfo=chance.choice(ZONES)) + passed)


def words(chance: Random) -> str:
    """A text that hurts, or two of them."""
    return " ".join(chance.choices(TEXTS, k=chance.choice([1, 1, 2])))


SIMPLE: list[tuple[object, Callable[[Random], str]]] = [
    (fields.Quantity, lambda chance: chance.choice(["0", "7", "1200.000", "0.5", "999999999999999.123456789"])),
    (fields.Moment, moment),
    (fields.Day, lambda chance: date.fromordinal(chance.randrange(1, date.max.toordinal())).isoformat()),
    (fields.Identifier, words),
    (fields.Line, words),
    (fields.Prose, lambda chance: words(chance) + chance.choice(["", "\n\tsecond line"])),
]


def value(chance: Random, annotation: object, name: str, constraints: tuple[object, ...] = ()) -> object:
    """A plain value that the common model takes where `annotation` stands."""
    for known, draw in SIMPLE:
        if annotation == known:
            return draw(chance)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return value(chance, arguments[0], name, arguments[1:])
    if origin is Literal:
        return arguments[0]
    if origin is tuple:
        count = chance.randint(bound(constraints, "min_length") or 0, 2)
        return [value(chance, arguments[0], name) for _ in range(count)]
    if NoneType in arguments:
        return value(chance, next(choice for choice in arguments if choice is not NoneType), name)
    if annotation is int:
        return chance.randint(bound(constraints, "ge") or 0, bound(constraints, "le") or 999)
    if annotation is bool:
        return chance.choice([True, False])
    if annotation is str:
        return chance.choice(CODES.get(name) or [SHAPES[bound(constraints, "pattern")]])
    assert isinstance(annotation, type)
    assert issubclass(annotation, BaseModel)
    return drawn(chance, annotation)


def bound(constraints: tuple[object, ...], name: str) -> Any:  # noqa: ANN401 - a number, or a pattern
    """What the constraints of a field say under `name`."""
    parts = [part for one in constraints if isinstance(one, FieldInfo) for part in one.metadata]
    return next((getattr(part, name) for part in parts if getattr(part, name, None) is not None), None)


def drawn(chance: Random, model: type[BaseModel]) -> dict[str, object]:
    """Plain values of `model`; optional fields are left out now and then."""
    return {
        name: value(chance, annotation, name)
        for name, annotation in hints(model).items()
        if name in model.model_fields
        and (model.model_fields[name].is_required() or name == "doctype" or chance.random() < 0.7)
    }


@cache
def hints(model: type[BaseModel]) -> dict[str, object]:
    """The annotations of `model` with their constraints."""
    return get_type_hints(model, include_extras=True)


# -------------------------------------------------------------------------------------------------- the promise


def without(document: TradeDocument, losses: tuple[Loss, ...]) -> dict[str, object]:
    """The plain values of `document` without exactly what `losses` name."""
    said = json.loads(json.dumps(plain(document)))
    # From the back, so that the places of list entries stay what they were.
    for where in sorted((steps(loss.pointer) for loss in losses), key=sortable, reverse=True):
        holder = said
        for step in where[:-1]:
            holder = holder[step]
        del holder[where[-1]]
    return plain(from_plain(said))


def steps(pointer: str) -> list[str | int]:
    """The steps of a pointer into the common model, none of whose names is a number."""
    return [int(step) if step.isdigit() else step for step in pointer.split("/")[1:]]


def sortable(where: list[str | int]) -> list[tuple[int, str]]:
    """The steps as something that can be put in order."""
    return [(step, "") if isinstance(step, int) else (-1, step) for step in where]


def keeps_its_promise(document: TradeDocument, dialect: Dialect) -> None:
    """There and back: the same document except for the reported losses; with a mandatory one, unreadable."""
    national = to_national(document, dialect)
    # A shipped dialect may lack a word, but never a place for a mandatory field.
    assert not any(loss.mandatory and "no place" in loss.sentence for loss in national.losses)
    assert national.octets == to_national(document, dialect).octets
    if any(loss.mandatory for loss in national.losses):
        with pytest.raises(Unreadable):
            from_national(national.octets, dialect)
        return
    common = from_national(national.octets, dialect)
    assert common.losses == ()
    assert plain(common.document) == without(document, national.losses)


def by_media_type(dialect: Dialect) -> str:
    """The name of a case."""
    return dialect.media_type.rpartition("/")[2]


@pytest.mark.parametrize("dialect", OWN, ids=by_media_type)
@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_generated_document_there_and_back(dialect: Dialect, seed: int) -> None:
    """Whatever a document says, what comes back is what went out, without exactly what was reported."""
    keeps_its_promise(from_plain(drawn(Random(seed), KINDS[dialect.doctype])), dialect)


@pytest.mark.parametrize("dialect", [d for d in OWN if d.doctype == "851"], ids=by_media_type)
def test_real_phytosanitary_certificate_loses_only_what_is_said(dialect: Dialect, real_data: Path) -> None:
    """A real certificate goes from SPS XML into a country's own form: each loss is named, none is mandatory."""
    octets = (real_data / "ephyto" / "SPSCertificateContent.xml").read_bytes()
    document = from_national(octets, load("QM").dialect_for("851")).document
    losses = to_national(document, dialect).losses
    assert not any(loss.mandatory for loss in losses)
    assert {"/items/0/net_volume", "/items/1/notes", "/references/0/attachments"} <= {loss.pointer for loss in losses}
    keeps_its_promise(document, dialect)
