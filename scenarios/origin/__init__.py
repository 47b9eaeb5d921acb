"""Pilots with the preferential certificate of origin."""
