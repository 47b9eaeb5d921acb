"""Pilots of receipts that come in another order than they were given."""
