"""Pilots in which parties are killed and come back: nothing is lost, and nothing happens twice."""
