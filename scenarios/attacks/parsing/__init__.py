"""What two readers read in two ways, or none reads to its end (ATTACKS B): each refused, its honest twin accepted."""
