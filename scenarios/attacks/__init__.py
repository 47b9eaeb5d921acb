"""Pilots in which somebody attacks: each refused for its own reason, its honest twin accepted."""
