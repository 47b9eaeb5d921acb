"""The rehearsal stage: documents, exchange, evidence, brokers, trial and the command line."""
