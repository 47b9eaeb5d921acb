"""Pilots with the phytosanitary certificate."""
