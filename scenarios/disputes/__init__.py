"""Pilots of disputes, decided from the evidence of both sides."""
