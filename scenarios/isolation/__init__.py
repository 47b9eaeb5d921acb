"""Pilots in which third countries and the broker's own operator try what no agreement gives them."""
