"""The life of keys while documents are under way: new ones, expired ones, lost ones, and authorities withdrawn."""
