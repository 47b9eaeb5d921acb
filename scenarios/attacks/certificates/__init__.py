"""Certificates and lists that are wrong in one way each (ATTACKS C): refused for that, the honest twin accepted."""
