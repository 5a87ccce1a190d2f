"""Pools: the processes that run one app apart from the workers. Standard library only."""
