"""How a country writes one value, and what it refuses to read as one."""

from __future__ import annotations

import pytest

from nodes.forms import Code, Day, Decimal, Digits, Form, Integer, Misread, Moment, NoWord, Text, YesNo

COMMA = Decimal(kind="decimal", mark=",")
UNITS = Code(kind="code", codes=(("KGM", "kg"), ("TNE", "tonn")))
DAY = Day(kind="day", pattern="dd/mm-yyyy")
MOMENT = Moment(kind="moment", pattern="dd.mm.yyyy kl. HH:MM:SS zzz")


@pytest.mark.parametrize(
    ("form", "common", "national"),
    [
        (Text(), "Ålevik", "Ålevik"),
        (COMMA, "1200.500", "1200,500"),
        (COMMA, "7", "7"),
        (Integer(kind="integer"), 3, 3),
        (Digits(kind="digits"), 30, "30"),
        (Digits(kind="digits"), 0, "0"),
        (YesNo(kind="yes-no", yes="ja", no="nei"), True, "ja"),
        (YesNo(kind="yes-no", yes="ja", no="nei"), False, "nei"),
        (UNITS, "TNE", "tonn"),
        (DAY, "2026-03-02", "02/03-2026"),
        (DAY, "0001-01-01", "01/01-0001"),
        (MOMENT, "2026-03-02T10:15:00+08:00", "02.03.2026 kl. 10:15:00 +08:00"),
        (MOMENT, "2026-03-02T10:15:00.250000-03:30", "02.03.2026 kl. 10:15:00.250000 -03:30"),
        (MOMENT, "2026-03-02T10:15:00Z", "02.03.2026 kl. 10:15:00 Z"),
    ],
)
def test_value_goes_out_and_comes_back(form: Form, common: object, national: object) -> None:
    """What is written in a form is read back as what it was."""
    assert form.outward(common) == national
    assert form.inward(national) == common


@pytest.mark.parametrize(
    ("form", "national", "told"),
    [
        (Text(), 7, "expected a text"),
        (COMMA, "1200.5", "expected a number such as 12,5"),
        (COMMA, "1.200,5", "expected a number"),
        (COMMA, "-1", "expected a number"),
        (COMMA, "٣", "expected a number"),
        (COMMA, 12.5, "expected a text"),
        (Integer(kind="integer"), True, "expected a whole number"),
        (Integer(kind="integer"), "3", "expected a whole number"),
        (Digits(kind="digits"), "03", "expected a whole number"),
        (Digits(kind="digits"), "3 ", "expected a whole number"),
        (YesNo(kind="yes-no", yes="ja", no="nei"), "Ja", "expected 'ja' or 'nei'"),
        (UNITS, "KGM", "expected one of kg, tonn"),
        (UNITS, "k" * 100, "found 'kkkkkkk"),
        (DAY, "2026-03-02", "expected dd/mm-yyyy"),
        (DAY, "31/02-2026", "no day of the calendar"),
        (DAY, "٠٢/٠٣-٢٠٢٦", "expected dd/mm-yyyy"),
        (MOMENT, "02.03.2026 kl. 24:15:00 Z", "no moment of the calendar"),
        (MOMENT, "02.03.2026 kl. 10:15:00", "expected dd.mm.yyyy kl. HH:MM:SS zzz"),
    ],
)
def test_value_in_another_form_is_not_guessed(form: Form, national: object, told: str) -> None:
    """A value in another country's form is refused, with what was found and what was expected, and never guessed."""
    with pytest.raises(Misread) as caught:
        form.inward(national)
    assert told in str(caught.value)
    assert len(str(caught.value)) < 100


def test_code_without_a_word_has_no_writing() -> None:
    """A code that the country has no word for is a gap, not a word of our own invention."""
    with pytest.raises(NoWord, match="has no word for 'LTR'"):
        UNITS.outward("LTR")
