"""Where the topics live: a real Apache Kafka on this machine, and its access rules."""
