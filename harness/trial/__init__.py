"""The rehearsal: stage, script, faults, tap, history, checks, verdict and report."""
