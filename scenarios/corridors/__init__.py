"""Corridor agreements as drafts: who exchanges what with whom, on what terms, since when."""

from importlib import resources

from harness.exchange.agreement import Agreement, draft


def corridor(name: str) -> Agreement:
    """The draft in this folder of that file name."""
    return draft(resources.files(__name__).joinpath(name).read_text(encoding="utf-8"), name=name)
