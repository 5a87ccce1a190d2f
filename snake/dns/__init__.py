"""The DNS: who can put a record there, and who can see it."""
