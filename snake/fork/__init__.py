"""Processes that come from a fork, and what they say to each other. Standard library only."""
