"""A country's own rules, evaluated on a document of the common model.

The rules are data of the profile (`nodes.profile.Rule`): code, field, severity, legal source, sentence. Here is what
each kind of rule asks; no country appears. Rules that hold for every document of a type are `harness.documents.rules`,
what follows from the findings is `nodes.decision`.

A field that is absent breaks only a rule of the kind `present`: whether a field may be absent is not asked twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from harness.documents.model import Finding, TradeDocument, pointer
from nodes.anatomy import EACH, Steps
from nodes.profile import Profile, Rule, RuleKind


def check(document: TradeDocument, profile: Profile, *, at: datetime) -> tuple[Finding, ...]:
    """What `profile`'s country finds in `document` as of `at`, in the order of its rules."""
    return tuple(
        Finding(rule.severity, rule.code, where, f"{rule.sentence}; found {found} ({rule.source})")
        for rule in profile.rules
        if document.doctype in rule.doctypes
        for where, value in _values(document, rule.pointer, ())
        if (found := _BREACHES[rule.kind](rule, value, at)) is not None
    )


def _values(value: object, steps: Steps, where: tuple[str | int, ...]) -> Iterator[tuple[str, object]]:
    """Each value that `steps` lead to, with its JSON pointer; where the way ends early, None at that place."""
    if not steps or value is None:
        yield pointer(*where), None if value == () else value
    elif steps[0] == EACH:
        for place, entry in enumerate(value if isinstance(value, tuple) else ()):
            yield from _values(entry, steps[1:], (*where, place))
    else:
        yield from _values(getattr(value, steps[0]), steps[1:], (*where, steps[0]))


# ------------------------------------------------------------------ the kinds: what was found if broken, None if kept


def _one_of(rule: Rule, value: object, _at: datetime) -> str | None:
    return None if value is None or str(value) in rule.values else repr(value)


def _begins_with_none_of(rule: Rule, value: object, _at: datetime) -> str | None:
    return repr(value) if value is not None and str(value).startswith(rule.values) else None


def _present(_rule: Rule, value: object, _at: datetime) -> str | None:
    return "nothing" if value is None else None


def _at_least(rule: Rule, value: object, _at: datetime) -> str | None:
    return f"{value:f}" if isinstance(value, Decimal) and rule.bound is not None and value < rule.bound else None


def _not_older_than(rule: Rule, value: object, at: datetime) -> str | None:
    allowed = timedelta(days=rule.days or 0)
    if isinstance(value, datetime):
        age = at - value
    elif isinstance(value, date):
        age = at.date() - value
    else:
        return None
    return f"{value.isoformat()}, {age.days} days old" if age > allowed else None


def _not_past(_rule: Rule, value: object, at: datetime) -> str | None:
    # A day lasts until its end on the calendar of `at`: no country here states in which zone its last day ends.
    if isinstance(value, datetime):
        return value.isoformat() if value < at else None
    return value.isoformat() if isinstance(value, date) and value < at.date() else None


_BREACHES: Final[Mapping[RuleKind, Callable[[Rule, object, datetime], str | None]]] = {
    RuleKind.ONE_OF: _one_of,
    RuleKind.BEGINS_WITH_NONE_OF: _begins_with_none_of,
    RuleKind.PRESENT: _present,
    RuleKind.AT_LEAST: _at_least,
    RuleKind.NOT_OLDER_THAN: _not_older_than,
    RuleKind.NOT_PAST: _not_past,
}
