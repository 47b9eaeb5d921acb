"""`corridor list`: what is installed to be played: countries, corridors, scenarios, checks and attacks.

Exit codes: 0; 2 wrong usage; 3 no pack is installed. The NDJSON lines: docs/schemas/list.schema.json.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import click

from harness.cli import say
from harness.exchange.agreement import Agreement, Cover
from harness.trial import packs
from harness.trial.attacks import by_number
from harness.trial.checks import CHECKS
from harness.trial.refusal import Refusal
from harness.trial.report import SHORT
from harness.trial.script import Pack, Saboteur, Scenario
from harness.trial.selection import Playable, playables

Row = dict[str, Any]  # Any: a JSON object, docs/schemas/list.schema.json

_TITLES: Final = {
    "country": "countries (all fictional)",
    "corridor": "corridors",
    "scenario": "scenarios",
    "check": "checks, each with the windows that break its promise on purpose, and that it must catch",
    "attack": "attacks that a scenario puts to the test",
}


@click.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="NDJSON on stdout (docs/schemas/list.schema.json).")
def command(*, as_json: bool) -> None:
    """Show countries, corridors, scenarios and attacks.

    \b
    Examples:
      corridor list
      corridor list --json
    """
    rows = tuple(_rows(packs.installed()))
    if as_json:
        for row in rows:
            say.line(**row)
        return
    for kind, title in _TITLES.items():
        say.result(title)
        for text in _columns([_cells(row) for row in rows if row["kind"] == kind]):
            say.result(text)
        say.result("")


def _rows(installed: Sequence[Pack]) -> Iterator[Row]:
    items = playables(installed)
    for pack in installed:
        for code, name in pack.countries.items():
            yield {"kind": "country", "code": code, "name": name, "fictional": True, "pack": pack.name}
        yield from (_corridor(agreement, ()) for agreement in pack.corridors)
        rehearsed = [one for scenario in pack.scenarios for one in scenario.under]
        for agreement in (one for at, one in enumerate(rehearsed) if one not in rehearsed[:at]):
            yield _corridor(agreement, [one.id for one in pack.scenarios if agreement in one.under])
    yield from map(_scenario, items)
    for check in CHECKS.values():
        caught = sorted({one.name for item in items for one in _saboteurs(item.scenario, check.name)})
        yield {
            "kind": "check",
            "name": check.name,
            "promise": check.promise,
            "topic": check.topic,
            "standing": check.standing,
            "catches": caught,
        }
    for attack in sorted({item.scenario.attack for item in items} - {""}, key=by_number):
        covering = [item.scenario for item in items if item.scenario.attack == attack]
        yield {
            "kind": "attack",
            "id": attack,
            "title": covering[0].title,
            "scenarios": [scenario.id for scenario in covering],
            "refusals": [_refusal(one) for one in dict.fromkeys(one for two in covering for one in two.refusals)],
        }


def _refusal(refusal: Refusal) -> Row:
    reason = refusal.reason
    return {"reason": reason.code, "name": reason.name, "step": reason.step.name.lower(), "clause": refusal.rests_on}


def _corridor(agreement: Agreement, only_in: Sequence[str]) -> Row:
    return {
        "kind": "corridor",
        "id": agreement.id,
        "version": agreement.version,
        "title": agreement.title,
        "phase": agreement.phase,
        "encryption": agreement.encryption,
        "documents": [_cover(cover) for cover in agreement.documents],
        "only_in": list(only_in),
    }


def _cover(cover: Cover) -> Row:
    return {
        "doctype": cover.doctype,
        "from": cover.sender,
        "to": cover.receiver,
        "functions": list(cover.functions),
        "answer_within_seconds": cover.answer_within_seconds,
    }


def _scenario(item: Playable) -> Row:
    scenario = item.scenario
    return {
        "kind": "scenario",
        **scenario.facts(),
        "checks": [check.name for check in scenario.checks],
        "demonstration": item.shown,
        "pack": item.pack.name,
    }


def _saboteurs(scenario: Scenario, check: str) -> Iterator[Saboteur]:
    return (one for one in scenario.saboteurs if one.caught_by == check)


# ------------------------------------------------------------------------------------------------ for people


def _cells(row: Row) -> tuple[str, ...]:
    """What a person is shown of a row, in columns."""
    match row["kind"]:
        case "country":
            return (row["code"], row["name"])
        case "corridor":
            covered = ", ".join(f"{_spoken(one['doctype'])} {one['from']} -> {one['to']}" for one in row["documents"])
            kept = "" if row["encryption"] == "none" else f" (encrypted: {row['encryption']})"
            only = f"\n      only in {', '.join(row['only_in'])}" if row["only_in"] else ""
            return (row["id"], f"version {row['version']}", row["phase"], f"{covered}{kept}{only}")
        case "scenario":
            title = f"{row['title']}{' (corridor demo)' if row['demonstration'] else ''}"
            if row["needs"]:
                title += f" (needs {row['needs']})"
            return (row["id"], "-".join(row["pair"]), _spoken(row["document"]), row["attack"] or "-", title)
        case "check":
            return (row["name"], f"{row['promise']}\n      catches {', '.join(row['catches']) or 'none'}")
        case _:
            return (row["id"], row["title"], ", ".join(row["scenarios"]))


def _spoken(doctype: str) -> str:
    return f"{doctype} {SHORT[doctype]}" if doctype in SHORT else doctype


def _columns(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows with their columns under each other; the last may be as long as it is."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = [f"{cell:<{width}}" for cell, width in zip(row[:-1], widths, strict=False)]
        yield "  " + "  ".join([*padded, row[-1]]).rstrip()
