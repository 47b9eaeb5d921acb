"""The demonstration: one exchange, one attack, one dispute, and the words it is told in."""
