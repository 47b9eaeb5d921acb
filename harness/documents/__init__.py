"""What is said: trade documents, their rules, code lists and syntaxes."""
