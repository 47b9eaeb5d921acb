"""Corridor agreements as drafts: who exchanges what with whom, on what terms, since when."""

from __future__ import annotations

from importlib import resources

from harness.exchange.agreement import Agreement, draft


def corridor(name: str) -> Agreement:
    """The draft in the file of that name."""
    path = resources.files("scenarios.corridors").joinpath(name)
    return draft(path.read_text(encoding="utf-8"), name=name)
