"""A report as Markdown, for the summary page of a build; held under 900 kB, what GitHub still shows whole."""

from __future__ import annotations

from typing import Final

from harness.trial.report import Count, Report, look
from harness.trial.verdict import Verdict

LARGEST: Final = 900_000
"""Octets; what would go beyond is left out and said to be."""


def written(report: Report) -> str:
    """The report as Markdown."""
    facts = report.facts
    lines = [
        "# Corridor",
        "",
        f"Corridor {facts.corridor}, revision {facts.revision}, bus {facts.bus}, seed {facts.seed}. Again:",
        "",
        f"    {facts.again}",
        "",
        "| | all | held | broken | unknown | not reached | not played |",
        "|---|---|---|---|---|---|---|",
        _counted("scenarios", report.scenarios),
        _counted("promises", report.promises),
        "",
        "| scenario | pair | document | verdict | seconds |",
        "|---|---|---|---|---|",
    ]
    for one in report.outcomes:
        pair, code = "-".join(one.scenario.pair), one.scenario.document
        told = f"{_cell(one.scenario.id)} {_cell(one.scenario.title)}"
        lines.append(f"| {told} | {pair} | {code} | {one.verdict.value.upper()} | {one.seconds:.1f} |")
    size = sum(len(line.encode()) + 1 for line in lines)
    left_out = 0
    for block in _missed(report):
        if size + len(block.encode()) > LARGEST - 200:
            left_out += 1
            continue
        lines.append(block)
        size += len(block.encode()) + 1
    if left_out:
        lines.append(f"\n{left_out} more that did not hold are in run.jsonl; this page is full.")
    return "\n".join(lines) + "\n"


def _missed(report: Report) -> list[str]:
    blocks = []
    for one in report.outcomes:
        if one.trouble:
            blocks.append(_block(f"{one.scenario.id}: no verdict", "a verdict", one.trouble, one.again, look(one)))
            continue
        for judged in one.judged:
            if judged.verdict not in (Verdict.HELD, Verdict.NOT_PLAYED):
                title = f"{one.scenario.id}: {judged.verdict.value} {judged.check}"
                blocks.append(_block(title, judged.expected, judged.saw, one.again, look(one, judged)))
    return blocks


def _block(title: str, expected: str, saw: str, again: str, where: str) -> str:
    rows = (("expected", expected), ("saw", saw), ("again", again), ("look", where))
    told = "\n".join(f"    {label:<8}  {' '.join(text.split())}" for label, text in rows)
    return f"\n## {_cell(title)}\n\n{told}"


def _counted(what: str, count: Count) -> str:
    cells = (count.all, count.held, count.broken, count.unknown, count.not_reached, count.not_played)
    return f"| {what} | {' | '.join(map(str, cells))} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
