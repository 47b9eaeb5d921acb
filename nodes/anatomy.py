"""What the common model demands, field by field: which part of a document can still be read without which other.

Read from the models themselves (`harness.documents.model`), so that "mandatory" is said in one place only. Used to
weigh losses (`nodes.mapping`) and to refuse a profile that points beside the model (`nodes.profile`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from types import NoneType
from typing import Annotated, Final, TypeGuard, get_args, get_origin

from pydantic import BaseModel

from harness.documents.model import TradeDocument

Steps = tuple[str, ...]
"""The steps of a JSON pointer or of a national path."""

EACH: Final = "*"
"""The step that stands for each entry of a list."""


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A field. `droppable` says for each step to it whether what holds that step can be read without it."""

    droppable: tuple[bool, ...]
    default: object


@lru_cache(maxsize=4096)
def of(kind: type[TradeDocument], steps: Steps) -> Anatomy:
    """The anatomy of the field that `steps` lead to in documents of `kind`.

    Raises:
        ValueError: there is no such field.
    """
    annotation: object = kind
    droppable: list[bool] = []
    default: object = None
    for step in steps:
        if step == EACH and get_origin(annotation) is tuple:
            # An entry may be left out where the whole list may: no certificate loses one of its lines in silence.
            annotation, default = get_args(annotation)[0], None
            droppable.append(droppable[-1])
        else:
            field = annotation.model_fields.get(step) if _is_model(annotation) else None
            if field is None:
                raise ValueError(f"/{'/'.join(steps)} is no field of {kind.__name__}")
            annotation, default = field.annotation, field.default
            droppable.append(not field.is_required())
        annotation = _bare(annotation)
    return Anatomy(tuple(droppable), default)


def _is_model(annotation: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _bare(annotation: object) -> object:
    """The annotation without `Annotated` and without `| None`."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif NoneType in get_args(annotation):
            annotation = next(choice for choice in get_args(annotation) if choice is not NoneType)
        else:
            return annotation
