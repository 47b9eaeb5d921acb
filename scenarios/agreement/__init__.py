"""Pilots of what the corridor agreement covers, and what it does not."""
