"""How a country writes one value: dates, decimals, whole numbers, yes and no, and its own words for codes.

A form turns a value of the common model (as `harness.documents.model.plain` gives it) into the national writing, and
back. The kinds are a closed set; which field takes which form is data of the dialect (`nodes.profile`), the walk
through a whole document is `nodes.mapping`. Nothing here knows a country.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import cached_property
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


class NoWord(ValueError):
    """The form has no writing for this value, so the value would be lost. The message completes "the dialect ..."."""


class Misread(ValueError):
    """What stands in the national document is not in this form. The message says what was found and expected."""


class _Form(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")


def _words(value: object) -> str:
    if not isinstance(value, str):
        raise Misread(f"found {_short(value)}, expected a text")
    return value


def _short(value: object) -> str:
    told = repr(value)
    return told if len(told) <= 40 else told[:40] + "..."


class Text(_Form):
    """Text as it is: what the common model lets into a text, JSON and XML can both hold (`harness.documents.text`)."""

    kind: Literal["text"] = "text"

    def outward(self, value: object) -> str:
        """The same text."""
        return str(value)

    def inward(self, value: object) -> str:
        """The same text. Raises Misread."""
        return _words(value)


class Decimal(_Form):
    """A decimal number written with the country's own decimal mark and no grouping."""

    kind: Literal["decimal"]
    mark: Literal[",", "."]

    def outward(self, value: object) -> str:
        """`12.5` with the national mark."""
        return str(value).replace(".", self.mark)

    def inward(self, value: object) -> str:
        """The number with a full stop. Raises Misread."""
        text = _words(value)
        if not self._written.fullmatch(text):
            raise Misread(f"found {_short(text)}, expected a number such as 12{self.mark}5")
        return text.replace(self.mark, ".")

    @cached_property
    def _written(self) -> re.Pattern[str]:
        return re.compile(rf"[0-9]{{1,15}}({re.escape(self.mark)}[0-9]{{1,9}})?")


class Integer(_Form):
    """A whole number as a JSON number."""

    kind: Literal["integer"]

    def outward(self, value: object) -> object:
        """The same number."""
        return value

    def inward(self, value: object) -> int:
        """The same number. Raises Misread."""
        if not isinstance(value, int) or isinstance(value, bool):
            raise Misread(f"found {_short(value)}, expected a whole number")
        return value


class Digits(_Form):
    """A whole number written in digits, where the syntax has only text."""

    kind: Literal["digits"]

    def outward(self, value: object) -> str:
        """The digits."""
        return str(value)

    def inward(self, value: object) -> int:
        """The number. Raises Misread."""
        text = _words(value)
        if not re.fullmatch(r"-?(0|[1-9][0-9]{0,14})", text):
            raise Misread(f"found {_short(text)}, expected a whole number in digits")
        return int(text)


class YesNo(_Form):
    """Yes and no in the country's own words."""

    kind: Literal["yes-no"]
    yes: str
    no: str

    def outward(self, value: object) -> str:
        """The word for yes or for no."""
        return self.yes if value else self.no

    def inward(self, value: object) -> bool:
        """Whether it says yes. Raises Misread."""
        text = _words(value)
        if text not in {self.yes, self.no}:
            raise Misread(f"found {_short(text)}, expected {self.yes!r} or {self.no!r}")
        return text == self.yes


class Code(_Form):
    """The country's own words for codes, one word for one code: with fewer words, two codes would become one."""

    kind: Literal["code"]
    codes: Annotated[
        tuple[tuple[str, str], ...],
        BeforeValidator(lambda value: tuple(value.items()) if isinstance(value, dict) else value),
    ]

    @model_validator(mode="after")
    def _one_to_one(self) -> Self:
        if len({word for _, word in self.codes}) != len(self.codes):
            raise ValueError("one national word stands for two codes")
        return self

    def outward(self, value: object) -> str:
        """The word for the code. Raises NoWord."""
        word = self._word.get(str(value))
        if word is None:
            raise NoWord(f"has no word for {_short(value)}")
        return word

    def inward(self, value: object) -> str:
        """The code for the word. Raises Misread."""
        code = self._code.get(_words(value))
        if code is None:
            raise Misread(f"found {_short(value)}, expected one of {', '.join(self._code)}")
        return code

    @cached_property
    def _word(self) -> dict[str, str]:
        return dict(self.codes)

    @cached_property
    def _code(self) -> dict[str, str]:
        return {word: code for code, word in self.codes}


class _Calendar(_Form):
    """A pattern of tokens: yyyy, mm, dd, HH, MM, SS (with a fraction where there is one), zzz (Z or +hh:mm)."""

    tokens: ClassVar[dict[str, str]] = {
        "yyyy": r"[0-9]{4}",
        "mm": r"[0-9]{2}",
        "dd": r"[0-9]{2}",
        "HH": r"[0-9]{2}",
        "MM": r"[0-9]{2}",
        "SS": r"[0-9]{2}(?:\.[0-9]{1,6})?",
        "zzz": r"Z|[+-][0-9]{2}:[0-9]{2}",
    }
    needed: ClassVar[tuple[str, ...]]
    pattern: str

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if sorted(self._token.findall(self.pattern)) != sorted(self.needed):
            raise ValueError(f"{self.pattern!r} must hold each of {', '.join(self.needed)} once")
        return self

    _token: ClassVar[re.Pattern[str]] = re.compile("yyyy|mm|dd|HH|MM|SS|zzz")

    @cached_property
    def _template(self) -> str:
        return self._token.sub(lambda found: "{" + found[0] + "}", self.pattern)

    @cached_property
    def _written(self) -> re.Pattern[str]:
        between = self._token.split(self.pattern)
        named = [f"(?P<{token}>{self.tokens[token]})" for token in self._token.findall(self.pattern)]
        parts = [re.escape(between[0])]
        for token, literal in zip(named, between[1:], strict=True):
            parts += [token, re.escape(literal)]
        return re.compile("".join(parts))

    def _parts(self, value: object) -> dict[str, str]:
        found = self._written.fullmatch(_words(value))
        if found is None:
            raise Misread(f"found {_short(value)}, expected {self.pattern}")
        return found.groupdict()


class Day(_Calendar):
    """A date in the country's own order and with its own marks, such as dd.mm.yyyy."""

    kind: Literal["day"]
    needed: ClassVar[tuple[str, ...]] = ("yyyy", "mm", "dd")

    def outward(self, value: object) -> str:
        """The date in the national pattern."""
        text = str(value)
        return self._template.format(yyyy=text[:4], mm=text[5:7], dd=text[8:10])

    def inward(self, value: object) -> str:
        """The date as YYYY-MM-DD. Raises Misread, also for a day that no calendar has."""
        part = self._parts(value)
        day = f"{part['yyyy']}-{part['mm']}-{part['dd']}"
        try:
            date.fromisoformat(day)
        except ValueError as error:
            raise Misread(f"found {_short(value)}, which is no day of the calendar") from error
        return day


class Moment(_Calendar):
    """A date with its time of day and its offset from UTC, in the country's own order."""

    kind: Literal["moment"]
    needed: ClassVar[tuple[str, ...]] = ("yyyy", "mm", "dd", "HH", "MM", "SS", "zzz")

    def outward(self, value: object) -> str:
        """The moment in the national pattern; the offset stays as it was stated."""
        text = str(value)
        clock = text[11:]
        end = clock.find("Z")
        end = end if end >= 0 else len(clock) - 6
        return self._template.format(
            yyyy=text[:4], mm=text[5:7], dd=text[8:10], HH=clock[:2], MM=clock[3:5], SS=clock[6:end], zzz=clock[end:]
        )

    def inward(self, value: object) -> str:
        """The moment as RFC 3339. Raises Misread, also for a moment that no calendar or clock has."""
        part = self._parts(value)
        moment = "{yyyy}-{mm}-{dd}T{HH}:{MM}:{SS}{zzz}".format(**part)
        try:
            datetime.fromisoformat(moment)
        except ValueError as error:
            raise Misread(f"found {_short(value)}, which is no moment of the calendar") from error
        return moment


Form = Annotated[Text | Decimal | Integer | Digits | YesNo | Code | Day | Moment, Field(discriminator="kind")]
"""The closed set of forms."""
