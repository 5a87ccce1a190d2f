"""Isolation: how a process is started apart: as a user, in a sandbox, in a container."""
