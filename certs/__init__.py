"""Trust: authorities, identities, signatures, trust lists. Knows nothing of trade."""
