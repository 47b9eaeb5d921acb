"""What can be proved later: log, checkpoint, witness, bundle, dispute rules and the second reader."""
