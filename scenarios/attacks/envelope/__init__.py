"""Somebody forges or respells the seal (ATTACKS A): each refused for its own reason, its honest twin accepted."""
