"""Corridor agreements as drafts: who exchanges what with whom, on what terms, since when."""
